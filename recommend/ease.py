"""EASE: the linear model of tracks by tracks, in its dual form."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from recommend.errors import NotFittedError
from recommend.interactions import Interactions, Matrix, as_ids
from recommend.ranking import best

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_MOST = 20_000  # playlists: their inverse is a dense square


class EASE:
    """Weights of each track for each other that best restore the playlists, none for itself.

    B = I - P diag(1 / diag P), P = (X'X + regularization I)^-1. Neither is ever formed: with
    K = (XX' + regularization I)^-1, playlists by playlists, P = (I - X' K X) / regularization, so
    a query costs one row of K for each playlist that holds a seed.

    Parameters
    ----------
    regularization : float
        Above 0.

    Notes
    -----
    H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019), and Woodbury.

    Examples
    --------
    >>> interactions = Interactions.from_playlists([[1, 2], [1, 2], [1, 2, 5], [3, 4]])
    >>> EASE(regularization=1.0).fit(interactions).recommend([1], 1)[0].tolist()
    [2]
    """

    def __init__(self, regularization: float = 1000.0) -> None:
        if not (np.isfinite(regularization) and regularization > 0):
            raise ValueError(f"regularization must be above 0, got {regularization!r}")
        self.regularization = regularization
        self._interactions: Interactions | None = None

    def fit(self, interactions: Interactions) -> EASE:
        """Invert once; counts are not looked at.

        Raises
        ------
        ValueError
            If there are more than 20 000 playlists.
        """
        count = interactions.matrix.shape[0]
        if count > _MOST:
            raise ValueError(f"interactions must have at most {_MOST} playlists, got {count}")
        X = interactions.matrix.copy()
        X.data = np.ones_like(X.data)
        K = (X @ X.T).toarray().astype(np.float64)
        K[np.diag_indices_from(K)] += self.regularization
        K = np.linalg.inv(K)
        self._inverse: Floats = K.astype(np.float32)
        self._matrix: Matrix = X
        self._by_track: Matrix = X.T.tocsr()
        tied = np.empty(X.shape[1])
        for start in range(0, X.shape[1], 1024):
            part = self._by_track[start : start + 1024]
            tied[start : start + 1024] = np.asarray(part.multiply(part @ K).sum(axis=1)).ravel()
        self._track_weights = (1.0 / np.maximum(1.0 - tied, 1e-9)).astype(np.float32)
        self._interactions = interactions
        return self

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track, shape (tracks,); that of a seed means nothing."""
        rows = self._fitted().rows_of(as_ids(seeds, "seeds"))
        known = np.unique(rows[rows >= 0])
        gathered = np.asarray(self._by_track[known].sum(axis=0)).ravel()
        touched = np.flatnonzero(gathered)
        spread = gathered[touched].astype(np.float32) @ self._inverse[touched]
        return np.asarray(self._matrix.T @ spread, dtype=np.float32) * self._track_weights

    def recommend(
        self, seeds: Iterable[int], n: int = 10, exclude: Iterable[int] = ()
    ) -> tuple[Ids, Floats]:
        """Return the `n` best tracks that are neither seeds nor excluded, best first."""
        seeds = as_ids(seeds, "seeds")
        return best(self._fitted(), self.scores(seeds), n, seeds, exclude)

    def _fitted(self) -> Interactions:
        if self._interactions is None:
            raise NotFittedError("fit EASE before asking it")
        return self._interactions
