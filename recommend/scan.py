"""The best rows of a matrix of factors: exactly, at an eighth of the memory traffic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommend import _scan
from recommend._nibbles import CODES, ROWS, TOGETHER, WORDS
from recommend.ranking import top

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_LEADERS = 2  # rows for each one wanted whose products tell how good the worst wanted one is
_AT_ONCE = 128  # blocks
_TAME = 1e15  # beyond this the bounds could overflow


class Scan:
    """Finds the rows with the largest products with a vector.

    Each row is kept once more in four bits a number, with the length of what they leave out. The
    product with these codes and that length bound the exact product from above (Cauchy and
    Schwarz). The rows with the largest bounds are multiplied first; of the others only those
    whose bound reaches the n-th largest product so far. What comes back is, to the bit, what
    multiplying all rows would give.

    Parameters
    ----------
    factors : ndarray of float32, shape (rows, factors)
        Finite; kept, not copied.
    """

    def __init__(self, factors: Floats) -> None:
        self._factors = np.ascontiguousarray(factors)
        rows, width = factors.shape
        blocks = -(-rows // ROWS)
        self._width = width + -width % (WORDS * CODES)
        self._codes = _aligned(blocks * ROWS * self._width // CODES)
        self._scale = np.empty(blocks * ROWS, dtype=np.float32)
        self._left = np.zeros((blocks, 2), dtype=np.float32)
        # any rotation will do that spreads a row's length over all its numbers
        random = np.random.default_rng(0).standard_normal((width, width))
        self._rotation = np.linalg.qr(random)[0]
        for start in range(0, blocks, _AT_ONCE):
            own = np.arange(start, min(start + _AT_ONCE, blocks))
            # where the matrix ends its last row is repeated; nobody asks for these
            own = np.minimum(own[:, None] + blocks * np.arange(ROWS), rows - 1)
            rotated = self._factors[own].astype(np.float64) @ self._rotation
            _scan.encode(rotated, start, self._codes, self._scale, self._left)
        self._tame = float(self._scale.max(initial=0.0)) < _TAME

    def best(self, x: Floats, n: int, hidden: Ids) -> tuple[Ids, Floats]:
        """Return the `n` rows with the largest products, best first, and these; ties by row.

        Parameters
        ----------
        x : ndarray of float32, shape (factors,)
            Finite.
        n : int
            At least 0; fewer come back when there are no more.
        hidden : ndarray of int64
            Rows to leave out.
        """
        found = self._candidates(x, n, hidden)
        if found is None:
            scores = self._products(np.arange(len(self._factors)), x)
            order = top(scores, n, hidden)
            return order, scores[order]
        rows, least = found
        scores = self._products(rows, x)
        good = np.flatnonzero(scores >= least)
        rows, scores = rows[good], scores[good]
        order = np.lexsort((rows, -scores))[:n]
        return rows[order], scores[order]

    def _products(self, rows: Ids, x: Floats) -> Floats:
        scores = np.empty(len(rows), dtype=np.float32)
        _scan.dots(self._factors, rows, x, scores)
        return scores

    def _candidates(self, x: Floats, n: int, hidden: Ids) -> tuple[Ids, np.float32] | None:
        """Return rows that hold the `n` best not hidden, and a product that all these reach.

        None where any row might be one.
        """
        parts = len(self._scale) // TOGETHER
        if not isinstance(n, int | np.integer) or n <= 0 or _LEADERS * n > parts:
            return None  # `top` judges a wrong n
        bounds = np.empty(len(self._scale), dtype=np.float32)
        tops = np.empty(parts, dtype=np.float32)
        unit = _scan.bounds(
            self._codes,
            self._scale,
            self._left,
            x @ self._rotation,
            len(self._factors),
            hidden,
            bounds,
            tops,
        )
        if not (self._tame and 1 / _TAME < unit < _TAME):
            return None
        leading = np.argpartition(tops, parts - _LEADERS * n)[parts - _LEADERS * n :]
        first = self._above(bounds, leading, tops[leading])
        if len(first) < n:
            return None
        scores = self._products(first, x)
        scores.partition(len(scores) - n)
        least = scores[len(scores) - n]
        limit = np.float32(least / unit)
        others = np.flatnonzero(tops >= limit)
        return self._above(bounds, others, np.full(len(others), limit)), least

    def _above(self, bounds: Floats, parts: Ids, least: Floats) -> Ids:
        rows = np.empty(len(parts) * TOGETHER, dtype=np.int64)
        return rows[: _scan.above(bounds, len(self._left), parts, least, rows)]


def _aligned(words: int) -> NDArray[np.uint16]:
    """Return zeros that begin with a cache line: what lies across two costs twice."""
    space = np.empty(words + 32, dtype=np.uint16)
    space[:] = 0
    skipped = -space.ctypes.data % 64 // 2
    return space[skipped : skipped + words]
