"""What an older version analysed serves, and is analysed anew beside the session."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.analysis import OLDEST, VERSION, Analysis, FormatError
from engine.io.device import Stream
from engine.library import Library, ingest
from engine.library.database import FILE_NAME, WriterLock
from engine.library.worker import Worker
from engine.session import Session, renewing
from engine.session.renewing import Renewing
from engine.synth import Synth

from ..conftest import WriteTune
from ..made import Made, made_library

pytestmark = pytest.mark.usefixtures("analyse_once")


def set_version(directory: Path, version: int) -> None:
    with sqlite3.connect(directory / FILE_NAME) as database:
        database.execute(
            "UPDATE sound SET version = ?, analysis = json_set(analysis, '$.version', ?)",
            (version, version),
        )


def versions(directory: Path) -> dict[int, int]:
    with sqlite3.connect(directory / FILE_NAME) as database:
        return dict(database.execute("SELECT track_id, version FROM sound"))


@pytest.fixture
def older(tmp_path: Path, write_tune: WriteTune) -> Path:
    """Return the folder of a library of three tunes that the oldest readable version analysed."""
    for seed in (1, 2, 3):
        write_tune(f"music/{seed}.flac", seed, title=f"Tune {seed}")
    with Library.open(tmp_path / "library") as library:
        ingest.add(library, [tmp_path / "music"], workers=0)
        directory = library.directory
    set_version(directory, OLDEST)
    return directory


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Analyse in this process: what a child does, tests of the worker tell."""
    from engine.library import analyser

    monkeypatch.setattr(Worker, "learn", lambda _, path, limit_s: analyser.learn(path))
    monkeypatch.setattr(renewing, "_AGAIN_S", 0.01)


@pytest.mark.parametrize(
    ("version", "read"), [(OLDEST - 1, False), (OLDEST, True), (VERSION, True)]
)
def test_an_older_analysis_serves_as_long_as_it_can_be_read(
    tmp_path: Path, version: int, read: bool
) -> None:
    with made_library(tmp_path, [Made("One", bpm=96.0)]) as library:
        newest = library.analysis(1)
        set_version(library.directory, version)
        found, traits = library.analysis(1), library.traits([1])
        assert newest is not None
        if not read:
            assert (found, library.onsets(1), traits) == (None, None, {})
            return
        assert found is not None
        assert (found.version, found.grid) == (version, newest.grid)
        assert library.onsets(1) is not None
        assert traits[1].bpm == pytest.approx(96.0)
        assert len(library.waiting_for_analysis()) == (version != VERSION)


def test_an_older_analysis_reads_the_same_and_a_newer_one_not_at_all() -> None:
    found = Analysis(5.0, None, None, (), 0.0, 0.0, None, None, (), 0.0, 5.0, 0.0, OLDEST)
    assert Analysis.from_json(found.to_json()) == found
    with pytest.raises(FormatError, match=f"of version {VERSION + 1}"):
        Analysis.from_json(
            found.to_json().replace(f'"version":{OLDEST}', f'"version":{VERSION + 1}')
        )


@pytest.mark.usefixtures("here")
def test_a_session_goes_on_with_the_older_one_and_makes_it_anew(older: Path) -> None:
    synth = Synth()
    with Library.open(older, writable=False) as library:
        gone = library.tracks()[1]
        gone.path.unlink()
        told: list[str] = []
        lock = WriterLock(older)  # somebody adds music
        with Session(library, synth, Stream(synth, 128)) as session:
            session.on_change.append(told.append)
            known = session._beats(1)
            assert known is not None
            assert known[0].version == OLDEST
            lock.release()
            assert session.wait_for_renewing(60.0)
            progress = session.renewing
            assert progress is not None
            assert (progress.done, progress.total, progress.error) == (2, 2, "")
            assert progress.finished
            known = session._beats(1)
            assert known is not None
            assert known[0].version == VERSION
        assert "library" in told
    assert versions(older) == {
        track_id: OLDEST if track_id == gone.id else VERSION for track_id in (1, 2, 3)
    }


def test_a_child_does_it_and_closing_ends_it_and_keeps_what_is_done(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[Path] = []
    learn = Worker.learn

    def count(worker: Worker, path: Path, limit_s: float) -> tuple[str, bytes]:
        found = learn(worker, path, limit_s)
        learnt.append(path)
        return found

    begun, held = threading.Event(), threading.Event()

    def busy_after_one() -> bool:
        held.set()
        if learnt:
            begun.set()
        return bool(learnt)

    monkeypatch.setattr(Worker, "learn", count)
    first = Renewing(older, busy_after_one, lambda: None)
    assert held.wait(60.0)
    second = Renewing(older, lambda: False, lambda: None)
    assert second.wait(60.0)  # it leaves that to the first
    assert second.progress.total == 0
    assert begun.wait(60.0)
    assert (first.progress.done, first.progress.total) == (1, 3)
    first.close()
    assert sorted(versions(older).values()) == sorted([VERSION, OLDEST, OLDEST])
    again = Renewing(older, lambda: False, lambda: None)
    assert again.wait(60.0)
    assert again.progress.total == 2
    assert len(learnt) == 3
    assert set(versions(older).values()) == {VERSION}


@pytest.mark.usefixtures("here")
def test_what_was_added_or_removed_meanwhile_is_left_alone(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[bool] = []

    def busy() -> bool:
        if not waiting:
            waiting.append(True)
            with Library.open(older) as other:
                found = other.analysis(2)
                assert found is not None
                other.remove(1)
                other.store_analysis(2, replace(found, version=VERSION).to_json(), b"mine")
        return False

    refreshed = Renewing(older, busy, lambda: None)
    assert refreshed.wait(60.0)
    assert refreshed.progress.error == ""
    assert versions(older) == {2: VERSION, 3: VERSION}
    with sqlite3.connect(older / FILE_NAME) as database:
        assert database.execute("SELECT onsets FROM sound").fetchone() == (b"mine",)
