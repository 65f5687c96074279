"""Where a track that nobody put in a playlist would stand among the factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommend.table import EmbeddingTable
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]


class ColdMap:
    """A ridge regression from z-scored embeddings to WRMF factors.

    Each track that has both counts with the square root of its popularity: factors of a track in
    one playlist are mostly noise.

    Parameters
    ----------
    regularization : float
        Penalty for each track that teaches, above 0.
    """

    def __init__(self, regularization: float = 1.0) -> None:
        if not (np.isfinite(regularization) and regularization > 0):
            raise ValueError(f"regularization must be above 0, got {regularization!r}")
        self.regularization = regularization

    def fit(self, wrmf: WRMF, table: EmbeddingTable) -> ColdMap:
        """Learn the map from the tracks that stand in playlists and have an embedding.

        With no such track the map gives 0 everywhere.
        """
        rows = table.rows_of(wrmf.track_ids)
        both = rows >= 0
        self.known_ = int(both.sum())
        self.mean_ = np.zeros(wrmf.factors, dtype=np.float32)
        self.weights_ = np.zeros((table.dimensions, wrmf.factors), dtype=np.float32)
        if self.known_ == 0:
            return self
        X = table.standardised(wrmf.track_ids[both]).astype(np.float64)
        Y = wrmf.track_factors_[both].astype(np.float64)
        w = np.sqrt(np.maximum(wrmf.popularity_[both], 1)).astype(np.float64)
        w /= w.mean()
        x_mean = (w @ X) / w.sum()
        y_mean = (w @ Y) / w.sum()
        Xc, Yc = X - x_mean, Y - y_mean
        A = Xc.T @ (w[:, None] * Xc)
        # one unit of penalty a dimension and track keeps the map steady when tracks are few
        A[np.diag_indices_from(A)] += self.regularization * (len(X) + X.shape[1])
        solution = np.linalg.solve(A, Xc.T @ (w[:, None] * Yc))
        self.weights_ = solution.astype(np.float32)
        self.mean_ = (y_mean - x_mean @ solution).astype(np.float32)
        return self

    def predict(self, standardised: Floats) -> Floats:
        """Return factors for z-scored embeddings, shape (n, dimensions) -> (n, factors)."""
        return standardised @ self.weights_ + self.mean_
