"""Triples: what a large run keeps instead of landmarks, an anchor with two of its targets at once.

In a library of months a pair of peaks is no rare thing: its list would hold thousands of places.
A triple has 31 bits instead of 20. All three peaks must survive noise, so small runs keep pairs.

A key is cell of the anchor, cells to the first target, cells to the second, and 5 bits each for
their gaps in frames less LEAST_DELTA; the earlier target, or the lower one, comes first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.landmarks import LEAST_DELTA, strong_peaks, targets_of
from fingerprint.settings import CELLS, FAN, MAX_STEP, STEPS

U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
I64 = NDArray[np.int64]

GAP_BITS = 5
KEYS = CELLS * STEPS * STEPS << 2 * GAP_BITS
REST_BITS = 8  # of a key are stored with each posting; the higher ones are its place
SHORTEST_LIST = 32  # postings that share a place, on average, in the largest runs
_DIGIT = 11  # bits that one pass of the sort looks at


def shift_for(postings: int) -> int:
    """Return by how many bits a key is shifted to give its place in the table of a run."""
    shift = REST_BITS
    while KEYS >> shift > max(1 << 12, postings // SHORTEST_LIST):
        shift += 1
    return shift


@kernel
def triples_into(frame: U32, code: U16, key: U32, anchor: U32) -> int:
    """Write the triples of a track's strong peaks; returns how many (at most FAN a peak)."""
    n = len(frame)
    at, cell, level = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    m = strong_peaks(frame, code, at, cell, level)
    count = 0
    for a in range(m):
        best = targets_of(a, m, at, cell, level)
        for k in range(1, FAN):
            if best[k] == a:
                break
            for h in range(k):
                b, c = min(best[h], best[k]), max(best[h], best[k])
                steps = (cell[a] * STEPS + cell[b] - cell[a] + MAX_STEP) * STEPS
                steps += cell[c] - cell[a] + MAX_STEP
                gaps = (at[b] - at[a] - LEAST_DELTA) << GAP_BITS
                key[count] = (steps << 2 * GAP_BITS) + gaps + at[c] - at[a] - LEAST_DELTA
                anchor[count] = at[a]
                count += 1
    return count


@kernel
def sort_by_key(key: U32, anchor: U32, key_out: U32, anchor_out: U32) -> None:
    """Sort by key, stable; overwrites what it is given."""
    n = len(key)
    mask = (1 << _DIGIT) - 1
    at = np.empty((1 << _DIGIT) + 1, np.int64)
    for turn in range(3):
        source, target = (key_out, key) if turn == 1 else (key, key_out)
        carried, carried_to = (anchor_out, anchor) if turn == 1 else (anchor, anchor_out)
        shift = turn * _DIGIT
        at[:] = 0
        for i in range(n):
            at[((np.int64(source[i]) >> shift) & mask) + 1] += 1
        for k in range(1 << _DIGIT):
            at[k + 1] += at[k]
        for i in range(n):
            digit = (np.int64(source[i]) >> shift) & mask
            target[at[digit]] = source[i]
            carried_to[at[digit]] = carried[i]
            at[digit] += 1
