"""Analyse again what another version analysed, or what has no analysis yet."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import AudioFileError
from engine.library import analyser
from engine.library.catalogue import Track
from engine.library.crew import look
from engine.library.library import Library
from engine.library.worker import Worker, time_limit_s

_FRAGMENTS_TAKE = 10  # times as long

OnProgress = Callable[[Track, int, int], None]


@dataclass(frozen=True)
class _Task:
    """One thing to find of a file: by a worker, in this process; and where it is kept."""

    ask: Callable[[Worker, Path, float], Any]
    here: Callable[[Path], Any]
    store: Callable[[int, Any], None]


@dataclass(frozen=True)
class _Done:
    track: Track
    found: Any
    error: str = ""


def refresh(
    library: Library,
    tracks: Sequence[Track],
    workers: int,
    on_progress: OnProgress | None = None,
) -> list[tuple[Path, str]]:
    """Find beat, key, tuning and loudness of tracks anew; the fingerprints stay.

    May be interrupted at any moment: each track is safe as soon as it is done.

    Parameters
    ----------
    library : Library
        Opened for writing.
    tracks : sequence of Track
    workers : int
        Processes; 0 analyses in this process.
    on_progress : callable, optional
        Called with the track that is done, how many are, and of how many.

    Returns
    -------
    list of (Path, str)
        Files that could not be analysed, and why.
    """
    task = _Task(
        lambda worker, path, limit_s: worker.learn(path, limit_s),
        analyser.learn,
        lambda track_id, found: library.store_analysis(track_id, *found),
    )
    return _run(task, tracks, workers, on_progress)


def embed(
    library: Library,
    tracks: Sequence[Track],
    workers: int,
    on_progress: OnProgress | None = None,
    fragments: bool = False,
) -> list[tuple[Path, str]]:
    """Let the network in use hear tracks; fingerprints, beat and key stay.

    Parameters and what is returned as of `refresh`, and:

    Parameters
    ----------
    fragments : bool
        Take those as well: they cost ten times as much.
    """
    task = _Task(
        lambda worker, path, limit_s: worker.embed(
            path, limit_s * (_FRAGMENTS_TAKE if fragments else 1), fragments
        ),
        lambda path: analyser.embed(path, fragments),
        library.heard.store,
    )
    return _run(task, tracks, workers, on_progress)


def _run(
    task: _Task, tracks: Sequence[Track], workers: int, on_progress: OnProgress | None
) -> list[tuple[Path, str]]:
    failed: list[tuple[Path, str]] = []
    results: queue.SimpleQueue[_Done | BaseException] = queue.SimpleQueue()
    jobs: queue.SimpleQueue[Track] = queue.SimpleQueue()
    for track in tracks:
        jobs.put(track)
    crew = [Worker() for _ in range(min(workers, len(tracks)))]
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_serve, args=(task, worker, jobs, results, stopping))
        for worker in crew
    ]
    for thread in threads:
        thread.start()
    try:
        for count in range(1, len(tracks) + 1):
            done = results.get() if crew else _find(task, jobs.get(), None)
            if isinstance(done, BaseException):
                raise done
            if done.error:
                failed.append((done.track.path, done.error))
            else:
                task.store(done.track.id, done.found)
            if on_progress is not None:
                on_progress(done.track, count, len(tracks))
    finally:
        stopping.set()
        for worker in crew:
            worker.kill()
        for thread in threads:
            thread.join()
    return failed


def _serve(
    task: _Task,
    worker: Worker,
    jobs: queue.SimpleQueue[Track],
    results: queue.SimpleQueue[_Done | BaseException],
    stopping: threading.Event,
) -> None:
    try:
        while not stopping.is_set():
            try:
                track = jobs.get_nowait()
            except queue.Empty:
                return
            results.put(_find(task, track, worker))
    except BaseException as error:  # noqa: BLE001  (the other thread raises it)
        results.put(error)
    finally:
        worker.close()


def _find(task: _Task, track: Track, worker: Worker | None) -> _Done:
    try:
        file = look(track.path)
        if worker is None:
            return _Done(track, task.here(track.path))
        return _Done(track, task.ask(worker, track.path, time_limit_s(file.size)))
    except AudioFileError as error:
        return _Done(track, None, str(error).removeprefix(f"{track.path}: "))
