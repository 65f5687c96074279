"""The last stage: voices, rack and decks through the master gain and the limiter."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt.deck_state import METER_MIC, METER_SYNTH
from engine.rt.limiter import limiter_gain, soft_clip
from engine.rt.state import CELL

_STEP = 0.25 / CELL  # of the way to a new gain in a frame: a quarter in a cell, as voices do


@kernel(realtime=True)
def mix_out(state, first, count, out, position):  # type: ignore[no-untyped-def]
    """Put `count` frames from frame `first` of the cell into out[position:], shape (n, 2)."""
    if first == 0:
        state.master += state.master_step * CELL
        state.master_step = (state.master_target - state.master) * _STEP
        for source in range(METER_MIC):
            state.meter[source] *= state.meter_fall
    decks = state.deck_mix_used != 0
    peak = state.peak
    loudest = state.meter[METER_SYNTH]
    for i in range(count):
        master = state.master + state.master_step * (first + i)
        left = np.float64(state.mix[0, first + i] + state.wet[0, first + i])
        right = np.float64(state.mix[1, first + i] + state.wet[1, first + i])
        loudest = max(loudest, np.float32(abs(left)), np.float32(abs(right)))
        if decks:
            left += state.deck_mix[0, first + i]
            right += state.deck_mix[1, first + i]
        left *= master
        right *= master
        gain = limiter_gain(state, left, right)
        left = soft_clip(left * gain)
        right = soft_clip(right * gain)
        out[position + i, 0] = left
        out[position + i, 1] = right
        peak = max(peak, np.float32(abs(left)), np.float32(abs(right)))
    state.peak = peak
    state.meter[METER_SYNTH] = loudest
