"""The loop of an audio callback without the device: block after block, all in native code."""

from __future__ import annotations

from bench.thread_clock import processor_ns
from dsp._jit import kernel
from engine.rt._native import flush_denormals, monotonic_ns, restore_denormals
from engine.rt.render import render_block


@kernel(realtime=True)
def render_blocks(state, out, spent_ns):  # type: ignore[no-untyped-def]
    """Render spent_ns.shape[0] blocks of out.shape[0] frames, one over the other.

    spent_ns (n, 2) takes of each block the nanoseconds of the clock and of the processor.
    """
    word = flush_denormals()
    for i in range(spent_ns.shape[0]):
        began = monotonic_ns()
        worked = processor_ns()
        render_block(state, out)
        spent_ns[i, 1] = processor_ns() - worked
        spent_ns[i, 0] = monotonic_ns() - began
    restore_denormals(word)
