"""Where a track that nobody put in a playlist would stand among the factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommend import modelfile
from recommend.errors import FormatError
from recommend.table import EmbeddingTable
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ids = NDArray[np.int64]

_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # for each track that teaches


class ColdMap:
    """A ridge regression from z-scored embeddings to WRMF factors, steadied by artists.

    A track teaches with the square root of its popularity: the factors of a track in one playlist
    are mostly noise. The penalty is the one that predicts tracks left out best. Where the track's
    artist is known, the map is averaged with the mean of the artist's other tracks, each weighed
    by how well it predicts tracks left out; so a weak map gives way to the artist.

    Examples
    --------
    >>> from recommend import Interactions
    >>> wrmf = WRMF(factors=2).fit(Interactions.from_playlists([[1, 2], [1, 2], [3, 4], [3, 4]]))
    >>> table = EmbeddingTable("toy", 1, range(1, 6), [[0.0], [0.1], [1.0], [0.9], [1.1]])
    >>> ColdMap().fit(wrmf, table).predict([5]).shape
    (1, 2)
    """

    def fit(
        self, wrmf: WRMF, table: EmbeddingTable, artists: Mapping[int, int] | None = None
    ) -> ColdMap:
        """Learn from the tracks that stand in playlists and have an embedding.

        Parameters
        ----------
        wrmf : WRMF
        table : EmbeddingTable
        artists : mapping of track id to int, optional

        Notes
        -----
        `known_` is how many tracks taught; with none the map gives 0 everywhere.
        `explained_` is the share of the factors' variance that the map predicts for tracks left
        out, at most 1.
        """
        self._table = table
        self._artists = artists or {}
        both = table.rows_of(wrmf.track_ids) >= 0
        self.known_ = int(both.sum())
        self.explained_ = 0.0
        self._mean = np.zeros(wrmf.factors)
        self._weights = np.zeros((table.dimensions, wrmf.factors))
        self._error = 1.0
        if self.known_ > 0:
            X = table.standardised(wrmf.track_ids[both]).astype(np.float64)
            Y = wrmf.track_factors_[both].astype(np.float64)
            w = np.sqrt(np.maximum(wrmf.popularity_[both], 1)).astype(np.float64)
            self._regress(X, Y, w / w.mean())
        self._learn_artists(wrmf)
        return self

    def predict(self, ids: Ids | list[int]) -> Floats:
        """Return factors for tracks of the table, shape (len(ids), factors).

        Raises
        ------
        ValueError
            If a track has no embedding.
        """
        z = self._table.standardised(ids)
        factors: Floats = z @ self._weights.astype(np.float32) + self._mean.astype(np.float32)
        row = self._artist_rows(np.asarray(ids, dtype=np.int64))
        known = row >= 0
        doubt = self._artist_error * (1.0 + 1.0 / self._artist_counts[row[known]])
        trust = (self._error / np.maximum(self._error + doubt, 1e-30)).astype(np.float32)
        factors[known] += trust[:, None] * (self._artist_means[row[known]] - factors[known])
        return factors

    @property
    def settings(self) -> dict[str, float]:
        """What beside `arrays` and artists a map consists of."""
        return {"known": self.known_, "explained": self.explained_, "error": self._error}

    @property
    def arrays(self) -> modelfile.Arrays:
        """The map: `weights` (dimensions, factors) of z-scores, and `mean` (factors)."""
        return {"weights": self._weights, "mean": self._mean}

    @classmethod
    def restore(
        cls,
        settings: Mapping[str, Any],
        arrays: modelfile.Arrays,
        wrmf: WRMF,
        table: EmbeddingTable,
        artists: Mapping[int, int] | None = None,
    ) -> ColdMap:
        """Make a map from what another one's `settings` and `arrays` gave.

        It was fitted to `wrmf` and `table`; artists may be others by now.

        Raises
        ------
        FormatError
            If its size is not that of the factors and embeddings.
        """
        mapping = cls()
        mapping._table, mapping._artists = table, artists or {}
        mapping._weights, mapping._mean = arrays["weights"], arrays["mean"]
        wanted = (table.dimensions, wrmf.factors)
        if mapping._weights.shape != wanted or mapping._mean.shape != wanted[1:]:
            raise FormatError(f"weights must have shape {wanted}, got {mapping._weights.shape}")
        mapping.known_ = int(settings["known"])
        mapping.explained_, mapping._error = settings["explained"], settings["error"]
        mapping._learn_artists(wrmf)
        return mapping

    def _regress(self, X: Doubles, Y: Doubles, w: Doubles) -> None:
        x_mean, y_mean = (w @ X) / w.sum(), (w @ Y) / w.sum()
        X, Y = X - x_mean, Y - y_mean
        values, basis = np.linalg.eigh(X.T @ (w[:, None] * X))
        rotated, target = X @ basis, basis.T @ (X.T @ (w[:, None] * Y))
        variance = float((w @ Y**2).sum() / w.sum())
        best = np.inf
        for penalty in _PENALTIES:
            inverse = 1.0 / (np.maximum(values, 0.0) + penalty * len(X))
            solution = inverse[:, None] * target
            # the part of a track's own prediction that is its own doing, the mean's share included
            own = w * (rotated**2 @ inverse) + w / w.sum()
            left_out = (Y - rotated @ solution) / np.maximum(1.0 - own, 1e-3)[:, None]
            error = float((w @ left_out**2).sum() / w.sum())
            if error < best:
                best, chosen = error, solution
        self._weights = basis @ chosen
        self._mean = y_mean - x_mean @ self._weights
        self._error = best
        self.explained_ = 1.0 - best / max(variance, 1e-30)

    def _learn_artists(self, wrmf: WRMF) -> None:
        """Take each artist's mean, and how far a track lies from its artist's other tracks."""
        given = [self._artists.get(track_id) for track_id in wrmf.track_ids.tolist()]
        known = np.array([artist is not None for artist in given], dtype=bool)
        self._artist_ids, row = np.unique(
            np.array([a for a in given if a is not None], dtype=np.int64), return_inverse=True
        )
        self._artist_counts = np.bincount(row, minlength=len(self._artist_ids))
        factors = wrmf.track_factors_.astype(np.float64)
        means = np.zeros((len(self._artist_ids), wrmf.factors))
        for f in range(wrmf.factors):
            means[:, f] = np.bincount(row, factors[known, f], len(means)) / self._artist_counts
        self._artist_means: Floats = means.astype(np.float32)
        squares = float(((factors[known] - means[row]) ** 2).sum())
        freedom = len(row) - len(means)
        whole = float((factors**2).sum(axis=1).mean()) if len(factors) else 0.0
        self._artist_error = squares / freedom if freedom else whole

    def _artist_rows(self, ids: Ids) -> Ids:
        """Return the row of each track's artist among the means, -1 where there is none."""
        row = np.full(len(ids), -1, dtype=np.int64)
        if len(self._artist_ids):
            given = [(i, self._artists.get(t)) for i, t in enumerate(ids.tolist())]
            pairs = np.array([(i, a) for i, a in given if a is not None], np.int64).reshape(-1, 2)
            at = np.minimum(
                np.searchsorted(self._artist_ids, pairs[:, 1]), len(self._artist_ids) - 1
            )
            met = self._artist_ids[at] == pairs[:, 1]
            row[pairs[met, 0]] = at[met]
        return row
