"""What files say about themselves, and when two spellings are one song."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from engine.library import tags
from engine.library.tags import Tags

from ..conftest import WriteTune


@pytest.mark.parametrize(
    ("suffix", "title"),
    [("flac", "Jóga"), ("ogg", "Jóga"), ("mp3", "Joga")],  # libsndfile writes no accents in ID3
)
def test_tags_of_the_file_win_over_its_name(write_tune: WriteTune, suffix: str, title: str) -> None:
    path = write_tune(f"x - y.{suffix}", 1, title=title, artist="Who", album="Homogenic")
    assert tags.read(path) == Tags(title, "Who", "Homogenic")


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "m4a"])
def test_genre_and_ids_are_read_from_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    mbid = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
    with av.open(str(path), "w") as file:
        codec = {"flac": "flac", "ogg": "libopus", "mp3": "libmp3lame", "m4a": "aac"}[suffix]
        stream = file.add_stream(codec, rate=48_000)
        for place in (file, stream):  # an Ogg file keeps them in the stream
            place.metadata.update({"title": "T", "artist": "A", "genre": "Fado"})
            place.metadata.update({"MUSICBRAINZ_TRACKID": mbid.upper(), "ISRC": "gb-aye-06-01498"})
        for _ in range(20):
            frame = av.AudioFrame(stream.format.name, stream.layout.name, 1024)
            frame.sample_rate = 48_000
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    said = tags.read(path)
    assert (said.title, said.genre) == ("T", "Fado")
    if suffix != "m4a":  # FFmpeg writes no free fields there
        assert (said.mbid, said.isrc) == (mbid, "GBAYE0601498")


@pytest.mark.parametrize("text", ["", "b1a9c0e9", "GBAYE060149", "GBAYE06014988", "x" * 5000])
def test_what_is_no_id_is_none(text: str) -> None:
    assert tags.as_mbid(text) == tags.as_isrc(text) == ""


def test_without_tags_the_name_is_read_as_artist_and_title(write_tune: WriteTune) -> None:
    path = write_tune("03 - Edvard Grieg - Morning Mood.wav", 1)
    assert tags.read(path) == Tags("Morning Mood", "Edvard Grieg")


def test_a_broken_file_still_has_the_title_of_its_name(tmp_path: Path) -> None:
    for name in ("a.mp3", "a.flac", "a.ogg", "a.m4a", "a.wav", "a.wma"):
        (tmp_path / name).write_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7fTIT2" + bytes(100))
        assert tags.read(tmp_path / name).title == "a"
    assert tags.read(tmp_path / "missing.mp3") == Tags("missing")


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [
        ("99 Luftballons.mp3", "", "99 Luftballons"),
        ("1999.mp3", "", "1999"),
        ("01. Intro.ogg", "", "Intro"),
        ("07_some_title.wav", "", "some title"),
        ("a-ha - Take On Me.mp3", "a-ha", "Take On Me"),
        ("12 Monkeys - Theme.mp3", "12 Monkeys", "Theme"),
        ("Artist \N{EN DASH} Title - Remix.mp3", "Artist", "Title - Remix"),
        ("-.mp3", "", "-"),
    ],
)
def test_names_are_split_as_a_listener_would(name: str, artist: str, title: str) -> None:
    assert tags.from_name(Path(name)) == Tags(title, artist)


def test_text_is_one_bounded_printable_line() -> None:
    assert tags.clean(" a\n\tb\0c\u2028d ") == "a b c d"
    assert len(tags.clean("x" * 2_000_000)) == 500
    assert tags.clean("odd \udcff byte") == "odd ? byte"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("The Beatles", "Help!"), ("beatles", "HELP")),
        (("Björk", "Jóga"), ("Bjork", "Joga")),
        (("Queen", "Bohemian Rhapsody (Remastered 2011)"), ("Queen", "Bohemian Rhapsody")),
        (("Simon & Garfunkel", "Cecilia"), ("Simon and Garfunkel", "Cecilia")),
        (("Rihanna feat. Jay-Z", "Umbrella"), ("Rihanna", "Umbrella")),
        (
            ("Guns N\N{RIGHT SINGLE QUOTATION MARK} Roses", "Patience"),
            ("Guns N' Roses", "Patience"),
        ),
    ],
)
def test_spellings_of_one_song_share_a_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert tags.song_key(*one) == tags.song_key(*other) != ""


def test_different_songs_have_different_keys_and_unknown_ones_none() -> None:
    assert tags.song_key("Queen", "One Vision") != tags.song_key("Queen", "One Year")
    assert tags.song_key("A B", "C") != tags.song_key("A", "B C")
    assert tags.song_key("", "Help") == tags.song_key("Beatles", "?!") == ""
    assert tags.song_key("The The", "(Untitled)") == "the\tuntitled"
