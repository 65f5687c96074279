"""The tap: the latest frames that went out, for whoever looks; and the microphone's meter."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt._native import store_release
from engine.rt.deck_state import METER_MIC, METER_S, TAP_FRAMES


@kernel(realtime=True)
def tap_output(state, out):  # type: ignore[no-untyped-def]
    """Keep a block of output, (frames, 2), over what is oldest; nobody is waited for."""
    head = state.tap_head[0]
    frames = out.shape[0]
    for i in range(max(0, frames - TAP_FRAMES), frames):
        at = (head + i) & (TAP_FRAMES - 1)
        state.tap[at, 0] = out[i, 0]
        state.tap[at, 1] = out[i, 1]
    store_release(state.tap_head, head + frames)


@kernel(realtime=True)
def meter_input(state, samples):  # type: ignore[no-untyped-def]
    """Let the microphone's meter see a block, (frames, channels)."""
    frames = samples.shape[0]
    fallen = np.float32(max(0.0, 1.0 - frames / (METER_S * state.sample_rate)))
    peak = state.meter[METER_MIC] * fallen
    for i in range(frames):
        for c in range(samples.shape[1]):
            peak = max(peak, abs(samples[i, c]))
    state.meter[METER_MIC] = peak
