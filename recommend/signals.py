"""What several models say about one query, on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommend._zscores import zscores
from recommend.interactions import Interactions
from recommend.neighbours import item_neighbours, playlist_neighbours
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ids = NDArray[np.int64]

# of each signal in the plain blend; found by cross-validation on public playlists
WEIGHTS: Mapping[str, float] = {
    "wrmf": 1.0,
    "small": 0.0,
    "items": 0.3,
    "playlists": 0.0,
    "artists": 0.2,
    "same": 0.1,
}


class Signals:
    """The models of the blend, fitted to the same playlists.

    Parameters
    ----------
    interactions : Interactions
    artists : mapping of track id to int
        May be empty; a track without an artist counts as its own.
    factors : int
        Of the main factorisation.
    fitted : tuple of WRMF, optional
        Models that were fitted before (the main, the small, the artists').
    """

    def __init__(
        self,
        interactions: Interactions,
        artists: Mapping[int, int],
        factors: int = 128,
        fitted: tuple[WRMF, WRMF, WRMF] | None = None,
    ) -> None:
        ids = interactions.track_ids
        self.interactions = interactions
        self.popularity = interactions.popularity().astype(np.float32)
        self.artist_of = _artist_numbers(ids, artists)
        count = int(self.artist_of.max()) + 1
        sums = np.bincount(self.artist_of, weights=self.popularity, minlength=count)
        self.artist_popularity = sums[self.artist_of].astype(np.float32)
        share = self.popularity / self.artist_popularity
        self.root_share = np.sqrt(share).astype(np.float32)
        self.root_popularity = np.sqrt(self.popularity)
        self.items = item_neighbours().fit(interactions)
        self._playlists = playlist_neighbours().fit(interactions)
        if fitted is None:
            fitted = (
                WRMF(factors, regularization=0.02, iterations=8).fit(interactions),
                WRMF(max(factors // 2, 1), regularization=0.015, iterations=6).fit(interactions),
                WRMF(max(factors // 2, 1), regularization=0.015, iterations=8).fit(
                    self._artist_playlists()
                ),
            )
        self.models = fitted
        self.artist_row = np.searchsorted(fitted[2].track_ids, self.artist_of)
        self._artists = count
        self._small_mean: Doubles = fitted[1].track_factors_.mean(axis=0, dtype=np.float64)

    def known(self, seeds: Ids) -> Ids:
        """Return the columns of the seeds that stand in a playlist, without repeats, in order."""
        rows = self.interactions.rows_of(seeds)
        rows = rows[rows >= 0]
        return rows[np.sort(np.unique(rows, return_index=True)[1])]

    def ask(self, seeds: Ids) -> tuple[dict[str, Floats], dict[str, float]]:
        """Return the signals of the plain blend and 'playlists' as z-scores over all tracks.

        Parameters
        ----------
        seeds : ndarray of int64
            Columns of known seeds, at least one.

        Returns
        -------
        said : dict of str to ndarray of float32, shape (tracks,)
        deviations : dict of str to float
            The unit of each.
        """
        ids = self.interactions.track_ids[seeds]
        main, _, by_artist = self.models
        raw = {
            "wrmf": main.scores(ids),
            "items": self.items.scores(ids),
            "playlists": self._playlists.scores(ids),
            "artists": by_artist.scores(self.artist_of[seeds])[self.artist_row] * self.root_share,
            "same": self.same_artist(seeds) * self.root_popularity,
        }
        deviations = {name: zscores(values, values) for name, values in raw.items()}
        return raw, deviations

    def small(self, seeds: Ids, columns: Ids) -> Floats:
        """Return the small factorisation's z-scores of some tracks: the plain blend asks it not."""
        model = self.models[1]
        x = model.fold_in(self.interactions.track_ids[seeds])
        # over all tracks: the factors' Gram matrix is diagonal
        wide = x.astype(np.float64)
        mean = float(self._small_mean @ wide)
        variance = float(model.gram.astype(np.float64) @ wide**2) / len(model.track_ids) - mean**2
        if variance <= 1e-24:
            return np.zeros(len(columns), dtype=np.float32)
        scores: Floats = model.track_factors_[columns] @ x
        return (scores - np.float32(mean)) / np.float32(math.sqrt(variance))

    def same_artist(self, seeds: Ids) -> Floats:
        """Return how many seeds are by each track's artist."""
        counts = np.bincount(self.artist_of[seeds], minlength=self._artists).astype(np.float32)
        same: Floats = counts[self.artist_of]
        return same

    def _artist_playlists(self) -> Interactions:
        matrix = self.interactions.matrix
        columns = self.artist_of[matrix.indices]
        return Interactions.from_playlists(np.split(columns, matrix.indptr[1:-1]))


def blend(signals: Mapping[str, Floats]) -> Floats:
    """Return the weighted sum of the signals."""
    total = np.zeros_like(signals["wrmf"])
    for name, weight in WEIGHTS.items():
        if weight:
            total += np.float32(weight) * signals[name]
    return total


def standardise(values: Floats) -> Floats:
    """Return z-scores, all 0 where nothing varies."""
    out = np.empty(len(values), dtype=np.float32)
    zscores(values, out)
    return out


def _artist_numbers(ids: Ids, artists: Mapping[int, int]) -> Ids:
    """Return a small number for each track's artist."""
    given = [artists.get(int(t)) for t in ids]
    largest = max((a for a in given if a is not None), default=-1)
    own = iter(range(largest + 1, largest + 1 + len(ids)))
    numbers = [next(own) if a is None else a for a in given]
    return np.unique(np.array(numbers), return_inverse=True)[1].astype(np.int64)
