"""Votes: every landmark a clip shares with the index speaks for one alignment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.landmarks import warp
from fingerprint.settings import CELLS, FIRST_BIN, MAX_DELTA, MAX_STEP, STEPS, SUB_BIN

U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

EDGE = 0.35  # of a cell: nearer to a border than this, the neighbour is asked as well
LONGEST_LIST = 4000  # postings of one lookup that are read; longer lists say nothing
WINDOW = 3  # frames that count as the same alignment


@kernel
def collect_votes(
    start: U32,
    delta: U8,
    anchor: U32,
    frame: I32,
    position: I32,
    pitch: float,
    tempo: float,
    votes: I64,
) -> int:
    """Write an alignment (frame of the run at which the clip would begin) a shared landmark.

    The clip's peaks are scaled back by `pitch` and `tempo` first. Returns the number of votes;
    stops when `votes` is full.
    """
    n = len(frame)
    place = np.empty(n, np.float64)
    for i in range(n):
        place[i] = warp((FIRST_BIN + position[i] / SUB_BIN) / pitch)
    count = 0
    reach = math.ceil((MAX_DELTA + 1) / tempo)
    for i in range(n):
        if place[i] < 0 or place[i] >= CELLS:
            continue
        for j in range(i + 1, n):
            gap = frame[j] - frame[i]
            if gap > reach:
                break
            gap_there = round(gap * tempo)
            if gap_there < 1 or place[j] < 0 or place[j] >= CELLS:
                continue
            low_a = math.floor(place[i] - EDGE)
            high_a = math.floor(place[i] + EDGE)
            low_b = math.floor(place[j] - EDGE)
            high_b = math.floor(place[j] + EDGE)
            at = round(frame[i] * tempo)
            for cell_a in range(max(0, low_a), min(CELLS - 1, high_a) + 1):
                for cell_b in range(max(0, low_b), min(CELLS - 1, high_b) + 1):
                    step = cell_b - cell_a
                    if step > MAX_STEP or step < -MAX_STEP:
                        continue
                    bucket = cell_a * STEPS + step + MAX_STEP
                    left, right = np.int64(start[bucket]), np.int64(start[bucket + 1])
                    low, high = left, right
                    while low < high:
                        middle = (low + high) >> 1
                        if delta[middle] < gap_there - 1:
                            low = middle + 1
                        else:
                            high = middle
                    stop = min(right, low + LONGEST_LIST)
                    while low < stop and delta[low] <= gap_there + 1:
                        if count == len(votes):
                            return count
                        votes[count] = np.int64(anchor[low]) - at
                        count += 1
                        low += 1
    return count


@kernel
def strongest(votes: I64, limit: int, align_out: I64, count_out: I32) -> int:
    """Find the alignments with most votes in sorted `votes`; returns how many were written.

    An alignment stands for WINDOW frames; a neighbour of a stronger one is left out.
    """
    found = 0
    n = len(votes)
    i = 0
    right = 0
    while i < n:
        value = votes[i]
        if right < i:
            right = i
        while right < n and votes[right] < value + WINDOW:
            right += 1
        support = right - i
        middle = votes[i + support // 2]
        next_i = i + 1
        while next_i < n and votes[next_i] == value:
            next_i += 1
        i = next_i
        if found == limit and support <= count_out[found - 1]:
            continue
        merged = False
        for k in range(found):
            if abs(align_out[k] - middle) < WINDOW:
                if support > count_out[k]:
                    count_out[k] = support
                    align_out[k] = middle
                    while k > 0 and count_out[k - 1] < count_out[k]:
                        c, a = count_out[k - 1], align_out[k - 1]
                        count_out[k - 1], align_out[k - 1] = count_out[k], align_out[k]
                        count_out[k], align_out[k] = c, a
                        k -= 1
                merged = True
                break
        if merged:
            continue
        k = found
        if found < limit:
            found += 1
        else:
            k = found - 1
        while k > 0 and count_out[k - 1] < support:
            count_out[k] = count_out[k - 1]
            align_out[k] = align_out[k - 1]
            k -= 1
        count_out[k] = support
        align_out[k] = middle
    return found
