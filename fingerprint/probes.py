"""Triples asked of a large run: which a clip's peaks may be, and the votes of those worth reading.

Two kinds of doubt are resolved on this side, as with pairs: a frequency near the border of its
cell may lie in the next, and a gap may be a frame off. A triple of weak peaks is rarely one that
the track has, and a long list is costly to read; what is read is chosen by both.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.landmarks import LEAST_DELTA, warp
from fingerprint.settings import CELLS, FIRST_BIN, MAX_DELTA, MAX_STEP, STEPS, SUB_BIN
from fingerprint.triples import GAP_BITS, REST_BITS
from fingerprint.vote import EDGE

U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

WEAKER = 0.43  # half octaves of a list's length that a rank costs: the chance of a hit falls so
CLASSES = 64  # half octaves
OCTAVES = (2.0 * np.log2(np.maximum(1, np.arange(256)))).astype(np.uint8)
RANKS = (WEAKER * np.arange(256)).astype(np.uint8)


def triple_votes(
    start: U32, rest: U8, anchor: U32, shift: int, frame: I32, position: I32, rank: I32,
    pitch: float, tempo: float, most: int,
) -> I64:  # fmt: skip
    """Return the votes of a clip's triples, scaled back by `pitch` and `tempo`, in a large run.

    A vote is the frame of the run at which the clip would begin; `most` of them at most.
    """
    key, at, weaker = probes(frame, position, rank, pitch, tempo)
    begin, length, cost = spans(start, rest, shift, key, weaker)
    votes = np.empty(most, np.int64)
    return votes[: read_cheapest(anchor, begin, length, cost, at, votes)]


@kernel
def probes(
    frame: I32, position: I32, rank: I32, pitch: float, tempo: float
) -> tuple[U32, I32, U8]:
    """Return key, anchor's frame and rank of all triples that a clip's peaks may be.

    The rank of a triple is that of the weakest of its peaks.
    """
    n = len(frame)
    low, high = np.empty(n, np.int64), np.empty(n, np.int64)
    when = np.empty(n, np.int64)
    for i in range(n):
        place = warp((FIRST_BIN + position[i] / SUB_BIN) / pitch)
        low[i] = max(0, math.floor(place - EDGE))
        high[i] = min(CELLS - 1, math.floor(place + EDGE))  # below `low` where outside
        when[i] = frame[i]
    reach = math.ceil((MAX_DELTA + 1) / tempo)
    target, gap = np.empty(n, np.int64), np.empty(n, np.int64)
    room = 1 << 14
    key, at, weaker = np.empty(room, np.uint32), np.empty(room, np.int32), np.empty(room, np.uint8)
    count = 0
    for i in range(n):
        m = 0
        for j in range(i + 1, n):
            late = when[j] - when[i]
            if late > reach:
                break
            late = round(late * tempo)
            near = low[j] <= high[i] + MAX_STEP and high[j] >= low[i] - MAX_STEP
            if near and LEAST_DELTA - 1 <= late <= MAX_DELTA + 1:
                target[m] = j
                gap[m] = min(MAX_DELTA, max(LEAST_DELTA, late)) - LEAST_DELTA
                m += 1
        if count + 4 * m * m > room:  # two cells for each of three peaks, m (m - 1) / 2 triples
            room = 2 * (count + 4 * m * m)
            key, at, weaker = _longer(key, room), _longer(at, room), _longer(weaker, room)
        begins = round(when[i] * tempo)
        for cell in range(low[i], high[i] + 1):
            for x in range(m):
                j = target[x]
                for first in range(max(low[j], cell - MAX_STEP), min(high[j], cell + MAX_STEP) + 1):
                    part = (cell * STEPS + first - cell + MAX_STEP) * STEPS - cell + MAX_STEP
                    for y in range(x + 1, m):
                        k = target[y]
                        for second in range(
                            max(low[k], cell - MAX_STEP), min(high[k], cell + MAX_STEP) + 1
                        ):
                            steps = (part + second) << 2 * GAP_BITS
                            key[count] = steps + (gap[x] << GAP_BITS) + gap[y]
                            at[count] = begins
                            weaker[count] = max(rank[i], rank[j], rank[k])
                            count += 1
    return key[:count], at[:count], weaker[:count]


@kernel
def _longer(array: NDArray[np.generic], room: int) -> NDArray[np.generic]:
    out = np.empty(room, array.dtype)
    out[: len(array)] = array
    return out


@kernel
def spans(start: U32, rest: U8, shift: int, key: U32, weaker: U8) -> tuple[I64, I32, U8]:
    """Return where the postings of each key begin, how many they are, and how dear to read.

    Shape (keys, 3): the first gap a frame less, as it is, a frame more; the second gap is read
    with a frame of doubt to either side. No postings cost CLASSES.
    """
    n = len(key)
    begin, length = np.empty((n, 3), np.int64), np.zeros((n, 3), np.int32)
    cost = np.full((n, 3), CLASSES, np.uint8)
    field = (1 << GAP_BITS) - 1
    widest = MAX_DELTA - LEAST_DELTA
    for i in range(n):  # apart from the search: so many reads wait for memory side by side
        for late in range(3):
            gap = (np.int64(key[i]) >> GAP_BITS & field) + late - 1
            if 0 <= gap <= widest:
                at = (np.int64(key[i]) + ((late - 1) << GAP_BITS)) >> shift
                begin[i, late] = start[at]
                length[i, late] = start[at + 1] - start[at]
    fine = shift - REST_BITS
    for i in range(n):
        for late in range(3):
            size = np.int64(length[i, late])
            if size == 0:
                continue
            low = begin[i, late]
            end = low + size
            middle = np.int64(key[i]) + ((late - 1) << GAP_BITS)
            gap = middle & field
            least = np.uint8(((middle - (gap > 0)) >> fine) & 255)
            most = np.uint8(((middle + (gap < widest)) >> fine) & 255)
            while size > 1:  # without a branch that cannot be foreseen
                half = size >> 1
                low += half * np.int64(rest[low + half - 1] < least)
                size -= half
            low += np.int64(rest[low] < least)
            stop = low
            while stop + 8 < end and rest[stop + 8] <= most:
                stop += 8
            while stop < end and rest[stop] <= most:
                stop += 1
            begin[i, late], length[i, late] = low, stop - low
            if stop > low:
                up, size = 0, stop - low
                while size > 255:
                    size >>= 4
                    up += 8
                dear = np.int64(OCTAVES[size]) + up + np.int64(RANKS[weaker[i]])
                cost[i, late] = min(CLASSES - 1, dear)
    return begin, length, cost


@kernel
def read_cheapest(anchor: U32, begin: I64, length: I32, cost: U8, at: I32, votes: I64) -> int:
    """Write the votes of short lists of strong peaks first, until `votes` is full; how many."""
    n = len(at)
    total = np.zeros(CLASSES + 1, np.int64)
    for i in range(n):
        for late in range(3):
            total[cost[i, late]] += length[i, late]
    dearest, so_far = -1, 0
    while dearest + 1 < CLASSES and so_far + total[dearest + 1] <= len(votes):
        dearest += 1
        so_far += total[dearest]
    count = 0
    for i in range(n):
        for late in range(3):
            if np.int64(cost[i, late]) <= dearest:
                for k in range(begin[i, late], begin[i, late] + length[i, late]):
                    votes[count] = np.int64(anchor[k]) - at[i]
                    count += 1
    return count
