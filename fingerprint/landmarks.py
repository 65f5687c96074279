"""Landmarks: pairs of peaks (anchor, target, delta) and the cells they fall into.

A landmark's bucket is (cell of the anchor's frequency, cells between anchor and target); inside a
bucket postings are ordered by delta, so that one search finds delta - 1, delta and delta + 1.
The index holds each landmark once. The doubt about a quantised number is resolved on the query's
side: where a frequency lies near the border of its cell, the neighbouring cell is asked as well.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.settings import (
    BIN_HZ,
    CELL,
    CELLS,
    CORNER_HZ,
    FIRST_BIN,
    FIRST_CELL,
    MAX_DELTA,
    MAX_STEP,
    STEPS,
    SUB_BIN,
)

U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]

LEAST_DELTA = 2  # frames
BUCKETS = CELLS * STEPS
_BIN_OVER_CORNER = BIN_HZ / CORNER_HZ
_INV_CELL = 1.0 / CELL
_POSITIONS = (FIRST_BIN + np.arange(4096) / SUB_BIN) * _BIN_OVER_CORNER
CELL_OF = np.floor(np.log1p(_POSITIONS) * _INV_CELL - FIRST_CELL).astype(np.int64)  # of a code
_LATER_BITS = 20  # of a target's merit: how many peaks later it comes
_LATER = (1 << _LATER_BITS) - 1
_NONE = -(1 << 40)


@kernel(inline=True)
def warp(bin_position: float) -> float:
    """Return the place on the landmarks' frequency axis, in cells, of a bin (may be fractional)."""
    return math.log1p(bin_position * _BIN_OVER_CORNER) * _INV_CELL - FIRST_CELL


@kernel(inline=True)
def strong_peaks(frame: U32, code: U16, frame_out: I64, cell_out: I64, level_out: I64) -> int:
    """Write frame, cell and contrast of the peaks that form landmarks; returns how many."""
    m = 0
    for i in range(len(frame)):
        if code[i] & 0x8000:
            frame_out[m] = frame[i]
            cell_out[m] = CELL_OF[code[i] & 0xFFF]
            level_out[m] = (code[i] >> 12) & 7
            m += 1
    return m


@kernel(inline=True)
def targets_of(a: int, m: int, frame: I64, cell: I64, level: I64) -> tuple[int, int, int]:
    """Return the three strong peaks that peak `a` is joined with, best first; `a` for none.

    The best stand out most, and are nearest among equals.
    """
    frames, cells, levels = frame[a:m], cell[a:m], level[a:m]
    at, mine = frames[0], cells[0]
    first = second = third = _NONE
    for b in range(1, len(frames)):
        gap = frames[b] - at
        if gap > MAX_DELTA:
            break
        step = cells[b] - mine
        near = (gap >= LEAST_DELTA) & (step <= MAX_STEP) & (step >= -MAX_STEP)
        merit = (((levels[b] << 8) - gap) << _LATER_BITS) - b
        merit = merit if near else _NONE
        lower = min(first, merit)  # kept in order without branches: none of them can be foreseen
        first = max(first, merit)
        lowest = min(second, lower)
        second = max(second, lower)
        third = max(third, lowest)
    return a + (-first & _LATER), a + (-second & _LATER), a + (-third & _LATER)


@kernel
def landmarks_into(frame: U32, code: U16, bucket: NDArray[np.int32], delta: U8, anchor: U32) -> int:
    """Write the landmarks of a track's strong peaks; returns how many (at most FAN a peak)."""
    n = len(frame)
    at, cell, level = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    m = strong_peaks(frame, code, at, cell, level)
    count = 0
    for a in range(m):
        for b in targets_of(a, m, at, cell, level):
            if b == a:
                break
            bucket[count] = cell[a] * STEPS + cell[b] - cell[a] + MAX_STEP
            delta[count] = at[b] - at[a]
            anchor[count] = at[a]
            count += 1
    return count


@kernel
def order_landmarks(
    bucket: NDArray[np.int32],
    delta: U8,
    anchor: U32,
    start_out: U32,
    delta_out: U8,
    anchor_out: U32,
) -> None:
    """Sort landmarks by bucket, delta and order of arrival (counting sort, stable)."""
    width = MAX_DELTA + 1
    at = np.zeros(BUCKETS * width + 1, np.int64)
    n = len(bucket)
    for i in range(n):
        at[np.int64(bucket[i]) * width + delta[i] + 1] += 1
    for k in range(BUCKETS * width):
        at[k + 1] += at[k]
    for k in range(BUCKETS + 1):
        start_out[k] = at[k * width]
    for i in range(n):
        k = np.int64(bucket[i]) * width + delta[i]
        delta_out[at[k]] = delta[i]
        anchor_out[at[k]] = anchor[i]
        at[k] += 1
