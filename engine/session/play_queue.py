"""The queue: the user's own entries, and suggestions around them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from engine.session.chooser import Chooser
from engine.session.entry import Entry
from engine.session.evening import Evening
from engine.session.finish import finish
from engine.session.plan import Plan
from engine.session.rules import Rules
from engine.session.undo import Undo

QUEUE_LENGTH = 8
_LEAST_SUGGESTED = 3  # behind however many of the user's own

_State = tuple[Plan, int]  # and the events of the evening when its suggestions were made


class PlayQueue:
    """What is to be played, next first; safe to use from any thread.

    The user's own entries and pinned ones stay where they are put; what is suggested is renewed
    around them whenever something is heard, liked, skipped, moved or played. It is never empty
    while the library has a track.

    Parameters
    ----------
    chooser : Chooser
    evening : Evening
    changed : callable
        Called after every change, outside of all locks.
    playing_left_s : callable
        Returns for how many seconds that which plays now goes on.
    crossfade_s : callable
        Returns by how many seconds two tracks overlap.

    Attributes
    ----------
    revision : int
        Grows with every change.
    fit_off_s : float
        By how much the music ends later than the last `fit` was asked for.
    """

    def __init__(
        self,
        chooser: Chooser,
        evening: Evening,
        changed: Callable[[], None],
        playing_left_s: Callable[[], float],
        crossfade_s: Callable[[], float],
    ) -> None:
        self._chooser = chooser
        self._evening = evening
        self._changed = changed
        self._playing_left_s = playing_left_s
        self._crossfade_s = crossfade_s
        self._lock = threading.RLock()
        self._plan = Plan()
        self._undo: Undo[_State] = Undo()
        self._suggested_at = -1
        self._ids = 0
        self._gone: set[int] = set()  # entries that were played
        self.revision = 0
        self.fit_off_s = 0.0

    # --- what stands there

    @property
    def entries(self) -> list[Entry]:
        """The entries, next first."""
        return list(self._plan.entries)

    def __len__(self) -> int:
        return len(self._plan.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __getitem__(self, place: int) -> Entry:
        return self._plan.entries[place]

    @property
    def rules(self) -> Rules:
        """What the queue observes beside taste; set it to change that."""
        return self._plan.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        with self._edit() as plan:
            self._renew(replace(plan, rules=rules))

    @property
    def likes(self) -> tuple[int, ...]:
        """The tracks that were liked, the latest last."""
        return self._plan.likes

    @property
    def skips(self) -> tuple[int, ...]:
        """The tracks that were skipped, the latest last."""
        return self._plan.skips

    @property
    def starts_in_s(self) -> list[float]:
        """In how many seconds each entry begins, if all goes on as planned."""
        at, starts = self._playing_left_s(), []
        for entry in self.entries:
            starts.append(max(at - self._crossfade_s(), 0.0))
            at = starts[-1] + self._played_s(entry)
        return starts

    @property
    def ends_in_s(self) -> float:
        """In how many seconds the last entry is over."""
        entries, starts = self.entries, self.starts_in_s
        if not entries:
            return self._playing_left_s()
        return starts[-1] + self._played_s(entries[-1])

    # --- what the user does; every one of these can be undone

    def add(self, track_id: int, place: int | None = None) -> Entry:
        """Put a track into the queue.

        Parameters
        ----------
        track_id : int
        place : int, optional
            0: next. By default behind the user's other entries, before the suggestions.
        """
        return self.add_all([track_id], place)[0]

    def add_all(self, track_ids: Sequence[int], place: int | None = None) -> list[Entry]:
        """Put tracks into the queue one after the other, as `add` does one; one step to undo."""
        track_ids = list(dict.fromkeys(track_ids))
        tracks = [self._chooser.facts.track(track_id) for track_id in track_ids]
        for track_id, track in zip(track_ids, tracks, strict=True):
            if track is None:
                raise ValueError(f"track_id must be a track of the library, got {track_id}")
        with self._edit() as plan:
            entries = list(plan.entries)
            if place is None:
                own = [i for i, entry in enumerate(entries) if entry.by == "user"]
                place = own[-1] + 1 if own else 0
            self._require_place(place, len(entries))
            new = [Entry(self._new_id(track.id), track) for track in tracks if track is not None]
            entries = [e for e in entries if e.fixed or e.track.id not in track_ids]
            place = min(place, len(entries))
            entries[place:place] = new
            removed = tuple(t for t in plan.removed if t not in track_ids)
            self._renew(replace(plan, entries=tuple(entries), removed=removed))
        return new

    def remove(self, entry_id: int) -> None:
        """Take an entry out; its track is not suggested again."""
        with self._edit() as plan:
            gone = plan.entries[self._place(entry_id)]
            entries = tuple(e for e in plan.entries if e.id != entry_id)
            removed = (*plan.removed, gone.track.id)
            self._renew(replace(plan, entries=entries, removed=removed))

    def move(self, entry_id: int, place: int) -> None:
        """Put an entry at another place, 0 being the next; a suggestion is pinned there."""
        with self._edit() as plan:
            at = self._place(entry_id)
            self._require_place(place, len(plan.entries) - 1)
            entries = list(plan.entries)
            entry = entries.pop(at)
            entries.insert(place, replace(entry, pinned=entry.by == "suggested" or entry.pinned))
            self._renew(replace(plan, entries=tuple(entries)))

    def pin(self, entry_id: int, on: bool = True) -> None:
        """Keep a suggestion where it is, or no longer."""
        with self._edit() as plan:
            at = self._place(entry_id)
            entries = list(plan.entries)
            entries[at] = replace(entries[at], pinned=on)
            self._renew(replace(plan, entries=tuple(entries)))

    def fit(self, seconds: float) -> list[Entry]:
        """Let the music end in `seconds`: the user's entries stay, and others fill the time.

        The last two or three are chosen so that the sum is right within a second where the
        library allows; `fit_off_s` says by how much it is not.

        Parameters
        ----------
        seconds : float
            From now, what plays now included; 1 to 86 400.

        Returns
        -------
        list of Entry
            The queue.
        """
        if not 1.0 <= seconds <= 86_400.0:
            raise ValueError(f"seconds must be 1 to 86400, got {seconds!r}")
        with self._edit() as plan:
            overlap = self._crossfade_s()
            own = [entry for entry in plan.entries if entry.fixed]
            plays = self._playing_left_s()
            left = seconds - plays - sum(self._played_s(e) - overlap for e in own)
            left -= 0.0 if plays > 0 else overlap  # nothing to fade from
            fresh = replace(plan, entries=tuple(own))
            more = finish(self._chooser, fresh, self._evening, own, left, overlap, self._new_id)
            self.fit_off_s = sum(self._played_s(e) - overlap for e in more) - left
            self._renew(replace(fresh, entries=(*own, *more), closed=True))
        return self.entries

    def open(self) -> None:
        """Suggest anew, also beyond the time that the queue was made to fit."""
        with self._edit() as plan:
            self._renew(replace(plan, closed=False))

    def clear(self) -> None:
        """Take all out, the user's entries too; suggestions come anew."""
        with self._edit() as plan:
            removed = (*plan.removed, *(e.track.id for e in plan.entries if e.by == "suggested"))
            self._renew(replace(plan, entries=(), removed=removed, closed=False))

    def like(self, track_id: int) -> None:
        """More like this."""
        with self._edit() as plan:
            self._renew(
                replace(
                    plan,
                    likes=(*(t for t in plan.likes if t != track_id), track_id),
                    liked_before=min(plan.liked_before, len(plan.likes)),
                    skips=tuple(t for t in plan.skips if t != track_id),
                )
            )

    def unlike(self, track_id: int) -> None:
        """Take a like back."""
        with self._edit() as plan:
            before = plan.likes[: plan.liked_before]
            self._renew(
                replace(
                    plan,
                    likes=tuple(t for t in plan.likes if t != track_id),
                    liked_before=len([t for t in before if t != track_id]),
                )
            )

    def skip(self, track_id: int) -> None:
        """Not this one, and less like it; it leaves the queue."""
        with self._edit() as plan:
            before = plan.likes[: plan.liked_before]
            self._renew(
                replace(
                    plan,
                    entries=tuple(e for e in plan.entries if e.track.id != track_id),
                    skips=(*(t for t in plan.skips if t != track_id), track_id),
                    likes=tuple(t for t in plan.likes if t != track_id),
                    liked_before=len([t for t in before if t != track_id]),
                )
            )

    def more_like(self, track_id: int) -> None:
        """Go on from this track alone, and from what is heard and liked after it."""
        with self._edit() as plan:
            self._renew(
                replace(
                    plan,
                    focus=track_id,
                    heard_before=self._evening.heard_count,
                    liked_before=len(plan.likes),
                    skips=tuple(t for t in plan.skips if t != track_id),
                )
            )

    def undo(self) -> bool:
        """Take the user's last change back; False if there is none."""
        return self._travel(self._undo.back)

    def redo(self) -> bool:
        """Make the change again that was undone last; False if there is none."""
        return self._travel(self._undo.forward)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._undo.can_go_back

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._undo.can_go_forward

    # --- what happens

    def renew(self) -> None:
        """Suggest anew, after something was heard or played."""
        with self._lock:
            self._renew(self._plan)
            self.revision += 1
        self._changed()

    def advance(self) -> Entry | None:
        """Take the head of the queue, which is played now; None if the library is empty."""
        with self._lock:
            if not self._plan.entries:
                self._renew(self._plan)
            if not self._plan.entries:
                return None
            head, *rest = self._plan.entries
            self._gone.add(head.id)
            self._evening.play(head.track.id)
            self._renew(replace(self._plan, entries=tuple(rest)))
            self.revision += 1
        self._changed()
        return head

    def note_moment(self, speaker: int, track_id: int, moment_s: float) -> None:
        """Note from which second on a track that speaks for another sounds most alike."""
        with self._lock:
            entries = tuple(
                entry.with_moment(speaker, moment_s) if entry.track.id == track_id else entry
                for entry in self._plan.entries
            )
            if entries == self._plan.entries:
                return
            self._plan = replace(self._plan, entries=entries)
            self.revision += 1
        self._changed()

    def use(self, chooser: Chooser) -> None:
        """Suggest from another state of the library."""
        with self._lock:
            self._chooser = chooser
        self.renew()

    @contextmanager
    def _edit(self) -> Iterator[Plan]:
        """Give the plan to a change of the user's; keep the old one, tell of the new one."""
        with self._lock:
            before = self._plan, self._suggested_at
            yield self._plan
            self._undo.note(before)
            self.revision += 1
        self._changed()

    def _travel(self, step: Callable[[_State], _State | None]) -> bool:
        with self._lock:
            found = step((self._plan, self._suggested_at))
            if found is None:
                return False
            plan, suggested_at = found
            entries = tuple(e for e in plan.entries if e.id not in self._gone)
            self._plan = replace(plan, entries=entries)
            self._suggested_at = suggested_at
            if suggested_at != self._evening.events or not entries:
                self._renew(self._plan)
            self.revision += 1
        self._changed()
        return True

    def _renew(self, plan: Plan) -> None:
        """Fill the plan with suggestions around the entries that stay, and take it."""
        fixed = [(place, e) for place, e in enumerate(plan.entries) if e.fixed]
        plan = replace(plan, closed=plan.closed and bool(fixed))
        suggested = 0 if plan.closed else max(QUEUE_LENGTH - len(fixed), _LEAST_SUGGESTED)
        slots: list[Entry | None] = []
        while fixed or suggested:
            if fixed and (fixed[0][0] <= len(slots) or not suggested):
                slots.append(fixed.pop(0)[1])
            else:
                slots.append(None)
                suggested -= 1
        known = {e.track.id: e.id for e in self._plan.entries if not e.fixed}
        entries = self._chooser.fill(
            plan, self._evening, slots, lambda t: known.get(t) or self._new_id(t)
        )
        self._plan = replace(plan, entries=tuple(entries))
        self._suggested_at = self._evening.events

    def _played_s(self, entry: Entry) -> float:
        return self._chooser.facts.played_s(entry.track.id, trim=self._crossfade_s() > 0)

    def _new_id(self, _track_id: int) -> int:
        self._ids += 1
        return self._ids

    def _place(self, entry_id: int) -> int:
        for place, entry in enumerate(self._plan.entries):
            if entry.id == entry_id:
                return place
        raise ValueError(f"entry_id must be an entry of the queue, got {entry_id}")

    def _require_place(self, place: int, highest: int) -> None:
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place <= highest:
            raise ValueError(f"place must be 0 to {highest}, got {place!r}")
