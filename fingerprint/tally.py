"""From votes to proposals: the alignments for which most votes speak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

WINDOW = 3  # frames that count as the same alignment
FEW = 20_000  # votes that are quickly sorted
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: a step that scatters well


def most_voted(votes: I64, limit: int) -> tuple[I64, I32]:
    """Return the alignments with most votes, best first, and how many each has.

    Parameters
    ----------
    votes : ndarray, int64, shape (n,)
        In any order; changed.
    limit : int
        Most alignments returned.

    Returns
    -------
    align, count : ndarrays, shape (k,)
        An alignment stands for WINDOW frames; a neighbour of a stronger one is left out. Where
        there are more than FEW votes, those that stand quite alone are not counted.
    """
    if len(votes) > FEW:
        bits = max(16, int(len(votes) * 4).bit_length())
        votes = votes[: keep_crowded(votes, bits, np.zeros(1 << bits, np.uint8))]
    align, count = np.empty(limit, np.int64), np.empty(limit, np.int32)
    k = strongest(np.sort(votes), limit, align, count)
    return align[:k], count[:k]


@kernel
def keep_crowded(votes: I64, bits: int, seen: U8) -> int:
    """Move votes with company within WINDOW frames to the front, FEW or so; returns how many.

    Each is counted in two cells of 4 frames, of which the one or the other holds a whole window.
    Cells share their counters by chance, so some lonely votes are kept as well.
    """
    shift = np.uint64(64 - bits)
    for i in range(len(votes)):
        a, b = _cells(votes[i], shift)
        seen[a] += seen[a] < 255
        seen[b] += seen[b] < 255
    company = np.zeros(256, np.int64)
    beside = np.empty(len(votes), np.uint8)
    for i in range(len(votes)):
        a, b = _cells(votes[i], shift)
        beside[i] = max(seen[a], seen[b])
        company[beside[i]] += 1
    least, kept = 255, company[255]
    while least > 2 and kept + company[least - 1] <= FEW:
        least -= 1
        kept += company[least]
    count = 0
    for i in range(len(votes)):
        votes[count] = votes[i]  # stays where it is one of them
        count += beside[i] >= least
    return count


@kernel(inline=True)
def _cells(vote: int, shift: np.uint64) -> tuple[int, int]:
    one = np.uint64((vote >> 2) << 1) * _SPREAD
    other = np.uint64((((vote + 2) >> 2) << 1) + 1) * _SPREAD
    return int(one >> shift), int(other >> shift)


@kernel
def strongest(votes: I64, limit: int, align_out: I64, count_out: I32) -> int:
    """Find the alignments with most votes in sorted `votes`; returns how many were written.

    An alignment stands for WINDOW frames; a neighbour of a stronger one is left out.
    """
    n = len(votes)
    align, support = np.empty(n, np.int64), np.empty(n, np.int32)
    found = 0
    i = right = 0
    while i < n:
        value = votes[i]
        right = max(right, i)
        while right < n and votes[right] < value + WINDOW:
            right += 1
        here, middle = right - i, votes[i + (right - i) // 2]
        while i < n and votes[i] == value:
            i += 1
        if found and middle - align[found - 1] < WINDOW:
            if here <= support[found - 1]:
                continue
            found -= 1
        align[found], support[found] = middle, here
        found += 1
    most = 0
    for k in range(found):
        most = max(most, support[k])
    at = np.zeros(most + 2, np.int64)  # where those of a support, or more, begin
    for k in range(found):
        at[most - support[k] + 1] += 1
    for k in range(most + 1):
        at[k + 1] += at[k]
    for k in range(found):
        place = at[most - support[k]]
        at[most - support[k]] += 1
        if place < limit:
            align_out[place], count_out[place] = align[k], support[k]
    return min(limit, found)
