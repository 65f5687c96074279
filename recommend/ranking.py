"""The best of many scores."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from recommend.interactions import Interactions, as_ids


def top(
    scores: NDArray[np.float32], n: int, hidden: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the positions of the `n` highest scores, best first; equal ones by position.

    Parameters
    ----------
    scores : ndarray, shape (m,)
        Finite.
    n : int
        At least 0; fewer come back when there are no more.
    hidden : ndarray of int64, optional
        Positions to leave out.

    Raises
    ------
    ValueError
        If `n` is negative.

    Examples
    --------
    >>> top(np.array([0.1, 0.9, 0.5], dtype=np.float32), 2, np.array([1])).tolist()
    [2, 0]
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(f"n must be an integer, got {n!r}")
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    visible = np.array(scores, copy=True)
    removed = 0
    if hidden is not None and len(hidden):
        visible[hidden] = -np.inf
        removed = len(np.unique(hidden))
    n = min(n, len(visible) - removed)
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    if n < len(visible):
        # everything that ties with the n-th, so that equal scores fall by position, not by chance
        place = len(visible) - n
        chosen = np.flatnonzero(visible >= np.partition(visible, place)[place])
    else:
        chosen = np.arange(len(visible))
    return chosen[np.argsort(-visible[chosen], kind="stable")][:n]


def best(
    interactions: Interactions,
    scores: NDArray[np.float32],
    n: int,
    seeds: NDArray[np.int64],
    exclude: Iterable[int],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return ids and scores of the `n` best tracks that are neither seeds nor excluded."""
    hidden = interactions.rows_of(np.concatenate([seeds, as_ids(exclude, "exclude")]))
    order = top(scores, n, hidden[hidden >= 0])
    return interactions.track_ids[order], scores[order]
