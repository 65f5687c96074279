"""Beat and key are kept with a track, and found again when another version found them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.analysis import VERSION
from engine.library import Library, ingest
from engine.library.database import FILE_NAME
from engine.library.refresh import refresh

from ..conftest import WriteTune
from ..made import make_older


@pytest.fixture
def library(tmp_path: Path, write_tune: WriteTune) -> Iterator[Library]:
    for seed in range(2):
        write_tune(f"music/{seed}.flac", seed)
    with Library.open(tmp_path / "library") as opened:
        ingest.add(opened, [tmp_path / "music"], workers=0)
        yield opened


def rows(library: Library, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(library.directory / FILE_NAME) as database:
        return database.execute(query).fetchall()


def make_old(library: Library) -> None:
    with sqlite3.connect(library.directory / FILE_NAME) as database:
        database.execute("UPDATE sound SET version = ?", (VERSION - 1,))


def test_a_track_that_is_added_has_an_analysis_and_onsets(library: Library) -> None:
    for track in library.tracks():
        found, onsets = library.analysis(track.id), library.onsets(track.id)
        assert found is not None
        assert found.duration_s == pytest.approx(track.duration_s)
        assert found.loudness_lufs is not None
        assert onsets is not None
        assert len(onsets.levels) == pytest.approx(track.duration_s / 0.005, abs=2)
    assert library.waiting_for_analysis() == []


def test_what_another_version_found_is_found_again_without_the_fingerprints(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(library, "SELECT * FROM analysis")
    make_old(library)
    assert len(library.waiting_for_analysis()) == 2
    assert library.analysis(library.tracks()[0].id) is not None  # it serves until then

    def no_fingerprints(path: Path) -> None:
        raise AssertionError(f"{path} was fingerprinted again")

    monkeypatch.setattr("engine.library.analyser.analyse", no_fingerprints)
    report = ingest.add(library, [tmp_path / "music"], workers=0)
    assert report.analysed == 2
    assert not report.added
    assert rows(library, "SELECT * FROM analysis") == before
    assert library.waiting_for_analysis() == []


def test_workers_find_the_same_as_this_process(library: Library) -> None:
    before = [library.analysis(track.id) for track in library.tracks()]
    make_old(library)
    seen: list[int] = []
    tracks = library.waiting_for_analysis()
    assert refresh(library, tracks, 1, lambda track, done, total: seen.append(done)) == []
    assert seen == [1, 2]
    assert [library.analysis(track.id) for track in library.tracks()] == before


def test_a_file_that_is_gone_is_named_and_the_others_are_analysed(library: Library) -> None:
    make_old(library)
    tracks = library.waiting_for_analysis()
    tracks[0].path.unlink()
    failed = refresh(library, tracks, workers=0)
    assert [path for path, _ in failed] == [tracks[0].path]
    assert library.analysis(tracks[1].id) is not None


def test_a_library_without_the_table_is_read_and_upgraded(library: Library) -> None:
    directory, ids = library.directory, [track.id for track in library.tracks()]
    library.close()
    make_older(directory, 1)
    with Library.open(directory, writable=False) as old:
        assert [track.id for track in old.tracks()] == ids
        assert old.analysis(ids[0]) is None
        assert old.onsets(ids[0]) is None
        assert len(old.waiting_for_analysis()) == 2
    with Library.open(directory) as opened:
        assert refresh(opened, opened.waiting_for_analysis(), workers=0) == []
        assert opened.analysis(ids[0]) is not None


def test_removing_a_track_removes_what_was_learnt_of_it(library: Library) -> None:
    library.remove(library.tracks()[0].id)
    assert rows(library, "SELECT count(*) FROM sound") == [(1,)]
