"""What a model says to one query: a score for every track, and whose doing each score is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Share:
    """What one track that was given adds to the score of another.

    Attributes
    ----------
    kind : str
        'playlists', 'artist' (the same), 'artists' (theirs stand together in playlists) or 'name'.
    track_id : int
        The track that speaks; of 'name' the track that is spoken of.
    value : float
    """

    kind: str
    track_id: int
    value: float


@dataclass(frozen=True)
class Answer:
    """The answer to one query.

    Attributes
    ----------
    scores : ndarray of float32, shape (tracks,)
    shares : callable
        Returns the shares of the track in a row. Where the model is a sum over the tracks given,
        they are its terms: the shares of two tracks differ, in sum, by as much as their scores.
        Where it is not, a share is what the score loses without the track that speaks.
    """

    scores: Floats
    shares: Callable[[int], list[Share]]


class Ranker(Protocol):
    """A model that gives every track of its catalogue a score."""

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the place of each track in the scores, -1 where it is unknown."""
        ...

    def answer(self, seeds: Ids) -> Answer | None:
        """Return what there is to say to these tracks; None where nothing is."""
        ...


Ask = Callable[[list[int]], Floats]


def by_parts(ask: Ask, seeds: list[int]) -> Answer:
    """Return the answer of a model whose score is the sum of what each seed alone gives."""
    part = cache(lambda seed: ask([seed]))
    return Answer(
        ask(seeds), lambda row: [Share("playlists", s, float(part(s)[row])) for s in seeds]
    )


def by_loss(ask: Ask, seeds: list[int]) -> Answer:
    """Return the answer of any model, each share being what the score loses without the seed."""
    scores = ask(seeds)
    without = cache(lambda seed: ask([s for s in seeds if s != seed]))

    def shares(row: int) -> list[Share]:
        return [Share("playlists", s, float(scores[row] - without(s)[row])) for s in seeds]

    return Answer(scores, shares)
