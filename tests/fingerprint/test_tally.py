"""Proposals against counting in plain Python."""

from collections import Counter

import numpy as np

from fingerprint.tally import FEW, WINDOW, most_voted


def fullest(votes):
    """Votes of the fullest window of each place, by brute force."""
    count = Counter(votes.tolist())
    return {v: sum(count[v + k] for k in range(WINDOW)) for v in count}


def test_of_many_votes_the_crowded_places_are_found_with_all_their_votes(rng):
    places = 1_000_000 + 5000 * np.arange(8)
    sizes = np.array([40, 33, 27, 22, 18, 15, 13, 11])
    near = np.concatenate(
        [place + rng.integers(0, WINDOW, size) for place, size in zip(places, sizes, strict=True)]
    )
    votes = rng.permutation(np.concatenate([rng.integers(0, 10**9, 5 * FEW), near]))
    align, count = most_voted(votes.copy(), 8)
    assert np.all(np.abs(align - places - 1) <= WINDOW)
    windows = fullest(votes)
    expected = [max(windows.get(int(p) + k, 0) for k in range(-2, WINDOW)) for p in places]
    assert count.tolist() == expected


def test_few_votes_and_many_are_counted_alike(rng):
    few = rng.integers(0, 3000, FEW // 2)
    align, count = most_voted(few.copy(), 50)
    scattered = 10**9 + 1000 * np.arange(3 * FEW)  # each alone, far from the others
    again, recount = most_voted(rng.permutation(np.concatenate([few, scattered])), 50)
    np.testing.assert_array_equal(align, again)
    np.testing.assert_array_equal(count, recount)


def test_no_votes_no_proposals():
    align, count = most_voted(np.empty(0, np.int64), 5)
    assert len(align) == len(count) == 0
