"""All tiles of voices, for the frames of one segment."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from dsp.blep import DELAY
from engine.rt.filters import filter_and_mix
from engine.rt.oscillators import jumps_of_cell, oscillators
from engine.rt.state import TILES, TRAIL, USES_SENDS
from engine.rt.voice import sounding_width, start_cell

_IN_TRAIL = TRAIL - 1
_LAG = np.float32(DELAY)


@kernel(realtime=True)
def render_voices(state, first, count):  # type: ignore[no-untyped-def]
    """Add `count` frames of all voices, from frame `first` of the cell, to state.mix and sends."""
    cheap = state.cheap != 0
    lag = np.float32(0.0) if cheap else _LAG
    trail = (state.frame - first) & _IN_TRAIL
    active = 0
    for tile in range(TILES):
        if state.tile_busy[tile] == 0:
            continue
        v = state.floats[tile]
        n = state.words[tile]
        uses = np.int64(state.tile_uses[tile])
        if first == 0:
            width = np.int64(state.tile_width[tile])
            start_cell(
                v, n, state.longs[tile], state.doubles[tile], width, uses, state.sample_rate,
                state.beat, state.beats_per_frame, lag,
            )  # fmt: skip
        width, sounding = sounding_width(n)
        active += sounding
        if first == 0:
            state.tile_width[tile] = width
            if sounding == 0:
                state.tile_busy[tile] = 0
                continue
            if not cheap:
                jumps_of_cell(v, n, width, uses, state.jump, trail)
        oscillators(v, n, width, uses, first, count, trail, cheap)
        filter_and_mix(
            v, n, width, uses, state.tile_stirred[tile] != 0, first, count, trail, state.mix,
            state.sends, cheap,
        )  # fmt: skip
        state.tile_stirred[tile] = 0
        if uses & USES_SENDS:
            state.sends_used = 1
    state.active = active
