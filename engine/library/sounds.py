"""Beat, key and loudness of the tracks, in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope

_AT_ONCE = 900  # below the least number of variables that any SQLite takes
_LEAST_BEAT, _LEAST_KEY = 0.3, 0.2  # confidence below which a tempo or a key is no trait


@dataclass(frozen=True)
class Traits:
    """What the rules of a queue ask of a track's sound.

    Attributes
    ----------
    bpm : float or None
        None where no beat is to be trusted.
    tonic, mode : int or None, str or None
        Of the key, 0 to 11 (C to B) and 'major' or 'minor'.
    lufs, true_peak_db : float or None
    cue_in_s, cue_out_s : float
        Where a player should come in and go out.
    cue_confidence : float
        0 to 1.
    """

    bpm: float | None
    tonic: int | None
    mode: str | None
    lufs: float | None
    true_peak_db: float | None
    cue_in_s: float
    cue_out_s: float
    cue_confidence: float


class Sounds:
    """Queries on the table `sound`; transactions are the caller's.

    A library of an older schema, opened for reading, has no such table and so no results.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._seen = False

    def enter(self, track_id: int, sound: str, onsets: bytes) -> None:
        """Keep what `engine.library.analyser` learnt of a track, in place of what was there."""
        from engine.analysis import VERSION

        self._database.execute(
            "INSERT OR REPLACE INTO sound VALUES (?, ?, ?, ?)", (track_id, VERSION, sound, onsets)
        )

    def analysis(self, track_id: int) -> Analysis | None:
        """Return the analysis of a track, an older version's until there is another.

        None if there is none that can be read.
        """
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

    def traits(self, ids: Sequence[int]) -> dict[int, Traits]:
        """Return the traits of those tracks whose analysis can be read, of an older version too."""
        from engine.analysis import OLDEST, VERSION

        found: dict[int, Traits] = {}
        for start in range(0, len(ids) if self._there else 0, _AT_ONCE):
            part = [int(i) for i in ids[start : start + _AT_ONCE]]
            rows = self._database.execute(
                "SELECT track_id, json_extract(analysis, '$.grid.period_s', '$.grid.confidence',"
                " '$.key', '$.loudness_lufs', '$.true_peak_db', '$.cue_in_s', '$.cue_out_s',"
                " '$.cue_confidence') FROM sound"
                " WHERE version BETWEEN ? AND ? AND json_valid(analysis) AND track_id IN"
                f" ({','.join('?' * len(part))})",
                (OLDEST, VERSION, *part),
            )
            for track_id, text in rows:
                period, sure, key, *rest = json.loads(text)
                bpm = 60.0 / period if period and sure >= _LEAST_BEAT else None
                tonic, mode, known = key or (None, None, 0.0)
                if known < _LEAST_KEY:
                    tonic = mode = None
                found[track_id] = Traits(bpm, tonic, mode, *rest)
        return found

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

    @property
    def _there(self) -> bool:
        """Whether the table is there; another process may make it meanwhile."""
        if not self._seen:
            query = "SELECT 1 FROM sqlite_master WHERE name = 'sound'"
            self._seen = self._database.execute(query).fetchone() is not None
        return self._seen

    def _row(self, column: str, track_id: int) -> object:
        from engine.analysis import OLDEST, VERSION

        if not self._there:
            return None
        found = self._database.execute(
            f"SELECT {column} FROM sound WHERE track_id = ? AND version BETWEEN ? AND ?",
            (track_id, OLDEST, VERSION),
        ).fetchone()
        return None if found is None else found[0]
