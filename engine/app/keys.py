"""Single keys from a terminal, without the return key."""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Any, Self


class Keys:
    """Reads keys while it is entered; on anything but a terminal it only waits."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        if sys.stdin is not None and sys.stdin.isatty():
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def get(self, timeout_s: float) -> str:
        """Return the next key, or '' after `timeout_s` seconds without one."""
        if self._before is None:
            time.sleep(timeout_s)
            return ""
        # Past Python's buffer: what it has read ahead, `select` does not see.
        terminal = sys.stdin.fileno()
        ready, _, _ = select.select([terminal], [], [], timeout_s)
        return os.read(terminal, 1).decode("ascii", "replace") if ready else ""
