"""The default model is trained in a process of its own while the session goes on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_NICE = 15  # the session comes first
_END_S = 10.0


class Learning:
    """Runs `antiphon models train`.

    Parameters
    ----------
    directory : Path
        Of the library.
    finished : callable
        Called once, from a thread, when the new model is whole. If it fails or is closed nothing
        is called, and what is there serves on; the next training goes on where this one was.
    """

    def __init__(self, directory: Path, finished: Callable[[], None]) -> None:
        self._finished = finished
        command = [sys.executable, "-m", "engine.app.cli", "models", "train"]
        self._child = subprocess.Popen(
            [*command, "--library", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICE)
        self._closing = False
        self._thread = threading.Thread(target=self._wait, name="learning", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; False if it is not within `timeout_s`."""
        self._thread.join(timeout_s)
        return not self.running

    def close(self) -> None:
        """End it; what is learnt so far is kept."""
        self._closing = True
        self._child.terminate()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._thread.join()

    def _wait(self) -> None:
        if self._child.wait() == 0 and not self._closing:
            self._finished()
