"""What models of a fixed catalogue share: ids, the order of scores, whose doing they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommend.answer import Answer, by_loss
from recommend.errors import NotFittedError
from recommend.interactions import IdTable, Interactions, as_ids
from recommend.modelfile import require_shape
from recommend.ranking import top

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class Scorer(ABC):
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
        require_shape("popularity", popularity, (len(track_ids),))
        self._table = IdTable(track_ids)
        self.popularity_ = popularity

    def _fitted(self) -> IdTable:
        if self._table is None:
            raise NotFittedError("fit or load the model before asking it")
        return self._table
