"""Tables of numbers about tracks: joined by track, filled in, scaled, and reduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommend.plane import components

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

DIMENSIONS = 30
_FARTHEST = 6.0  # spreads from the middle that a value may lie; a table has absurd ones


@dataclass(frozen=True)
class FeatureTable:
    """Numbers about tracks.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Of the tracks, ascending, each once.
    names : tuple of str
        Of the columns, each once.
    values : ndarray of float32, shape (n, columns)
        NaN where nothing is known.
    """

    ids: Ints
    names: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.ids), len(self.names)):
            raise ValueError(
                f"values must have shape {(len(self.ids), len(self.names))}, got "
                f"{self.values.shape}"
            )
        if len(self.ids) > 1 and (np.diff(self.ids) <= 0).any():
            raise ValueError("ids must ascend, each once")
        if len(set(self.names)) < len(self.names):
            raise ValueError("names must be each once")

    @classmethod
    def merge(cls, tables: Sequence[FeatureTable]) -> FeatureTable:
        """Return the columns of several tables for every track that any of them has.

        Rows are told by their track, never by their number: tables seldom have the same tracks.

        Examples
        --------
        >>> a = FeatureTable(np.array([1, 2]), ("x",), np.float32([[1], [2]]))
        >>> b = FeatureTable(np.array([2, 3]), ("y",), np.float32([[20], [30]]))
        >>> FeatureTable.merge([a, b]).values.tolist()
        [[1.0, nan], [2.0, 20.0], [nan, 30.0]]
        """
        if not tables:
            raise ValueError("tables must be one or more, got none")
        ids = np.unique(np.concatenate([table.ids for table in tables]))
        values = np.full((len(ids), sum(len(t.names) for t in tables)), np.nan, np.float32)
        column = 0
        for table in tables:
            rows = np.searchsorted(ids, table.ids)
            values[rows, column : column + len(table.names)] = table.values
            column += len(table.names)
        return cls(ids, tuple(name for table in tables for name in table.names), values)

    def take(self, ids: Ints) -> FeatureTable:
        """Return the rows of these tracks, as far as the table has them."""
        kept = np.isin(self.ids, ids)
        return FeatureTable(self.ids[kept], self.names, self.values[kept])

    def scaled(self) -> Floats:
        """Return all values with the middle of their column where unknown, mean 0 and spread 1.

        Columns that say nothing (all unknown, all the same) are left out. Values farther than six
        spreads from the middle are brought there.

        Returns
        -------
        ndarray of float32, shape (n, columns or fewer)
        """
        values = np.where(np.isfinite(self.values), self.values, np.nan).astype(np.float64)
        values = values[:, ~np.isnan(values).all(axis=0)]
        if not values.size:
            return np.zeros((len(self.ids), 0), np.float32)
        middle = np.nanmedian(values, axis=0)
        values = np.where(np.isnan(values), middle, values)
        spread = values.std(axis=0)
        told = spread > 1e-9 * np.maximum(np.abs(middle), 1.0)
        scaled = (values[:, told] - values[:, told].mean(axis=0)) / spread[told]
        bounded: Floats = np.clip(scaled, -_FARTHEST, _FARTHEST).astype(np.float32)
        return bounded

    def reduced(self, dimensions: int = DIMENSIONS) -> Floats:
        """Return the first principal components of the scaled values.

        Parameters
        ----------
        dimensions : int
            How many, at least 1; fewer come of fewer columns.

        Returns
        -------
        ndarray of float32, shape (n, dimensions or fewer)
        """
        if isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1:
            raise ValueError(f"dimensions must be 1 or more, got {dimensions!r}")
        scaled = self.scaled()
        return components(scaled - scaled.mean(axis=0) if len(scaled) else scaled, dimensions)
