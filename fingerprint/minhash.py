"""Min-hash: how alike two sets are, from a few numbers of each.

The least value of a random permutation over a set is the same for two sets with a probability of
their Jaccard similarity; a hundred permutations estimate it to within 0.05. The permutations are
multiply-shift hashes of a mixed token (M. Dietzfelbinger et al., "A reliable randomized algorithm
for the closest-pair problem", 1997); the method is A. Broder's, "On the resemblance and containment
of documents", 1997.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._minhash_kernels import signatures_into

PERMUTATIONS = 100
SEED = 20_201  # part of the scheme: signatures of another seed are not comparable
EMPTY = np.uint32(0xFFFFFFFF)  # every number of the signature of an empty set

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]


class MinHash:
    """A family of permutations.

    Parameters
    ----------
    permutations : int
        Numbers of a signature, at least 1.
    seed : int
        Of the permutations, at least 0.

    Examples
    --------
    >>> scheme = MinHash()
    >>> a, b = np.arange(0, 300), np.arange(100, 400)
    >>> jaccard(a, b), round(similarity(scheme.signature(a), scheme.signature(b)), 1)
    (0.5, 0.5)
    """

    def __init__(self, permutations: int = PERMUTATIONS, seed: int = SEED) -> None:
        if permutations < 1:
            raise ValueError(f"permutations must be at least 1, got {permutations}")
        random = np.random.default_rng(seed)
        self.permutations = permutations
        self._factor = random.integers(0, 1 << 63, permutations, np.uint64) * np.uint64(
            2
        ) + np.uint64(1)
        self._term = random.integers(0, 1 << 63, permutations, np.uint64)

    def signature(self, tokens: NDArray[np.integer]) -> U32:
        """Return the signature of a set, shape (permutations,), whatever order it comes in."""
        row: U32 = self.signatures(tokens, np.zeros(len(tokens), np.int64), 1)[0]
        return row

    def signatures(self, tokens: NDArray[np.integer], group: I64, groups: int) -> U32:
        """Return the signatures of several sets at once, shape (groups, permutations).

        Parameters
        ----------
        tokens : ndarray of integers, shape (n,)
            One that occurs twice in a set counts once.
        group : ndarray of int64, shape (n,)
            The set, 0..groups - 1, of each token.
        groups : int

        Raises
        ------
        ValueError
            If the shapes differ or a group is out of range.
        """
        tokens, group = np.asarray(tokens), np.asarray(group, np.int64)
        if tokens.ndim != 1 or tokens.shape != group.shape:
            raise ValueError(
                f"tokens and group must have one shape (n,), got {tokens.shape} and {group.shape}"
            )
        if len(group) and not 0 <= int(group.min()) <= int(group.max()) < groups:
            raise ValueError(f"group must lie in 0..{groups - 1}, got {group.min()}..{group.max()}")
        out = np.full((groups, self.permutations), EMPTY, np.uint32)
        signatures_into(mix(tokens.astype(np.uint64)), group, self._factor, self._term, out)
        return out


def mix(x: U64) -> U64:
    """Scatter 64-bit numbers so that neighbours have nothing in common (splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def similarity(one: U32, other: U32) -> float:
    """Return the estimated Jaccard similarity, 0..1, of the sets of two signatures."""
    return float(np.mean(one == other))


def jaccard(one: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """Return the Jaccard similarity, 0..1, of two sets; 0 for two empty ones."""
    one, other = np.unique(one), np.unique(other)
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(1, len(one) + len(other) - common)
