"""Panic for the rack: its tails fade within milliseconds, and then its lines are emptied.

The lines are megabytes, too much for one block, so a part of them is emptied in every cell, for
43 ms at 48 kHz; what is sent meanwhile is dropped.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import rack_state as rs
from engine.rt.state import CELL

f32 = np.float32

FADE = 4  # cells
_DELAY_PART = 4096  # frames emptied in a cell, of each line
_LINE_PART = 256
_DIFFUSER_PART = 64


@kernel(realtime=True)
def clear_rack(state):  # type: ignore[no-untyped-def]
    """Begin to silence the effects, at the next control point."""
    awake = 0
    for effect in range(rs.EFFECTS):
        awake += state.rack_awake[effect]
    if awake > 0 and state.rack_clear == 0:
        state.rack_clear = 1


@kernel(realtime=True)
def fade_rack(state):  # type: ignore[no-untyped-def]
    """Fade state.wet of this cell."""
    done = (state.rack_clear - 1) * CELL
    for f in range(CELL):
        gain = f32(max(0.0, 1.0 - (done + f + 1) / (FADE * CELL)))
        state.wet[0, f] *= gain
        state.wet[1, f] *= gain
    state.rack_clear += 1


@kernel(realtime=True)
def _zero(row, part, count, size):  # type: ignore[no-untyped-def]
    """Empty the `part`-th `count` frames of a row's `size`; True if there were any."""
    start = part * count
    for i in range(start, min(start + count, size)):
        row[i] = 0.0
    return start < size


@kernel(realtime=True)
def empty_lines(state):  # type: ignore[no-untyped-def]
    """Empty a part of every line; sleep when all are empty."""
    part = state.rack_clear - FADE - 1
    lines = state.reverb_mask + 1 + 2 * CELL  # with what mirrors their start
    diffusers = state.diffuser_mask + 1 + 2 * CELL
    left = _zero(state.chorus_line, part, _DELAY_PART, state.chorus_mask + 1)
    for side in range(2):
        left |= _zero(state.delay_line[side], part, _DELAY_PART, state.delay_mask + 1)
    for j in range(rs.LINES):
        left |= _zero(state.reverb_line[j], part, _LINE_PART, lines)
        state.reverb_low[j] = 0.0
        state.reverb_last[j] = 0.0
    left |= _zero(state.diffuser_first, part, _DIFFUSER_PART, diffusers)
    for j in range((rs.DIFFUSERS - 1) * rs.LINES):
        left |= _zero(state.diffuser_line[j], part, _DIFFUSER_PART, diffusers)
    for side in range(2):
        state.delay_tone[side] = 0.0
        for f in range(CELL):
            state.delay_echo[side, f] = 0.0
    state.reverb_tone = 0.0
    state.rack_clear += 1
    if not left:
        for effect in range(rs.EFFECTS):
            state.rack_awake[effect] = 0
        state.rack_clear = 0
