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


def all_votes(
    start: U32, delta: U8, anchor: U32, frame: I32, position: I32, rank: I32,
    pitch: float, tempo: float, most: int,
) -> I64:  # fmt: skip
    """Return the votes of a clip's peaks, scaled back by `pitch` and `tempo`, in a run.

    A vote is the frame of the run at which the clip would begin. Where that would be more than
    `most` votes, only the strongest peaks are asked: in a library of which a tenth of the votes
    could be read, taking them in order of time or of rarity named far fewer clips.
    """
    bucket, gap, at, weaker = lookups(frame, position, rank, pitch, tempo)
    if not len(bucket):
        return np.empty(0, np.int64)
    begin, length = postings(start, delta, bucket, gap)
    total = np.cumsum(np.bincount(weaker, length)).astype(np.int64)
    ranks = max(1, int(np.searchsorted(total, most, side="right")))
    votes = np.empty(min(most, int(total[min(ranks, len(total)) - 1])), np.int64)
    collect_votes(anchor, begin, length, at, weaker, ranks, votes)
    return votes


@kernel
def lookups(
    frame: I32, position: I32, rank: I32, pitch: float, tempo: float
) -> tuple[I32, U8, I32, I32]:
    """Return bucket, delta, anchor's frame and rank of all landmarks that a clip's peaks may be.

    The peaks are scaled back by `pitch` and `tempo` first. The rank of a landmark is that of the
    weaker of its two peaks.
    """
    n = len(frame)
    place = np.empty(n, np.float64)
    for i in range(n):
        place[i] = warp((FIRST_BIN + position[i] / SUB_BIN) / pitch)
    reach = math.ceil((MAX_DELTA + 1) / tempo)
    room = 0
    after = 0
    for i in range(n):
        while after < n and frame[after] - frame[i] <= reach:
            after += 1
        room += after - i
    bucket, gap_out = np.empty(4 * room, np.int32), np.empty(4 * room, np.uint8)
    at_out, rank_out = np.empty(4 * room, np.int32), np.empty(4 * room, np.int32)
    count = 0
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
                    bucket[count] = cell_a * STEPS + step + MAX_STEP
                    gap_out[count] = gap_there
                    at_out[count] = at
                    rank_out[count] = max(rank[i], rank[j])
                    count += 1
    return bucket[:count], gap_out[:count], at_out[:count], rank_out[:count]


@kernel
def postings(start: U32, delta: U8, bucket: I32, gap: U8) -> tuple[I64, I32]:
    """Return where each lookup's postings begin, one frame of delta to either side, and how many.

    Of a longer list than LONGEST_LIST only the beginning counts.
    """
    n = len(bucket)
    begin, length = np.empty(n, np.int64), np.empty(n, np.int32)
    for k in range(n):
        left, right = np.int64(start[bucket[k]]), np.int64(start[bucket[k] + 1])
        low, high = left, right
        while low < high:
            middle = (low + high) >> 1
            if delta[middle] < gap[k] - 1:
                low = middle + 1
            else:
                high = middle
        begin[k] = low
        stop = min(right, low + LONGEST_LIST)
        while low < stop and delta[low] <= gap[k] + 1:
            low += 1
        length[k] = low - begin[k]
    return begin, length


@kernel
def collect_votes(
    anchor: U32, begin: I64, length: I32, at: I32, rank: I32, ranks: int, votes: I64
) -> None:
    """Write the votes of lookups of a rank below `ranks`; stops when `votes` is full."""
    count = 0
    for k in range(len(begin)):
        if rank[k] >= ranks:
            continue
        for i in range(begin[k], begin[k] + length[k]):
            if count == len(votes):
                return
            votes[count] = np.int64(anchor[i]) - at[k]
            count += 1


@kernel
def votes_within(
    anchor: U32, delta: U8, begin: I64, length: I32, gap: U8, at: I32,
    first: int, last: int, votes: I64,
) -> int:  # fmt: skip
    """Write the votes for one track, which spans frames first..last; returns how many."""
    count = 0
    for k in range(len(begin)):
        end = begin[k] + length[k]
        for wanted in range(np.int64(gap[k]) - 1, np.int64(gap[k]) + 2):
            low, high = begin[k], end
            while low < high:  # within one delta, postings are in order of their frame
                middle = (low + high) >> 1
                d = np.int64(delta[middle])
                if d < wanted or (d == wanted and np.int64(anchor[middle]) < first):
                    low = middle + 1
                else:
                    high = middle
            while low < end and delta[low] == wanted and np.int64(anchor[low]) < last:
                if count == len(votes):
                    return count
                votes[count] = np.int64(anchor[low]) - at[k]
                count += 1
                low += 1
    return count
