"""Analyse again what another version analysed, or what has no analysis yet."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import AudioFileError
from engine.library.analyser import learn
from engine.library.catalogue import Track
from engine.library.crew import look
from engine.library.library import Library
from engine.library.worker import Worker, time_limit_s

Learnt = tuple[Track, tuple[str, bytes] | str]


def refresh(
    library: Library,
    tracks: Sequence[Track],
    workers: int,
    on_progress: Callable[[Track, int, int], None] | None = None,
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
    failed: list[tuple[Path, str]] = []
    results: queue.SimpleQueue[Learnt | BaseException] = queue.SimpleQueue()
    jobs: queue.SimpleQueue[Track] = queue.SimpleQueue()
    for track in tracks:
        jobs.put(track)
    crew = [Worker() for _ in range(min(workers, len(tracks)))]
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_serve, args=(worker, jobs, results, stopping)) for worker in crew
    ]
    for thread in threads:
        thread.start()
    try:
        for done in range(1, len(tracks) + 1):
            learnt = results.get() if crew else _learn(jobs.get(), None)
            if isinstance(learnt, BaseException):
                raise learnt
            track, found = learnt
            if isinstance(found, str):
                failed.append((track.path, found))
            else:
                library.store_analysis(track.id, *found)
            if on_progress is not None:
                on_progress(track, done, len(tracks))
    finally:
        stopping.set()
        for worker in crew:
            worker.kill()
        for thread in threads:
            thread.join()
    return failed


def _serve(
    worker: Worker,
    jobs: queue.SimpleQueue[Track],
    results: queue.SimpleQueue[Learnt | BaseException],
    stopping: threading.Event,
) -> None:
    try:
        while not stopping.is_set():
            try:
                track = jobs.get_nowait()
            except queue.Empty:
                return
            results.put(_learn(track, worker))
    except BaseException as error:  # noqa: BLE001  (the other thread raises it)
        results.put(error)
    finally:
        worker.close()


def _learn(track: Track, worker: Worker | None) -> Learnt:
    try:
        file = look(track.path)
        if worker is None:
            return track, learn(track.path)
        return track, worker.learn(track.path, time_limit_s(file.size))
    except AudioFileError as error:
        return track, str(error).removeprefix(f"{track.path}: ")
