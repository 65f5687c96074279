"""Delay lines: reading between frames, and how loud a row is."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel

f32 = np.float32

FLOOR = f32(1e-6)  # -120 dB: what is softer is silence
_TINY = f32(1e-20)  # far from where numbers become slow, and reached within a cell from there

_HALF = f32(0.5)
_ONE_AND_HALF = f32(1.5)
_TWO = f32(2.0)
_TWO_AND_HALF = f32(2.5)
_ONE = np.int64(1)
_2 = np.int64(2)


@kernel(fast=True, inline=True)
def read_between(line, mask, at, delay):  # type: ignore[no-untyped-def]
    """The line `delay` frames (at least 1) before frame `at`, on a cubic through four frames.

    Catmull and Rom's: its slope is continuous from frame to frame, so a moving delay adds no
    corners, and at whole frames it gives the frame itself.
    """
    whole = np.int64(delay)
    t = f32(delay - np.float64(whole))
    i = at - whole
    a = line[(i + _ONE) & mask]
    b = line[i & mask]
    c = line[(i - _ONE) & mask]
    d = line[(i - _2) & mask]
    c1 = _HALF * (c - a)
    c2 = a - _TWO_AND_HALF * b + _TWO * c - _HALF * d
    c3 = _ONE_AND_HALF * (b - c) + _HALF * (d - a)
    return b + t * (c1 + t * (c2 + t * c3))


@kernel(fast=True, inline=True)
def settled(x):  # type: ignore[no-untyped-def]
    """The state of a one-pole, or 0 before it gets denormal: offline, these are not flushed."""
    return x if abs(x) > _TINY else f32(0.0)


@kernel(fast=True, realtime=True)
def loudest(row):  # type: ignore[no-untyped-def]
    """Largest magnitude in a row."""
    most = f32(0.0)
    for f in range(row.size):
        most = max(most, abs(row[f]))
    return most
