"""How good a ranking is: the measures of the course and of the RecSys Challenge 2018."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike

CLICK_PAGE = 10  # tracks shown at a time in the challenge's measure of clicks
MISSED_CLICKS = 51


def hit_ranks(ranking: Sequence[int], targets: Collection[int]) -> np.ndarray:
    """Return the ranks (1 is best) at which targets stand, ascending.

    Raises
    ------
    ValueError
        If there is no target or the ranking repeats a track.
    """
    wanted = set(targets)
    if not wanted:
        raise ValueError("targets must hold at least one track, got none")
    if len(set(ranking)) != len(ranking):
        raise ValueError("ranking must not repeat a track")
    return np.array([i + 1 for i, track in enumerate(ranking) if track in wanted], dtype=np.int64)


def mean_reciprocal_rank(ranking: Sequence[int], targets: Collection[int]) -> float:
    """Return the mean over all targets of 1 / rank; a target not in the list counts 0."""
    return float((1.0 / hit_ranks(ranking, targets)).sum() / len(set(targets)))


def precision(ranking: Sequence[int], targets: Collection[int], n: int = 10) -> float:
    """Return the hits among the first `n` over the number of targets.

    The course calls this 'Precision@10'; elsewhere it is known as recall at 10.
    """
    return recall_at_k(ranking, targets, n)


def recall_at_k(ranking: Sequence[int], targets: Collection[int], k: int) -> float:
    """Return the hits among the first `k` over the number of targets."""
    return float((hit_ranks(ranking, targets) <= k).sum() / len(set(targets)))


def r_precision(ranking: Sequence[int], targets: Collection[int]) -> float:
    """Return the hits among as many tracks as there are targets, over that number."""
    return recall_at_k(ranking, targets, len(set(targets)))


def ndcg_at_k(ranking: Sequence[int], targets: Collection[int], k: int = 500) -> float:
    """Return the discounted gain of the first `k` over that of a perfect ranking, 0..1.

    Examples
    --------
    >>> ndcg_at_k([3, 1, 2], [3])
    1.0
    """
    ranks = hit_ranks(ranking, targets)
    ideal = sum(1 / math.log2(i + 2) for i in range(min(len(set(targets)), k)))
    return float((1 / np.log2(ranks[ranks <= k] + 1)).sum() / ideal)


def clicks(ranking: Sequence[int], targets: Collection[int], k: int = 500) -> float:
    """Return how many pages of ten are turned before the first hit; 51 without one in `k`."""
    ranks = hit_ranks(ranking, targets)
    if len(ranks) == 0 or ranks[0] > k:
        return float(MISSED_CLICKS)
    return float((ranks[0] - 1) // CLICK_PAGE)


def paired_bootstrap(
    first: ArrayLike, second: ArrayLike, draws: int = 10_000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean of `first - second` and its 95 % interval over resampled queries.

    Parameters
    ----------
    first, second : array_like, shape (queries,)
        One measure of two models on the same queries.

    Returns
    -------
    mean, low, high : float
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size == 0:
        raise ValueError(f"first and second must be flat and alike, got {a.shape} and {b.shape}")
    difference = a - b
    random = np.random.default_rng(seed)
    means = [difference[random.integers(0, len(a), len(a))].mean() for _ in range(max(draws, 1))]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)
