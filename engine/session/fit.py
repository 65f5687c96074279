"""Which few of many durations sum to a given time: by hashing of rounded durations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

TOLERANCE_S = 1.0
_MOST_OF_THREE = 120  # candidates of which two of a triple are taken: keeps the square small
_WIDEST_S = 256.0


def find_sum(
    seconds: Sequence[float], total_s: float, tolerance_s: float = TOLERANCE_S, most: int = 3
) -> tuple[int, ...]:
    """Return the places of one, two or three durations whose sum is nearly `total_s`.

    Parameters
    ----------
    seconds : sequence of float
        Durations above 0, the most welcome first.
    total_s : float
    tolerance_s : float
        How far off the sum may be, above 0.
    most : int
        1 to 3: how many durations at most.

    Returns
    -------
    tuple of int
        Ascending. Among all sums within the tolerance the one whose least welcome member comes
        first, then with fewest members, then the nearest sum; () where there is none.

    Notes
    -----
    Durations are hashed by their whole multiple of the tolerance, so a partner for a rest is in
    one of three cells: linear in the number of candidates for pairs. For triples every pair of the
    first 120 candidates asks for its third.

    Examples
    --------
    >>> find_sum([200.0, 180.0, 240.0, 121.0], 300.0)
    (1, 3)
    """
    cells: dict[int, list[int]] = {}
    for place, length in enumerate(seconds):
        cells.setdefault(int(length // tolerance_s), []).append(place)

    def partners(rest_s: float) -> Iterator[int]:
        cell = int(rest_s // tolerance_s)
        for near in (cell - 1, cell, cell + 1):
            for place in cells.get(near, ()):
                if abs(seconds[place] - rest_s) <= tolerance_s:
                    yield place

    found: tuple[int, ...] = ()
    best = (len(seconds), 0, 0.0)
    heads: list[tuple[int, ...]] = [()]
    if most > 1:
        heads += [(place,) for place in range(len(seconds))]
    if most > 2:
        heads += list(combinations(range(min(len(seconds), _MOST_OF_THREE)), 2))
    for head in heads:
        if head and head[-1] > best[0]:
            continue
        rest_s = total_s - sum(seconds[place] for place in head)
        if rest_s < -tolerance_s:
            continue
        for place in partners(rest_s):
            if place in head:
                continue
            cost = max(*head, place, 0), len(head) + 1, abs(seconds[place] - rest_s)
            if cost < best:
                best, found = cost, tuple(sorted((*head, place)))
    return found


def nearest_sum(seconds: Sequence[float], total_s: float) -> tuple[int, ...]:
    """Return what `find_sum` does, at the least of 1, 2, 4, ... 256 s at which it finds any.

    Nothing at all, where that is as near.
    """
    tolerance_s = TOLERANCE_S
    while tolerance_s <= min(_WIDEST_S, total_s):
        if found := find_sum(seconds, total_s, tolerance_s):
            return found
        tolerance_s *= 2.0
    return ()
