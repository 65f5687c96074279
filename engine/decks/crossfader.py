"""The crossfader: what is asked of the callback's two decks, and which one is in front."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.decks.deck import Deck
from engine.decks.loudness import crossing_law
from engine.rt import deck_state as ds
from engine.rt.ring import push_command

CUT_S = 0.01  # in which that fades out which is cut
BOTH = (1 << ds.DECKS) - 1
_LOW_BITS = (1 << 31) - 1


class Crossfader:
    """Sends the commands that hold, run and cross the decks of a state.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
    sample_rate : int
    on_mark : callable
        Told the number of the deck that took over at a mark, when that is noticed.
    """

    def __init__(
        self, state: NDArray[np.void], sample_rate: int, on_mark: Callable[[int], None]
    ) -> None:
        self._state = state
        self._one = state[0]
        self._rate = sample_rate
        self._on_mark = on_mark
        self._crossings = int(self._one["deck_crossings"])  # that were noticed or asked for
        self._asked_for = int(self._one["deck_front"][0])
        self._marked: tuple[int, int, int] | None = None

    @property
    def front(self) -> int:
        """Number of the deck that took over last, or is about to by command."""
        crossings = int(self._one["deck_crossings"])
        if crossings < self._crossings:
            return self._asked_for
        front = int(self._one["deck_front"][0])
        if crossings > self._crossings:
            self._crossings = crossings
            self._marked = None
            self._on_mark(front)
        return front

    @property
    def settled(self) -> bool:
        """The callback has done what it was asked for."""
        return int(self._one["deck_crossings"]) >= self._crossings

    def is_silent(self, number: int) -> bool:
        """Whether a deck is held, and has eased out."""
        return not self._one["deck_run"][number] and not self._one["deck_ease"][number]

    def gain(self, number: int) -> float:
        """Return what a deck is given, 0..1."""
        return float(self._one["deck_gain"][number])

    def hold(self, decks: int) -> None:
        """Let the decks of these bits fall silent where they are."""
        self._send(ds.DECK_RUN, decks, 0)

    def run(self, decks: int) -> None:
        """Let the decks of these bits come back."""
        self._send(ds.DECK_RUN, decks, 1)

    def cross(self, deck: Deck, other: Deck, seconds: float) -> None:
        """Let a deck take over now, in some seconds or what is left of the other one; 0 cuts."""
        span = other.span() if other.started else None
        left = span.end_frame(self._rate) - other.tail if span is not None else 0
        frames = min(round(seconds * self._rate), left)
        cut = frames <= CUT_S * self._rate
        if cut:
            frames = round(CUT_S * self._rate)
        self._send(ds.DECK_CROSS, deck.number, frames, _law(deck, other) | (ds.CUT if cut else 0))
        self._crossings = max(self._crossings, int(self._one["deck_crossings"])) + 1
        self._asked_for = deck.number
        self._marked = None

    def cross_at_end(self, deck: Deck, other: Deck, seconds: float) -> None:
        """Let the other deck take over some seconds before what a deck plays ends."""
        span, incoming = deck.spans[-1], other.spans[-1]
        # a short track is not all crossfade
        shorter_s = min(each.end_s - each.cue.start_s for each in (span, incoming))
        end = span.end_frame(self._rate)
        at = end - round(min(seconds, 0.5 * shorter_s) * self._rate)
        mark = deck.number, span.first, at
        if mark != self._marked:
            self._mark(deck.number, at, max(0, end - max(at, deck.tail)), _law(deck, other))
            self._marked = mark

    def unmark(self) -> None:
        """Let nothing take over by itself."""
        if self._marked is not None:
            self._marked = None
            for number in range(ds.DECKS):
                self._mark(number, ds.NEVER, 0, 0)

    def _mark(self, number: int, at: int, frames: int, law: int) -> None:
        self._send(ds.DECK_MARK, at & _LOW_BITS, at >> 31, frames << 7 | law << 1 | number)

    def _send(self, kind: int, a: int, b: int, c: int = 0) -> None:
        push_command(self._state, kind, a, b, c)


def _law(deck: Deck, other: Deck) -> int:
    return math.ceil(crossing_law(deck.peak(), other.peak()) * ds.LAW_UNIT)
