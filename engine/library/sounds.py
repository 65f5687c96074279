"""Beat, key and loudness of the tracks, in the database."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope


class Sounds:
    """Queries on the table `sound`; transactions are the caller's.

    A library of an older schema, opened for reading, has no such table and so no results.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sound'").fetchone()
        self._there = found is not None

    def enter(self, track_id: int, sound: str, onsets: bytes) -> None:
        """Keep what `engine.library.analyser` learnt of a track, in place of what was there."""
        from engine.analysis import VERSION

        self._database.execute(
            "INSERT OR REPLACE INTO sound VALUES (?, ?, ?, ?)", (track_id, VERSION, sound, onsets)
        )

    def analysis(self, track_id: int) -> Analysis | None:
        """Return the analysis of a track; None if there is none that this version can read."""
        from engine.analysis import Analysis, FormatError

        row = self._row("analysis", track_id)
        try:
            return None if row is None else Analysis.from_json(str(row))
        except FormatError:
            return None

    def onsets(self, track_id: int) -> OnsetEnvelope | None:
        """Return the onset envelope of a track; None if there is none that can be read."""
        from engine.analysis import FormatError, OnsetEnvelope

        row = self._row("onsets", track_id)
        try:
            return OnsetEnvelope.from_bytes(row) if isinstance(row, bytes) else None
        except FormatError:
            return None

    def waiting(self) -> list[int]:
        """Return the tracks without an analysis of the present version."""
        from engine.analysis import VERSION

        rows = self._database.execute(
            "SELECT id FROM track WHERE id NOT IN (SELECT track_id FROM sound WHERE version = ?)"
            " ORDER BY id"
            if self._there
            else "SELECT id FROM track WHERE ? ORDER BY id",
            (VERSION,),
        )
        return [int(row[0]) for row in rows]

    def _row(self, column: str, track_id: int) -> object:
        from engine.analysis import VERSION

        if not self._there:
            return None
        found = self._database.execute(
            f"SELECT {column} FROM sound WHERE track_id = ? AND version = ?", (track_id, VERSION)
        ).fetchone()
        return None if found is None else found[0]
