"""The best rows of a matrix of factors: exactly, at a quarter of the memory traffic."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from recommend import _scan
from recommend.ranking import top

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_LEVELS = 127
_SPREAD = 8  # groups of blocks for each row wanted


class Scan:
    """Finds the rows with the largest products with a vector.

    Each row is kept once more in bytes, with the length of what they leave out. The product with
    the bytes and that length bound the exact product from both sides (Cauchy and Schwarz), so only
    the few rows whose upper bound reaches the n-th largest lower bound are multiplied in full.
    What comes back is, to the bit, what multiplying all rows would give.

    Parameters
    ----------
    factors : ndarray of float32, shape (rows, factors)
        Finite; kept, not copied.
    """

    def __init__(self, factors: Floats) -> None:
        self._factors = np.ascontiguousarray(factors)
        rows, width = factors.shape
        # the sum of all products has to fit into 32 bits
        self._most = min(32_767, (2**31 - 1) // (_LEVELS * max(width, 1)))
        self._codes = np.empty((rows, width), dtype=np.int8)
        self._scale = np.empty(rows, dtype=np.float32)
        self._radius = np.empty(rows, dtype=np.float32)
        # of the query's own rounding, and of adding up in single precision
        slack = math.sqrt(width) / (2 * self._most) + 2 * (width + 8) * 2.0**-24
        for start in range(0, rows, 4096):
            part = slice(start, start + 4096)
            Y = self._factors[part].astype(np.float64)
            scale = (np.abs(Y).max(axis=1, initial=0.0) / _LEVELS).astype(np.float32)
            codes = np.clip(
                np.rint(Y / np.where(scale > 0, scale, 1.0)[:, None]), -_LEVELS, _LEVELS
            )
            left = np.linalg.norm(Y - codes * scale[:, None], axis=1)
            self._codes[part], self._scale[part] = codes, scale
            lengths = np.linalg.norm(Y, axis=1) + left
            self._radius[part] = 1.0001 * (left + slack * lengths)
        starts = np.arange(0, rows, _scan.BLOCK)
        self._block_radius = np.maximum.reduceat(self._radius, starts) if rows else self._radius

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
        rows = self._candidates(x, n, hidden)
        if rows is None:
            scores = self._products(np.arange(len(self._factors)), x)
            order = top(scores, n, hidden)
            return order, scores[order]
        scores = self._products(rows, x)
        place = np.minimum(np.searchsorted(rows, hidden), len(rows) - 1)
        scores[place[rows[place] == hidden]] = -np.inf
        order = np.argsort(-scores, kind="stable")[:n]  # of n and more that are not hidden
        return rows[order], scores[order]

    def _products(self, rows: Ids, x: Floats) -> Floats:
        scores = np.empty(len(rows), dtype=np.float32)
        _scan.dots(self._factors, rows, x, scores)
        return scores

    def _candidates(self, x: Floats, n: int, hidden: Ids) -> Ids | None:
        """Return rows, ascending, that hold the `n` best not hidden; None where all might."""
        largest = float(np.abs(x).max(initial=0.0))
        if not isinstance(n, int | np.integer) or n <= 0 or largest < 1e-30:
            return None  # `top` judges a wrong n
        # blocks are looked at in groups: so many, that the best of each tell how good the n-th is
        wanted = int(n) + len(hidden)
        together = len(self._block_radius) // (_SPREAD * wanted)
        if together == 0:
            return None
        unit = largest / self._most
        whole = np.rint(x / np.float32(unit)).astype(np.int16)
        tops = np.empty(len(self._block_radius), dtype=np.float32)
        _scan.block_tops(self._codes, self._scale, whole, tops)
        # everything in units of the query's rounding
        length = np.float32(math.sqrt(float(np.dot(x, x))) / unit * 1.0001)
        reach = self._block_radius * length
        low = tops - reach
        groups = len(low) // together
        low = low[: groups * together].reshape(groups, together).max(axis=1)
        least = np.partition(low, groups - wanted)[groups - wanted]
        blocks = np.flatnonzero(tops + reach >= least)
        rows = np.empty(len(blocks) * _scan.BLOCK, dtype=np.int64)
        found = _scan.rows_above(
            self._codes, self._scale, self._radius, length, whole, blocks, least, rows
        )
        return rows[:found]
