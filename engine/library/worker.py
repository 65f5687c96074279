"""Analysis in a process of its own, which a hostile file may crash, hang or blow up.

The child reads one task and path a line (JSON) and answers with one line (JSON) and, after it, the
bytes that the line announces. It ignores Ctrl-C, which the parent handles, and ends when its input
ends: so also when the parent is killed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import astuple
from pathlib import Path
from typing import Any

from engine.errors import AudioFileError
from engine.library import tags
from engine.library.analyser import Analysis
from engine.library.vectors import Embedded

MEMORY_BYTES = 2 << 30  # private memory beyond what the program itself takes
NICENESS = 5  # sound and screen come first
_SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def time_limit_s(size: int) -> float:
    """Return how long a file of `size` bytes may take: a hundred times what a slow machine needs.

    Ten hours of speech in 144 MB have nine minutes; they took one and a half.
    """
    return 120.0 + 3.0 * size / 1e6


class Worker:
    """A child process that analyses one file after the other; started and mended when needed.

    Parameters
    ----------
    memory_bytes : int
        Private memory that a file may take.
    niceness : int
        Of the child, 0 to 19.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES, niceness: int = NICENESS) -> None:
        self._memory_bytes = memory_bytes
        self._niceness = niceness
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def analyse(self, path: Path, limit_s: float) -> Analysis:
        """Return the analysis of a file.

        Raises
        ------
        AudioFileError
            If it cannot be decoded, crashed the decoder, or took too much time or memory.
        """
        answer, blobs = self._answer("analyse", path, limit_s)
        return Analysis(
            tags=tags.Tags(*answer["tags"]),
            duration_s=float(answer["duration_s"]),
            sample_rate=int(answer["sample_rate"]),
            damaged=bool(answer["damaged"]),
            peaks=blobs[0],
            embedding=blobs[1],
            embedding_name=str(answer["embedding_name"]),
            embedding_version=int(answer["embedding_version"]),
            sound=str(answer["sound"]),
            onsets=blobs[2],
            embedded=_embedded(answer, blobs[3:]),
        )

    def learn(self, path: Path, limit_s: float) -> tuple[str, bytes]:
        """Return beat, key and loudness of a file with its onsets, as `analyser.learn` does.

        Raises
        ------
        AudioFileError
            As of `analyse`.
        """
        answer, blobs = self._answer("learn", path, limit_s)
        return str(answer["sound"]), blobs[0]

    def embed(self, path: Path, limit_s: float, fragments: bool = False) -> Embedded:
        """Return what the network in use hears in a file, as `analyser.embed` does.

        Raises
        ------
        AudioFileError
            As of `analyse`.
        """
        task = "embed fragments" if fragments else "embed"
        found = _embedded(*self._answer(task, path, limit_s))
        if found is None:
            raise AudioFileError(f"{path}: was not heard by a network")
        return found

    def _answer(self, task: str, path: Path, limit_s: float) -> tuple[dict[str, Any], list[bytes]]:
        try:
            answer, blobs = self._ask(task, path, time.monotonic() + limit_s)
        except TimeoutError:
            if self._process is not None:
                self._process.kill()
            self.close()
            raise AudioFileError(f"{path}: took longer than {limit_s:.0f} s to decode") from None
        except (EOFError, BrokenPipeError):
            code = self.close()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise AudioFileError(f"{path}: crashed the decoder ({how})") from None
        if "error" in answer:
            if answer.get("tired"):
                self.close()  # what ran out of memory is not trusted with another file
            raise AudioFileError(str(answer["error"]))
        return answer, blobs

    def kill(self) -> None:
        """End the child whatever it is doing; for another thread than the one that waits for it."""
        self._killed = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> int:
        """End the child and return its exit code, minus the signal if one ended it."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:  # closes the pipes: it ends by itself, or has ended
            pass
        return int(process.returncode)

    def _ask(self, task: str, path: Path, deadline: float) -> tuple[dict[str, Any], list[bytes]]:
        if self._process is None:
            self._process = _start(self._memory_bytes, task, self._niceness)
        if self._killed:  # while it was starting
            self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([task, os.fspath(path)]).encode() + b"\n")
        self._process.stdin.flush()
        reader = _Reader(self._process.stdout.fileno(), deadline)
        answer = json.loads(reader.line())
        return answer, [reader.exactly(n) for n in answer.get("sizes", ())]


class _Reader:
    """Reads a pipe with a deadline."""

    def __init__(self, file: int, deadline: float) -> None:
        self._file, self._deadline = file, deadline
        self._held = bytearray()

    def line(self) -> bytes:
        while (end := self._held.find(b"\n")) < 0:
            self._more()
        return self._taken(end + 1)

    def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            self._more()
        return self._taken(count)

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    def _more(self) -> None:
        poll = select.poll()  # select() fails above 1024 open files
        poll.register(self._file, select.POLLIN)
        if not poll.poll(max(0.0, self._deadline - time.monotonic()) * 1000.0):
            raise TimeoutError
        data = os.read(self._file, 1 << 20)
        if not data:
            raise EOFError
        self._held += data


def _embedded(answer: dict[str, Any], blobs: list[bytes]) -> Embedded | None:
    if "network" not in answer:
        return None
    name, version = answer["network"]
    return Embedded(str(name), int(version), *blobs)


def _start(memory_bytes: int, task: str, niceness: int) -> subprocess.Popen[bytes]:
    environment = dict(os.environ) | dict.fromkeys(_SINGLE_THREADED, "1")
    # The packages may have been found by a path that only this process knows.
    home = os.fspath(Path(__file__).resolve().parent.parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(
        [home, *filter(None, [environment.get("PYTHONPATH")])]
    )
    program = f"from engine.library.worker import main; main({memory_bytes}, {task!r}, {niceness})"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders print their own warnings there
        env=environment,
    )


def main(memory_bytes: int, first_task: str, niceness: int) -> None:
    """Serve the parent: the child's whole life, of which the first task is known."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    os.nice(niceness)
    from engine.library.analyser import analyse, embed, learn, warm_up

    warm_up(first_task)
    _limit_memory(memory_bytes)
    for line in sys.stdin.buffer:
        task, name = json.loads(line)
        path = Path(name)
        blobs: list[bytes] = []
        try:
            if task == "learn":
                sound, onsets = learn(path)
                blobs = [onsets]
                answer: dict[str, Any] = {"sound": sound, "sizes": [len(onsets)]}
            elif task.startswith("embed"):
                blobs, answer = _told_of(embed(path, fragments=task.endswith("fragments")), [])
            else:
                found = analyse(path)
                blobs, heard = _told_of(
                    found.embedded, [found.peaks, found.embedding, found.onsets]
                )
                answer = _told(found) | heard
        except AudioFileError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {
                "error": f"{path}: needs more than {memory_bytes >> 20} MB of memory",
                "tired": True,
            }
        except Exception as error:  # noqa: BLE001  (one bad file must not end the others)
            answer = {"error": f"{path}: cannot be analysed ({type(error).__name__}: {error})"}
        output.write(json.dumps(answer).encode() + b"\n" + b"".join(blobs))
        output.flush()


def _told_of(found: Embedded | None, blobs: list[bytes]) -> tuple[list[bytes], dict[str, Any]]:
    """Add what a network heard to the bytes that are sent; return them and their sizes."""
    heard: dict[str, Any] = {}
    if found is not None:
        blobs = [*blobs, found.vector, found.fragments]
        heard = {"network": [found.name, found.version]}
    return blobs, heard | {"sizes": [len(blob) for blob in blobs]}


def _told(found: Analysis) -> dict[str, Any]:
    return {
        "tags": astuple(found.tags),
        "duration_s": found.duration_s,
        "sample_rate": found.sample_rate,
        "damaged": found.damaged,
        "embedding_name": found.embedding_name,
        "embedding_version": found.embedding_version,
        "sound": found.sound,
    }


def _limit_memory(memory_bytes: int) -> None:
    """Bound private memory; on Linux, where the kernel counts it (4.7 and later)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    used = 0
    with Path("/proc/self/status").open() as status:
        for row in status:
            if row.startswith("VmData:"):
                used = int(row.split()[1]) << 10
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = used + memory_bytes
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
