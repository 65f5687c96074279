"""Candidates in the order of the ranking -> the few that the rules let through, and in which order.

A rule either forbids a place (artist spacing, versions) or is worth a step up in the ranking
(tempo, key, energy, familiarity). Places are filled one after the other, each by the candidate
that then stands highest; with all rules off that is the ranking itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.preferences import Preferences
from engine.session.rules import Rules
from recommend import Ranking

Bools = NDArray[np.bool_]

_REMEMBERED = 60  # of the tracks heard or played last: their versions are kept out
_WEAKER = "others fit better"


@dataclass(frozen=True)
class Choice:
    """A candidate that was chosen: its place in the ranking, and what the rules did to it."""

    place: int
    track_id: int
    notes: tuple[str, ...]


def arrange(
    ranking: Ranking,
    facts: Facts,
    rules: Rules,
    evening: Evening,
    slots: Sequence[int | None],
    popularity: NDArray[np.float32],
) -> list[Choice]:
    """Choose a candidate for each slot that is None, in order.

    Parameters
    ----------
    ranking : Ranking
    facts : Facts
    rules : Rules
    evening : Evening
        What was heard and played comes before the first slot.
    slots : sequence of int or None
        Tracks that stand already.
    popularity : ndarray, shape (candidates,)
        In how many playlists each candidate stands.
    """
    if len(ranking) == 0:
        return []
    watch = _Barriers(ranking, facts, rules, evening, slots)
    wishes = Preferences(ranking.ids, facts, rules, evening, popularity)
    base = 1.0 - np.arange(len(ranking)) / len(ranking)
    free = np.ones(len(ranking), dtype=np.bool_)
    line = [*evening.heard, *slots]
    first = len(evening.heard)
    chosen: list[Choice] = []
    passed: dict[int, tuple[int, str]] = {}  # candidates: by which choice first, and why
    for at in (first + i for i, slot in enumerate(slots) if slot is None):
        if not free.any():
            break
        before = [track for track in line[:at] if track is not None]
        barred = watch.barred(line, at)
        open_ = free & ~barred if (free & ~barred).any() else free
        place = int(np.argmax(np.where(open_, base + wishes.bonus(before), -np.inf)))
        for other in np.flatnonzero(free[:place]).tolist():
            why = watch.reason(other) if barred[other] else _WEAKER
            passed.setdefault(other, (len(chosen), why))
        notes: tuple[str, ...] = ()
        moved = place - len(chosen)
        if moved > 0 and (why := wishes.words(place, before)):
            notes = (f"moved up {_places(moved)}: {why}",)
        elif moved < 0:
            notes = (f"held back {_places(-moved)}: {passed.get(place, (0, _WEAKER))[1]}",)
        free[place] = False
        line[at] = int(ranking.ids[place])
        chosen.append(Choice(place, int(ranking.ids[place]), notes))
    for other, (by, why) in passed.items():
        if free[other] and other < len(chosen) and why != _WEAKER:
            note = f"in place of {facts.name(int(ranking.ids[other]))}: {why}"
            chosen[by] = replace(chosen[by], notes=(*chosen[by].notes, note))
    return chosen


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"


class _Barriers:
    """The rules that forbid a candidate a place."""

    def __init__(
        self,
        ranking: Ranking,
        facts: Facts,
        rules: Rules,
        evening: Evening,
        slots: Sequence[int | None],
    ) -> None:
        self._facts, self._rules = facts, rules
        rows = facts.rows(ranking.ids)
        self._ids = ranking.ids
        self._artist = np.where(rows >= 0, facts.artist[rows], -1)
        self._song = np.where(rows >= 0, facts.song[rows], -1)
        known = list(evening.met)[-_REMEMBERED:]
        self._songs = set(self._numbers(facts.song, [*known, *(s for s in slots if s is not None)]))
        self._version = np.zeros(len(rows), dtype=np.bool_)

    def barred(self, line: Sequence[int | None], at: int) -> Bools:
        """Return which candidates must not stand at `at` of a line of tracks."""
        barred = np.zeros(len(self._ids), dtype=np.bool_)
        if self._rules.no_versions:
            songs = self._songs | set(self._numbers(self._facts.song, _tracks(line[:at])))
            self._version = np.isin(self._song, list(songs)) & (self._song >= 0)
            barred |= self._version
        spacing = self._rules.artist_spacing
        if spacing is not None:
            near = _tracks([*line[max(at - spacing, 0) : at], *line[at + 1 : at + spacing + 1]])
            barred |= np.isin(self._artist, self._numbers(self._facts.artist, near))
        return barred

    def reason(self, place: int) -> str:
        """Say what bars a candidate."""
        return "a version of it is there" if self._version[place] else "the same artist"

    def _numbers(self, column: NDArray[np.int64], tracks: Sequence[int]) -> list[int]:
        rows = self._facts.rows(tracks)
        return [int(n) for n in column[rows[rows >= 0]] if n >= 0]


def _tracks(line: Sequence[int | None]) -> list[int]:
    return [track for track in line if track is not None]
