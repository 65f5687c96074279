"""Playlist files as they are found in the world, and files that are none."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PlaylistError
from engine.library import playlists
from engine.library.playlists import Entry


def test_m3u8_gives_name_paths_titles_and_lengths_in_order(tmp_path: Path) -> None:
    path = tmp_path / "evening.m3u8"
    path.write_text(
        "\ufeff#EXTM3U\n#PLAYLIST:Ein Abend\n"
        "#EXTINF:214,Björk - Jóga\nmusic/joga.flac\n\n"
        "# a remark\n../Edvard Grieg - Morning Mood.ogg\n"
        '#EXTINF:-1 tvg-id="x",Only a title\nfile:///srv/M%C3%BAsica/a%20b.mp3\n'
        "https://example.org/stream/7.mp3\n"
    )
    [found] = playlists.read(path)
    assert found.name == "Ein Abend"
    assert found.entries == (
        Entry("Jóga", "Björk", tmp_path / "music/joga.flac", "", 214.0),
        Entry("Morning Mood", "Edvard Grieg", tmp_path.parent / "Edvard Grieg - Morning Mood.ogg"),
        Entry("Only a title", "", Path("/srv/Música/a b.mp3")),
        Entry("7", "", None, "https://example.org/stream/7.mp3"),
    )


def test_m3u_in_the_windows_way_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.m3u"
    path.write_bytes("Musik\\Die Ärzte - Hurra.mp3\r\n".encode("cp1252"))
    [found] = playlists.read(path)
    assert found.name == "old"
    assert found.entries == (Entry("Hurra", "Die Ärzte", tmp_path / "Musik/Die Ärzte - Hurra.mp3"),)


def test_a_slice_of_the_million_playlist_dataset_gives_all_its_playlists(tmp_path: Path) -> None:
    path = tmp_path / "mpd.slice.0-999.json"
    track = {
        "pos": 0,
        "artist_name": "Björk",
        "track_uri": "spotify:track:1",
        "track_name": "Jóga",
        "duration_ms": 304_000,
    }
    path.write_text(
        json.dumps(
            {"info": {}, "playlists": [{"name": "calm", "tracks": [track, track]}, {"tracks": []}]}
        )
    )
    calm, nameless = playlists.read(path)
    assert calm.name == "calm"
    assert calm.entries == (Entry("Jóga", "Björk", None, "spotify:track:1", 304.0),) * 2
    assert nameless.name == "mpd.slice.0-999 1"
    assert nameless.entries == ()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.m3u8", b"\x7fELF\0\0\0", "binary"),
        ("a.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nseg1.ts\n", "stream segments"),
        ("a.m3u8", b"#EXTM3U\n", "no entries"),
        ("a.json", b'{"playlists": [{"tracks": [', "not JSON"),
        ("a.json", b"[" * 100_000, "not JSON"),
        ("a.json", b"[1, 2]", "no list of playlists"),
        ("a.json", b'{"playlists": [{"tracks": [7]}]}', "playlist 0 has no list of tracks"),
        ("a.json", b'{"playlists": [{"tracks": []}]}', "no entries"),
        ("a.txt", b"a.mp3\n", "not a playlist that can be read"),
    ],
)
def test_a_malformed_file_gives_one_clear_error(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PlaylistError, match=says) as caught:
        playlists.read(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(PlaylistError, match="does not exist"):
        playlists.read(tmp_path / "missing.m3u")
    (tmp_path / "folder.m3u").mkdir()
    with pytest.raises(PlaylistError, match="is not a file"):
        playlists.read(tmp_path / "folder.m3u")


@settings(max_examples=80, deadline=None)
@given(suffix=st.sampled_from([".m3u", ".json"]), content=st.binary(max_size=200))
def test_any_bytes_give_playlists_or_the_error(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(PlaylistError):
        assert sum(len(found.entries) for found in playlists.read(path)) > 0
