"""Turns of knobs: not more than the sound can follow, and never without the last."""

from __future__ import annotations

import asyncio

from engine.errors import AntiphonError
from engine.web.desk import Desk

EDITS_PER_S = 30.0


class Edits:
    """Turns of knobs, some thirty a second at most; of what comes faster the last one counts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: dict[str, object] = {}
        self._next_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, path: str, value: object) -> None:
        """Set a parameter now, or as soon as it is time for another change."""
        loop = asyncio.get_running_loop()
        if self._timer is None and loop.time() >= self._next_s:
            self._next_s = loop.time() + 1.0 / EDITS_PER_S
            self._desk.instrument.set(path, value)
            return
        self._waiting[path] = value
        if self._timer is None:
            self._timer = loop.call_at(self._next_s, self._go_on)

    def close(self) -> None:
        """Set what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._go_on()

    def _go_on(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, {}
        self._next_s = asyncio.get_running_loop().time() + 1.0 / EDITS_PER_S
        for path, value in waiting.items():
            try:
                self._desk.instrument.set(path, value)
            except AntiphonError:
                self._desk.tell("keys")  # the page shows again what holds
