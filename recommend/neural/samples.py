"""Pairs of playlist and track to learn from: those that are, and as many that are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from recommend.interactions import IdTable, Interactions, as_ids

Ids = NDArray[np.int64]
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class TrackMaps:
    """The ways between a track's id, its index in the matrices, and what is known about it.

    Parameters
    ----------
    track_ids : ndarray of int64, shape (tracks,)
        Ascending, without repeats; the index of a track is its place here.
    metadata : mapping of track id to anything, optional
        Such as names.

    Examples
    --------
    >>> maps = TrackMaps(np.array([10, 20]), {20: "Morning Mood"})
    >>> maps.indices([20, 7]).tolist(), maps.ids([1]).tolist(), maps.metadata(1), maps.metadata(0)
    ([1, -1], [20], 'Morning Mood', None)
    """

    def __init__(self, track_ids: Ids, metadata: Mapping[int, Any] | None = None) -> None:
        self._table = IdTable(track_ids)
        self._metadata = dict(metadata or {})

    def __len__(self) -> int:
        return len(self._table.ids)

    def indices(self, track_ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the index of each id, -1 where it is unknown."""
        return self._table.rows_of(as_ids(track_ids, "track_ids"))

    def ids(self, indices: ArrayLike | Iterable[int]) -> Ids:
        """Return the track id at each index."""
        return self._table.ids[as_ids(indices, "indices")]

    def metadata(self, index: int) -> Any:
        """Return what was given for the track at an index, None where nothing was."""
        return self._metadata.get(int(self._table.ids[index]))


class InteractionSamples(Dataset[Batch]):
    """Every interaction once, and as many random pairs that are none.

    Sample s is (playlist, track, feedback, confidence); feedback is 1 in the first half and 0 in
    the second. A playlist gets as many negatives as it has tracks, each a track that it does not
    hold; one that holds every track gets none.

    Parameters
    ----------
    interactions : Interactions
    alpha : float
        The confidence of a positive is 1 + alpha * count, of a negative 1.
    seed : int
        Of the negatives.
    """

    def __init__(self, interactions: Interactions, alpha: float, seed: int = 0) -> None:
        matrix = interactions.matrix
        self.tracks = matrix.shape[1]
        self._random = np.random.default_rng(seed)
        self._playlists = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        self._positives = matrix.indices.astype(np.int64)
        self._confidence = (1.0 + alpha * matrix.data).astype(np.float32)
        self._held = np.sort(self._playlists * self.tracks + self._positives)
        lengths = np.diff(matrix.indptr)
        self._unsure = self._playlists[lengths[self._playlists] < self.tracks]
        self.draw()

    def draw(self) -> None:
        """Draw other negatives."""
        drawn = self._random.integers(0, self.tracks, len(self._unsure))
        while len(wrong := np.flatnonzero(self._holds(drawn))):
            drawn[wrong] = self._random.integers(0, self.tracks, len(wrong))
        self._negatives = drawn

    def __len__(self) -> int:
        return len(self._positives) + len(self._negatives)

    def __getitem__(self, index: int) -> Batch:
        return self.batch([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        return self.batch(indices)  # torch's own name for fetching many at once

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return playlists, tracks, feedback and confidence of samples, each shape (samples,)."""
        at = np.asarray(indices, dtype=np.int64)
        positive = at < len(self._positives)
        a, b = at[positive], at[~positive] - len(self._positives)
        order = np.argsort(np.concatenate([np.flatnonzero(positive), np.flatnonzero(~positive)]))
        playlists = np.concatenate([self._playlists[a], self._unsure[b]])[order]
        tracks = np.concatenate([self._positives[a], self._negatives[b]])[order]
        sure = np.concatenate([self._confidence[a], np.ones(len(b), dtype=np.float32)])[order]
        return (
            torch.from_numpy(playlists),
            torch.from_numpy(tracks),
            torch.from_numpy(positive.astype(np.float32)),
            torch.from_numpy(sure),
        )

    def loader(self, batch_size: int, generator: torch.Generator) -> DataLoader[Batch]:
        """Return batches of all samples in random order."""
        # the dataset gives whole batches, so there is nothing left to put together
        order = self.order(batch_size, generator)
        return DataLoader(self, batch_sampler=order, collate_fn=_as_it_is)

    def order(self, batch_size: int, generator: torch.Generator) -> BatchSampler:
        """Return batches of the numbers of all samples in random order."""
        return BatchSampler(RandomSampler(self, generator=generator), batch_size, drop_last=False)

    def _holds(self, tracks: Ids) -> NDArray[np.bool_]:
        keys = self._unsure * self.tracks + tracks
        at = np.minimum(np.searchsorted(self._held, keys), len(self._held) - 1)
        held: NDArray[np.bool_] = self._held[at] == keys
        return held


def _as_it_is(batch: Any) -> Any:
    return batch
