"""What other programs export, in the shapes they export it, and shapes they never would."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PlaylistError
from engine.library import playlists
from engine.library.imports import recognise
from engine.library.imports.likeness import Likeness, Matched, confidence
from engine.library.playlists import Entry, PlaylistFile


def read(folder: Path, content: Any, name: str = "Any.json") -> list[PlaylistFile]:
    path = folder / name
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in content)
        if name.endswith(".jsonl")
        else json.dumps(content)
    )
    return playlists.read(path)


def test_spotifys_playlists_bring_songs_and_local_files_but_no_podcasts(tmp_path: Path) -> None:
    local = "spotify:local:Edvard+Grieg::Morning+Mood:241"
    joga = {
        "trackName": "Jóga",
        "artistName": "Björk",
        "albumName": "x",
        "trackUri": "spotify:track:1",
    }
    items = [
        {"track": joga, "episode": None, "localTrack": None, "addedDate": "2022-01-01"},
        {"track": None, "episode": {"episodeName": "Talk"}, "localTrack": None},
        {"track": None, "episode": None, "localTrack": {"uri": local}},
    ]
    calm, nameless = read(
        tmp_path, {"playlists": [{"name": "calm", "items": items}, {"name": None, "items": []}]}
    )
    assert calm == PlaylistFile(
        "calm",
        (
            Entry("Jóga", "Björk", None, "spotify:track:1"),
            Entry("Morning Mood", "Edvard Grieg", None, local, 241.0),
        ),
    )
    assert nameless == PlaylistFile("Any 1", ())


def test_spotifys_liked_songs_are_a_playlist(tmp_path: Path) -> None:
    song = {"artist": "Björk", "album": "Homogenic", "track": "Jóga", "uri": "spotify:track:1"}
    [liked] = read(tmp_path, {"tracks": [song], "albums": [], "shows": []}, "YourLibrary.json")
    assert liked == PlaylistFile("Liked songs", (Entry("Jóga", "Björk", None, "spotify:track:1"),))


@pytest.mark.parametrize("extended", [False, True])
def test_a_history_of_spotify_falls_into_sittings(tmp_path: Path, extended: bool) -> None:
    def row(end: str, title: str | None, played_s: float) -> dict[str, Any]:
        if extended:
            return {
                "ts": end.replace(" ", "T") + ":00Z",
                "ms_played": round(played_s * 1000),
                "master_metadata_track_name": title,
                "master_metadata_album_artist_name": "A",
                "spotify_track_uri": None,
            }
        return {
            "endTime": end,
            "msPlayed": round(played_s * 1000),
            "trackName": title,
            "artistName": "A",
        }

    rows = [
        row("2023-01-05 21:40", "four", 200),  # 26 min 40 s after three ended: the same sitting
        row("2023-01-05 20:34", "one", 240),
        row("2023-01-05 20:36", "passed over", 29),
        row("2023-01-05 20:40", "two", 200),
        row("2023-01-05 21:10", "three", 30),  # began 29 min 30 s after two ended
        row("2023-01-05 23:10", "alone", 200),
        row("2023-01-06 23:10", "five", 3600),  # began at 22:10
        row("2023-01-06 22:05", "six", 100),
        row("2023-01-06 22:06", None, 100),
    ]
    first, second = read(tmp_path, rows)
    assert first.name == "Heard 2023-01-05 20:30 UTC"
    assert [e.title for e in first.entries] == ["one", "two", "three", "four"]
    assert [e.title for e in second.entries] == ["six", "five"]


def test_listens_of_listenbrainz_are_read_line_by_line(tmp_path: Path) -> None:
    def listen(at: Any, title: str, **more: Any) -> dict[str, Any]:
        said = {"artist_name": "Björk", "track_name": title, "release_name": "x", **more}
        return {"inserted_at": 1, "listened_at": at, "track_metadata": said}

    known = {"recording_mbid": "ab-1"}
    rows = [
        listen(1_700_000_000, "Jóga", additional_info={"duration_ms": 304_000, "isrc": "x"}),
        listen(1_700_000_310, "Hunter", mbid_mapping=known, additional_info=None),
        listen(1_700_100_000, "Alone"),
        listen("soon", "No time"),
    ]
    [sitting] = read(tmp_path, rows, "1.jsonl")
    assert sitting.name == "Heard 2023-11-14 22:13 UTC"
    assert sitting.entries == (
        Entry("Jóga", "Björk", None, "", 304.0),
        Entry("Hunter", "Björk", None, "mbid:ab-1"),
    )
    assert read(tmp_path, rows, "listens.json") == [sitting]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"playlists": [{"items": [7]}]}, "playlist 0 has no list of tracks"),
        ({"playlists": [{"items": []}, {"name": "x"}]}, "playlist 1 has no list of tracks"),
        ([{"msPlayed": 1}, 7], "the history has no list of tracks"),
        ({"tracks": [{"track": "x"}, None]}, "the library has no list of tracks"),
        ([{"msPlayed": 50_000, "endTime": "never", "trackName": "x"}], "holds no entries"),
        ({"tracks": []}, "nor is it"),
        ([], "nor is it"),
    ],
)
def test_what_is_broken_or_unknown_is_named(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(PlaylistError, match=says):
        read(tmp_path, content)


def test_a_torn_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    path.write_text('{"listened_at": 1, "track_metadata": {}}\n{"listened')
    with pytest.raises(PlaylistError, match="line 2 is not JSON"):
        playlists.read(path)


_KEYS = (
    "playlists items tracks track trackName msPlayed ms_played endTime ts listened_at"
    " track_metadata track_name localTrack uri name duration_ms"
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "spotify:local:a:b:c:9", "2023-01-05 20:31", "\ud800", ""]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(_KEYS.split()), inner, max_size=4)
    ),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(content=_VALUES)
def test_any_json_gives_playlists_nothing_or_words(content: Any) -> None:
    with contextlib.suppress(ValueError):
        for playlist in recognise(content, "any") or []:
            assert playlist.name
            assert all(entry.title == entry.title.strip() for entry in playlist.entries)


def test_confidence_is_the_share_of_common_words() -> None:
    # 'the artist song' and 'artist song live 2011': two in common of three and four
    assert confidence(("The Artist", "Song"), ("artist", "Song (Live 2011)")) == pytest.approx(
        4 / 7
    )
    assert confidence(("Björk", "Jóga"), ("BJORK", "joga!")) == 1.0
    assert confidence(("", ""), ("", "")) == 0.0


def test_matches_that_are_not_sure_come_least_sure_first_and_once() -> None:
    a, b, c = Likeness("a", "x", 0.5), Likeness("b", "y", 0.9), Likeness("c", "z", 1.0)
    counted = Matched.of(4, 2, [b, a, c, b])
    assert counted == (4, 2)
    assert counted.unsure == (a, b)
