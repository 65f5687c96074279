"""render_block: the one place where sound is made, live and offline alike.

A block is cut at every event and at every control point, both at absolute frames, so the samples
do not depend on the size of the blocks.
"""

from __future__ import annotations

from dsp._jit import kernel
from engine.rt.decks import cross_at_mark, play_decks
from engine.rt.events import apply_due, drain_commands, frames_to_event
from engine.rt.master import mix_out
from engine.rt.rack import run_rack
from engine.rt.state import CELL
from engine.rt.tiles import render_voices
from engine.rt.transport import start_transport_cell


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
        cross_at_mark(state)
        count = frames_to_event(state, min(frames - position, CELL - first))
        if first == 0:
            run_rack(state)
        for i in range(count):
            state.mix[0, first + i] = 0.0
            state.mix[1, first + i] = 0.0
        render_voices(state, first, count)
        play_decks(state, first, count)
        mix_out(state, first, count, out, position)
        position += count
        state.frame += count
