"""What a page plays: messages of the socket, checked, to the synthesizer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

from engine.errors import AntiphonError
from engine.web.desk import Desk

_EDITS_PER_S = 30.0


class Player:
    """Plays the messages of one page; its notes end with it.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._synth = desk.synth
        self._held: set[tuple[int, int]] = set()
        self._edits = Edits(desk)
        self._obey: dict[str, Callable[[dict[str, Any]], None]] = {
            "note_on": self._note_on,
            "note_off": self._note_off,
            "bend": self._bend,
            "control": self._control,
            "pressure": self._pressure,
            "panic": self._panic,
            "set": self._set,
        }

    def take(self, message: dict[str, Any]) -> None:
        """Obey a message.

        Raises
        ------
        ValueError
            If it is none, or a value is out of range.
        """
        kind = message.get("type")
        obey = self._obey.get(kind) if isinstance(kind, str) else None
        if obey is None:
            raise ValueError(f"type must be one of {', '.join(self._obey)}, got {str(kind)[:40]!r}")
        obey(message)

    def close(self) -> None:
        """Let go of what the page still holds: whoever closes it must not leave a note behind."""
        for note, channel in self._held:
            self._synth.note_off(note, channel)
        self._held.clear()
        self._edits.close()

    def _note_on(self, message: dict[str, Any]) -> None:
        note, channel = _whole(message, "note"), _whole(message, "channel", 0)
        self._synth.note_on(note, _whole(message, "velocity", 100), channel)
        self._held.add((note, channel))

    def _note_off(self, message: dict[str, Any]) -> None:
        note, channel = _whole(message, "note"), _whole(message, "channel", 0)
        self._synth.note_off(note, channel)
        self._held.discard((note, channel))

    def _bend(self, message: dict[str, Any]) -> None:
        self._synth.bend(_real(message, "amount"), _whole(message, "channel", 0))

    def _control(self, message: dict[str, Any]) -> None:
        number, value = _whole(message, "number"), _whole(message, "value")
        self._synth.control(number, value, _whole(message, "channel", 0))

    def _pressure(self, message: dict[str, Any]) -> None:
        note = _whole(message, "note") if "note" in message else None
        self._synth.pressure(_whole(message, "amount"), _whole(message, "channel", 0), note)

    def _panic(self, _: dict[str, Any]) -> None:
        self._synth.panic()
        self._held.clear()

    def _set(self, message: dict[str, Any]) -> None:
        path = message.get("path")
        if not isinstance(path, str):
            raise ValueError(f"path must be a text, got {path!r}")
        self._edits.set(path, message.get("value"))


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
            self._next_s = loop.time() + 1.0 / _EDITS_PER_S
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
        self._next_s = asyncio.get_running_loop().time() + 1.0 / _EDITS_PER_S
        for path, value in waiting.items():
            try:
                self._desk.instrument.set(path, value)
            except AntiphonError:
                self._desk.tell("keys")  # the page shows again what holds


def _whole(message: dict[str, Any], name: str, default: int | None = None) -> int:
    value = message.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, got {str(value)[:40]!r}")
    return value


def _real(message: dict[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, got {str(value)[:40]!r}")
    return float(value)
