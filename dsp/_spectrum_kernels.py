"""The loop from a complex spectrum to its logarithmic power."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

F32 = NDArray[np.float32]

f32 = np.float32
_ONE = f32(1.0)
_HALF_OF_BITS = np.int32(0x3F3504F3)  # of the square root of a half
_MANTISSA = np.int32(0x007FFFFF)
_23 = np.int32(23)
# 2 / ln 2 over 1, 3, 5, 7, 9: log2((1 + t) / (1 - t)) by its odd powers, |t| below 0.172
_L1, _L3, _L5, _L7, _L9 = (f32(2.0 / math.log(2.0) / k) for k in (1, 3, 5, 7, 9))


@kernel(fast=True)
def log_power_into(parts: F32, first: int, floor: float, out: F32) -> None:
    """Write log2 of power plus `floor` of the bins from `first` on; overwrites `parts`.

    `parts`, shape (frames, 2 * all bins), has real and imaginary part of each bin in turn. The
    logarithm is within 2e-7 of its size, or of 1.
    """
    frames, bins = out.shape
    low = f32(floor)
    for t in range(frames):
        row, line = parts[t, 2 * first :], out[t]
        for b in range(bins):
            line[b] = row[2 * b] * row[2 * b] + row[2 * b + 1] * row[2 * b + 1] + low
        bits = line.view(np.int32)
        for b in range(bins):
            part = np.int32(bits[b] - _HALF_OF_BITS)
            exponent = np.int32(part >> _23)
            mantissa = np.int32(np.int32(part & _MANTISSA) + _HALF_OF_BITS)
            bits[b] = mantissa  # of a number between the roots of a half and of two
            row[b] = f32(exponent)
        for b in range(bins):
            t1 = (line[b] - _ONE) / (line[b] + _ONE)
            t2 = t1 * t1
            line[b] = row[b] + t1 * (_L1 + t2 * (_L3 + t2 * (_L5 + t2 * (_L7 + t2 * _L9))))
