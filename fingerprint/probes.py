"""Triples asked of a large run: which a clip's peaks may be, and the votes of those worth reading.

Two kinds of doubt are resolved on this side, as with pairs: a frequency near the border of its
cell may lie in the next, and a gap may be a frame off. A triple of weak peaks is rarely one that
the track has, and a long list is costly to read; what is read is chosen by both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
WINDOW = 64  # bytes that a processor compares in an instruction or two
ENOUGH = 0.5  # of the postings that will be read: what a clip asks for is twice as common
OCTAVES = (2.0 * np.log2(np.maximum(1, np.arange(256)))).astype(np.uint8)
RANKS = (WEAKER * np.arange(256)).astype(np.uint8)


def triple_votes(
    start: U32, rest: U8, anchor: U32, shift: int, frame: I32, position: I32, rank: I32,
    pitch: float, stretch: float, tempos: Sequence[float], most: int,
) -> list[I64]:  # fmt: skip
    """Return the votes of a clip's triples in a large run, for each of some tempos.

    The peaks are scaled back by `pitch`, and gaps by `stretch`, which lies within a frame of each
    of the `tempos` for nearly all of them. A vote is the frame of the run at which the clip would
    begin; at most `most` for each tempo.
    """
    key, at, weaker = probes(frame, position, rank, pitch, stretch)
    begin, length, cost = spans(start, rest, shift, key, weaker, most)
    out = []
    for tempo in tempos:
        votes = np.empty(most, np.int64)
        n = read_cheapest(anchor, begin, length, cost, np.rint(at * tempo).astype(np.int32), votes)
        out.append(votes[:n])
    return out


@kernel
def probes(
    frame: I32, position: I32, rank: I32, pitch: float, stretch: float
) -> tuple[U32, I32, U8]:
    """Return key, anchor's frame and rank of all triples that a clip's peaks may be.

    Pitch and gaps are scaled back by `pitch` and `stretch`. The rank of a triple is that of the
    weakest of its peaks.
    """
    n = len(frame)
    low, high = np.empty(n, np.int64), np.empty(n, np.int64)
    when = np.empty(n, np.int64)
    for i in range(n):
        place = warp((FIRST_BIN + position[i] / SUB_BIN) / pitch)
        low[i] = max(0, math.floor(place - EDGE))
        high[i] = min(CELLS - 1, math.floor(place + EDGE))  # below `low` where outside
        when[i] = frame[i]
    reach = math.ceil((MAX_DELTA + 1) / stretch)
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
            late = round(late * stretch)
            near = low[j] <= high[i] + MAX_STEP and high[j] >= low[i] - MAX_STEP
            if near and LEAST_DELTA - 1 <= late <= MAX_DELTA + 1:
                target[m] = j
                gap[m] = min(MAX_DELTA, max(LEAST_DELTA, late)) - LEAST_DELTA
                m += 1
        if count + 4 * m * m > room:  # two cells for each of three peaks, m (m - 1) / 2 triples
            room = 2 * (count + 4 * m * m)
            key, at, weaker = _longer(key, room), _longer(at, room), _longer(weaker, room)
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
                            at[count] = frame[i]
                            weaker[count] = max(rank[i], rank[j], rank[k])
                            count += 1
    return key[:count], at[:count], weaker[:count]


@kernel
def _longer(array: NDArray[np.generic], room: int) -> NDArray[np.generic]:
    out = np.empty(room, array.dtype)
    out[: len(array)] = array
    return out


@kernel
def spans(start: U32, rest: U8, shift: int, key: U32, weaker: U8, most: int) -> tuple[I64, I32, U8]:
    """Return where the postings of each key begin, how many they are, and how dear to read.

    Shape (keys * 3,): the first gap a frame less, as it is, a frame more; the second gap is read
    with a frame of doubt to either side. Lists that are too dear to be among the first `most`
    postings, going by all that share their place, are not searched. No postings cost CLASSES.
    """
    n = 3 * len(key)
    begin, length = np.zeros(n, np.int64), np.zeros(n, np.int32)
    cost = np.full(n, CLASSES, np.uint8)
    total = np.zeros(CLASSES + 1, np.int64)  # sixteenths of postings
    field = (1 << GAP_BITS) - 1
    widest = MAX_DELTA - LEAST_DELTA
    for i in range(len(key)):
        for late in range(3):
            first = (np.int64(key[i]) >> GAP_BITS & field) + late - 1
            at = (np.int64(key[i]) + ((late - 1) << GAP_BITS)) >> shift
            j = 3 * i + late
            if 0 <= first <= widest and start[at + 1] > start[at]:
                begin[j], length[j] = start[at], start[at + 1] - start[at]
                expected = np.int64(length[j]) * 48 >> shift  # of 2**shift keys there, three
                cost[j] = dearness(max(1, expected >> 4), weaker[i])
                total[cost[j]] += expected
    dearest, so_far = 0, total[0]
    while dearest + 1 < CLASSES and so_far <= 16 * ENOUGH * most:
        dearest += 1
        so_far += total[dearest]
    fine = shift - REST_BITS
    for i in range(len(key)):
        for late in range(3):
            j = 3 * i + late
            if np.int64(cost[j]) > dearest:
                cost[j] = CLASSES
                length[j] = 0
                continue
            middle = np.int64(key[i]) + ((late - 1) << GAP_BITS)
            second = middle & field
            lowest = np.uint8(((middle - (second > 0)) >> fine) & 255)
            highest = np.uint8(((middle + (second < widest)) >> fine) & 255)
            low, stop = bytes_between(rest, begin[j], np.int64(length[j]), lowest, highest)
            begin[j], length[j] = low, stop - low
            cost[j] = dearness(stop - low, weaker[i]) if stop > low else CLASSES
    return begin, length, cost


@kernel(inline=True)
def bytes_between(
    rest: U8, low: int, size: int, lowest: np.uint8, highest: np.uint8
) -> tuple[int, int]:
    """Return where the bytes lowest..highest begin and end among `size` ascending ones from `low`.

    The last WINDOW are compared all at once: a search would wait for each outcome before the next.
    """
    end = low + size
    while size > WINDOW:
        half = size >> 1
        low += half * int(rest[low + half - 1] < lowest)  # cannot be foreseen
        size -= half
    below = upto = np.uint8(0)
    inside = np.uint8(size)
    if low + WINDOW <= len(rest):
        first = np.uint64(low)
        for k in range(WINDOW):
            x = rest[first + np.uint64(k)]
            counts = np.uint8(k) < inside
            below = np.uint8(below + np.uint8((x < lowest) & counts))
            upto = np.uint8(upto + np.uint8((x <= highest) & counts))
    else:
        for k in range(size):
            below = np.uint8(below + np.uint8(rest[low + k] < lowest))
            upto = np.uint8(upto + np.uint8(rest[low + k] <= highest))
    stop = int(low + np.int64(upto))
    while upto == inside and stop < end and rest[stop] <= highest:
        stop += 1
    return int(low + np.int64(below)), stop


@kernel(inline=True)
def dearness(count: int, rank: int) -> int:
    """Return the class of cost of a list: twice log2 of its length, more for weaker peaks."""
    up = 0
    while count > 255:
        count >>= 4
        up += 8
    return min(CLASSES - 1, int(OCTAVES[count]) + up + int(RANKS[rank]))


@kernel
def read_cheapest(anchor: U32, begin: I64, length: I32, cost: U8, at: I32, votes: I64) -> int:
    """Write the votes of short lists of strong peaks first, until `votes` is full; how many."""
    total = np.zeros(CLASSES + 1, np.int64)
    for j in range(len(begin)):
        total[cost[j]] += length[j]
    dearest, so_far = -1, 0
    while dearest + 1 < CLASSES and so_far + total[dearest + 1] <= len(votes):
        dearest += 1
        so_far += total[dearest]
    count = 0
    for j in range(len(begin)):
        if np.int64(cost[j]) <= dearest:
            align = np.int64(at[j // 3])
            for k in range(begin[j], begin[j] + length[j]):
                votes[count] = np.int64(anchor[k]) - align
                count += 1
    return count
