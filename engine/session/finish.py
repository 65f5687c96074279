"""Suggestions that fill a given time exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.session.arrange import Choice, arrange
from engine.session.chooser import CANDIDATES, Chooser
from engine.session.entry import Entry
from engine.session.evening import Evening
from engine.session.fit import TOLERANCE_S, nearest_sum
from engine.session.plan import Plan

_LAST = 2.5  # typical tracks that are left to be chosen by their length
_MOST = 400  # tracks: a day and more
_SHORT_S = 120.0  # what a track may take at least for the ranking to be long enough
_TRIES = 3  # the more is left open, the more sums there are
_NOTE = "chosen for its length"


def finish(
    chooser: Chooser,
    plan: Plan,
    evening: Evening,
    fixed: Sequence[Entry],
    time_s: float,
    crossfade_s: float,
    entry_id: Callable[[int], int],
) -> list[Entry]:
    """Return pinned suggestions that take `time_s`, each less a crossfade.

    The ranking is followed until two or three tracks are left; these are chosen by their length
    among the best candidates.

    Parameters
    ----------
    chooser : Chooser
    plan : Plan
    evening : Evening
    fixed : sequence of Entry
        What is played before.
    time_s : float
        To fill, after `fixed`.
    crossfade_s : float
    entry_id : callable
        Gives the id of a new entry of a track.
    """
    facts = chooser.facts
    queued = [entry.track.id for entry in fixed]
    most = min(int(max(time_s, 0.0) / _SHORT_S), _MOST)
    ranking = chooser.rank(plan, evening, CANDIDATES + most, queued)
    lengths = facts.lengths(ranking.ids, crossfade_s > 0) - crossfade_s
    if not (lengths > 0).any():
        return []
    typical = float(np.median(lengths[lengths > 0][:CANDIDATES]))
    count = min(max(int(time_s / typical - _LAST + 1), 0), _MOST)
    familiar = chooser.familiar(ranking)
    bulk = arrange(ranking, facts, plan.rules, evening, [*queued, *[None] * count], familiar)
    while bulk and time_s - sum(lengths[c.place] for c in bulk) < (_LAST - 1.0) * typical:
        bulk.pop()
    best: tuple[float, list[Choice]] = abs(time_s), []
    for _ in range(_TRIES):
        before = [*queued, *(choice.track_id for choice in bulk)]
        open_ = _fitting(chooser, plan, before, ranking.ids, lengths)[:CANDIDATES]
        left_s = time_s - float(sum(lengths[choice.place] for choice in bulk))
        last = nearest_sum([float(lengths[place]) for place in open_], left_s)
        off_s = abs(left_s - sum(float(lengths[open_[at]]) for at in last))
        ends = [Choice(open_[at], int(ranking.ids[open_[at]]), (_NOTE,)) for at in last]
        best = min(best, (off_s, [*bulk, *ends]), key=lambda found: found[0])
        if off_s <= TOLERANCE_S or not bulk:
            break
        bulk = bulk[:-1]
    return chooser.entries(plan, ranking, best[1], entry_id, pinned=True)


def _fitting(
    chooser: Chooser,
    plan: Plan,
    before: Sequence[int],
    ids: NDArray[np.int64],
    lengths: NDArray[np.float64],
) -> list[int]:
    """Return the places of candidates for the end: none queued, each artist and song once."""
    facts, rules = chooser.facts, plan.rules
    earlier = facts.rows(np.array(before, dtype=np.int64))
    spacing = rules.artist_spacing
    artists = set(facts.artist[earlier[-spacing:]].tolist()) if spacing and len(before) else set()
    songs = set(facts.song[earlier].tolist()) if rules.no_versions else set()
    taken = set(before)
    places = []
    for place, row in enumerate(facts.rows(ids).tolist()):
        artist, song = int(facts.artist[row]), int(facts.song[row])
        if row < 0 or lengths[place] <= 0 or int(ids[place]) in taken:
            continue
        if (artist >= 0 and artist in artists) or (song >= 0 and song in songs):
            continue
        if spacing:
            artists.add(artist)
        if rules.no_versions:
            songs.add(song)
        places.append(place)
    return places
