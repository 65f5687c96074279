"""The ranking of a moment becomes entries of the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.session.arrange import Choice, arrange
from engine.session.entry import Entry, Voice
from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.plan import Plan
from engine.session.words import reason_in_words, shares_of
from recommend import Ranking, Recommender, Suggestion

CANDIDATES = 300  # that rules choose among
_REPEATED = "nothing new is left; this one was heard the longest ago"


class Chooser:
    """Chooses what to suggest.

    Parameters
    ----------
    facts : Facts
    recommender : Recommender
    """

    def __init__(self, facts: Facts, recommender: Recommender) -> None:
        self.facts = facts
        self._recommender = recommender

    def rank(self, plan: Plan, evening: Evening, count: int, queued: Iterable[int]) -> Ranking:
        """Return the best tracks that are not queued, played, skipped or taken out."""
        heard = evening.seeds(plan.heard_before)
        focus = [plan.focus] if plan.focus is not None else []
        likes = plan.likes[plan.liked_before :]
        return self._recommender.rank(
            [*focus, *heard],
            count,
            [track for track in likes if track not in plan.skips],
            plan.skips,
            [*evening.met, *plan.removed, *plan.likes, *queued],
        )

    def fill(
        self,
        plan: Plan,
        evening: Evening,
        slots: Sequence[Entry | None],
        entry_id: Callable[[int], int],
    ) -> list[Entry]:
        """Put a suggestion into each slot that is None; drop the slots nothing is left for.

        Parameters
        ----------
        plan : Plan
        evening : Evening
        slots : sequence of Entry or None
        entry_id : callable
            Gives the id of a new entry of a track.
        """
        if all(slots):
            return [slot for slot in slots if slot is not None]
        queued = [slot.track.id for slot in slots if slot is not None]
        ranking = self.rank(plan, evening, max(CANDIDATES, len(slots)), queued)
        fixed = [slot.track.id if slot else None for slot in slots]
        chosen = arrange(ranking, self.facts, plan.rules, evening, fixed, self.familiar(ranking))
        found = self.entries(plan, ranking, chosen, entry_id)
        lacking = sum(slot is None for slot in slots) - len(found)
        if lacking > 0:
            ids = self._left(plan, evening, [*queued, *(entry.track.id for entry in found)])
            tracks = [self.facts.track(track_id) for track_id in ids[:lacking]]
            found += [
                Entry(entry_id(track.id), track, "suggested", reason=_REPEATED, share=0.0)
                for track in tracks
                if track is not None
            ]
        following = iter(found)
        filled = [slot or next(following, None) for slot in slots]
        return [entry for entry in filled if entry is not None]

    def entries(
        self,
        plan: Plan,
        ranking: Ranking,
        chosen: Sequence[Choice],
        entry_id: Callable[[int], int],
        pinned: bool = False,
    ) -> list[Entry]:
        """Return entries for what was chosen of a ranking; without those that are gone."""
        shares = _shares(ranking.scores)
        out = []
        for choice in chosen:
            track = self.facts.track(choice.track_id)
            if track is None:  # another process removed it
                continue
            why = ranking.explain(choice.place)
            out.append(
                Entry(
                    entry_id(track.id),
                    track,
                    "suggested",
                    pinned,
                    why,
                    reason_in_words(why, self.facts.name, plan.skips),
                    float(shares[choice.place]),
                    choice.notes,
                    self._voices(why),
                )
            )
        return out

    def _voices(self, why: Suggestion) -> tuple[Voice, ...]:
        return tuple(
            Voice(reason.kind, reason.track_id, self.facts.name(reason.track_id), share)
            for reason, share in shares_of(why)
        )

    def familiar(self, ranking: Ranking) -> NDArray[np.float32]:
        """Return in how many playlists each track of a ranking stands."""
        ids = self._recommender.track_ids
        if len(ids) == 0:
            return np.zeros(0, dtype=np.float32)
        return self._recommender.popularity[np.searchsorted(ids, ranking.ids)]

    def _left(self, plan: Plan, evening: Evening, queued: list[int]) -> list[int]:
        """Return what is left when nothing new is: never met first, unwelcome ones last."""
        order = {track: place for place, track in enumerate(evening.met, 1)}
        unwelcome = {*plan.skips, *plan.removed}
        left = np.setdiff1d(self.facts.ids, np.array(queued, dtype=np.int64)).tolist()
        return sorted(left, key=lambda t: (t in unwelcome, order.get(t, 0), t))


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return scores on a scale from 0, the middle one, to 1, the best."""
    if len(scores) == 0:
        return np.zeros(0)
    middle = float(np.median(scores))
    reach = float(scores[0]) - middle
    if reach <= 0:
        return np.ones(len(scores))
    return np.clip((scores.astype(np.float64) - middle) / reach, 0.0, 1.0)
