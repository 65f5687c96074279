"""Music is added in a process of its own while the session goes on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

_NICE = 10  # the session comes first
_END_S = 10.0
_DONE = (0, 3)  # all; all but some files that are no music


@dataclass(frozen=True)
class AddProgress:
    """How far adding has come.

    Attributes
    ----------
    folder : Path
    done, total : int
        Files looked into, and files there are; 0 while they are being searched.
    added, failed : int
    current : str
        Name of the file that was done last.
    finished : bool
    error : str
        Why it ended early; else empty.
    """

    folder: Path
    done: int = 0
    total: int = 0
    added: int = 0
    failed: int = 0
    current: str = ""
    finished: bool = False
    error: str = ""


class Adding:
    """Runs `antiphon add` on a folder.

    Parameters
    ----------
    folder : Path
    directory : Path
        Of the library.
    changed : callable
        Called, from a thread, whenever `progress` is another.
    finished : callable
        Called once, from the thread, when all is added, before `progress` says so.
    """

    def __init__(
        self,
        folder: Path,
        directory: Path,
        changed: Callable[[], None],
        finished: Callable[[], None],
    ) -> None:
        self.progress = AddProgress(folder)
        self._changed, self._finished = changed, finished
        command = [sys.executable, "-m", "engine.app.cli", "add", "--json"]
        # whatever a folder is called, it is none of the command's options
        command += ["--library", str(directory), "--", str(folder)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the thread)
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICE)
        self._closing = False
        self._thread = threading.Thread(target=self._read, name="adding", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; what was added stays added."""
        self._closing = True
        self._child.terminate()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._thread.join()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; False if it is not within `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._said, self._child.stdout as lines:
            for line in lines:
                self._take(line)
            code = self._child.wait()
            self._said.seek(0)
            last = self._said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        if self._closing:
            return
        good = self.progress.added > 0 or code in _DONE
        if good:
            self._finished()
        error = "" if good else (last or [f"adding ended with {code}"])[0]
        self.progress = replace(self.progress, finished=True, current="", error=error)
        self._changed()

    def _take(self, line: bytes) -> None:
        said = json.loads(line)
        if "outcome" not in said:
            return  # the sum
        now = self.progress
        self.progress = replace(
            now,
            done=said["done"],
            total=said["total"],
            added=now.added + (said["outcome"] in ("added", "damaged")),
            failed=now.failed + (said["outcome"] == "failed"),
            current=Path(said["path"]).name,
        )
        self._changed()
