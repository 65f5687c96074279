"""Whose doing a score of the plain blend is: the terms of its sum over seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommend.answer import Share
from recommend.feedback import Session
from recommend.signals import WEIGHTS, Signals

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class Shares:
    """Called with a row, returns what each seed adds to the blend's score of that track.

    Parameters
    ----------
    signals : Signals
    seeds : ndarray of int64, shape (seeds,)
        Columns of known seeds.
    deviations : mapping of str to float
        Of each signal over all tracks: the unit of its z-scores.

    Notes
    -----
    The blend sums z-scores; a z-score is a sum over seeds, less the mean over all tracks, which is
    the same for each. The artists' factorisation counts an artist once: seeds of one artist divide
    its share evenly.
    """

    def __init__(self, signals: Signals, seeds: Ids, deviations: Mapping[str, float]) -> None:
        self._signals = signals
        self._seeds = seeds
        self._artists = signals.artist_of[seeds]
        self._worth = {
            name: weight / deviations[name] if deviations[name] > 1e-12 else 0.0
            for name, weight in WEIGHTS.items()
            if weight
        }
        self._of_artist = np.bincount(self._artists)[self._artists]  # seeds beside it, and itself

    def __call__(self, row: int) -> list[Share]:
        """Return a share a seed, of what playlists say and of what its artist does."""
        signals, ids = self._signals, self._signals.interactions.track_ids[self._seeds]
        main, _, by_artist = signals.models
        worth = self._worth
        factors = main.track_factors_[row]
        told = dict(zip(*(a.tolist() for a in self._main.explain_factors(factors)), strict=True))
        items = self._items(row)
        its_artist = by_artist.track_factors_[signals.artist_row[row]]
        artists = self._by_artist.explain_factors(its_artist)
        near = dict(zip(*(a.tolist() for a in artists), strict=True))
        found = []
        for place, seed in enumerate(ids.tolist()):
            played = worth["wrmf"] * told[seed] + worth["items"] * float(items[place])
            artist = int(self._artists[place])
            of_artist = worth["artists"] * near[artist] * float(signals.root_share[row])
            of_artist /= int(self._of_artist[place])
            same = artist == signals.artist_of[row]
            if same:
                of_artist += worth["same"] * float(signals.root_popularity[row])
            found.append(Share("playlists", seed, played))
            found.append(Share("artist" if same else "artists", seed, of_artist))
        return found

    @cached_property
    def _items(self) -> Callable[[int], Floats]:
        return self._signals.items.shares(self._seeds)

    @cached_property
    def _main(self) -> Session:
        ids = self._signals.interactions.track_ids[self._seeds]
        return Session(self._signals.models[0], ids)

    @cached_property
    def _by_artist(self) -> Session:
        return Session(self._signals.models[2], self._artists)
