"""render_block: the one place where sound is made, live and offline alike.

A block is cut at every event and at every control point, both at absolute frames, so the samples
do not depend on the size of the blocks.
"""

from __future__ import annotations

from dsp._jit import kernel
from engine.rt import state as st
from engine.rt.events import apply_due, drain_commands, frames_to_event
from engine.rt.master import mix_out
from engine.rt.rack import run_rack
from engine.rt.state import CELL, TILE, TILES
from engine.rt.transport import start_transport_cell
from engine.rt.voice import any_sounding, control, filter_and_mix, oscillators, start_cell


@kernel(realtime=True)
def _uses(v, row):  # type: ignore[no-untyped-def]
    for j in range(TILE):  # noqa: SIM110  a generator would be Python
        if v[row * TILE + j] != 0.0:
            return True
    return False


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
def render_block(state, out):  # type: ignore[no-untyped-def]
    """Render the next out.shape[0] frames; out (n, 2) float32, state a STATE record."""
    drain_commands(state)
    frames = out.shape[0]
    position = 0
    while position < frames:
        first = state.frame & (CELL - 1)
        if first == 0:
            start_transport_cell(state)
        apply_due(state, first)
        count = frames_to_event(state, min(frames - position, CELL - first))
        if first == 0:
            run_rack(state)
        for i in range(count):
            state.mix[0, first + i] = 0.0
            state.mix[1, first + i] = 0.0
        _render_voices(state, first, count)
        mix_out(state, first, count, out, position)
        position += count
        state.frame += count
