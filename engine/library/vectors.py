"""What networks heard in the tracks, in the database, beside the hand-made embedding."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Embedded:
    """What a network heard in one track.

    Attributes
    ----------
    name, version : str, int
        Of the embedding.
    vector : bytes
        float32, little-endian.
    fragments : bytes
        As `recommend.fragments.pack` gives them; empty where they were not asked for.
    """

    name: str
    version: int
    vector: bytes
    fragments: bytes = b""


class Vectors:
    """Queries on the table `vector`; transactions are the caller's.

    A library of an older schema, opened for reading, has no such table and so no results.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'vector'").fetchone()
        self._there = found is not None

    def enter(self, track_id: int, found: Embedded) -> None:
        """Keep what a network heard; fragments of the same version stay where none are given."""
        fragments = found.fragments or self.fragments(track_id, found.name, found.version)
        self._database.execute(
            "INSERT OR REPLACE INTO vector VALUES (?, ?, ?, ?, ?)",
            (track_id, found.name, found.version, found.vector, fragments or None),
        )

    def ids(self, name: str, version: int, dimensions: int) -> Ids:
        """Return the tracks that have a vector of an embedding, ascending."""
        return self._select(
            "SELECT track_id FROM vector WHERE name = ? AND version = ? AND length(vector) = ?"
            " ORDER BY track_id",
            name, version, 4 * dimensions,
        )  # fmt: skip

    def vector(self, track_id: int, name: str) -> bytes:
        """Return the vector of a track that has one."""
        query = "SELECT vector FROM vector WHERE track_id = ? AND name = ?"
        return bytes(self._database.execute(query, (track_id, name)).fetchone()[0])

    def forget(self, track_ids: list[int]) -> None:
        """Let tracks wait to be heard again."""
        self._database.executemany(
            "DELETE FROM vector WHERE track_id = ?", [(track_id,) for track_id in track_ids]
        )

    def fragments(self, track_id: int, name: str, version: int) -> bytes:
        """Return the packed fragments of a track; empty without any."""
        if not self._there:
            return b""
        row = self._database.execute(
            "SELECT fragments FROM vector WHERE track_id = ? AND name = ? AND version = ?",
            (track_id, name, version),
        ).fetchone()
        return bytes(row[0]) if row is not None and row[0] is not None else b""

    def waiting(self, name: str, version: int, dimensions: int, fragments: bool) -> Ids:
        """Return the tracks without a vector of an embedding, or without its fragments."""
        if not self._there:
            return self._select("SELECT id FROM track ORDER BY id")
        lacking = " AND fragments IS NOT NULL" if fragments else ""
        return self._select(
            "SELECT id FROM track WHERE id NOT IN (SELECT track_id FROM vector"
            f" WHERE name = ? AND version = ? AND length(vector) = ?{lacking}) ORDER BY id",
            name, version, 4 * dimensions,
        )  # fmt: skip

    def _select(self, query: str, *values: object) -> Ids:
        if "vector" in query and not self._there:
            return np.empty(0, dtype=np.int64)
        return np.fromiter((row[0] for row in self._database.execute(query, values)), np.int64)
