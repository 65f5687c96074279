"""Adding music: only what is new, whatever the files, and safe at any moment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioFileError
from engine.library import Library, analyser, ingest
from engine.library.ingest import Progress
from engine.library.worker import Worker

from ..conftest import RATE, WriteTune, tune
from ..made import make_older

HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        yield opened


def no_analysis(path: Path) -> analyser.Analysis:
    raise AssertionError(f"{path} was decoded again")


def test_a_folder_with_bad_files_among_good_ones_is_added_without_them(
    library: Library, tmp_path: Path, write_tune: WriteTune
) -> None:
    for seed in range(6):
        write_tune(f"music/disc {seed % 2}/Ünïcode {seed}.flac", seed)
    music = tmp_path / "music"
    (music / "rubbish.mp3").write_bytes(os.urandom(20_000))
    (music / "empty.wav").touch()
    (music / "cover.jpg").write_bytes(b"not looked at")
    (music / "._hidden.flac").write_bytes(b"not looked at")
    whole = (music / "disc 0/Ünïcode 0.flac").read_bytes()
    (music / "cut.flac").write_bytes(whole[: len(whole) // 2])
    events: list[Progress] = []
    report = ingest.add(library, [music], workers=2, on_progress=events.append)
    assert len(report.added) == 7
    assert report.damaged == [music / "cut.flac"]
    assert {(path.name, why) for path, why in report.failed} == {
        ("rubbish.mp3", "is not audio that can be read (no frame of audio found)"),
        ("empty.wav", "is empty"),
    }
    assert report.duration_s == pytest.approx(24 + 2.2, abs=0.2)
    assert [event.done for event in events] == list(range(1, 10))
    assert {event.total for event in events} == {9}
    cut = library.find(music / "cut.flac")
    assert cut is not None
    assert cut.damaged
    assert library.check() == []
    best = library.index.identify(tune(4), RATE)[0]
    assert library.track(best.track_id).title == "Ünïcode 4"


def test_what_is_unchanged_is_not_read_again(
    library: Library, tmp_path: Path, write_tune: WriteTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tune("music/a.wav", 1)
    ingest.add(library, [tmp_path / "music"], workers=0)
    monkeypatch.setattr(analyser, "digest", no_analysis)
    report = ingest.add(library, [tmp_path / "music"], workers=0)
    assert (report.added, report.unchanged, report.failed) == ([], 1, [])


def test_a_library_of_before_learns_genres_without_decoding_anything(
    library: Library,
    tmp_path: Path,
    write_tune: WriteTune,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_tune("music/1.flac", 1, genre="Fado", title="Barco", artist="A")
    ingest.add(library, [tmp_path / "music"], workers=0)
    library.close()
    make_older(tmp_path / "library", 4)
    monkeypatch.setattr(analyser, "analyse", no_analysis)
    with Library.open(tmp_path / "library") as opened:
        assert opened.genres() == {}
        assert ingest.add(opened, [tmp_path / "music"], workers=0).unchanged == 1
        assert opened.genres() == {1: "Fado"}
        assert [track.title for track in opened.search("fado").tracks] == ["Barco"]
        assert not [p for p in opened.check() if p.startswith("database")]


def test_a_renamed_file_keeps_its_track_and_is_not_decoded(
    library: Library, tmp_path: Path, write_tune: WriteTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_tune("music/old name.wav", 1)
    [track_id] = ingest.add(library, [old], workers=0).added
    new = old.with_name("new name.wav")
    old.rename(new)
    monkeypatch.setattr(analyser, "analyse", no_analysis)
    report = ingest.add(library, [tmp_path / "music"], workers=0)
    assert report.known == [new]
    assert library.track(track_id).path == new
    assert library.find(old) is None
    assert library.check() == []


def test_the_same_content_twice_is_one_track_with_two_files(
    library: Library, tmp_path: Path, write_tune: WriteTune
) -> None:
    one = write_tune("music/one.wav", 1)
    for name in ("two.wav", "three.wav"):
        shutil.copy(one, one.with_name(name))
    report = ingest.add(library, [tmp_path / "music"], workers=2)
    assert len(report.added) == 1
    assert len(report.known) == 2
    assert len({library.find(p).id for p in (tmp_path / "music").iterdir()}) == 1  # type: ignore[union-attr]


def test_a_copy_of_a_bad_file_is_as_bad(library: Library, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF rubbish")
    report = ingest.add(library, [tmp_path / "a.wav", tmp_path / "b.wav"], workers=0)
    assert [path.name for path, _ in report.failed] == ["a.wav", "b.wav"]


def test_a_changed_file_takes_the_place_of_the_old_track(
    library: Library, tmp_path: Path, write_tune: WriteTune
) -> None:
    path = write_tune("a.wav", 1)
    [old] = ingest.add(library, [path], workers=0).added
    write_tune("a.wav", 2, 5.0)
    [new] = ingest.add(library, [path], workers=0).added
    assert new != old
    assert [track.id for track in library.tracks()] == [new]
    assert library.index.track_ids.tolist() == [new]
    assert library.track(new).duration_s == 5.0


def test_missing_paths_and_files_that_are_no_files_are_named(
    library: Library, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    report = ingest.add(library, [tmp_path / "pipe.wav", tmp_path / "missing"], workers=0)
    assert sorted(report.failed) == [
        (tmp_path / "missing", "does not exist"),
        (tmp_path / "pipe.wav", "is not a file"),
    ]


def test_an_empty_folder_adds_nothing(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = ingest.add(library, [tmp_path / "empty"])
    assert (report.added, report.failed, report.unchanged) == ([], [], 0)


def test_an_interrupt_keeps_what_is_done_and_the_next_run_goes_on(
    library: Library, tmp_path: Path, write_tune: WriteTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        write_tune(f"music/{seed}.wav", seed, 2.0)
    monkeypatch.setattr(ingest, "_BATCH_TRACKS", 2)
    reported = []

    def interrupt(event: Progress) -> None:
        reported.append(event.path)
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest.add(library, [tmp_path / "music"], workers=1, on_progress=interrupt)
    assert all(library.find(path) for path in reported)
    report = ingest.add(library, [tmp_path / "music"], workers=0)
    assert report.unchanged + len(report.added) == 5
    assert report.unchanged >= 3
    assert library.check() == []


CHILD = """
import os, signal, sys
from pathlib import Path
from engine.library import ingest
from engine.library import Library
import fingerprint, sqlite3
home, music, moment, workers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
ingest._BATCH_TRACKS, ingest._BATCH_S = 3, 1e9  # however slow the machine is
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
commit, count = fingerprint.FingerprintIndex.commit, [0]
def dying(self):
    count[0] += 1
    if count[0] == 2 and moment == "before the index":
        die()
    commit(self)
    if count[0] == 2 and moment == "after the index":
        die()
