"""Verification: is the clip loud where the reference says that peaks must be?

For an alignment, the mean of the clip's contrast at the places of the reference's peaks, less
what wrong alignments of the same track score, in units of their spread. Dense chordal tracks
fit everything a little; measured against themselves they no longer attract foreign clips.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

from . import settings as s

BLOCK = 256  # frames, as in `run`

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]


@kernel
def pool_into(contrast: F32, low: float, high: float, out: F32) -> None:
    """Write the largest contrast among each cell and its neighbours, clipped."""
    frames, bins = contrast.shape
    for t in range(frames):
        for b in range(bins):
            top = contrast[t, b]
            for u in range(max(0, t - 1), min(frames, t + 2)):
                for k in range(max(0, b - 1), min(bins, b + 2)):
                    top = max(top, contrast[u, k])
            out[t, b] = min(high, max(low, top))


@kernel(inline=True)
def agreement(
    block_peak: U32,
    peak_frame: U8,
    peak_code: U16,
    first: int,
    last: int,
    align: float,
    pitch: float,
    tempo: float,
    pooled: F32,
) -> tuple[float, int]:
    """Return the sum of pooled contrast at the peaks of a track (frames first..last), and how many.

    The clip's frame t lies at frame align + t * tempo of the run.
    """
    frames, bins = pooled.shape
    begin = max(first, int(math.ceil(align - 0.5 * tempo)))
    end = min(last, int(math.floor(align + (frames - 0.5) * tempo)) + 1)
    if end <= begin:
        return 0.0, 0
    total = 0.0
    count = 0
    offset = s.FIRST_BIN * (pitch - 1.0)
    scale = pitch / s.SUB_BIN
    for block in range(begin // BLOCK, (end - 1) // BLOCK + 1):
        base = block * BLOCK
        for i in range(np.int64(block_peak[block]), np.int64(block_peak[block + 1])):
            at = base + peak_frame[i]
            if at < begin:
                continue
            if at >= end:
                break
            t = int(round((at - align) / tempo))
            b = int(round((peak_code[i] & 0xFFF) * scale + offset))
            if t < 0 or t >= frames or b < 0 or b >= bins:
                continue
            total += pooled[t, b]
            count += 1
    return total, count


@kernel
def score_alignments(
    block_peak: U32,
    peak_frame: U8,
    peak_code: U16,
    first: I64,
    last: I64,
    align: F64,
    pitch: F64,
    tempo: F64,
    pooled: F32,
    sum_out: F64,
    count_out: I64,
) -> None:
    """Score alignments k of tracks spanning frames first[k]..last[k]."""
    for k in range(len(align)):
        sum_out[k], count_out[k] = agreement(
            block_peak,
            peak_frame,
            peak_code,
            first[k],
            last[k],
            align[k],
            pitch[k],
            tempo[k],
            pooled,
        )


@kernel
def scan_track(
    block_peak: U32,
    peak_frame: U8,
    peak_code: U16,
    first: int,
    last: int,
    begin: float,
    step: float,
    pitch: float,
    tempo: float,
    pooled: F32,
    mean_out: F64,
    count_out: I64,
) -> None:
    """Score alignments begin, begin + step, ... of one track: the mean contrast, 0 without peaks."""
    for k in range(len(mean_out)):
        total, count = agreement(
            block_peak, peak_frame, peak_code, first, last, begin + k * step, pitch, tempo, pooled
        )
        mean_out[k] = total / count if count > 0 else 0.0
        count_out[k] = count
