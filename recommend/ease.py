"""EASE: the linear model of tracks by tracks, in its dual form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommend import modelfile
from recommend.answer import Answer, by_parts
from recommend.interactions import Interactions, Matrix
from recommend.scorer import Scorer

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "ease"
_MOST = 20_000  # playlists: their inverse is a dense square


class EASE(Scorer):
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
        super().__init__()

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
        self._keep(interactions, X, K.astype(np.float32))
        tied = np.empty(X.shape[1])
        for start in range(0, X.shape[1], 1024):
            part = self._by_track[start : start + 1024]
            tied[start : start + 1024] = np.asarray(part.multiply(part @ K).sum(axis=1)).ravel()
        self._track_weights: Floats = (1.0 / np.maximum(1.0 - tied, 1e-9)).astype(np.float32)
        return self

    def _keep(self, interactions: Interactions, X: Matrix, inverse: Floats) -> None:
        self._take(interactions)
        self._interactions = interactions
        self._matrix, self._inverse = X, inverse
        self._by_track: Matrix = X.T.tocsr()

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically; 4 bytes a pair of playlists."""
        self._fitted()
        arrays = {
            **self._interactions.arrays,
            "inverse": self._inverse,
            "track_weights": self._track_weights,
        }
        modelfile.write(path, _KIND, {"regularization": self.regularization}, arrays)

    @classmethod
    def load(cls, path: str | Path) -> EASE:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        settings, arrays = modelfile.read(path, _KIND)
        model = cls(**settings)
        interactions = Interactions.restore(arrays)
        X = interactions.matrix.copy()
        X.data = np.ones_like(X.data)
        modelfile.require_shape("inverse", arrays["inverse"], (X.shape[0], X.shape[0]))
        modelfile.require_shape("track_weights", arrays["track_weights"], (X.shape[1],))
        model._keep(interactions, X, arrays["inverse"])
        model._track_weights = arrays["track_weights"]
        return model

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track, shape (tracks,); that of a seed means nothing."""
        known = np.sort(self._known(seeds))
        gathered = np.asarray(self._by_track[known].sum(axis=0)).ravel()
        touched = np.flatnonzero(gathered)
        spread = gathered[touched].astype(np.float32) @ self._inverse[touched]
        return np.asarray(self._matrix.T @ spread, dtype=np.float32) * self._track_weights

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores with the share of each seed; None where no seed is known."""
        known = self._known(seeds)
        return by_parts(self.scores, self.track_ids[known].tolist()) if len(known) else None
