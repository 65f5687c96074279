"""What a page plays: messages of the socket, checked, to the synthesizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from engine.web.desk import Desk

_PEDALS = (64, 66, 67)  # sustain, sostenuto, soft
_DOWN = 64


class Player:
    """Plays the messages of one page; its notes end with it.

    Parameters
    ----------
    desk : Desk
    turn : callable, optional
        Sets a parameter of the patch, in place of the instrument's own `set`.
    """

    def __init__(self, desk: Desk, turn: Callable[[str, object], None] | None = None) -> None:
        self._synth = desk.synth
        self._turn = turn or desk.instrument.set
        self._held: set[tuple[int, int]] = set()
        self._pedals: set[tuple[int, int]] = set()
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
        """Let go of the keys and pedals the page still holds: it must not leave a note behind."""
        for note, channel in self._held:
            self._synth.note_off(note, channel)
        for number, channel in self._pedals:
            self._synth.control(number, 0, channel)
        self._held.clear()
        self._pedals.clear()

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
        channel = _whole(message, "channel", 0)
        self._synth.control(number, value, channel)
        if number in _PEDALS:
            change = self._pedals.add if value >= _DOWN else self._pedals.discard
            change((number, channel))

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
        self._turn(path, message.get("value"))


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
