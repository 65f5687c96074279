"""The one walk over a track's peaks: which cell of a clip's spectrogram each of them falls into."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.settings import FIRST_BIN, SUB_BIN

BLOCK = 256  # frames, as in `run`

U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]


@kernel(inline=True)
def bounds(
    block_peak: U32, peak_frame: U8, first: int, last: int,
    align: float, tempo: float, frames: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Return the first peak that a clip can show, the peak after the last, the first one's block.

    The track spans frames first..last of the run; frame t of the clip's `frames` frames lies at
    frame align + t * tempo. Both ends may be generous; `cell_of` refuses what falls outside.
    """
    begin = max(first, math.ceil(align - 0.5 * tempo))
    end = min(last, math.floor(align + (frames - 0.5) * tempo) + 1)
    if end <= begin:
        return 0, 0, 0
    block = begin // BLOCK
    low, high = np.int64(block_peak[block]), np.int64(block_peak[block + 1])
    within = begin - block * BLOCK
    while low < high:
        middle = (low + high) >> 1
        if np.int64(peak_frame[middle]) < within:
            low = middle + 1
        else:
            high = middle
    stop = low
    final = (end - 1) // BLOCK
    low, high = max(stop, np.int64(block_peak[final])), np.int64(block_peak[final + 1])
    within = end - final * BLOCK
    while low < high:
        middle = (low + high) >> 1
        if np.int64(peak_frame[middle]) < within:
            low = middle + 1
        else:
            high = middle
    return int(stop), int(low), block


@kernel(inline=True)
def cell_of(
    at: int, position: int, align: float, slower: float, scale: float, offset: float,
    frames: int, bins: int,
) -> int:  # fmt: skip
    """Return frame * bins + bin of the clip at which a peak must be, -1 where it is outside.

    `slower` is 1 / tempo, `scale` and `offset` are those of `to_bins`.
    """
    t = math.floor((at - align) * slower + 0.5)
    b = math.floor(position * scale + offset)
    return t * bins + b if 0 <= t < frames and 0 <= b < bins else -1


@kernel(inline=True)
def to_bins(pitch: float, higher: float) -> tuple[float, float]:
    """Return scale and offset from a stored position to a bin, `higher` bins up."""
    return pitch / SUB_BIN, FIRST_BIN * (pitch - 1.0) + 0.5 + higher
