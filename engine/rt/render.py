"""render_block: the one place where sound is made, live and offline alike.

A block is cut at every event and at every control point, both at absolute frames, so the samples
do not depend on the size of the blocks.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import state as st
from engine.rt._native import load_acquire, store_release
from engine.rt.events import apply_due, drain_commands
from engine.rt.state import CELL, DECK_FRAMES, TILE, TILES
from engine.rt.voice import any_sounding, control, filter_and_mix, oscillators, start_cell

_STEP = 0.25 / CELL  # of the way to a new gain in a frame: a quarter in a cell, as voices do
_KNEE = 0.8  # the master bends smoothly from here and never passes 1


@kernel(realtime=True)
def _uses(v, row):  # type: ignore[no-untyped-def]
    for j in range(TILE):  # noqa: SIM110  a generator would be Python
        if v[row * TILE + j] != 0.0:
            return True
    return False


@kernel(realtime=True)
def soft_limit(x):  # type: ignore[no-untyped-def]
    """The identity up to the knee, then a curve of matching slope towards 1."""
    a = abs(x)
    if a <= _KNEE:
        return x
    room = 1.0 - _KNEE
    over = (a - _KNEE) / room
    y = _KNEE + room * over / (1.0 + over)
    return y if x > 0.0 else -y


@kernel(realtime=True)
def _render_voices(state, first, count):  # type: ignore[no-untyped-def]
    """Add `count` frames of all voices, from frame `first` of the cell, to state.mix."""
    active = 0
    for tile in range(TILES):
        if state.tile_busy[tile] == 0:
            continue
        v = state.floats[tile]
        n = state.words[tile]
        second = _uses(v, st.LEVEL_2)
        if first == 0:
            start_cell(
                v, n, state.longs[tile], state.doubles[tile], state.sample_rate,
                state.table_offset, state.table_shift, second,
            )  # fmt: skip
        pulse = _uses(v, st.PULSE_1) or _uses(v, st.PULSE_2)
        control(v, n, first, count)
        oscillators(
            v, n, state.tables, first, count, _uses(v, st.LEVEL_2), pulse, _uses(v, st.NOISE)
        )
        filter_and_mix(v, first, count, state.mix)
        sounding = any_sounding(n)
        active += sounding
        state.tile_busy[tile] = 1 if sounding else 0
    state.active = active


@kernel(realtime=True)
def _mix_out(state, first, count, out, position):  # type: ignore[no-untyped-def]
    """Voices and deck through the master to out[position:position + count], shape (n, 2)."""
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
        left = np.float64(state.mix[0, first + i])
        right = np.float64(state.mix[1, first + i])
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
        left = soft_limit(left * master)
        right = soft_limit(right * master)
        out[position + i, 0] = left
        out[position + i, 1] = right
        peak = max(peak, np.float32(abs(left)), np.float32(abs(right)))
    state.peak = peak
    if 0 < taken < count and not stopped:
        state.deck_starved += count - taken
    store_release(state.deck_tail, tail)


@kernel(realtime=True)
def render_block(state, out):  # type: ignore[no-untyped-def]
    """Render the next out.shape[0] frames; out (n, 2) float32, state a STATE record."""
    drain_commands(state)
    frames = out.shape[0]
    position = 0
    while position < frames:
        first = state.frame & (CELL - 1)
        apply_due(state, first)
        count = min(frames - position, CELL - first)
        if state.pending_count > 0:
            count = min(count, state.pending_frame[0] - state.frame)
        for i in range(count):
            state.mix[0, first + i] = 0.0
            state.mix[1, first + i] = 0.0
        _render_voices(state, first, count)
        _mix_out(state, first, count, out, position)
        position += count
        state.frame += count
