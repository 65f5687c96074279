"""Tracks that stand in the playlists which share a track with the seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dsp._jit import kernel
from recommend import modelfile
from recommend.answer import Answer, by_loss, by_parts
from recommend.interactions import Interactions
from recommend.scorer import Scorer

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "neighbours"


class Neighbours(Scorer):
    """Counts, for each track, the playlists it shares with the seeds.

        score(i) = pop_i ** -track_power * sum over playlists u holding i of v_u,
        v_u = len_u ** -length_power * (sum over seeds s in u of pop_s ** -seed_power) ** sharpness

    With sharpness 1 this is item-kNN over all neighbours (cosine where both powers of popularity
    are 0.5); above 1 playlists that share several seeds count for more, as in playlist-kNN.

    Parameters
    ----------
    seed_power, track_power, length_power : float
        0..1; how far popular tracks and long playlists are held back.
    sharpness : float
        0.5..4.

    Examples
    --------
    >>> interactions = Interactions.from_playlists([[1, 2], [1, 2, 5], [3, 4]])
    >>> item_neighbours().fit(interactions).recommend([1], 2)[0].tolist()
    [2, 5]
    """

    def __init__(
        self,
        seed_power: float = 0.5,
        track_power: float = 0.3,
        length_power: float = 0.5,
        sharpness: float = 1.0,
    ) -> None:
        for name, power in (
            ("seed_power", seed_power),
            ("track_power", track_power),
            ("length_power", length_power),
        ):
            if not 0 <= power <= 1:
                raise ValueError(f"{name} must lie in 0..1, got {power!r}")
        if not 0.5 <= sharpness <= 4:
            raise ValueError(f"sharpness must lie in 0.5..4, got {sharpness!r}")
        self.seed_power, self.track_power = seed_power, track_power
        self.length_power, self.sharpness = length_power, sharpness
        super().__init__()

    def fit(self, interactions: Interactions) -> Neighbours:
        """Take over the playlists; counts are not looked at."""
        self._take(interactions)
        self._interactions = interactions
        matrix = interactions.matrix
        self._playlists = _csr(matrix)
        self._tracks = _csr(sparse.csr_array(matrix.T))
        lengths = np.maximum(np.diff(matrix.indptr), 1).astype(np.float64)
        popularity = np.maximum(self.popularity_, 1).astype(np.float64)
        self._playlist_weights = (lengths**-self.length_power).astype(np.float32)
        self._seed_weights = (popularity**-self.seed_power).astype(np.float32)
        self._track_weights = (popularity**-self.track_power).astype(np.float32)
        return self

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track, shape (tracks,), 0 where no playlist is shared."""
        known = np.sort(self._known(seeds))
        out = np.zeros(len(self._track_weights), dtype=np.float32)
        shared = np.zeros(len(self._playlist_weights), dtype=np.float32)
        _spread(
            known,
            self._seed_weights,
            *self._tracks,
            *self._playlists,
            self._playlist_weights,
            np.float32(self.sharpness),
            shared,
            out,
        )
        return out * self._track_weights

    def shares(self, seeds: Ids) -> Callable[[int], Floats]:
        """Return what tells of a track, by row, what each seed alone gives it, shape (seeds,).

        With a sharpness of 1 they sum to the score. Seeds are rows, too.
        """
        ends, playlists = self._tracks
        of_seeds = [playlists[ends[seed] : ends[seed + 1]] for seed in seeds]
        together = np.concatenate(of_seeds)
        starts = np.cumsum([0, *(len(p) for p in of_seeds[:-1])])  # none is empty
        weights = self._seed_weights[seeds] ** np.float32(self.sharpness)
        votes = np.zeros(len(self._playlist_weights), dtype=np.float32)

        def of(row: int) -> Floats:
            holding = playlists[ends[row] : ends[row + 1]]
            votes[holding] = self._playlist_weights[holding]
            found: Floats = np.add.reduceat(votes[together], starts) * weights
            votes[holding] = 0.0
            found *= self._track_weights[row]
            return found

        return of

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores with the share of each seed; None where no seed is known."""
        known = self._known(seeds)
        if len(known) == 0:
            return None
        ids = self.track_ids[known].tolist()
        return (by_parts if self.sharpness == 1.0 else by_loss)(self.scores, ids)

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        self._fitted()
        settings = {
            "seed_power": self.seed_power,
            "track_power": self.track_power,
            "length_power": self.length_power,
            "sharpness": self.sharpness,
        }
        modelfile.write(path, _KIND, settings, self._interactions.arrays)

    @classmethod
    def load(cls, path: str | Path) -> Neighbours:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        settings, arrays = modelfile.read(path, _KIND)
        return cls(**settings).fit(Interactions.restore(arrays))


def item_neighbours() -> Neighbours:
    """Return item-kNN: cosine that holds popular tracks back a little less."""
    return Neighbours(seed_power=0.5, track_power=0.3, length_power=0.5, sharpness=1.0)


def playlist_neighbours() -> Neighbours:
    """Return playlist-kNN over all playlists that share a seed, the nearer the more."""
    return Neighbours(seed_power=0.5, track_power=0.0, length_power=0.6, sharpness=1.5)


def _csr(matrix: sparse.csr_array) -> tuple[Ids, NDArray[np.int32]]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)


@kernel
def _spread(
    seeds: Ids,
    seed_weights: Floats,
    track_ends: Ids,
    track_playlists: NDArray[np.int32],
    playlist_ends: Ids,
    playlist_tracks: NDArray[np.int32],
    playlist_weights: Floats,
    sharpness: np.float32,
    shared: Floats,
    out: Floats,
) -> None:
    """Walk from the seeds to their playlists and on to those playlists' tracks."""
    for s in range(len(seeds)):
        seed = seeds[s]
        for e in range(track_ends[seed], track_ends[seed + 1]):
            shared[track_playlists[e]] += seed_weights[seed]
    for s in range(len(seeds)):
        seed = seeds[s]
        for e in range(track_ends[seed], track_ends[seed + 1]):
            u = track_playlists[e]
            weight = shared[u]
            if weight > 0.0:
                shared[u] = 0.0  # the next seed in it need not walk it again
                if sharpness != 1.0:
                    weight = math.exp(sharpness * math.log(weight))
                weight *= playlist_weights[u]
                for t in range(playlist_ends[u], playlist_ends[u + 1]):
                    out[playlist_tracks[t]] += weight
