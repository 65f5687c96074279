"""The last stage: voices, rack and deck through the master gain and the limiter."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt._native import load_acquire, store_release
from engine.rt.limiter import limiter_gain, soft_clip
from engine.rt.state import CELL, DECK_FRAMES

_STEP = 0.25 / CELL  # of the way to a new gain in a frame: a quarter in a cell, as voices do


@kernel(realtime=True)
def mix_out(state, first, count, out, position):  # type: ignore[no-untyped-def]
    """Put `count` frames from frame `first` of the cell into out[position:], shape (n, 2)."""
    tail = state.deck_tail[0]
    head = load_acquire(state.deck_head)
    taken = 0
    stopped = False
    peak = state.peak
    for i in range(count):
        if (first + i) & (CELL - 1) == 0:
            state.deck_gain += state.deck_gain_step * CELL
            state.deck_gain_step = (state.deck_gain_target - state.deck_gain) * _STEP
            state.master += state.master_step * CELL
            state.master_step = (state.master_target - state.master) * _STEP
        deck_gain = state.deck_gain + state.deck_gain_step * (first + i)
        master = state.master + state.master_step * (first + i)
        left = np.float64(state.mix[0, first + i] + state.wet[0, first + i])
        right = np.float64(state.mix[1, first + i] + state.wet[1, first + i])
        if tail < head:
            if state.deck_fade > 0:  # flushed: it ends without a click
                x = state.deck_fade / state.deck_fade_of
                deck_gain *= x * x * (3.0 - 2.0 * x)
            at = tail & (DECK_FRAMES - 1)
            left += state.deck[at, 0] * deck_gain
            right += state.deck[at, 1] * deck_gain
            tail += 1
            taken += 1
            if state.deck_fade > 0:
                state.deck_fade -= 1
                if state.deck_fade == 0:
                    tail = max(tail, state.deck_until)
                    stopped = True
        left *= master
        right *= master
        gain = limiter_gain(state, left, right)
        left = soft_clip(left * gain)
        right = soft_clip(right * gain)
        out[position + i, 0] = left
        out[position + i, 1] = right
        peak = max(peak, np.float32(abs(left)), np.float32(abs(right)))
    state.peak = peak
    if 0 < taken < count and not stopped:
        state.deck_starved += count - taken
    store_release(state.deck_tail, tail)
