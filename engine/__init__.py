"""The engine: synthesizer, listener, library and session, and the outside world they touch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.deck import Deck
    from engine.errors import AntiphonError
    from engine.io.device import NullStream, list_devices, open_stream
    from engine.library import Library, Track
    from engine.listener import Heard, Listener
    from engine.patch import ADSR, LFO, Filter, Oscillator, Patch
    from engine.room import SimulatedRoom
    from engine.session import Session
    from engine.synth import Synth

# Where each public name lives. They are imported when first used: `antiphon --help` needs none.
_HOMES = {
    "ADSR": "patch",
    "LFO": "patch",
    "AntiphonError": "errors",
    "Deck": "deck",
    "Filter": "patch",
    "Heard": "listener",
    "Library": "library",
    "Listener": "listener",
    "NullStream": "io.device",
    "Oscillator": "patch",
    "Patch": "patch",
    "Session": "session",
    "SimulatedRoom": "room",
    "Synth": "synth",
    "Track": "library",
    "list_devices": "io.device",
    "open_stream": "io.device",
}

__all__ = [
    "ADSR",
    "LFO",
    "AntiphonError",
    "Deck",
    "Filter",
    "Heard",
    "Library",
    "Listener",
    "NullStream",
    "Oscillator",
    "Patch",
    "Session",
    "SimulatedRoom",
    "Synth",
    "Track",
    "list_devices",
    "open_stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    value = getattr(import_module(f"engine.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
