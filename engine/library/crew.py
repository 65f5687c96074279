"""Files in, outcomes out: analysis by several workers, no content twice."""

from __future__ import annotations

import queue
import stat
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import AudioFileError
from engine.io.audiofile import reason
from engine.library import analyser
from engine.library.worker import Worker, time_limit_s


@dataclass(frozen=True)
class AudioFile:
    """A file as it was found: path, size in bytes, time of its last change."""

    path: Path
    size: int
    mtime_ns: int


def look(path: Path) -> AudioFile:
    """Return a file as it is now.

    Raises
    ------
    AudioFileError
        If it cannot be looked at, or is no regular file: reading a pipe would wait for ever.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read ({reason(error)})") from error
    if not stat.S_ISREG(found.st_mode):
        raise AudioFileError(f"{path}: is not a file")
    return AudioFile(path, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Outcome:
    """What became of one file; without analysis and without error its content is known."""

    file: AudioFile
    digest: bytes = b""
    found: analyser.Analysis | None = None
    error: str = ""


class Contents:
    """The contents that need no analysis, and those that are being analysed."""

    def __init__(self, known: set[bytes]) -> None:
        self._known = known
        self._claimed: set[bytes] = set()
        self._changed = threading.Condition()

    def claim(self, digest: bytes) -> bool:
        """Take a content to analyse; False if it is known. Waits while another has it."""
        with self._changed:
            self._changed.wait_for(lambda: digest not in self._claimed)
            if digest in self._known:
                return False
            self._claimed.add(digest)
            return True

    def settle(self, outcome: Outcome) -> None:
        """Release a content after its outcome was passed on, so that twins come after it."""
        with self._changed:
            self._claimed.discard(outcome.digest)
            if outcome.found is not None:
                self._known.add(outcome.digest)
            self._changed.notify_all()


def outcomes(
    files: Sequence[AudioFile], known: set[bytes], workers: int
) -> Generator[Outcome, None, None]:
    """Yield the outcome of every file, as they get ready; close the generator to stop early.

    Parameters
    ----------
    files : sequence of AudioFile
    known : set of bytes
        Digests that need no analysis; grows.
    workers : int
        Processes; 0 analyses here.
    """
    contents = Contents(known)
    if workers:
        yield from _in_parallel(files, contents, min(workers, len(files)))
        return
    for file in files:
        outcome = _outcome(file, contents, lambda job: analyser.analyse(job.path))
        yield outcome
        contents.settle(outcome)


def _in_parallel(
    files: Sequence[AudioFile], contents: Contents, count: int
) -> Generator[Outcome, None, None]:
    jobs: queue.SimpleQueue[AudioFile] = queue.SimpleQueue()
    results: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
    for file in files:
        jobs.put(file)
    stopping = threading.Event()
    workers = [Worker() for _ in range(count)]

    def serve(worker: Worker) -> None:
        try:
            while not stopping.is_set():
                outcome = _outcome(
                    jobs.get_nowait(),
                    contents,
                    lambda job: worker.analyse(job.path, time_limit_s(job.size)),
                )
                results.put(outcome)
                contents.settle(outcome)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001  (raised where the results are awaited)
            results.put(error)

    threads = [threading.Thread(target=serve, args=(worker,), daemon=True) for worker in workers]
    try:
        for thread in threads:
            thread.start()
        for _ in files:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        stopping.set()
        for worker in workers:
            worker.kill()
        for thread in threads:
            thread.join()
        for worker in workers:
            worker.close()


def _outcome(
    file: AudioFile, contents: Contents, analyse: Callable[[AudioFile], analyser.Analysis]
) -> Outcome:
    digest = b""
    try:
        file = look(file.path)
        digest = analyser.digest(file.path)
        if not contents.claim(digest):
            return Outcome(file, digest)
        found = analyse(file)
        if look(file.path) != file:
            raise AudioFileError(f"{file.path}: changed while it was read; add it again")
    except AudioFileError as error:
        return Outcome(file, digest, error=str(error).removeprefix(f"{file.path}: "))
    return Outcome(file, digest, found)
