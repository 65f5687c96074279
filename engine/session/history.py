"""What was heard, played, liked and skipped in an evening."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

from engine.library import Track

Kind = Literal["heard", "played", "unknown", "silence", "like", "skip"]

KEPT = 5_000  # an evening of eight hours has some hundreds
_LASTING = ({"heard", "unknown", "silence"}, {"played"})  # each goes on until its next
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class HistoryEntry:
    """One event.

    Attributes
    ----------
    time : float
        Seconds since 1970.
    kind : "heard", "played", "unknown", "silence", "like" or "skip"
        Heard: the room played it; played: our decks did.
    track_id : int or None
    title, artist : str
    position_s : float or None
        Second of the track at that time.
    confidence : float or None
        Of the identification.
    seconds : float or None
        How long it went on; None while it does, and for likes and skips.
    """

    time: float
    kind: Kind
    track_id: int | None = None
    title: str = ""
    artist: str = ""
    position_s: float | None = None
    confidence: float | None = None
    seconds: float | None = None


class History:
    """The events of an evening, oldest first; the last 5000.

    Parameters
    ----------
    clock : callable
        Returns seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: deque[HistoryEntry] = deque(maxlen=KEPT)

    @property
    def entries(self) -> list[HistoryEntry]:
        """All events, oldest first."""
        with self._lock:
            return list(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def note(
        self,
        kind: Kind,
        track: Track | None = None,
        position_s: float | None = None,
        confidence: float | None = None,
    ) -> HistoryEntry:
        """Add an event of this moment; what it follows upon is over."""
        now = self._clock()
        entry = HistoryEntry(
            now,
            kind,
            track.id if track else None,
            track.title if track else "",
            track.artist if track else "",
            position_s,
            confidence,
        )
        with self._lock:
            for line in _LASTING:
                if kind in line:
                    self._end(line, now)
            self._entries.append(entry)
        return entry

    def end_played(self) -> None:
        """Note that our decks fell silent."""
        with self._lock:
            self._end({"played"}, self._clock())

    def _end(self, kinds: set[str], now: float) -> None:
        for place in range(len(self._entries) - 1, -1, -1):
            entry = self._entries[place]
            if entry.kind in kinds:
                if entry.seconds is None:
                    self._entries[place] = replace(entry, seconds=max(now - entry.time, 0.0))
                return

    def to_json(self) -> str:
        """Return all events as a JSON list of objects."""
        return json.dumps([asdict(entry) for entry in self.entries], indent=1)

    def to_csv(self) -> str:
        """Return all events as CSV with a header; text that a spreadsheet would run is quoted.

        Notes
        -----
        A cell that begins with = + - @ gets an apostrophe before it (OWASP, "CSV injection").
        """
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([field.name for field in fields(HistoryEntry)])
        for entry in self.entries:
            writer.writerow([harmless(cell) for cell in asdict(entry).values()])
        return out.getvalue()


def harmless(cell: object) -> object:
    """Return a cell of a table that no spreadsheet takes for a formula.

    Examples
    --------
    >>> harmless("=HYPERLINK(1)"), harmless(-1.5)
    ("'=HYPERLINK(1)", -1.5)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell
