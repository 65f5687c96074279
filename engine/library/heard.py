"""What networks heard in the tracks of a library, beside the hand-made embedding."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.library import hearing
from engine.library.database import plain_errors
from engine.library.vectors import Embedded, Vectors
from recommend import MusicnnEmbedding, fragments


class Heard:
    """The part of a library that `Library.heard` gives.

    Parameters
    ----------
    directory : Path
        Of the library.
    database : sqlite3.Connection
    transaction : callable
        Opens the library's transaction.
    """

    def __init__(
        self,
        directory: Path,
        database: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._directory = directory
        self._vectors = Vectors(database)
        self._transaction = transaction

    def waiting(self, fragments: bool = False) -> list[int]:
        """Return the tracks that the network in use has not heard; none where none is in use.

        Parameters
        ----------
        fragments : bool
            Those without fragments count as well.
        """
        network = hearing.network()
        if network is None:
            return []
        with plain_errors(self._directory):
            kind = (network.name, network.version, network.dimensions)
            ids = self._vectors.waiting(*kind, fragments)
        return [int(i) for i in ids]

    def store(self, track_id: int, found: Embedded) -> None:
        """Keep what a network heard in a track, durably."""
        with self._transaction():
            self._vectors.enter(track_id, found)

    def fragments(self, track_id: int) -> NDArray[np.float32]:
        """Return the fragments of a track, shape (n, 200); n is 0 where none were taken."""
        kind = MusicnnEmbedding
        with plain_errors(self._directory):
            return fragments.unpack(self._vectors.fragments(track_id, kind.name, kind.version))
