"""Chorus: three taps a side of one line, each swinging in its own phase.

All six are in phase with the input's polarity and at different lengths, so that the sum of both
sides loses nothing but what six different delays lose.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import sin_half_turns
from engine.rt import rack_state as rs
from engine.rt.effects.lines import read_between
from engine.rt.state import CELL

f32 = np.float32
_GAIN = f32(0.5)  # three taps a side


@kernel(realtime=True)
def _swing(phase):  # type: ignore[no-untyped-def]
    turn = phase - math.floor(phase)
    return np.float64(sin_half_turns(f32(1.0 - 2.0 * turn)))


@kernel(fast=True, realtime=True)
def run_chorus(state):  # type: ignore[no-untyped-def]
    """Add a cell to state.wet."""
    mask = state.chorus_mask
    at = state.chorus_at
    line = state.chorus_line
    for f in range(CELL):
        line[(at + f) & mask] = state.sends[rs.CHORUS, f]
    turn = CELL * state.rack_now[rs.R_CHORUS_RATE]
    for tap in range(rs.CHORUS_TAPS):
        phase = state.chorus_phase + tap / rs.CHORUS_TAPS
        # what is heard is a cell later than what is written
        start = state.chorus_base[tap] + state.rack_from[rs.R_CHORUS_DEPTH] * _swing(phase) - CELL
        end = state.chorus_base[tap] + state.rack_now[rs.R_CHORUS_DEPTH] * _swing(phase + turn)
        step = (end - CELL - start) / CELL
        side = tap & 1
        for f in range(CELL):
            state.wet[side, f] += _GAIN * read_between(line, mask, at + f, start + step * f)
    state.chorus_phase += turn - math.floor(state.chorus_phase + turn)
    state.chorus_at = at + CELL


@kernel(realtime=True)
def wake_chorus(state):  # type: ignore[no-untyped-def]
    """Begin the swing where the first sound began."""
    state.chorus_phase = 0.0
