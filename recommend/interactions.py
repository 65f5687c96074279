"""Playlists as a sparse matrix, with the way from track id to column and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from recommend.errors import FormatError

Matrix: TypeAlias = "sparse.csr_array[Any, tuple[int, int]]"

MAX_COUNT = 1e6  # more plays of one track say nothing more, and float32 sums stay exact enough


def as_ids(values: ArrayLike | Iterable[int], name: str) -> NDArray[np.int64]:
    """Return track ids as a flat int64 array, or raise naming the parameter.

    Raises
    ------
    TypeError
        If a value is not an integer.
    """
    array = np.asarray(values if isinstance(values, np.ndarray) else list(values))  # type: ignore[arg-type]
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be a flat sequence of integer track ids, got {array.dtype}")
    return array.astype(np.int64)


class IdTable:
    """Sorted track ids with their columns.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Track ids without repeats, ascending.
    """

    def __init__(self, ids: NDArray[np.int64]) -> None:
        if ids.ndim != 1 or (np.diff(ids) <= 0).any():
            raise ValueError("track_ids must be flat, ascending and without repeats")
        self.ids = ids

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each id, -1 where the id is unknown."""
        if len(self.ids) == 0 or len(ids) == 0:
            return np.full(len(ids), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        at[self.ids[at] != ids] = -1
        return at


class Interactions:
    """Which playlist holds which track, and how often it was played.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (playlists, tracks), float32
        Counts above zero. A row's columns stand in the playlist's order.
    track_ids : ndarray of int64, shape (tracks,)
        Ascending; column j belongs to `track_ids[j]`.
    """

    def __init__(self, matrix: Matrix, track_ids: NDArray[np.int64]) -> None:
        if matrix.shape[1] != len(track_ids):
            raise ValueError(
                f"track_ids must have one entry a column ({matrix.shape[1]}), got {len(track_ids)}"
            )
        self.matrix = matrix
        self._table = IdTable(track_ids)

    @property
    def track_ids(self) -> NDArray[np.int64]:
        """Track ids, ascending, one a column."""
        return self._table.ids

    @classmethod
    def from_playlists(
        cls,
        playlists: Iterable[Sequence[int] | NDArray[np.int64]],
        counts: Iterable[Sequence[float] | NDArray[np.float32]] | None = None,
    ) -> Interactions:
        """Build the matrix from one sequence of track ids a playlist.

        Parameters
        ----------
        playlists : iterable of sequences of int
            Without counts a track that is repeated in one playlist counts once; an empty playlist
            keeps its (empty) row.
        counts : iterable of sequences of float, optional
            Plays of each entry, above 0; those of repeated entries add up.

        Returns
        -------
        Interactions

        Raises
        ------
        TypeError, ValueError
            If an id is not an integer, or a count is not finite, above 0 and beside an id.

        Examples
        --------
        >>> Interactions.from_playlists([[10, 20], [20, 30]]).track_ids.tolist()
        [10, 20, 30]
        """
        lists = [as_ids(p, "playlists") for p in playlists]
        flat = np.concatenate(lists) if lists else np.empty(0, dtype=np.int64)
        if counts is None:
            plays = np.ones(len(flat), dtype=np.float32)
        else:
            plays = _flat_counts(counts, lists)
        rows = np.repeat(np.arange(len(lists)), [len(p) for p in lists])
        ids, columns = np.unique(flat, return_inverse=True)
        columns = columns.reshape(-1).astype(np.int32)
        keys = rows * max(len(ids), 1) + columns
        if (np.diff(np.sort(keys)) == 0).any():
            _, first, place = np.unique(keys, return_index=True, return_inverse=True)
            kept = np.sort(first)
            if counts is not None:
                plays = np.bincount(place.reshape(-1), weights=plays)[place.reshape(-1)[kept]]
            rows, columns, plays = rows[kept], columns[kept], plays[: len(kept)]
        ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(lists)))])
        entries: Any = (plays.astype(np.float32), columns, ends)
        return cls(sparse.csr_array(entries, shape=(len(lists), len(ids))), ids)

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> NDArray[np.int64]:
        """Return the column of each track id, -1 where it stands in no playlist."""
        return self._table.rows_of(as_ids(ids, "ids"))

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `restore` makes the same interactions of, by name."""
        return {
            "track_ids": self.track_ids,
            "indptr": self.matrix.indptr.astype(np.int64),
            "indices": self.matrix.indices.astype(np.int32),
            "counts": self.matrix.data,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Interactions:
        """Make interactions of the `arrays` of others.

        Raises
        ------
        FormatError
            If they do not belong together.
        """
        entries: Any = (arrays["counts"], arrays["indices"], arrays["indptr"])
        shape = len(arrays["indptr"]) - 1, len(arrays["track_ids"])
        try:
            matrix = sparse.csr_array(entries, shape=shape)
            matrix.check_format()  # kernels trust it
            return cls(matrix, arrays["track_ids"])
        except ValueError as error:
            raise FormatError(f"the model's playlists are damaged: {error}") from None

    def digest(self, *more: ArrayLike) -> str:
        """Return a name of these playlists and further arrays: of others, another name."""
        total = hashlib.sha256()
        for part in (*self.arrays.values(), *more):
            total.update(np.ascontiguousarray(part).tobytes())
        return total.hexdigest()

    def popularity(self) -> NDArray[np.int64]:
        """Return in how many playlists each track stands, shape (tracks,)."""
        return np.bincount(self.matrix.indices, minlength=self.matrix.shape[1]).astype(np.int64)


def _flat_counts(
    counts: Iterable[Sequence[float] | NDArray[np.float32]], lists: list[NDArray[np.int64]]
) -> NDArray[np.float32]:
    given = [np.asarray(c, dtype=np.float64).reshape(-1) for c in counts]
    if [len(c) for c in given] != [len(p) for p in lists]:
        raise ValueError("counts must hold one count for each track of each playlist")
    flat = np.concatenate(given) if given else np.empty(0)
    if not (np.isfinite(flat).all() and (flat > 0).all() and (flat <= MAX_COUNT).all()):
        bad = flat[~((flat > 0) & (flat <= MAX_COUNT))][0]
        raise ValueError(f"counts must lie above 0 and up to {MAX_COUNT:g}, got {bad}")
    return flat.astype(np.float32)
