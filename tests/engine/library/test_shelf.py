"""Playlists of a library: matched to its tracks, kept, learnt from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import (
    LibraryError,
)
from engine.library import Library, ingest

from ..conftest import WriteTune

pytestmark = pytest.mark.usefixtures("analyse_once")


def test_playlists_match_by_path_then_by_artist_and_title(library: Library, home: Path) -> None:
    path = home.parent / "a.m3u8"
    path.write_text(
        "music/two.flac\n"
        "#EXTINF:4,BJORK - Joga (Remastered)\nelsewhere/x.mp3\n"
        "#EXTINF:4,Nobody - Has This\nelsewhere/y.mp3\n"
    )
    assert library.add_playlist(path) == (2, 1)
    other = home.parent / "b.m3u8"
    other.write_text("#EXTINF:9,nobody - has this!\nz.ogg\nmusic/three.flac\n")
    assert library.add_playlist(other) == (1, 1)
    first, second = library.playlists()
    by_name = {t.name: t.id for t in library.tracks()}
    assert first.track_ids[:2] == (by_name["The Beatles - Help!"], by_name["Björk - Jóga"])
    unknown = first.track_ids[2]
    assert unknown < 0
    assert second.track_ids == (unknown, by_name["Tony - Help"])
    assert [p.name for p in library.playlists()] == ["a", "b"]


def test_a_listening_history_is_matched_and_says_how_sure(library: Library, home: Path) -> None:
    def listen(at: int, artist: str, title: str) -> str:
        said = {"artist_name": artist, "track_name": title}
        return json.dumps({"listened_at": at, "track_metadata": said}) + "\n"

    path = home.parent / "listens.jsonl"
    path.write_text(
        listen(1_700_000_000, "bjork", "Jóga (Live Somewhere)")
        + listen(1_700_000_300, "The Beatles", "Help")
        + listen(1_700_000_600, "Nobody", "Has This")
    )
    counted = library.add_playlist(path)
    assert counted == (2, 1)
    [unsure] = counted.unsure
    assert unsure.entry == "bjork - Jóga (Live Somewhere)"
    assert unsure.track == "Björk - Jóga"
    assert unsure.confidence == pytest.approx(4 / 6)  # two words of two and of four


def test_adding_a_playlist_again_replaces_what_it_held(library: Library, home: Path) -> None:
    path = home.parent / "a.m3u8"
    path.write_text("music/two.flac\nmusic/one.flac\n")
    library.add_playlist(path)
    path.write_text("music/three.flac\n")
    library.add_playlist(path)
    track = library.find(home.parent / "music/three.flac")
    assert track is not None
    assert [p.track_ids for p in library.playlists()] == [(track.id,)]


def test_unmatched_songs_become_tracks_when_the_music_arrives(
    library: Library, home: Path, write_tune: WriteTune
) -> None:
    path = home.parent / "a.m3u8"
    path.write_text("#EXTINF:4,New - Song\nx.mp3\nlater/plain.wav\n")
    assert library.add_playlist(path) == (0, 2)
    write_tune("later/any.flac", 8, title="Song", artist="New")
    write_tune("later/plain.wav", 9)
    ingest.add(library, [home.parent / "later"], workers=0)
    song, plain = (library.find(home.parent / "later" / n) for n in ("any.flac", "plain.wav"))
    assert song is not None
    assert plain is not None
    assert library.playlists()[0].track_ids == (song.id, plain.id)
    library.remove(song.id)
    assert library.playlists()[0].track_ids[0] < 0


def test_unmatched_songs_teach_the_recommender_but_are_never_suggested(
    library: Library, home: Path
) -> None:
    by_stem = {t.path.stem: t.id for t in library.tracks()}
    for number in range(4):
        path = home.parent / f"{number}.m3u8"
        path.write_text("music/one.flac\n#EXTINF:1,Not - Here\nx.mp3\nmusic/three.flac\n")
        library.add_playlist(path)
    found = library.recommender().recommend([by_stem["one"]], n=10)
    assert {s.track_id for s in found} == {by_stem["two"], by_stem["three"]}
    assert found[0].track_id == by_stem["three"]
    assert any(reason.kind == "playlists" for reason in found[0].reasons)
    assert len(list(home.glob("playlists-*.model"))) == 1


def test_the_model_is_fitted_once_and_again_after_a_change(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommend import WRMF

    fits = []
    fit = WRMF.fit

    def counted(self: WRMF, interactions: object) -> WRMF:
        fits.append(1)
        return fit(self, interactions)  # type: ignore[arg-type]

    monkeypatch.setattr(WRMF, "fit", counted)
    path = home.parent / "a.m3u8"
    path.write_text("music/one.flac\nmusic/two.flac\n")
    library.add_playlist(path)
    library.recommender()
    library.recommender()
    with Library.open(home, writable=False) as reader:
        reader.recommender()
    assert len(fits) == 1
    library.remove(1)
    library.recommender()
    assert len(fits) == 2


def test_a_failed_playlist_changes_nothing(library: Library, home: Path) -> None:
    good = home.parent / "a.m3u8"
    good.write_text("music/one.flac\n")
    library.add_playlist(good)
    before = library.playlists()
    good.write_bytes(b"\0\0")
    with pytest.raises(LibraryError.__base__ or Exception, match="binary"):
        library.add_playlist(good)
    assert library.playlists() == before
