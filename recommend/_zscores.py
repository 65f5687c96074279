"""The kernel that puts what models say on one scale."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

Floats = NDArray[np.float32]


@kernel(fast=True)
def zscores(values: Floats, out: Floats) -> float:
    """Write the z-scores, all 0 where nothing varies; return the deviation."""
    total = squares = 0.0
    for i in range(len(values)):
        total += np.float64(values[i])
    mean = total / max(len(values), 1)
    for i in range(len(values)):
        apart = np.float64(values[i]) - mean
        squares += apart * apart
    deviation = math.sqrt(squares / max(len(values), 1))
    scale = 1.0 / deviation if deviation > 1e-12 else 0.0
    for i in range(len(values)):
        out[i] = np.float32((np.float64(values[i]) - mean) * scale)
    return deviation
