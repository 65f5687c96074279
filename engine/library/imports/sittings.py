"""A listening history, cut where one stopped listening: each sitting tells what goes together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.library.playlists import Entry, PlaylistFile

PAUSE_S = 1800.0  # of silence end a sitting
HEARD_S = 30.0  # played for less, a track was passed over
_LATEST_S = 4e9  # in the year 2096


@dataclass(frozen=True)
class Listen:
    """One track that was played.

    Attributes
    ----------
    start_s, end_s : float
        Since 1970, UTC.
    entry : Entry
    """

    start_s: float
    end_s: float
    entry: Entry


def sittings(listens: Iterable[Listen]) -> list[PlaylistFile]:
    """Return the sittings with two songs or more, in order of time, named by when they began."""
    kept = [x for x in listens if x.entry.title and 0 < x.start_s < _LATEST_S]
    found: list[list[Listen]] = []
    until = float("-inf")
    for listen in sorted(kept, key=lambda x: x.start_s):
        if listen.start_s - until > PAUSE_S:
            found.append([])
        found[-1].append(listen)
        until = max(until, listen.end_s)
    return [
        PlaylistFile(f"Heard {_when(sitting[0].start_s)}", tuple(x.entry for x in sitting))
        for sitting in found
        if len({x.entry for x in sitting}) > 1
    ]


def _when(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
