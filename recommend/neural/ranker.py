"""What all models of this package share: ids, the order of scores, checks of settings."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommend.answer import Answer, by_loss
from recommend.errors import NotFittedError
from recommend.interactions import IdTable, Interactions, as_ids
from recommend.ranking import top

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class Ranker(ABC):
    """A model that gives every track of its catalogue a score."""

    popularity_: Ids

    def __init__(self) -> None:
        self._table: IdTable | None = None

    @abstractmethod
    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track for these seeds, shape (tracks,), as `track_ids`."""

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores, and what each loses without a seed; None where none is known."""
        known = self._known(seeds)
        return by_loss(self.scores, self.track_ids[known].tolist()) if len(known) else None

    @property
    def track_ids(self) -> Ids:
        """Ids of the tracks that can be ranked, ascending, shape (tracks,)."""
        return self._fitted().ids

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the place of each track in `scores`, -1 where the model does not know it."""
        return self._fitted().rows_of(as_ids(ids, "ids"))

    def recommend(
        self, seeds: Iterable[int], n: int = 10, exclude: Iterable[int] = ()
    ) -> tuple[Ids, Floats]:
        """Return the `n` best tracks that are neither seeds nor excluded, best first.

        With no known seed every score is 0 and the most popular come first.

        Returns
        -------
        ids : ndarray of int64, shape (at most n,)
        scores : ndarray of float32, same shape
        """
        seeds = as_ids(seeds, "seeds")
        known = (self.rows_of(seeds) >= 0).any()
        return self._best(self.scores(seeds) if known else None, n, seeds, exclude)

    def _best(
        self, scores: Floats | None, n: int, seeds: Ids, exclude: Iterable[int]
    ) -> tuple[Ids, Floats]:
        """Return the best by score; by popularity, with scores of 0, where there are none."""
        hidden = self.rows_of(np.concatenate([seeds, as_ids(exclude, "exclude")]))
        ordered = self.popularity_.astype(np.float32) if scores is None else scores
        order = top(ordered, n, hidden[hidden >= 0])
        told = np.zeros(len(order), dtype=np.float32) if scores is None else scores[order]
        return self.track_ids[order], told

    def _known(self, seeds: Iterable[int]) -> Ids:
        """Return the places of the known seeds, in order, without repeats."""
        rows = self.rows_of(as_ids(seeds, "seeds"))
        rows = rows[rows >= 0]
        return rows[np.sort(np.unique(rows, return_index=True)[1])]

    def _take(self, interactions: Interactions) -> None:
        """Remember ids and popularity of what the model was fitted to."""
        self._table = IdTable(interactions.track_ids)
        self.popularity_ = interactions.popularity()

    def _restore(self, track_ids: Ids, popularity: Ids) -> None:
        self._table = IdTable(track_ids)
        self.popularity_ = popularity

    def _fitted(self) -> IdTable:
        if self._table is None:
            raise NotFittedError("fit or load the model before asking it")
        return self._table


def playlists_of(interactions: Interactions, least: int = 1) -> list[Ids]:
    """Return each playlist of at least so many tracks as columns, in its order.

    Raises
    ------
    ValueError
        If there is none.
    """
    matrix = interactions.matrix
    found = [
        columns.astype(np.int64)
        for columns in np.split(matrix.indices, matrix.indptr[1:-1])
        if len(columns) >= least
    ]
    if not found:
        raise ValueError(f"interactions must hold a playlist of at least {least} tracks, got none")
    return found


def require(name: str, value: float, lowest: float, highest: float) -> None:
    """Raise unless a number lies in a range; an integer is asked for where the ends are."""
    whole = isinstance(lowest, int) and isinstance(highest, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise TypeError(f"{name} must be {'an integer' if whole else 'a number'}, got {value!r}")
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise ValueError(f"{name} must lie in {lowest}..{highest}, got {value!r}")


def artist_numbers(ids: Ids, artists: Mapping[int, int] | None) -> Ids:
    """Return a small number for each track's artist, shape of `ids`; 0 where none is known."""
    known = artists or {}
    given = [known.get(int(t)) for t in ids]
    place = {who: i for i, who in enumerate(sorted({a for a in given if a is not None}), 1)}
    return np.array([0 if a is None else place[a] for a in given], dtype=np.int64)
