"""Every model that can be asked to continue a playlist, by the name the programs here use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from recommend import WRMF, EmbeddingTable, Interactions
from recommend import models as trained
from recommend.interactions import as_ids
from recommend.models import Taught
from recommend.neighbours import playlist_neighbours
from recommend.ranking import best, top


class Model(Protocol):
    """What every model here offers."""

    def recommend(self, seeds: Any, n: int) -> tuple[Any, Any]:
        """Return the best `n` tracks for the seeds, and their scores."""
        ...


class Popular:
    """The same list for everyone: what stands in most playlists."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions

    def recommend(self, seeds: Any, n: int) -> tuple[Any, Any]:
        """Return the most popular tracks that are no seeds."""
        popularity = self._interactions.popularity().astype(np.float32)
        return best(self._interactions, popularity, n, as_ids(seeds, "seeds"), ())


class Sound:
    """Likeness of the sound alone: the mean cosine to the seeds, of the tracks in playlists."""

    def __init__(self, interactions: Interactions, table: EmbeddingTable) -> None:
        self._table = table
        self._unused = np.setdiff1d(table.ids, interactions.track_ids)

    def recommend(self, seeds: Any, n: int) -> tuple[Any, Any]:
        """Return the tracks that sound most like the seeds."""
        known = [int(t) for t in as_ids(seeds, "seeds") if t in self._table]
        total: NDArray[np.float32] = np.zeros(len(self._table), dtype=np.float32)
        for track in known:
            total += self._table.similarities(self._table.vector(track))
        hidden = self._table.rows_of(np.concatenate([self._unused, known]).astype(np.int64))
        order = top(total, n, hidden)
        return self._table.ids[order], total[order]


def _mean_variance(taught: Taught) -> Model:
    from recommend.neural.continuation import Continuation

    # its networks start from nothing, so it needs more steps than the default
    model = Continuation(pooling="mean-variance", grounded=False, epochs=8, learning_rate=3e-3)
    return model.fit(taught.interactions, taught.artists)


def _as_in_a_library(name: str) -> Callable[[Taught], Model]:
    return lambda taught: cast(Model, trained.MODELS[name].fit(taught, None))


def _sound(taught: Taught) -> Model:
    if taught.sound is None:
        raise ValueError("the model 'sound' needs the embedding of the tracks")
    return Sound(taught.interactions, taught.sound)


MODELS: dict[str, Callable[[Taught], Model]] = {
    "popular": lambda taught: Popular(taught.interactions),
    "sound": _sound,
    "course": _as_in_a_library("wrmf-sgd"),  # WRMF from samples, by gradient descent
    "wrmf": lambda taught: WRMF(factors=128).fit(taught.interactions),
    "wrmf64": lambda taught: WRMF(factors=64).fit(taught.interactions),
    "items": _as_in_a_library("knn"),
    "playlists": lambda taught: playlist_neighbours().fit(taught.interactions),
    "ease": _as_in_a_library("ease"),
    "mean-variance": _mean_variance,  # the plain reference of the neural model
    "neural": _as_in_a_library("neural"),
    "two-tower": _as_in_a_library("two-tower"),
    "blend": _as_in_a_library("blend"),
    "default": _as_in_a_library("default"),
}
