"""The loop of an audio callback without the device: block after block, all in native code."""

from __future__ import annotations

from dsp._jit import kernel
from engine.rt._native import monotonic_ns
from engine.rt.render import render_block


@kernel(realtime=True)
def render_blocks(state, out, blocks):  # type: ignore[no-untyped-def]
    """Render `blocks` blocks of out.shape[0] frames, one over the other; return the worst in ns."""
    worst = 0
    for _ in range(blocks):
        began = monotonic_ns()
        render_block(state, out)
        worst = max(worst, monotonic_ns() - began)
    return worst
