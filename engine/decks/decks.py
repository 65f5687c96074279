"""Decks: tracks through the engine's own output, one after the other or into each other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.decks.conductor import Conductor, Transition
from engine.decks.crossfader import BOTH
from engine.decks.cue import Cue
from engine.decks.deck import Deck
from engine.decks.status import DeckStatus, Playing
from engine.errors import DeckError
from engine.rt import deck_state as ds

LONGEST_CROSSFADE_S = 30.0
QUIETEST_LUFS, LOUDEST_LUFS = -30.0, -5.0

_TRIES = 4
_LOOK_S = 0.0005


class Decks:
    """Plays tracks one after the other: gapless, or crossed, each as loud as the others.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
        The engine's state (`Synth.state`).
    sample_rate : float
        Its rate; files are converted.
    on_next : callable, optional
        Asked for what comes next, from a thread of the decks; None ends the music.
    on_error : callable, optional
        Told the path and reason of a file that cannot be played; the music goes on without it.
        Also told, with an empty path, why `on_next` raised an `AntiphonError`.

    Examples
    --------
    See examples/session.py.
    """

    def __init__(
        self,
        state: NDArray[np.void],
        sample_rate: float,
        on_next: Callable[[], Cue | None] | None = None,
        on_error: Callable[[Path, str], None] | None = None,
    ) -> None:
        self._one = state[0]
        self._rate = int(sample_rate)
        self._conductor = Conductor(state, self._rate, on_next, on_error)
        self._closed = False

    # --- what the user does

    def play(self, cue: Cue) -> None:
        """Play a cue, as soon as the first of it is decoded; what plays is cut then."""
        lead = self._conductor
        with lead.lock:
            back = lead.free_back()
            lead.paused = False
            back.load(cue)
            lead.pending = Transition(back.number, 0.0, insist=False)

    def cue(self, cue: Cue) -> None:
        """Load a cue on the deck that does not play; it waits there, and comes next."""
        with self._conductor.lock:
            self._conductor.free_back().load(cue)

    def crossfade(self, seconds: float | None = None) -> None:
        """Let the other deck take over: what is loaded there, else what `on_next` gives.

        Parameters
        ----------
        seconds : float, optional
            0..30; `crossfade_s` if not given, 0 cuts.
        """
        lead = self._conductor
        if seconds is None:
            seconds = lead.crossfade_s
        _check_seconds("seconds", seconds)
        with lead.lock:
            lead.acts += 1
            lead.paused = False
            back = lead.decks[1 - lead.fader.front]
            if lead.is_waiting(back):
                lead.fader.unmark()
                lead.pending = Transition(back.number, seconds, insist=True)
            else:
                lead.wanted = seconds
        lead.wake()

    def next(self) -> None:
        """Cross to what comes next."""
        self.crossfade()

    def pause(self) -> None:
        """Hold both decks where they are."""
        with self._conductor.lock:
            self._conductor.paused = True
            self._conductor.fader.hold(BOTH)
        self._conductor.wake()

    def resume(self) -> None:
        """Go on after a pause; with nothing to go on with, play what is cued."""
        lead = self._conductor
        with lead.lock:
            front = lead.decks[lead.fader.front]
            back = lead.decks[1 - front.number]
            if lead.paused and front.started:
                lead.fader.run(sum(1 << deck.number for deck in lead.decks if deck.started))
            elif not front.started and lead.is_waiting(back):
                lead.pending = Transition(back.number, 0.0, insist=False)
            lead.paused = False
        lead.wake()

    def seek(self, position_s: float) -> None:
        """Go on with the track that plays from another second of it.

        Raises
        ------
        DeckError
            If nothing plays.
        ValueError
            If the second is not one of the track.
        """
        lead = self._conductor
        with lead.lock:
            deck = self._playing_deck()
            span = deck.span() if deck is not None else None
            if deck is None or span is None:
                raise DeckError("nothing plays that could be sought in")
            if not 0.0 <= position_s < span.duration_s:
                raise ValueError(
                    f"position_s must be between 0 and {span.duration_s:.1f}, got {position_s}"
                )
            lead.acts += 1
            lead.fader.unmark()
            deck.seek(span, position_s)

    def stop(self) -> None:
        """End the music, now."""
        lead = self._conductor
        with lead.lock:
            lead.acts += 1
            lead.fader.unmark()
            lead.pending = lead.wanted = None
            lead.last_sent(0)
            lead.paused = False
            lead.fader.hold(BOTH)
            for deck in lead.decks:
                deck.clear()
        lead.wake()

    def close(self) -> None:
        """Stop, and end the threads; may be called twice."""
        if not self._closed:
            self._closed = True
            self.stop()
            self._conductor.close()

    # --- what is set

    @property
    def crossfade_s(self) -> float:
        """Seconds that one track fades into the next, 0..30; 0: gapless."""
        return self._conductor.crossfade_s

    @crossfade_s.setter
    def crossfade_s(self, seconds: float) -> None:
        _check_seconds("crossfade_s", seconds)
        with self._conductor.lock:
            self._conductor.crossfade_s = float(seconds)
            self._conductor.fader.unmark()

    @property
    def target_lufs(self) -> float | None:
        """Loudness of every track, -30..-5 LUFS; None: as the files are."""
        return self._conductor.target_lufs

    @target_lufs.setter
    def target_lufs(self, lufs: float | None) -> None:
        if lufs is not None and not QUIETEST_LUFS <= lufs <= LOUDEST_LUFS:
            raise ValueError(
                f"target_lufs must be between {QUIETEST_LUFS:g} and {LOUDEST_LUFS:g}, "
                f"or None, got {lufs}"
            )
        self._conductor.target_lufs = lufs

    @property
    def auto(self) -> bool:
        """Go on with what is cued, or with what `on_next` gives, when a track ends."""
        return self._conductor.auto

    @auto.setter
    def auto(self, on: bool) -> None:
        with self._conductor.lock:
            self._conductor.auto = bool(on)
            self._conductor.fader.unmark()

    @property
    def on_change(self) -> list[Callable[[], None]]:
        """What to call, from a thread of the decks, when something else plays or is set."""
        return self._conductor.on_change

    # --- what is to be seen

    @property
    def foreground(self) -> int:
        """Number of the deck that took over last."""
        return self._conductor.fader.front

    @property
    def paused(self) -> bool:
        """Held by `pause`."""
        return self._conductor.paused

    @property
    def playing(self) -> Playing | None:
        """What goes out from the deck in the foreground; None when nothing does."""
        deck = self._playing_deck()
        span = deck.span() if deck is not None else None
        if deck is None or span is None:
            return None
        return Playing(span.cue.track_id, deck.position_s(span))

    def place(self) -> tuple[int, float, int] | None:
        """What goes out: the track's id, a second of it, and the stream's frame of that second."""
        now = None
        frame = 0
        for _ in range(_TRIES):  # the callback moves both
            frame = self._conductor.frame
            now = self.playing
            if self._conductor.frame == frame:
                break
        return None if now is None or self.paused else (now.track_id, now.position_s, frame)

    def sent_within(self, track_id: int, seconds: float) -> bool:
        """Whether a track goes out now, or did in the last `seconds` of the stream."""
        last = self._conductor.last_sent(track_id)
        return last is not None and self._conductor.frame - last <= seconds * self._rate

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the track in the foreground ends; None when nothing plays."""
        deck = self._playing_deck()
        span = deck.span() if deck is not None else None
        if deck is None or span is None:
            return None
        return max(0.0, (span.end_frame(self._rate) - deck.tail) / self._rate)

    @property
    def status(self) -> tuple[DeckStatus, DeckStatus]:
        """Both decks."""
        with self._conductor.lock:
            first, second = (self._status(deck) for deck in self._conductor.decks)
        return first, second

    def _playing_deck(self) -> Deck | None:
        deck = self._conductor.decks[self._conductor.fader.front]
        return deck if deck.started else None

    def _status(self, deck: Deck) -> DeckStatus:
        lead = self._conductor
        span = deck.span()
        peak = float(self._one["meter"][ds.METER_DECKS + deck.number])
        if span is None:
            wish = deck.wish
            if wish is None:
                return DeckStatus(None, "empty", 0.0, None, 0.0, 0.0, peak)
            return DeckStatus(wish.track_id, "loading", wish.start_s, None, 0.0, 0.0, peak)
        state, fade = "cued", 0.0
        if deck.started:
            state = "paused" if lead.paused else "playing"
            state = state if deck.number == lead.fader.front else "ending"
            fade = lead.fader.gain(deck.number)
        place = deck.position_s(span), span.duration_s
        return DeckStatus(span.cue.track_id, state, *place, span.gain_db, fade, peak)

    def wait_until_ready(self, timeout_s: float = 10.0) -> bool:
        """Wait until what was asked for can be heard, or is cued; False when it cannot in time."""
        lead = self._conductor
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            with lead.lock:
                waits = lead.pending is not None or any(deck.loading for deck in lead.decks)
                if not waits and any(deck.ready for deck in lead.decks):
                    return True
            time.sleep(_LOOK_S)
        return False

    def catch_up(self, timeout_s: float = 10.0) -> bool:
        """Wait until all is decoded that may be, and done that is due; False when it takes longer.

        For rendering at another pace than that of a sound card: once before every block.
        """
        lead = self._conductor
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            busy = lead.tick()
            for deck in lead.decks:
                if deck.behind:
                    deck.look()
                    busy = True
            if not busy:
                return True
            time.sleep(_LOOK_S)
        return False


def _check_seconds(name: str, seconds: float) -> None:
    if not (math.isfinite(seconds) and 0.0 <= seconds <= LONGEST_CROSSFADE_S):
        raise ValueError(f"{name} must be between 0 and {LONGEST_CROSSFADE_S:g}, got {seconds}")
