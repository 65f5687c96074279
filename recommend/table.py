"""The embeddings of a library, searched exactly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommend import modelfile
from recommend.embedding import Embedding, Kind
from recommend.errors import FormatError
from recommend.interactions import IdTable, as_ids
from recommend.ranking import top

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "embeddings"
_LEARNT_FROM = 4096  # tracks, evenly taken, are enough to learn directions of most variance from
_SHORTEST = 1e-12  # a track at the very mean of the library is like nothing


class EmbeddingTable:
    """One embedding a track, compared by the cosine of their z-scores.

    Parameters
    ----------
    name : str
    version : int
        Of the embedding all vectors come from.
    ids : sequence of int
        Track ids without repeats, in any order.
    vectors : array_like, shape (len(ids), dimensions)
        Finite.

    Raises
    ------
    ValueError
        If shapes disagree, an id is repeated or a value is not finite.

    Notes
    -----
    z-scored with the library's own mean and deviation: measured better than the plain cosine.
    The mean and deviation never need a second copy of the vectors: they are folded into the query,
    so a mapped file of 100 000 x 200 is scanned as it lies.

    Examples
    --------
    >>> table = EmbeddingTable("toy", 1, [7, 8, 9], [[0, 1], [0.1, 1], [1, 0]])
    >>> table.nearest(7, 1)[0].tolist()
    [8]
    """

    def __init__(self, name: str, version: int, ids: Iterable[int], vectors: ArrayLike) -> None:
        given = as_ids(ids, "ids")
        matrix = np.asarray(vectors, dtype=np.float32)
        if matrix.ndim != 2 or len(matrix) != len(given):
            raise ValueError(
                f"vectors must have shape ({len(given)}, dimensions), got {matrix.shape}"
            )
        if not np.isfinite(matrix).all():
            bad = given[~np.isfinite(matrix).all(axis=1)][0]
            raise ValueError(f"vectors must be finite, got NaN or infinity for track {bad}")
        order = np.argsort(given, kind="stable")
        if (np.diff(given[order]) == 0).any():
            raise ValueError("ids must not repeat")
        self.name, self.version, self.whole = name, version, True
        self.vectors: Floats = np.ascontiguousarray(matrix[order])
        self._table = IdTable(given[order])
        mean, deviation = np.zeros((2, matrix.shape[1]))
        if len(given):
            mean = self.vectors.mean(axis=0, dtype=np.float64)
            deviation = self.vectors.std(axis=0, dtype=np.float64)
        # a dimension that never varies (or two tracks only) says nothing about likeness
        flat = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-6)
        self.mean: Floats = mean.astype(np.float32)
        self.inverse: Floats = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, deviation)).astype(
            np.float32
        )
        self._lengths: Floats = _lengths(self.vectors, self.mean, self.inverse)

    @property
    def ids(self) -> Ids:
        """Track ids, ascending; row j of `vectors` belongs to `ids[j]`."""
        return self._table.ids

    @property
    def dimensions(self) -> int:
        """Length of one vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, int | np.integer) and self.rows_of([int(track_id)])[0] >= 0

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the row of each track, -1 where it is unknown."""
        return self._table.rows_of(as_ids(ids, "ids"))

    def require(self, embedding: Embedding | Kind) -> None:
        """Refuse an embedding that these vectors do not come from.

        Raises
        ------
        FormatError
        """
        theirs = (embedding.name, embedding.version, embedding.dimensions)
        if theirs != (self.name, self.version, self.dimensions):
            raise FormatError(
                f"the table holds {self.name} version {self.version} ({self.dimensions} values),"
                f" not {theirs[0]} version {theirs[1]} ({theirs[2]} values)"
            )

    def vector(self, track_id: int) -> Floats:
        """Return the embedding of a track.

        Raises
        ------
        ValueError
            If the track has none.
        """
        row = int(self.rows_of([track_id])[0])
        if row < 0:
            raise ValueError(f"track_id must have an embedding in the table, got {track_id}")
        vector: Floats = self.vectors[row]
        return vector

    def standardised(self, ids: ArrayLike | Iterable[int]) -> Floats:
        """Return the z-scores of known tracks, shape (len(ids), dimensions)."""
        rows = self.rows_of(ids)
        if (rows < 0).any():
            raise ValueError("ids must have an embedding in the table")
        z: Floats = (self.vectors[rows] - self.mean) * self.inverse
        return z

    def similarities(self, vector: ArrayLike) -> Floats:
        """Return the cosine of each track's z-scores to those of `vector`, -1..1.

        Raises
        ------
        ValueError
            If the vector has another length or a value is not finite.
        """
        query = np.asarray(vector, dtype=np.float32)
        if query.shape != (self.dimensions,) or not np.isfinite(query).all():
            raise ValueError(f"vector must hold {self.dimensions} finite values")
        z = (query - self.mean) * self.inverse
        weights = z * self.inverse
        dots = self.vectors @ weights - np.float32(self.mean @ weights)
        length = max(float(np.linalg.norm(z)), _SHORTEST)
        return np.clip(dots / (self._lengths * length), -1.0, 1.0).astype(np.float32)

    def directions(self, ids: ArrayLike | Iterable[int]) -> Floats:
        """Return the z-scores of known tracks, each of length 1: their products are cosines."""
        z = self.standardised(ids)
        lengths: Floats = self._lengths[self.rows_of(ids)]
        units: Floats = z / lengths[:, None]
        return units

    def along(self, direction: ArrayLike) -> Floats:
        """Return the product of each track's direction with `direction`, of z-scores too.

        For a weighted sum of `directions` that is the weighted sum of cosines, in one pass.
        """
        weights = np.asarray(direction, dtype=np.float32) * self.inverse
        dots = self.vectors @ weights - np.float32(self.mean @ weights)
        products: Floats = (dots / self._lengths).astype(np.float32)
        return products

    def nearest(
        self, query: int | ArrayLike, n: int = 10, exclude: Iterable[int] = ()
    ) -> tuple[Ids, Floats]:
        """Return the tracks that sound most like a track or a vector, by cosine, best first.

        Parameters
        ----------
        query : int or array_like, shape (dimensions,)
            A track id (which is then not in the answer) or an embedding.
        """
        hidden = [self.rows_of(exclude)]
        if isinstance(query, int | np.integer):
            hidden.append(self.rows_of([int(query)]))
            query = self.vector(int(query))
        rows = np.concatenate(hidden)
        cosines = self.similarities(query)
        order = top(cosines, n, rows[rows >= 0])
        return self.ids[order], cosines[order]

    def reduced(self, dimensions: int) -> EmbeddingTable:
        """Return a table of the first principal components of the z-scores.

        Its cosines are nearly those of this table, at a fraction of the memory and time; its
        vectors are those of `vector` alone, no longer those of the embedding.

        Parameters
        ----------
        dimensions : int
            How many, 1 to `self.dimensions`.
        """
        if not 1 <= dimensions <= self.dimensions:
            raise ValueError(f"dimensions must be 1 to {self.dimensions}, got {dimensions}")
        some = np.unique(np.linspace(0, max(len(self) - 1, 0), min(len(self), _LEARNT_FROM)))
        z = self.standardised(self.ids[some.astype(np.int64)]) if len(self) else self.vectors
        basis = _principal(z, dimensions)
        out = EmbeddingTable.__new__(EmbeddingTable)
        out.name, out.version, out.whole, out._table = self.name, self.version, False, self._table
        out.vectors = np.empty((len(self), dimensions), dtype=np.float32)
        for start in range(0, len(self), 8192):
            out.vectors[start : start + 8192] = (
                (self.vectors[start : start + 8192] - self.mean) * self.inverse
            ) @ basis
        # as large as z-scores of so many dimensions are, for those who fit to them
        energy = float(np.mean(np.square(out.vectors, dtype=np.float64))) if len(self) else 0.0
        out.vectors *= np.float32(1 / np.sqrt(energy) if energy > 0 else 1)
        out.mean = np.zeros(dimensions, dtype=np.float32)
        out.inverse = np.ones(dimensions, dtype=np.float32)
        out._lengths = _lengths(out.vectors, out.mean, out.inverse)
        return out

    def updated(
        self, ids: Iterable[int], vectors: ArrayLike, removed: Iterable[int] = ()
    ) -> EmbeddingTable:
        """Return a table with tracks removed and others added or replaced.

        Raises
        ------
        ValueError
            If the vectors have another length, or this table is a reduced one.
        """
        if not self.whole:
            raise ValueError("a reduced table cannot be changed: make it again from the embeddings")
        new = as_ids(ids, "ids")
        gone = np.concatenate([new, as_ids(removed, "removed")])
        kept = ~np.isin(self.ids, gone)
        fresh = np.asarray(vectors, dtype=np.float32)
        if len(new) == 0:
            fresh = np.empty((0, self.dimensions), dtype=np.float32)
        if len(self) == 0:
            return EmbeddingTable(self.name, self.version, new, fresh)
        if fresh.ndim != 2 or fresh.shape[1] != self.dimensions:
            raise ValueError(
                f"vectors must have {self.dimensions} values each, got shape {fresh.shape}"
            )
        return EmbeddingTable(
            self.name,
            self.version,
            np.concatenate([self.ids[kept], new]),
            np.concatenate([self.vectors[kept], fresh]),
        )

    def save(self, path: str | Path) -> None:
        """Write the table to a checksummed file, atomically."""
        settings: dict[str, Any] = {"name": self.name, "version": self.version}
        settings["whole"] = self.whole
        arrays: modelfile.Arrays = {
            "ids": self.ids,
            "vectors": self.vectors,
            "mean": self.mean,
            "inverse": self.inverse,
            "lengths": self._lengths,
        }
        modelfile.write(path, _KIND, settings, arrays)

    @classmethod
    def load(cls, path: str | Path, embedding: Embedding | Kind | None = None) -> EmbeddingTable:
        """Map a saved table; given an embedding, refuse a table of another one.

        Raises
        ------
        FormatError
            If the file is damaged, foreign, or of another embedding.
        """
        settings, arrays = modelfile.read(path, _KIND)
        table = cls.__new__(cls)
        table.name, table.version = settings["name"], settings["version"]
        table.whole = settings.get("whole", True)
        table.vectors, table.mean = arrays["vectors"], arrays["mean"]
        table.inverse, table._lengths = arrays["inverse"], arrays["lengths"]
        table._table = IdTable(arrays["ids"])
        rows, width = len(table.ids), table.vectors.shape[-1]
        modelfile.require_shape("vectors", table.vectors, (rows, width))
        modelfile.require_shape("lengths", table._lengths, (rows,))
        for name in ("mean", "inverse"):
            modelfile.require_shape(name, arrays[name], (width,))
        if embedding is not None:
            table.require(embedding)
        return table


def _principal(z: Floats, count: int) -> Floats:
    """Return the directions of most variance, shape (dimensions, count); 0 where there is none."""
    from scipy.linalg import eigh

    across = len(z) < z.shape[1]
    gram = (z @ z.T if across else z.T @ z).astype(np.float64)
    kept = min(count, len(gram))
    basis = np.zeros((z.shape[1], count), dtype=np.float32)
    if kept:
        values, found = eigh(gram, subset_by_index=[len(gram) - kept, len(gram) - 1])
        directions = z.T @ found if across else found
        lengths = np.sqrt(np.maximum(values, 0)) if across else np.ones(kept)
        real = values > 1e-6 * max(float(values[-1]), 1e-12)
        basis[:, :kept][:, real[::-1]] = (directions[:, real] / lengths[real])[:, ::-1]
    return basis


def _lengths(vectors: Floats, mean: Floats, inverse: Floats) -> Floats:
    """Return the length of each z-scored vector, in slices that stay small in memory."""
    out = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), 8192):
        part = (vectors[start : start + 8192] - mean) * inverse
        out[start : start + 8192] = np.linalg.norm(part, axis=1)
    return np.maximum(out, np.float32(_SHORTEST))
