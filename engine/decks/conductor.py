"""The conductor: which deck plays what, and when the other one takes over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.decks.crossfader import BOTH, Crossfader
from engine.decks.cue import Cue
from engine.decks.deck import Deck
from engine.errors import AntiphonError
from engine.rt import deck_state as ds

_TICK_S = 0.02
_LEAD_S = 2.0  # before a crossfade, the next track is asked for
_AGAIN_S = 1.0  # after which somebody who had nothing is asked again


@dataclass
class Transition:
    """A deck that is to take over as soon as it is loaded."""

    deck: int
    seconds: float
    insist: bool  # if it cannot be played, another one is asked for


class Conductor:
    """Lets one deck follow the other; `Decks` tells it what the user wants.

    Parameters as of `Decks`.

    Attributes
    ----------
    lock : RLock
        Held by whoever reads or changes what follows here.
    auto : bool
    crossfade_s : float
    target_lufs : float or None
    paused : bool
    pending : Transition or None
    wanted : float or None
        Seconds of a crossfade to what `on_next` gives, to be had as soon as it is there.
    acts : int
        Counts what the user does, so that an answer that comes late is known to be stale.
    on_change : list of callable
        Called from the conductor's thread when something else plays, or plays otherwise.
    """

    def __init__(
        self,
        state: NDArray[np.void],
        sample_rate: int,
        on_next: Callable[[], Cue | None] | None,
        on_error: Callable[[Path, str], None] | None,
    ) -> None:
        self.lock = threading.RLock()
        self.auto = on_next is not None
        self.crossfade_s = 4.0
        self.target_lufs: float | None = -16.0
        self.paused = False
        self.pending: Transition | None = None
        self.wanted: float | None = None
        self.acts = 0
        self.on_change: list[Callable[[], None]] = []
        self._one = state[0]
        self._rate = sample_rate
        self._on_next = on_next
        self._on_error = on_error
        self._ask_frame = 0  # before which on_next is not asked again
        self._sent: dict[int, int] = {}  # frame of the stream at which a track was last sent out
        self._ticking = threading.Lock()
        self._awake = threading.Event()
        self._closing = False
        self.fader = Crossfader(state, sample_rate, self._start)
        self.fader.hold(BOTH)
        self.decks = tuple(
            Deck(state, number, sample_rate, self, on_error) for number in range(ds.DECKS)
        )
        self._seen = self._picture()
        self._thread = threading.Thread(target=self._run, name="decks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the threads."""
        self._closing = True
        self._awake.set()
        self._thread.join()
        for deck in self.decks:
            deck.close()

    # --- what both sides ask

    @property
    def frame(self) -> int:
        """Frame of the stream."""
        return int(self._one["frame"])

    def is_waiting(self, deck: Deck) -> bool:
        """Whether something on a deck waits for its turn."""
        return (deck.loaded or deck.loading) and not deck.started

    def last_sent(self, track_id: int) -> int | None:
        """Return the frame of the stream at which a track last went out, or None."""
        self._remember()
        return self._sent.get(track_id)

    def free_back(self) -> Deck:
        """Return the deck that does not play, for something that the user wants there."""
        self.acts += 1
        self.fader.unmark()
        self.pending = self.wanted = None
        back = self.decks[1 - self.fader.front]
        self._hush(back)
        return back

    def wake(self) -> None:
        """Look at once."""
        self._awake.set()

    def _start(self, number: int) -> None:
        self.decks[number].started = True

    def _hush(self, deck: Deck) -> None:
        """Let a deck that fades out be silent at once."""
        if deck.started:
            self.fader.hold(1 << deck.number)

    def _remember(self) -> None:
        """Write down what goes out now."""
        for deck in self.decks:
            span = deck.span() if deck.started else None
            if span is not None and not self.paused:
                self._sent[span.cue.track_id] = self.frame

    # --- what a deck asks

    def goes_on(self, deck: Deck) -> bool:
        """Whether the deck itself goes on when its file ends: gapless, with what is next."""
        return (
            self.auto
            and self.crossfade_s == 0.0
            and self.pending is None
            and self.wanted is None
            and deck.started
            and deck.number == self.fader.front
            and not self.is_waiting(self.decks[1 - deck.number])
            and self._may_ask()
        )

    def following(self) -> Cue | None:
        """Ask for what comes next; who cannot say is asked again, as who has nothing."""
        cue = None
        try:
            cue = self._on_next() if self._on_next is not None else None
        except AntiphonError as error:
            if self._on_error is not None:
                self._on_error(Path(), str(error))
        if cue is None:
            self.wanted = None
            self._ask_frame = self.frame + round(_AGAIN_S * self._rate)
        return cue

    def _may_ask(self) -> bool:
        return self._on_next is not None and self.frame >= self._ask_frame

    # --- what is due

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(_TICK_S)
            self._awake.clear()
            self.tick()
            picture = self._picture()
            if picture != self._seen:
                self._seen = picture
                for tell in list(self.on_change):
                    tell()

    def _picture(self) -> tuple[object, ...]:
        """Return all that, when it changes, is told."""
        told: list[object] = [self.fader.front, self.paused, self.auto]
        told += [self.crossfade_s, self.target_lufs]
        for deck in self.decks:
            span = deck.span()
            told += [deck.started, deck.loading]
            told += [None] if span is None else [span.cue.track_id, span.first, span.gain_db]
        return tuple(told)

    def tick(self) -> bool:
        """Do what is due; True when something was."""
        with self._ticking:
            with self.lock:
                self._remember()
                self._clear_ended()
                if self._take_over():
                    return True
                seconds = self._due()
                acts = self.acts
            if seconds is None:
                return self.pending is not None and not self.paused
            cue = self.following()
            with self.lock:
                if cue is None or acts != self.acts or self._closing:
                    return False
                front = self.decks[self.fader.front]
                back = self.decks[1 - front.number]
                self._hush(back)
                back.load(cue)
                if self.wanted is not None or front.has_ended:
                    self.pending = Transition(back.number, seconds, insist=True)
                    self.wanted = None
                return True

    def _due(self) -> float | None:
        """Return the seconds to cross to what is to be asked for now, or None if nothing is.

        Sees to it that the callback crosses to what is there.
        """
        if self.wanted is not None:
            return self.wanted
        front = self.decks[self.fader.front]
        back = self.decks[1 - front.number]
        if not self.auto or self.paused or not front.started or self.pending is not None:
            return None
        if front.has_ended:
            if self.is_waiting(back):
                self.pending = Transition(back.number, 0.0, insist=True)
            elif self._may_ask() and not self.goes_on(front):
                return 0.0
        elif front.loaded and front.tail >= front.spans[-1].first:
            if self.is_waiting(back):
                if back.ready:
                    self.fader.cross_at_end(front, back, self.crossfade_s)
            elif self.crossfade_s > 0.0 and self._may_ask() and not back.started:
                left = front.spans[-1].end_frame(self._rate) - front.tail
                if left < (self.crossfade_s + _LEAD_S) * self._rate:
                    return self.crossfade_s
        return None

    def _take_over(self) -> bool:
        """Let the deck take over that is meant to, if it is ready; True when something was done."""
        pending = self.pending
        if pending is None or self.paused:
            return False
        deck, front = self.decks[pending.deck], self.decks[self.fader.front]
        if deck.ready:
            self.fader.cross(deck, self.decks[1 - deck.number], pending.seconds)
            deck.started = True
            self.pending = None
            return True
        if not deck.failed:
            return False
        self.pending = None
        if self._on_next is not None and (
            pending.insist or (self.auto and (not front.started or front.has_ended))
        ):
            self.wanted = pending.seconds
        return True

    def _clear_ended(self) -> None:
        """Let go of a deck that has faded out, or come to the end of the music."""
        front = self.decks[self.fader.front]
        back = self.decks[1 - front.number]
        if not self.fader.settled:
            return
        if back.started:
            silent = self.fader.is_silent(back.number)
            faded = silent and (not self.paused or self.fader.gain(back.number) == 0.0)
            if faded or back.has_ended:
                self._clear(back)
        if front.started and front.has_ended and self.pending is None and self.wanted is None:
            goes_on = self.auto and (self._may_ask() or self.is_waiting(back))
            if not goes_on:
                self._clear(front)

    def _clear(self, deck: Deck) -> None:
        self.fader.hold(1 << deck.number)
        deck.clear()
