"""Durations that sum to a given time, against trying all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from engine.session.fit import TOLERANCE_S, find_sum, nearest_sum


def all_sums(seconds: list[float], total_s: float) -> list[tuple[int, ...]]:
    """Return every single, pair and triple within the tolerance: the slow way."""
    places = range(len(seconds))
    return [
        some
        for count in (1, 2, 3)
        for some in combinations(places, count)
        if abs(sum(seconds[p] for p in some) - total_s) <= TOLERANCE_S
    ]


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_the_most_welcome_of_all_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seconds = rng.uniform(60.0, 500.0, 25).round(2).tolist()
    for total_s in rng.uniform(60.0, 1200.0, 20):
        found = find_sum(seconds, total_s)
        slow = all_sums(seconds, total_s)
        assert bool(found) == bool(slow)
        if found:
            off = {some: abs(sum(seconds[p] for p in some) - total_s) for some in slow}
            assert found == min(slow, key=lambda some: (max(some), len(some), off[some]))


def test_a_total_that_nothing_makes_gives_nothing_and_the_nearest_sum_something() -> None:
    assert find_sum([100.0, 200.0], 1000.0) == ()
    assert find_sum([], 100.0) == ()
    assert nearest_sum([100.0, 190.0], 307.0) == (0, 1)  # 17 s off, and nothing is nearer
    assert nearest_sum([100.0], 5000.0) == ()
    assert nearest_sum([100.0], 40.0) == ()  # nothing is nearer than a track that is too long
    assert nearest_sum([100.0], -30.0) == ()


def test_no_track_is_taken_twice_for_one_sum() -> None:
    assert find_sum([150.0], 300.0) == ()
    assert find_sum([150.0, 150.5], 300.0) == (0, 1)
