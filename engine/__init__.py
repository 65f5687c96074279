"""The engine: synthesizer, listener, library and session, and the outside world they touch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.decks import Cue, Decks
    from engine.errors import AntiphonError
    from engine.io.device import NullStream, list_devices, open_stream
    from engine.library import Library, Track
    from engine.listener import Heard, Listener
    from engine.parts import (
        ADSR,
        LFO,
        Arpeggio,
        Chorus,
        Delay,
        Filter,
        Oscillator,
        Reverb,
        Route,
        Unison,
    )
    from engine.patch import Patch
    from engine.room import SimulatedRoom
    from engine.session import Session
    from engine.synth import Synth

# Where each public name lives. They are imported when first used: `antiphon --help` needs none.
_HOMES = {
    "ADSR": "parts",
    "LFO": "parts",
    "AntiphonError": "errors",
    "Arpeggio": "parts",
    "Chorus": "parts",
    "Cue": "decks",
    "Decks": "decks",
    "Delay": "parts",
    "Filter": "parts",
    "Heard": "listener",
    "Library": "library",
    "Listener": "listener",
    "NullStream": "io.device",
    "Oscillator": "parts",
    "Patch": "patch",
    "Reverb": "parts",
    "Route": "parts",
    "Session": "session",
    "SimulatedRoom": "room",
    "Synth": "synth",
    "Track": "library",
    "Unison": "parts",
    "list_devices": "io.device",
    "open_stream": "io.device",
}

__all__ = [
    "ADSR",
    "LFO",
    "AntiphonError",
    "Arpeggio",
    "Chorus",
    "Cue",
    "Decks",
    "Delay",
    "Filter",
    "Heard",
    "Library",
    "Listener",
    "NullStream",
    "Oscillator",
    "Patch",
    "Reverb",
    "Route",
    "Session",
    "SimulatedRoom",
    "Synth",
    "Track",
    "Unison",
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
