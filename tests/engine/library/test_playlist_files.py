"""Playlists for other programs: what is written is read again, and traps are not stepped into."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from engine.errors import PlaylistError
from engine.library import Track, playlists
from engine.library.playlist_files import KINDS, write_playlist

from ..made import Made, made_library

_NAMESPACE = "{http://xspf.org/ns/0/}"


def track(number: int, path: bytes, title: str, artist: str = "", album: str = "") -> Track:
    return Track(
        number, Path(os.fsdecode(path)), title, artist, album, 199.5 + number, 44_100, False
    )


TRACKS = [
    track(1, "/music/Björk/Jóga.flac".encode(), "Jóga", "Björk", "Homogenic"),
    track(2, b"/music/100%25 & #1?.mp3", "100% & <script>alert('x')</script>", 'A "B" C'),
    track(3, b"/music/line\nbreak.ogg", "two\nlines ]]>", "Tab\tbed"),
    track(4, b"/music/latin1-\xe9t\xe9.wav", "\ufffeNo\x00text\ud800", "#EXTM3U"),
    track(5, b"/music/" + "東京".encode() * 30 + b".flac", "東京" * 30),
]


def read_again(kind: str, text: str, folder: Path) -> playlists.PlaylistFile:
    path = folder / f"again.{kind}"
    path.write_text(text, encoding="utf-8")
    (found,) = playlists.read(path)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_again(kind: str, tmp_path: Path) -> None:
    found = read_again(kind, write_playlist(TRACKS, kind, "An <evening>\n& more"), tmp_path)
    assert found.name == "An <evening> & more"
    assert [entry.path for entry in found.entries] == [one.path for one in TRACKS]
    tolerance = 0.51 if kind == "m3u8" else 0.001
    for entry, one in zip(found.entries, TRACKS, strict=True):
        assert entry.duration_s == pytest.approx(one.duration_s, abs=tolerance)
    named = [(entry.artist, entry.title) for entry in found.entries]
    assert named[0] == ("Björk", "Jóga")
    assert named[1] == ('A "B" C', "100% & <script>alert('x')</script>")
    assert named[2] == ("Tab bed", "two lines ]]>")


def test_xspf_is_well_formed_and_jspf_is_json_with_all_that_is_known() -> None:
    root = ET.fromstring(write_playlist(TRACKS, "xspf", "x"))
    rows = root.findall(f"{_NAMESPACE}trackList/{_NAMESPACE}track")
    assert len(rows) == len(TRACKS)
    assert rows[0].findtext(f"{_NAMESPACE}album") == "Homogenic"
    assert rows[0].findtext(f"{_NAMESPACE}duration") == "200500"
    row = json.loads(write_playlist(TRACKS, "jspf", "x"))["playlist"]["track"][0]
    assert row == {
        "location": ["file:///music/Bj%C3%B6rk/J%C3%B3ga.flac"],
        "title": "Jóga",
        "creator": "Björk",
        "album": "Homogenic",
        "duration": 200_500,
    }


def test_no_title_can_add_a_line_to_an_m3u() -> None:
    lines = write_playlist(TRACKS, "m3u8", "a\n/etc/passwd").splitlines()
    assert len(lines) == 2 + 2 * len(TRACKS)
    assert all(line.startswith(("/music/", "file:///music/")) for line in lines[3::2])


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be m3u8, jspf, xspf, got 'pls'"):
        write_playlist(TRACKS, "pls", "x")


def test_an_xspf_of_another_program_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.xspf"
    path.write_text(
        '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/">'
        "<title>Other</title><trackList>"
        "<track><location>sub%20folder/a.mp3</location><title>A</title></track>"
        "<track><location>http://host/b.mp3</location><extension><title>no</title></extension>"
        "</track><track><identifier>mbid:1</identifier><creator>C</creator><title>D</title>"
        "<duration>-5</duration></track></trackList></playlist>"
    )
    (found,) = playlists.read(path)
    a, b, c = found.entries
    assert (a.path, a.title) == (tmp_path / "sub folder/a.mp3", "A")
    assert (b.path, b.uri, b.title) == (None, "http://host/b.mp3", "b")
    assert (c.uri, c.artist, c.title, c.duration_s) == ("mbid:1", "C", "D", None)


_HEAD = '<?xml version="1.0"?>'
_BOMB = '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{_HEAD}{_BOMB}<playlist><title>&b;</title></playlist>", "has a DTD"),
        (
            f'{_HEAD}<!DOCTYPE p SYSTEM "file:///etc/passwd"><playlist><trackList/></playlist>',
            "has a DTD",
        ),
        (f"{_HEAD}<playlist><trackList><track></playlist>", "is not XML"),
        ("", "is not XML"),
        (f"{_HEAD}<html><body/></html>", "has no trackList"),
        (f"{_HEAD}<playlist>{'<a>' * 100}{'</a>' * 100}</playlist>", "nested too deeply"),
        (f"{_HEAD}<playlist><trackList></trackList></playlist>", "holds no entries"),
    ],
)
def test_an_xspf_that_is_a_trap_or_broken_is_refused(tmp_path: Path, text: str, words: str) -> None:
    for number, data in enumerate((text.encode(), text.encode("utf-16"))):
        path = tmp_path / f"{number}.xspf"
        path.write_bytes(data)
        with pytest.raises(PlaylistError, match=words):
            playlists.read(path)


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"playlist": []}', '{"playlist": {"track": [1]}}', "{", "[" * 9999]
)
def test_a_jspf_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "no.jspf"
    path.write_text(content)
    with pytest.raises(PlaylistError):
        playlists.read(path)


def test_a_playlist_goes_out_of_a_library_and_into_another(tmp_path: Path) -> None:
    tracks = [Made(f"Tune {i}", f"Artist {i}") for i in range(6)]
    (tmp_path / "other").mkdir()
    with (
        made_library(tmp_path, tracks, [[3, 1, 4]]) as library,
        made_library(tmp_path / "other", tracks) as other,
    ):
        ids = library.playlists()[0].track_ids
        for kind in KINDS:
            path = tmp_path / f"out.{kind}"
            some = [library.track(track_id) for track_id in ids]
            path.write_text(write_playlist(some, kind, "Out"), encoding="utf-8")
            assert other.add_playlist(path) == (3, 0)
            assert other.playlists()[-1].track_ids == ids
