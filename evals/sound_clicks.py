"""What is heard above 5 kHz when a note is cut: stolen, retriggered, its patch changed, let go.

The note is a sine of 220 Hz, so that whatever is above 5 kHz comes from the cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.parts import ADSR, Oscillator
from engine.patch import Patch
from engine.synth import Synth
from evals.sound_result import Result
from evals.sound_waves import OFF, OPEN, RATE, player
from tests.measure import above_5khz_db

_CLICK_DB = -58.0
_NOTE = 57
_AFTER = 4800
_CUT_AT = tuple(9600 + late for late in (0, 10, 27, 55, 100, 163))  # anywhere in the period
_SOFT = 1  # a velocity that is not heard


def _change_patch(synth: Synth) -> None:
    synth.program(_sine(0.0, Oscillator("saw", 1.0)))
    synth.note_on(_NOTE + 7, _SOFT)


_CUTS: dict[str, Callable[[Synth], object]] = {
    "another note steals the voice": lambda synth: synth.note_on(69, _SOFT),
    "the key is struck again": lambda synth: synth.note_on(_NOTE, _SOFT),
    "the patch is changed and played": _change_patch,
    "the key is let go": lambda synth: synth.note_off(_NOTE),
    "the sustain pedal is let go": lambda synth: synth.control(64, 0),
    "panic": lambda synth: synth.panic(),
    "all sound off": lambda synth: synth.control(120, 0),
}


def _sine(curve: float, oscillator: Oscillator | None = None) -> Patch:
    return Patch(
        oscillators=(oscillator or Oscillator("sine", 1.0), OFF),
        filter=OPEN,
        amplitude=ADSR(0.02, 0.01, 1.0, 0.0, curve),  # the shortest release there is
        velocity=1.0,
    )


def _render(synth: Synth, frames: int) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def click_db(cut: str, quality: str) -> float:
    """Return the worst over the moments of the cut and the places of the window around it."""
    found = []
    for curve in (0.0, 1.0):
        for at in _CUT_AT:
            synth = player(_sine(curve), quality, voices=1 if "steals" in cut else 8)
            synth.note_on(_NOTE, 127)
            if "pedal" in cut:
                synth.control(64, 127)
                synth.note_off(_NOTE, frame=4800)
            head = _render(synth, at)
            _CUTS[cut](synth)
            audio = np.concatenate([head, _render(synth, _AFTER)])[:, 0]
            spots = range(at, at + 337, 48)  # the fade, and what the filter rings after it
            found += [above_5khz_db(audio, s, audio[4800:], RATE) for s in spots]
            found.append(float("nan") if not np.isfinite(audio).all() else found[-1])
    return float(np.max(found))  # NaN is passed on


def results(quality: str) -> Iterator[Result]:
    """Yield the energy above 5 kHz of every way to cut a note."""
    for cut in _CUTS:
        yield Result("clicks", f"above 5 kHz when {cut}", click_db(cut, quality), _CLICK_DB, "dB")
