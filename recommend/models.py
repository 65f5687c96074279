"""The models that can be trained on playlists, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recommend.answer import Ranker
from recommend.blend import Blend
from recommend.ease import EASE
from recommend.interactions import Interactions
from recommend.neighbours import Neighbours, item_neighbours
from recommend.table import EmbeddingTable


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


class Model(Ranker, Protocol):
    """A model that was trained and can be stored."""

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        ...


@dataclass(frozen=True)
class Kind:
    """One of the models.

    Attributes
    ----------
    about : str
        What it is, in a few words.
    fit : callable
        Makes it from what there is to learn, and goes on from a checkpoint where one is there.
    load : callable
        Maps a stored one.
    version : int
        Grows when the same playlists would give another model.
    """

    about: str
    fit: Callable[[Taught, Path | None], Model]
    load: Callable[[Path], Model]
    version: int = 1


def _default(taught: Taught, checkpoint: Path | None) -> Model:
    return Blend().fit(taught.interactions, taught.artists, checkpoint)


def _blend(taught: Taught, checkpoint: Path | None) -> Model:
    return Blend(trees=0).fit(taught.interactions, taught.artists, checkpoint)


def _ease(taught: Taught, _: Path | None) -> Model:
    return EASE().fit(taught.interactions)


def _knn(taught: Taught, _: Path | None) -> Model:
    return item_neighbours().fit(taught.interactions)


def _neural(taught: Taught, checkpoint: Path | None) -> Model:
    from recommend.neural.continuation import Continuation

    return Continuation().fit(taught.interactions, taught.artists, checkpoint)


def _load_neural(path: Path) -> Model:
    from recommend.neural.continuation import Continuation

    return Continuation.load(path)


def _two_tower(taught: Taught, checkpoint: Path | None) -> Model:
    from recommend.neural.two_tower import TwoTower

    sound = taught.sound
    vectors = dict(zip(sound.ids.tolist(), sound.vectors, strict=True)) if sound else None
    return TwoTower().fit(
        taught.interactions, taught.names, taught.artists, None, vectors, checkpoint
    )


def _load_two_tower(path: Path) -> Model:
    from recommend.neural.two_tower import TwoTower

    return TwoTower.load(path)


def _samples(taught: Taught, checkpoint: Path | None) -> Model:
    from recommend.neural.wrmf_sgd import SampledWRMF

    return SampledWRMF().fit(taught.interactions, checkpoint)


def _load_samples(path: Path) -> Model:
    from recommend.neural.wrmf_sgd import SampledWRMF

    return SampledWRMF.load(path)


MODELS: Mapping[str, Kind] = {
    "default": Kind("the blend, put in order by trees", _default, Blend.load),
    "blend": Kind("factorisation, neighbours and artists in one sum", _blend, Blend.load),
    "ease": Kind("a linear model of tracks by tracks", _ease, EASE.load),
    "knn": Kind("playlists shared with the tracks given", _knn, Neighbours.load),
    "neural": Kind("attention over the tracks given (torch)", _neural, _load_neural),
    "two-tower": Kind("also knows names of playlists (torch)", _two_tower, _load_two_tower),
    "wrmf-sgd": Kind("factorisation by samples (torch)", _samples, _load_samples),
}