fingerprint.FingerprintIndex.commit = dying
store = Library.store
def storing(self, *values):
    if moment == "within a batch" and values[0].name == "5.wav":
        die()
    return store(self, *values)
Library.store = storing
def tell(event):
    print(event.path.name, flush=True)
    if moment == "while reporting" and event.done == 4:
        die()
with Library.open(home) as library:
    ingest.add(library, [music], workers=workers, on_progress=tell)
"""


@pytest.mark.parametrize(
    ("moment", "workers"),
    [
        ("before the index", 0),
        ("after the index", 0),
        ("within a batch", 0),
        ("while reporting", 1),
    ],
)
def test_after_kill_9_all_that_was_reported_is_there_and_the_next_run_goes_on(
    tmp_path: Path, write_tune: WriteTune, moment: str, workers: int
) -> None:
    for seed in range(8):
        write_tune(f"music/{seed}.wav", seed, 2.0)
    home, music = tmp_path / "library", tmp_path / "music"
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(home), str(music), moment, str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )
    assert child.returncode == -9
    reported = child.stdout.split()
    assert len(reported) >= 3
    with Library.open(home, writable=False) as reader:  # no writer has mended anything yet
        for name in reported:
            track = reader.find(music / name)
            assert track is not None
            assert track.id in reader.index
            best = reader.index.identify(tune(int(name[0]), 2.0), RATE)[0]
            assert best.track_id == track.id
    with Library.open(home) as library:
        report = ingest.add(library, [music], workers=0)
        assert report.unchanged >= len(reported)
        assert report.unchanged + len(report.added) == 8
        assert library.check() == []
        assert library.index.track_ids.tolist() == sorted(t.id for t in library.tracks())


def test_a_worker_survives_a_file_that_takes_too_long(write_tune: WriteTune) -> None:
    path = write_tune("a.wav", 1)
    worker = Worker()
    try:
        with pytest.raises(AudioFileError, match="took longer than 0 s"):
            worker.analyse(path, 0.0)
        assert worker.analyse(path, 60.0).duration_s == 4.0
    finally:
        worker.close()


def test_a_worker_that_dies_costs_one_file(write_tune: WriteTune) -> None:
    path = write_tune("a.wav", 1)
    worker = Worker()
    try:
        worker.analyse(path, 60.0)
        worker.kill()
        with pytest.raises(AudioFileError, match=r"crashed the decoder \(signal 9\)"):
            worker.analyse(path, 60.0)
    finally:
        worker.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts it")
def test_a_file_that_needs_too_much_memory_costs_only_itself(
    tmp_path: Path, write_tune: WriteTune
) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(30 * 60 * 8000, np.float32), 8000)
    worker = Worker(memory_bytes=24 << 20)  # the embedding alone keeps 106 MB of it
    try:
        with pytest.raises(AudioFileError, match=r"needs more than 24 MB of memory|crashed"):
            worker.analyse(tmp_path / "long.wav", 60.0)
        assert worker.analyse(write_tune("short.wav", 1, 1.0), 60.0).duration_s == 1.0
    finally:
        worker.close()


def test_workers_give_what_this_process_gives(write_tune: WriteTune) -> None:
    path = write_tune("a.flac", 1, title="T", artist="A")
    worker = Worker()
    try:
        assert worker.analyse(path, 60.0) == analyser.analyse(path)
    finally:
        worker.close()


def test_negative_workers_are_refused(library: Library) -> None:
    with pytest.raises(ValueError, match="workers must not be negative, got -1"):
        ingest.add(library, [], workers=-1)
