"""The record ring: what goes out to the device, for a thread that writes it to a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from engine.rt._native import load_acquire, store_release
from engine.rt.record_state import RECORD_FRAMES


@kernel(realtime=True)
def copy_output(state, out):  # type: ignore[no-untyped-def]
    """Append a block of output, (frames, 2), to the record ring while it is switched on."""
    if load_acquire(state.record_on) == 0:
        return
    head = state.record_head[0]
    room = RECORD_FRAMES - (head - load_acquire(state.record_tail))
    frames = min(np.int64(out.shape[0]), room)
    for i in range(frames):
        at = (head + i) & (RECORD_FRAMES - 1)
        state.record[at, 0] = out[i, 0]
        state.record[at, 1] = out[i, 1]
    state.record_dropped += out.shape[0] - frames
    store_release(state.record_head, head + frames)


@kernel
def _switch(state, on):  # type: ignore[no-untyped-def]
    if on:  # what an earlier recording left is nobody's
        store_release(state.record_tail, load_acquire(state.record_head))
    store_release(state.record_on, on)


@kernel
def _read(state, out):  # type: ignore[no-untyped-def]
    # out (n, 2) float32
    tail = state.record_tail[0]
    count = min(np.int64(out.shape[0]), load_acquire(state.record_head) - tail)
    for i in range(count):
        at = (tail + i) & (RECORD_FRAMES - 1)
        out[i, 0] = state.record[at, 0]
        out[i, 1] = state.record[at, 1]
    store_release(state.record_tail, tail + count)
    return count


def switch_record(state: NDArray[np.void], on: bool) -> None:
    """Let the callback fill the record ring from its next block on, or stop it."""
    _switch(state[0], 1 if on else 0)


def read_record(state: NDArray[np.void], out: NDArray[np.float32]) -> int:
    """Fill `out`, shape (n, 2), with recorded frames in order; returns how many there were."""
    return int(_read(state[0], out))
