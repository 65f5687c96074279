"""Verification: does the clip show what the reference says must be there, and only just there.

For an alignment: the mean worth of the clip's cells at the places of the reference's peaks, less
the same for alignments that must be wrong. Three kinds of wrong: elsewhere in the track (dense
chordal tracks fit everything a little), a few frames earlier and later (held notes fit for
seconds), and a little higher and lower (drum hits fit at any frequency). A right alignment beats
all three, so the smallest of the three advantages decides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.settings import FIRST_BIN, SUB_BIN

BLOCK = 256  # frames, as in `run`
SHIFTS = np.array([-20, -16, -12, -9, -7, -5, -4, 4, 5, 7, 9, 12, 16, 20], np.float64)  # frames
DETUNED = np.array([0.955, 0.965, 0.975, 1.025, 1.035, 1.045])
NULL_SAMPLES = 200  # alignments elsewhere in the track
CLEAR = 25.0  # frames: nearer than this is not elsewhere
FINE = np.array([0.0, -1.0, 1.0, -0.5, 0.5])  # frames around a proposal

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]


@kernel
def agreement(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, worth: F32,
) -> tuple[float, int]:  # fmt: skip
    """Return the summed worth at the peaks of a track (frames first..last), and their number.

    The clip's frame t lies at frame align + t * tempo of the run.
    """
    frames, bins = worth.shape
    begin = max(first, math.ceil(align - 0.5 * tempo))
    end = min(last, math.floor(align + (frames - 0.5) * tempo) + 1)
    total = 0.0
    count = 0
    if end <= begin:
        return total, count
    offset = FIRST_BIN * (pitch - 1.0) + 0.5
    scale = pitch / SUB_BIN
    slower = 1.0 / tempo
    for block in range(begin // BLOCK, (end - 1) // BLOCK + 1):
        base = block * BLOCK
        for i in range(np.int64(block_peak[block]), np.int64(block_peak[block + 1])):
            at = base + np.int64(peak_frame[i])
            if at < begin:
                continue
            if at >= end:
                break
            t = math.floor((at - align) * slower + 0.5)
            b = math.floor((peak_code[i] & 0xFFF) * scale + offset)
            if 0 <= t < frames and 0 <= b < bins:
                total += worth[t, b]
                count += 1
    return total, count


@kernel
def score_alignments(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: I64, last: I64,
    align: F64, pitch: F64, tempo: F64, worth: F32, sum_out: F64,
) -> None:  # fmt: skip
    """Sum the worth for alignments k with tracks that span frames first[k]..last[k]."""
    for k in range(len(align)):
        sum_out[k], _ = agreement(
            block_peak, peak_frame, peak_code, first[k], last[k],
            align[k], pitch[k], tempo[k], worth,
        )  # fmt: skip


@kernel
def examine(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, worth: F32,
    fine: F64, shifts: F64, detuned: F64, samples: F64, out: F64,
) -> None:  # fmt: skip
    """Write align (refined), peaks, mean, and the mean elsewhere, shifted and detuned."""
    best, peaks = -1e30, 0
    refined = align
    for k in range(len(fine)):
        total, count = agreement(
            block_peak, peak_frame, peak_code, first, last, align + fine[k], pitch, tempo, worth
        )
        if total > best + (0.5 if k else 0.0):
            best, peaks, refined = total, count, align + fine[k]
    found = 0
    step = (last - first) / len(samples)
    for k in range(len(samples)):
        at = first + (k + 0.5) * step
        if abs(at - refined) < CLEAR:
            continue
        total, count = agreement(
            block_peak, peak_frame, peak_code, first, last, at, pitch, tempo, worth
        )
        if count > peaks // 3:
            samples[found] = total / count
            found += 1
    shifted, detune = 0.0, 0.0
    for k in range(len(shifts)):
        total, count = agreement(
            block_peak, peak_frame, peak_code, first, last, refined + shifts[k], pitch, tempo, worth
        )
        shifted += total / max(1, count)
    for k in range(len(detuned)):
        total, count = agreement(
            block_peak,
            peak_frame,
            peak_code,
            first,
            last,
            refined,
            pitch * detuned[k],
            tempo,
            worth,
        )
        detune += total / max(1, count)
    out[0] = refined
    out[1] = peaks
    out[2] = best / max(1, peaks)
    out[4] = shifted / len(shifts)
    out[5] = detune / len(detuned)
    out[3] = np.median(samples[:found]) if found >= 5 else max(out[4], out[5])


@kernel
def coverage(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float,
    frame: I32, position: I32, rank: I32, strong: int, mask: U8,
) -> tuple[float, float]:  # fmt: skip
    """Return the share of the clip's peaks that the track explains: of all, of the strong ones.

    `mask`, of zeros, has the shape of the clip's spectrogram.
    """
    frames, bins = mask.shape
    begin = max(first, math.floor(align) - 2)
    end = min(last, math.ceil(align + frames * tempo) + 2)
    for block in range(begin // BLOCK, (max(begin, end - 1)) // BLOCK + 1):
        base = block * BLOCK
        for i in range(np.int64(block_peak[block]), np.int64(block_peak[block + 1])):
            at = base + np.int64(peak_frame[i])
            if at < begin or at >= end:
                continue
            t = math.floor((at - align) / tempo + 0.5)
            b = math.floor((FIRST_BIN + (peak_code[i] & 0xFFF) / SUB_BIN) * pitch - FIRST_BIN + 0.5)
            for u in range(max(0, t - 1), min(frames, t + 2)):
                for k in range(max(0, b - 1), min(bins, b + 2)):
                    mask[u, k] = 1
    hits, strong_hits, strong_all = 0, 0, 0
    for i in range(len(frame)):
        b = min(bins - 1, (position[i] + SUB_BIN // 2) // SUB_BIN)
        hit = mask[frame[i], b]
        hits += hit
        if rank[i] < strong:
            strong_all += 1
            strong_hits += hit
    return hits / max(1, len(frame)), strong_hits / max(1, strong_all)
