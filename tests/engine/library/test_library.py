"""A library: what it refuses, what it finds again, and what it mends by itself."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import fingerprint.peaks
import fingerprint.settings
from engine.errors import (
    DiskFullError,
    LibraryDamagedError,
    LibraryError,
    LibraryLockedError,
    LibraryVersionError,
    NoLibraryError,
    NoSuchTrackError,
)
from engine.library import Library, analyser, ingest, twins
from engine.library.compact import compact
from fingerprint import extract

from ..conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


def test_a_track_has_what_its_file_says(library: Library, tmp_path: Path) -> None:
    track = library.find(tmp_path / "music/one.flac")
    assert track is not None
    assert (track.title, track.artist, track.album) == ("Jóga", "Björk", "Homogenic")
    assert (track.duration_s, track.sample_rate, track.damaged) == (4.0, RATE, False)
    assert track.path == tmp_path / "music/one.flac"
    assert library.track(track.id) == track
    assert [t.name for t in library.tracks()] == [
        "Björk - Jóga",
        "The Beatles - Help!",
        "Tony - Help",
    ]
    assert len(library) == 3
    assert library.find(tmp_path / "music/four.flac") is None


def test_the_index_answers_with_the_tracks_of_the_library(library: Library) -> None:
    for seed, name in ((1, "Björk - Jóga"), (2, "The Beatles - Help!"), (3, "Tony - Help")):
        best = library.index.identify(tune(seed), RATE)[0]
        assert library.track(best.track_id).name == name


def test_stored_peaks_are_those_of_the_decoded_audio(library: Library) -> None:
    for track in library.tracks():
        seed = {"one": 1, "two": 2, "three": 3}[track.path.stem]
        expected = extract(tune(seed), RATE)
        stored = library.index.peaks(track.id)
        # 16 bits in the file and another resampler may move a peak that hangs in the balance
        common = np.intersect1d(
            expected.frame * 65536 + expected.code, stored.frame * 65536 + stored.code
        )
        assert len(common) > 0.6 * len(expected.frame)


@pytest.mark.parametrize(
    ("module", "name"), [(fingerprint.settings, "STRONG_A_SLOT"), (fingerprint.peaks, "THRESHOLD")]
)
def test_peaks_of_other_settings_are_told_and_analysed_again(
    library: Library,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
) -> None:
    note = "3 tracks were analysed by another version; run `antiphon add` again"
    assert library.stale_note() is None
    library.close()
    monkeypatch.setattr(module, name, getattr(module, name) - 1)
    with Library.open(home, writable=False) as reader:
        assert reader.stale_note() == note
        assert reader.check() == [note]
    with Library.open(home) as writer:
        assert len(writer.index) == 0
        assert writer.stale_note() == note  # forgotten, but not without a word
        report = ingest.add(writer, [home.parent / "music"], workers=0)
        assert (len(report.added), report.unchanged) == (3, 0)
        assert len(writer.index) == 3
        assert writer.stale_note() is None
        assert writer.check() == []
        track = writer.track(writer.index.identify(tune(1), RATE)[0].track_id)
    assert track.title == "Jóga"


def test_every_track_has_its_embedding(library: Library, home: Path) -> None:
    assert library.embeddings.ids.tolist() == sorted(t.id for t in library.tracks())
    first = library.embeddings.vector(1).copy()
    (home / "embeddings").write_bytes(b"rubbish")
    with Library.open(home, writable=False) as reader:
        np.testing.assert_array_equal(reader.embeddings.vector(1), first)


def test_search_needs_all_words_and_no_accents(library: Library) -> None:
    def found(text: str) -> list[str]:
        return [track.name for track in library.search(text).tracks]

    assert found("joga BJORK") == ["Björk - Jóga"]
    assert sorted(found("help")) == ["The Beatles - Help!", "Tony - Help"]
    assert found("help nobody") == []
    assert found("' OR 1=1 --") == []
    assert found("!!") == []


def test_resolve_takes_number_path_title_or_a_part(library: Library, tmp_path: Path) -> None:
    joga = library.search("joga").tracks[0]
    for text in (str(joga.id), str(tmp_path / "music/one.flac"), "jóga", "bjork joga", "homog"):
        assert library.resolve(text) == joga
    assert library.resolve("Tony - Help").artist == "Tony"
    with pytest.raises(NoSuchTrackError, match=r"may be The Beatles .*, Tony .*give the number"):
        library.resolve("help")
    with pytest.raises(NoSuchTrackError, match="no track called 'nothing'"):
        library.resolve("nothing")


def test_a_removed_track_is_gone_and_its_number_never_comes_back(
    library: Library, tmp_path: Path
) -> None:
    last = max(t.id for t in library.tracks())
    path = library.track(last).path
    library.remove(last)
    assert last not in library.index
    assert last not in library.embeddings.ids
    with pytest.raises(NoSuchTrackError, match=str(last)):
        library.track(last)
    with pytest.raises(NoSuchTrackError):
        library.remove(last)
    report = ingest.add(library, [path], workers=0)
    assert report.added == [last + 1]
    assert library.check() == []


def test_a_second_writer_is_refused_and_readers_are_not(library: Library, home: Path) -> None:
    with pytest.raises(LibraryLockedError, match="being changed by another process"):
        Library.open(home)
    with Library.open(home, writable=False) as reader:
        assert len(reader.tracks()) == 3
        assert reader.index.identify(tune(1), RATE)
        with pytest.raises(LibraryError, match="for reading only"):
            reader.remove(1)
    library.close()
    Library.open(home).close()


def test_a_library_of_a_newer_schema_is_refused_and_left_alone(
    library: Library, home: Path
) -> None:
    library.close()
    with sqlite3.connect(home / "library.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = (home / "library.sqlite").read_bytes()
    for writable in (True, False):
        with pytest.raises(LibraryVersionError, match="newer Antiphon"):
            Library.open(home, writable=writable)
    assert (home / "library.sqlite").read_bytes() == before


def test_somebody_elses_database_and_rubbish_are_refused(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "library.sqlite") as database:
        database.execute("CREATE TABLE photos (id INTEGER)")
    database.close()
    with pytest.raises(LibraryDamagedError, match="is not a library"):
        Library.open(home)
    (home / "library.sqlite").write_bytes(b"no database at all, " * 500)
    with pytest.raises(LibraryDamagedError, match="damaged"):
        Library.open(home)


def test_reading_where_there_is_no_library_says_how_to_make_one(home: Path) -> None:
    with pytest.raises(NoLibraryError, match="antiphon add"):
        Library.open(home, writable=False)
    with pytest.raises(NoLibraryError, match="antiphon add"):
        Library.open(home, create=False)
    assert not home.exists()
    home.mkdir()
    with pytest.raises(NoLibraryError, match="antiphon add"):
        Library.open(home, writable=False)


def test_an_empty_library_answers_everything_with_nothing(home: Path) -> None:
    with Library.open(home) as library:
        assert library.tracks() == library.playlists() == library.check() == []
        assert len(library.embeddings) == 0
        assert library.index.identify(tune(1), RATE) == []
        assert library.recommender().recommend([], n=5) == []


def test_a_place_that_cannot_hold_a_library_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be used"):
        Library.open(tmp_path / "file")


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("loss", ["gone", "behind", "rubbish"])
def test_a_lost_or_old_index_is_made_again_without_the_music(
    library: Library, home: Path, loss: str, writable: bool
) -> None:
    old = home.parent / "old index"
    library.remove(1)
    library.close()
    shutil.copytree(home / "index", old)
    with Library.open(home) as again:
        ingest.add(again, [home.parent / "music"], workers=0)
    shutil.rmtree(home / "index")
    if loss != "gone":
        shutil.copytree(old, home / "index")
    if loss == "rubbish":
        for file in (home / "index").iterdir():
            file.write_bytes(b"rubbish")
    shutil.rmtree(home.parent / "music")
    with Library.open(home, writable=writable) as mended:
        assert mended.index.track_ids.tolist() == sorted(t.id for t in mended.tracks())
        best = mended.index.identify(tune(1), RATE)[0]
        assert mended.track(best.track_id).title == "Jóga"


def test_an_index_ahead_of_the_database_loses_the_removed_track(
    library: Library, home: Path
) -> None:
    library.close()
    shutil.copytree(home / "index", home.parent / "old index")
    with Library.open(home) as again:
        again.remove(2)
    shutil.rmtree(home / "index")
    shutil.copytree(home.parent / "old index", home / "index")
    with Library.open(home, writable=False) as reader:
        assert reader.index.track_ids.tolist() == [1, 3]


def test_check_names_missing_music_and_damage_and_mend_repairs_the_index(
    library: Library, home: Path
) -> None:
    path = library.track(1).path
    assert library.check() == []
    path.rename(path.with_name("elsewhere.flac"))
    assert library.check() == [f"missing file: {path}"]
    path.with_name("elsewhere.flac").rename(path)
    library.close()
    for file in (home / "index").glob("*.run"):
        data = bytearray(file.read_bytes())
        data[-100] ^= 1
        file.write_bytes(data)
    with Library.open(home) as again:
        assert any(problem.startswith("index: ") for problem in again.check())
        again.mend()
        assert again.check() == []


def test_a_flipped_bit_is_named_whichever_derived_file_it_is_in(
    library: Library, home: Path
) -> None:
    twins.save(home, [])
    library.close()
    for name in ("duplicates", "embeddings", "index/index.json"):
        with Library.open(home) as again:
            assert len(again.embeddings) == 3  # and the file is there
        data = bytearray((home / name).read_bytes())
        data[len(data) // 2] ^= 4
        (home / name).write_bytes(data)
        with Library.open(home) as again:
            (problem,) = again.check()
            assert Path(name).name in problem
            again.mend()
            assert again.check() == []


def test_compacting_makes_a_damaged_index_again(library: Library, home: Path) -> None:
    library.remove(1)
    library.close()
    (run,) = (home / "index").glob("*.run")
    data = bytearray(run.read_bytes())
    data[-100] ^= 1
    run.write_bytes(data)
    with Library.open(home) as again:
        assert again.check() != []
        compact(again)
        assert again.check() == []
        assert len(again.index) == 2


def test_damaged_peaks_in_the_database_are_found_and_analysed_anew(
    library: Library, home: Path
) -> None:
    library.close()
    with sqlite3.connect(home / "library.sqlite") as database:
        database.execute("UPDATE analysis SET peaks = x'00112233' WHERE track_id = 2")
    database.close()
    with Library.open(home) as again:
        assert any("peaks of track 2" in problem for problem in again.check())
        again.mend()
        assert 2 not in again.index
        assert ingest.add(again, [home.parent / "music"], workers=0).added == [2]
        assert 2 in again.index
        assert again.check() == []


def test_an_embedding_that_is_no_number_holds_nobody_up_and_is_made_anew(
    library: Library, home: Path
) -> None:
    library.close()
    with sqlite3.connect(home / "library.sqlite") as database:
        (blob,) = database.execute("SELECT embedding FROM analysis WHERE track_id = 2").fetchone()
        vector = np.frombuffer(blob, "<f4").copy()
        vector[3] = np.nan
        query = "UPDATE analysis SET embedding = ? WHERE track_id = 2"
        database.execute(query, (vector.tobytes(),))
    database.close()
    (home / "embeddings").unlink(missing_ok=True)
    with Library.open(home) as again:
        found = again.taste.recommender().recommend([1])
        assert {suggestion.track_id for suggestion in found} == {2, 3}
        assert np.isfinite([suggestion.score for suggestion in found]).all()
        (problem,) = again.check()
        assert "embedding of track 2 holds NaN" in problem
        again.mend()
        assert ingest.add(again, [home.parent / "music"], workers=0).added == [2]
        assert again.check() == []


def test_a_full_disk_is_said_in_one_line_and_nothing_is_lost(
    library: Library, home: Path, write_tune: WriteTune
) -> None:
    pages = library._database.execute("PRAGMA page_count").fetchone()[0]
    library._database.execute(f"PRAGMA max_page_count = {pages}")
    for seed in range(10, 18):
        write_tune(f"more/{seed}.wav", seed)
    with pytest.raises(
        DiskFullError, match="is full; what was reported as added is safe"
    ) as caught:
        ingest.add(library, [home.parent / "more"], workers=0)
    assert "\n" not in str(caught.value)
    assert len(library) == 3
    library.close()
    with Library.open(home) as again:
        assert len(ingest.add(again, [home.parent / "more"], workers=0).added) == 8
        assert again.check() == []


def test_peaks_taken_piecewise_are_those_of_the_whole(rng: np.random.Generator) -> None:
    audio = np.concatenate([tune(5, 9.3), tune(6, 4.1)])
    audio += 0.001 * rng.standard_normal(len(audio)).astype(np.float32)
    whole = extract(audio, 16_000)
    pieces = analyser.SegmentedPeaks(segment_s=4)
    for start in range(0, len(audio), 1000):
        pieces.feed(audio[start : start + 1000])
    assert pieces.finish().to_bytes() == whole.to_bytes()
