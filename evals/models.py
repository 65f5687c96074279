"""Every model that can be asked to continue a playlist, by the name the programs here use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommend import EASE, WRMF, Blend, EmbeddingTable, Interactions
from recommend.interactions import as_ids
from recommend.neighbours import item_neighbours, playlist_neighbours
from recommend.ranking import best, top


@dataclass(frozen=True)
class Taught:
    """What a model may learn from.

    Attributes
    ----------
    interactions : Interactions
    artists : mapping of track id to int
        Empty where they are unknown.
    names : sequence of str, optional
        Of the playlists.
    sound : EmbeddingTable, optional
    """

    interactions: Interactions
    artists: Mapping[int, int]
    names: Sequence[str] | None = None
    sound: EmbeddingTable | None = None


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


def _course(taught: Taught) -> Model:
    from recommend.neural.wrmf_sgd import SampledWRMF

    return SampledWRMF().fit(taught.interactions)


def _neural(taught: Taught) -> Model:
    from recommend.neural.continuation import Continuation

    return Continuation().fit(taught.interactions, taught.artists)


def _mean_variance(taught: Taught) -> Model:
    from recommend.neural.continuation import Continuation

    # its networks start from nothing, so it needs more steps than the default
    model = Continuation(pooling="mean-variance", grounded=False, epochs=8, learning_rate=3e-3)
    return model.fit(taught.interactions, taught.artists)


def _two_tower(taught: Taught) -> Model:
    from recommend.neural.two_tower import TwoTower

    sound = taught.sound
    vectors = dict(zip(sound.ids.tolist(), sound.vectors, strict=True)) if sound else None
    return TwoTower().fit(taught.interactions, taught.names, taught.artists, embeddings=vectors)


def _sound(taught: Taught) -> Model:
    if taught.sound is None:
        raise ValueError("the model 'sound' needs the embedding of the tracks")
    return Sound(taught.interactions, taught.sound)


MODELS: dict[str, Callable[[Taught], Model]] = {
    "popular": lambda taught: Popular(taught.interactions),
    "sound": _sound,
    "course": _course,  # WRMF from samples, by gradient descent
    "wrmf": lambda taught: WRMF(factors=128).fit(taught.interactions),
    "wrmf64": lambda taught: WRMF(factors=64).fit(taught.interactions),
    "items": lambda taught: item_neighbours().fit(taught.interactions),
    "playlists": lambda taught: playlist_neighbours().fit(taught.interactions),
    "ease": lambda taught: EASE().fit(taught.interactions),
    "mean-variance": _mean_variance,  # the plain reference of the neural model
    "neural": _neural,
    "two-tower": _two_tower,
    "blend": lambda taught: Blend(trees=0).fit(taught.interactions, taught.artists),
    "default": lambda taught: Blend().fit(taught.interactions, taught.artists),
}
