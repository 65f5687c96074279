"""Groups of vectors that lie together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_ROUNDS = 30
_TAUGHT = 20_000  # vectors that the centres are found from


def k_means(vectors: Floats, count: int, seed: int = 0) -> Ints:
    """Return the group, 0 to `count` - 1, of each vector; larger groups come first.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dimensions)
    count : int
        At least 1, at most n.
    seed : int

    Notes
    -----
    Lloyd's rounds from the start of Arthur and Vassilvitskii, "k-means++" (2007).

    Examples
    --------
    >>> k_means(np.array([[0.0], [5.0], [0.1], [5.1], [0.2]], np.float32), 2).tolist()
    [0, 1, 0, 1, 0]
    """
    if not 1 <= count <= max(len(vectors), 1):
        raise ValueError(f"count must be 1 to {len(vectors)}, got {count}")
    if len(vectors) == 0:
        return np.empty(0, dtype=np.int64)
    rng = np.random.default_rng(seed)
    taught = vectors
    if len(vectors) > _TAUGHT:
        taught = vectors[np.sort(rng.choice(len(vectors), _TAUGHT, replace=False))]
    centres = _start(taught, count, rng)
    for _ in range(_ROUNDS):
        own = _nearest(taught, centres)
        sizes = np.bincount(own, minlength=count)
        sums = np.stack([np.bincount(own, column, count) for column in taught.T], axis=1)
        moved = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        if np.allclose(moved, centres, atol=1e-6):
            break
        centres = moved.astype(np.float32)
    own = _nearest(vectors, centres)
    order = np.argsort(-np.bincount(own, minlength=count), kind="stable")
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    groups: Ints = place[own]
    return groups


def typical_tags(
    tags: Sequence[str], cluster: Ints, least: float = 0.3, over: float = 1.5
) -> list[str]:
    """Return for each group the tag that it has more of than all have, each tag once at most.

    Parameters
    ----------
    tags : sequence of str, length n
        One of each vector; empty where none is known.
    cluster : ndarray of int64, shape (n,)
        As `k_means` returns it.
    least : float
        Share of a group that a tag needs to name it, and
    over : float
        how many times its share of all tagged vectors that must be.

    Returns
    -------
    list of str
        Empty for a group that no tag is typical of. Groups choose in the order of their size.

    Examples
    --------
    >>> typical_tags(["folk", "folk", "", "rock", "rock", "folk"], np.array([0, 0, 0, 1, 1, 1]))
    ['', 'rock']
    """
    whole = Counter(filter(None, tags))
    named: list[str] = []
    for number in range(int(cluster.max(initial=-1)) + 1):
        rows = np.flatnonzero(cluster == number)
        own = Counter(tags[row] for row in rows.tolist() if tags[row])
        named.append("")
        for tag, count in own.most_common():
            share = count / len(rows)
            if share < least:
                break
            if share >= over * whole[tag] / whole.total() and tag not in named:
                named[-1] = tag
                break
    return named


def _start(vectors: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return first centres that lie far from each other."""
    rows = [int(rng.integers(len(vectors)))]
    far = np.full(len(vectors), np.inf)
    while len(rows) < min(count, len(vectors)):
        far = np.minimum(far, ((vectors - vectors[rows[-1]]) ** 2).sum(axis=1))
        total = far.sum()
        rows.append(int(rng.choice(len(vectors), p=far / total if total > 0 else None)))
    return vectors[rows]


def _nearest(vectors: Floats, centres: Floats) -> Ints:
    far = (centres**2).sum(axis=1) - 2.0 * (vectors @ centres.T)
    groups: Ints = far.argmin(axis=1)
    return groups
