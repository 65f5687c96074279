"""Verification: does the clip show what the reference says must be there, and only just there.

For an alignment: the mean worth of the clip's cells at the places of the reference's peaks, less
the same for alignments that must be wrong. Three kinds of wrong: elsewhere in the track (dense
chordal tracks fit everything a little), a few frames earlier and later (held notes fit for
seconds), and at the same times some bins higher and lower (drum hits and plucks fit at any
frequency). A right alignment beats all three, so the smallest of the three advantages decides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.settings import BIN_HZ, FIRST_BIN, SUB_BIN
from fingerprint.walk import BLOCK, bounds, cell_of, to_bins

SHIFTS = np.array([-20, -16, -12, -9, -7, -5, -4, 4, 5, 7, 9, 12, 16, 20], np.float64)  # frames
HIGHER = np.array([-40, -31, -23, -17, -11, -7, 7, 11, 17, 23, 31, 40], np.float64)  # bins
NULL_SAMPLES = 64  # alignments elsewhere in the track
CLEAR = 25.0  # frames: nearer than this is not elsewhere
FINE = np.array([-1.0, 1.0, -0.5, 0.5])  # frames around an alignment
WIDEST = 0.08  # pitch and tempo are sought this far from 1
FIRST_GAIN = 5.0  # nats that leaving the proposed pitch and tempo must bring
GAIN = 1.0  # and each further step
BAND_HZ = (500.0, 900.0, 1500.0, 2400.0, 3600.0)  # borders of the bands that are judged apart
BANDS = len(BAND_HZ) + 1
MOST_A_BAND = 8.0  # no band alone makes a match
BAND_OF_BIN = np.searchsorted(  # as long as a damaged code can reach
    np.array(BAND_HZ), (FIRST_BIN + np.arange(4096 // SUB_BIN)) * BIN_HZ, side="right"
).astype(np.uint8)

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
    flat = worth.ravel()
    total = 0.0
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
            total += flat[k]
            count += 1
    return total, count


@kernel
def score_alignments(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: I64, last: I64,
    align: F64, pitch: F64, tempo: F64, worth: F32, sum_out: F64, count_out: I64,
) -> None:  # fmt: skip
    """Sum worth, and count peaks, at alignments k with tracks of frames first[k]..last[k]."""
    for k in range(len(align)):
        sum_out[k], count_out[k] = agreement(
            block_peak, peak_frame, peak_code, first[k], last[k],
            align[k], pitch[k], tempo[k], worth,
        )  # fmt: skip


@kernel
def add_agreement(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, higher: float, worth: F32, band: U8,
    sums: F64, counts: I64,
) -> None:  # fmt: skip
    """Add worth and number of peaks, moved up by `higher` bins, to those of each band."""
    frames, bins = worth.shape
    flat = worth.ravel()
    start, stop, block = bounds(block_peak, peak_frame, first, last, align, tempo, frames)
    scale, offset = to_bins(pitch, higher)
    slower = 1.0 / tempo
    for i in range(start, stop):
        while i >= np.int64(block_peak[block + 1]):
            block += 1
        at, position = block * BLOCK + np.int64(peak_frame[i]), np.int64(peak_code[i] & 0xFFF)
        k = cell_of(at, position, align, slower, scale, offset, frames, bins)
        if k >= 0:
            b = band[position // SUB_BIN]
            sums[b] += flat[k]
            counts[b] += 1


@kernel
def refine(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, worth: F32, fine: F64, out: F64,
) -> None:  # fmt: skip
    """Write the best align, pitch and tempo near those given, and the summed worth.

    Pitch, tempo and speed are changed in ever smaller steps, the clip's middle held in place.
    """
    half = 0.5 * len(worth)
    total, peaks = agreement(
        block_peak, peak_frame, peak_code, first, last, align, pitch, tempo, worth
    )
    best = total + peaks  # a wrong alignment has about -1 a peak
    gain = FIRST_GAIN
    for step in (0.016, 0.008, 0.004, 0.002, 0.001):
        for _ in range(2):
            here_align, here_pitch, here_tempo = align, pitch, tempo
            start = best
            for way in range(6):
                factor = 1.0 + step if way % 2 else 1.0 - step
                p = here_pitch * factor if way < 4 else here_pitch
                q = here_tempo * factor if way < 2 or way >= 4 else here_tempo
                if abs(p - 1.0) > WIDEST or abs(q - 1.0) > WIDEST:
                    continue
                a = here_align + half * (here_tempo - q)
                total, peaks = agreement(
                    block_peak, peak_frame, peak_code, first, last, a, p, q, worth
                )
                if total + peaks > best + gain:
                    best = total + peaks
                    gain = GAIN
                    align, pitch, tempo = a, p, q
            if best == start:
                break
    here_align = align
    for k in range(len(fine)):
        total, peaks = agreement(
            block_peak,
            peak_frame,
            peak_code,
            first,
            last,
            here_align + fine[k],
            pitch,
            tempo,
            worth,
        )
        if total + peaks > best + 0.5:
            best = total + peaks
            align = here_align + fine[k]
    out[0] = align
    out[1] = pitch
    out[2] = tempo
    out[3] = best


@kernel
def advantage(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: float, pitch: float, tempo: float, worth: F32,
    band: U8, shifts: F64, higher: F64, sums: F64, counts: I64,
) -> float:  # fmt: skip
    """Return the advantage over wrong alignments, about one standard error of chance a unit.

    Per band of frequency the smallest of the three advantages counts; noise that buries some
    bands then leaves the others their say. `sums` and `counts` are room of shape (4, BANDS).
    """
    sums[:] = 0.0
    counts[:] = 0
    add_agreement(
        block_peak, peak_frame, peak_code, first, last, align, pitch, tempo, 0.0, worth, band,
        sums[0], counts[0],
    )  # fmt: skip
    for k in range(len(shifts)):
        add_agreement(
            block_peak, peak_frame, peak_code, first, last, align + shifts[k], pitch, tempo,
            0.0, worth, band, sums[1], counts[1],
        )  # fmt: skip
    for k in range(len(higher)):
        add_agreement(
            block_peak, peak_frame, peak_code, first, last, align, pitch, tempo,
            higher[k], worth, band, sums[2], counts[2],
        )  # fmt: skip
    step = (last - first) / NULL_SAMPLES
    for k in range(NULL_SAMPLES):
        at = first + (k + 0.5) * step
        if abs(at - align) >= CLEAR:
            add_agreement(
                block_peak, peak_frame, peak_code, first, last, at, pitch, tempo,
                0.0, worth, band, sums[3], counts[3],
            )  # fmt: skip
    total = 0.0
    for b in range(BANDS):
        if counts[0, b] == 0:
            continue
        mean = sums[0, b] / counts[0, b]
        smallest = MOST_A_BAND
        known = False
        for w in range(1, 4):
            if counts[w, b] >= 4:
                known = True
                less = (mean - sums[w, b] / counts[w, b]) * math.sqrt(counts[0, b])
                smallest = min(smallest, less)
        if known:
            total += max(0.0, smallest)  # a band in noise knows nothing, and must not object
    return total / math.sqrt(BANDS)
