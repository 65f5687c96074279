"""How much of what a clip shows is in the track: the question verification does not ask.

Verification asks whether the clip has what the track has. Music of the same tempo, scale and
instruments answers that well enough: its onsets come at the same times and many notes are shared.
But it also has notes of its own, which the track does not explain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.peaks import Picture
from fingerprint.settings import SUB_BIN
from fingerprint.walk import BLOCK, bounds, cell_of, to_bins

I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]


def owners(picture: Picture) -> NDArray[np.int32]:
    """Return the clip's peak within one cell of each cell, -1 for none, shape (frames, BINS)."""
    out = np.full(picture.level.shape, -1, np.int32)
    owners_into(picture.frame, picture.position, out)
    return out


@kernel
def owners_into(frame: I32, position: I32, out: I32) -> None:
    """Write the number of each peak into the cells around it."""
    frames, bins = out.shape
    for i in range(len(frame)):
        b = (position[i] + SUB_BIN // 2) // SUB_BIN
        for u in range(max(0, frame[i] - 1), min(frames, frame[i] + 2)):
            for k in range(max(0, b - 1), min(bins, b + 2)):
                out[u, k] = i


@kernel
def explained(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, owner: I32, peaks: int,
) -> float:  # fmt: skip
    """Return the share of a clip's peaks that the track (frames first..last) has as well."""
    frames, bins = owner.shape
    hit = np.zeros(peaks, np.uint8)
    flat = owner.ravel()
    count = 0
    start, stop, block = bounds(block_peak, peak_frame, first, last, align, tempo, frames)
    scale, offset = to_bins(pitch, 0.0)
    slower = 1.0 / tempo
    for i in range(start, stop):
        while i >= np.int64(block_peak[block + 1]):
            block += 1
        at, position = block * BLOCK + np.int64(peak_frame[i]), np.int64(peak_code[i] & 0xFFF)
        k = cell_of(at, position, align, slower, scale, offset, frames, bins)
        if k >= 0:
            mine = flat[k]
            if mine >= 0 and not hit[mine]:
                hit[mine] = 1
                count += 1
    return count / max(1, peaks)
