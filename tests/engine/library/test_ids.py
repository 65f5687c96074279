"""Songs of playlists are found by the ids of their recordings first, then by name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.library import Library
from engine.library.database import FILE_NAME
from engine.library.playlists import read

from ..made import Made, made_library, make_older

MBIDS = [f"b1a9c0e9-d987-4042-ae91-78d6a3267d6{i}" for i in range(10)]
ISRC = "GBAYE0601498"
TRACKS = [
    Made("Jóga", "Björk", 300.0),
    Made("Jóga (Live)", "Björk", 320.0),
    Made("Untitled", "", 100.0),
    Made("Same", "Twice", 200.0),
    Made("Same too", "Twice", 210.0),
]
SAID = [(MBIDS[0], ""), (MBIDS[1], ""), ("", ISRC), (MBIDS[3], ""), (MBIDS[3], "")]


def say(library: Library, ids: list[tuple[str, str]]) -> None:
    """Write ids into the tracks, as tags would have said them."""
    with sqlite3.connect(library.directory / FILE_NAME) as database:
        for number, (mbid, isrc) in enumerate(ids, 1):
            database.execute(
                "UPDATE track SET mbid = ?, isrc = ? WHERE id = ?", (mbid, isrc, number)
            )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with made_library(tmp_path, TRACKS) as opened:
        say(opened, SAID)
        yield opened


def jspf(path: Path, *tracks: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"playlist": {"title": "x", "track": tracks}}))
    return path


def row(identifier: str, title: str = "", creator: str = "", **more: Any) -> dict[str, Any]:
    return {"identifier": [identifier], "title": title, "creator": creator, **more}


def test_an_id_finds_the_version_that_the_name_would_not(library: Library, tmp_path: Path) -> None:
    path = jspf(
        tmp_path / "a.jspf",
        row(f"https://musicbrainz.org/recording/{MBIDS[1].upper()}", "Jóga", "Björk"),
        row("isrc:GB-AYE-06-01498", "Something", "Somebody"),
        row(f"mbid:{MBIDS[0]}", "Joga, in another spelling", "Bjork Gudmundsdottir"),
        row("", "Jóga", "Björk"),
        row(f"mbid:{MBIDS[0]}"),
    )
    found = library.add_playlist(path)
    assert tuple(found) == (5, 0)
    assert library.playlists()[0].track_ids == (2, 3, 1, 1, 1)
    assert found.unsure == ()  # an id, or every word, is the same


@pytest.mark.parametrize(
    ("more", "track"), [({}, 4), ({"duration": 209_000}, 5), ({"location": ["music/5.wav"]}, 5)]
)
def test_of_several_tracks_of_one_recording_the_file_or_the_length_tells(
    library: Library, tmp_path: Path, more: dict[str, Any], track: int
) -> None:
    library.add_playlist(jspf(tmp_path / "a.jspf", row(MBIDS[3], **more)))
    assert library.playlists()[0].track_ids == (track,)


def test_a_name_still_finds_what_the_id_does_not_and_says_how_surely(
    library: Library, tmp_path: Path
) -> None:
    found = library.add_playlist(
        jspf(tmp_path / "a.jspf", row(f"mbid:{MBIDS[9]}", "Jóga (Remix)", "Björk"))
    )
    assert tuple(found) == (1, 0)
    (unsure,) = found.unsure
    assert 0.5 < unsure.confidence < 1.0


def test_music_that_arrives_later_is_found_by_its_id(tmp_path: Path) -> None:
    with made_library(tmp_path, TRACKS[:1]) as library:
        path = jspf(
            tmp_path / "a.jspf",
            row(f"mbid:{MBIDS[5]}", "Title of the list", "Somebody"),
            row("", "Title of the list", "Somebody"),
            row(f"isrc:{ISRC}"),
        )
        assert tuple(library.add_playlist(path)) == (0, 3)
        before = library.playlists()[0].track_ids
        assert before[0] == before[1] < 0
        version = library._shelf.version
        say(library, [(MBIDS[5], ISRC)])
        library._shelf.match(1)
        assert library.playlists()[0].track_ids == (1, 1, 1)
        assert library._shelf.version > version


def test_the_id_of_a_release_is_none_of_a_recording(tmp_path: Path) -> None:
    path = jspf(
        tmp_path / "a.jspf",
        row(f"https://musicbrainz.org/release/{MBIDS[0]}", "a", "b"),
        row("https://example.org/GBAYE0601498", "a", "b"),
        row(f"https://musicbrainz.org/recording/{MBIDS[0]}", location=["file:///m/a.mp3"]),
    )
    entries = read(path)[0].entries
    assert [(e.mbid, e.isrc) for e in entries] == [("", ""), ("", ""), (MBIDS[0], "")]
    assert entries[2].path == Path("/m/a.mp3")


def test_listens_bring_their_ids(tmp_path: Path) -> None:
    said = {
        "track_name": "Jóga",
        "artist_name": "Björk",
        "mbid_mapping": {"recording_mbid": MBIDS[2]},
        "additional_info": {"isrc": ISRC},
    }
    path = tmp_path / "listens.jsonl"
    listens = [
        {"listened_at": 1_700_000_000, "track_metadata": said},
        {"listened_at": 1_700_000_300, "track_metadata": {"track_name": "a", "artist_name": "b"}},
    ]
    path.write_text("\n".join(map(json.dumps, listens)))
    assert [entry.ids for entry in read(path)[0].entries] == [(MBIDS[2], ISRC), ("", "")]


def test_an_older_library_gets_ids_for_its_songs(tmp_path: Path) -> None:
    with made_library(tmp_path, TRACKS[:1]) as library:
        library.add_playlist(jspf(tmp_path / "a.jspf", row("", "Title", "Somebody")))
        directory = library.directory
    make_older(directory, 5)
    with Library.open(directory, writable=False) as old:
        assert len(old.playlists()) == 1
    with Library.open(directory) as opened:
        opened.add_playlist(jspf(tmp_path / "b.jspf", row(MBIDS[4], "Title", "Somebody")))
        say(opened, [(MBIDS[4], "")])
        opened._shelf.match(1)
        assert [p.track_ids for p in opened.playlists()] == [(1,), (1,)]
