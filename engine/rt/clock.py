"""When does a block start? The callback's entry times, smoothed by a delay-locked loop.

A block's callback enters late by scheduling noise; placing notes by the raw entry time scatters
them by hundreds of samples. A second-order loop whose error is clipped to 50 microseconds keeps a
note within a sample of its time (F. Adriaensen, "Using a DLL to filter time"; the clip is ours).
After an xrun it starts afresh, or notes would land in the wrong block while it recovers.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt._native import store_release
from engine.rt.events import schedule
from engine.rt.state import MIDI

RING_HEADER = 64  # words before the messages of a MIDI ring (engine/io/midiring.py)
_RING_HEAD, _RING_TAIL, _RING_CAPACITY = 16, 32, 2
_CONTROL_CHANGE = 3
_BANDWIDTH_HZ = 0.5
_CLIP_US = 50.0
_WILD_US = 300.0
_WILD_CALLS = 4
_STRAY_US = 1_000_000
_TIME_BITS = 42
_TIME_MASK = (1 << _TIME_BITS) - 1
_HALF_TIME = 1 << (_TIME_BITS - 1)


@kernel(realtime=True)
def tick(state, now_us, previous_frames):  # type: ignore[no-untyped-def]
    """Estimate the start of the block that is being made, from when its callback entered."""
    if state.calls == 0:
        state.clock_start_us = now_us
        state.clock_frame_us = 1e6 / state.sample_rate
        return
    span = previous_frames * state.clock_frame_us
    expected = state.clock_start_us + span
    error = now_us - expected
    state.clock_wild = state.clock_wild + 1 if abs(error) > _WILD_US else 0
    if state.clock_wild >= _WILD_CALLS or abs(error) > 1e6:
        state.clock_start_us = now_us
        state.clock_frame_us = 1e6 / state.sample_rate
        state.clock_wild = 0
        return
    error = min(max(error, -_CLIP_US), _CLIP_US)
    omega = 2.0 * math.pi * _BANDWIDTH_HZ * span * 1e-6
    state.clock_start_us = expected + math.sqrt(2.0) * omega * error
    if previous_frames > 0:
        state.clock_frame_us += omega * omega * error / previous_frames


@kernel(realtime=True)
def drain_midi(state, ring):  # type: ignore[no-untyped-def]
    """Schedule what a MIDI ring holds: each message at its time stamp plus a constant latency.

    `ring` is the int64 memory of engine/io/midiring.py; a word's top bit tells whether it
    belongs to this lap of the ring, so a word is complete as soon as it is seen.
    """
    capacity = ring[_RING_CAPACITY]
    tail = ring[_RING_TAIL]
    while True:
        word = ring[RING_HEADER + (tail & (capacity - 1))]
        lap = np.int64((tail // capacity + 1) & 1)
        if ((word >> 63) & 1) != lap:
            break
        stamp = (word >> 21) & _TIME_MASK
        start = np.int64(state.clock_start_us)
        ahead = ((stamp - start + _HALF_TIME) & _TIME_MASK) - _HALF_TIME
        frame = state.frame
        if abs(ahead) > _STRAY_US:
            state.midi_stray += 1
        else:
            exact = (ahead - (state.clock_start_us - start)) / state.clock_frame_us
            frame += np.int64(math.floor(exact + state.midi_latency_frames + 0.5))
        message = word & 0x1FFFFF
        schedule(state, max(frame, state.frame), MIDI, np.int32(message), 0, 0)
        if message >> 18 == _CONTROL_CHANGE:
            count = (state.last_control[0] >> 32) + 1
            store_release(state.last_control, count << 32 | message)
        tail += 1
    ring[_RING_TAIL] = tail
