"""Decks: two of them, and a conductor that lets one follow the other."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.decks.cue import Cue
from engine.decks.deck import Deck, Span
from engine.decks.loudness import crossing_law
from engine.errors import DeckError
from engine.rt import deck_state as ds
from engine.rt.ring import push_command

LONGEST_CROSSFADE_S = 30.0
TARGET_LUFS = -16.0

_TICK_S = 0.02
_LEAD_S = 2.0  # before a crossfade, the next track is asked for
_CUT_S = 0.01  # in which the one fades out that is cut
_AGAIN_S = 1.0  # after which somebody who had nothing is asked again
_TRIES = 4
_BOTH = 3  # bits of both decks
_LOW_BITS = (1 << 31) - 1


@dataclass(frozen=True)
class Playing:
    """What the decks play: the track's id, and the second of it that is being sent out."""

    track_id: int
    position_s: float


@dataclass(frozen=True)
class DeckStatus:
    """One deck.

    Attributes
    ----------
    track_id : int or None
    state : str
        "empty", "loading", "cued", "playing", "paused" or "ending" (it is faded out).
    position_s : float
    duration_s : float or None
        Of the file.
    gain_db : float
        By which the track is made as loud as the others.
    fade : float
        What the crossfade gives it, 0..1.
    peak : float
        Amplitude of late, 0..1 and over.
    """

    track_id: int | None
    state: str
    position_s: float
    duration_s: float | None
    gain_db: float
    fade: float
    peak: float


@dataclass
class _Transition:
    """A deck that is to take over as soon as it is loaded."""

    deck: int
    seconds: float
    insist: bool  # if it cannot be played, another one is asked for


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

    Attributes
    ----------
    auto : bool
        Go on with what `on_next` gives, or with what is cued.

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
        self._state = state
        self._one = state[0]
        self._rate = int(sample_rate)
        self._on_next = on_next
        self.auto = on_next is not None
        self._crossfade_s = 4.0
        self._target_lufs: float | None = TARGET_LUFS
        self._paused = False
        self._crossings = int(self._one["deck_crossings"])
        self._commanded = int(self._one["deck_front"][0])
        self._pending: _Transition | None = None
        self._wanted: float | None = None  # seconds of a crossfade to what on_next gives
        self._armed: tuple[int, int] | None = None  # the span and frame of the mark
        self._ask_frame = 0  # before which on_next is not asked again
        self._acts = 0  # of the user
        self._sent: dict[int, int] = {}  # frame of the stream at which a track was last sent out
        self._lock = threading.RLock()
        self._ticking = threading.Lock()
        self._awake = threading.Event()
        self._closing = False
        self._send(ds.DECK_RUN, _BOTH, 0)
        self._decks = tuple(
            Deck(state, number, self._rate, self, on_error) for number in range(ds.DECKS)
        )
        self._thread = threading.Thread(target=self._run, name="decks", daemon=True)
        self._thread.start()

    # --- what the user does

    def play(self, cue: Cue) -> None:
        """Play a cue, as soon as the first of it is decoded; what plays is cut then."""
        with self._lock:
            back = self._take_back()
            self._paused = False
            self._decks[back].load(cue)
            self._pending = _Transition(back, 0.0, insist=False)

    def cue(self, cue: Cue) -> None:
        """Load a cue on the deck that does not play; it waits there."""
        with self._lock:
            self._decks[self._take_back()].load(cue)

    def crossfade(self, seconds: float | None = None) -> None:
        """Let the other deck take over: what is loaded there, else what `on_next` gives.

        Parameters
        ----------
        seconds : float, optional
            0..30; `crossfade_s` if not given, 0 cuts.
        """
        if seconds is None:
            seconds = self._crossfade_s
        _check_seconds("seconds", seconds)
        with self._lock:
            self._acts += 1
            self._paused = False
            back = 1 - self.foreground
            if self._is_waiting(back):
                self._disarm()
                self._pending = _Transition(back, seconds, insist=True)
            else:
                self._wanted = seconds
        self._awake.set()

    def next(self) -> None:
        """Cross to what comes next."""
        self.crossfade()

    def pause(self) -> None:
        """Hold both decks where they are."""
        with self._lock:
            self._paused = True
            self._send(ds.DECK_RUN, _BOTH, 0)

    def resume(self) -> None:
        """Go on after a pause; with nothing to go on with, play what is cued."""
        with self._lock:
            front = self.foreground
            back = 1 - front
            if self._paused and self._decks[front].started:
                ending = 1 << back if self._decks[back].started else 0
                self._send(ds.DECK_RUN, 1 << front | ending, 1)
            elif not self._decks[front].started and self._is_waiting(back):
                self._pending = _Transition(back, 0.0, insist=False)
            self._paused = False
        self._awake.set()

    def seek(self, position_s: float) -> None:
        """Go on with the track that plays from another second of it.

        Raises
        ------
        DeckError
            If nothing plays.
        ValueError
            If the second is not one of the track.
        """
        with self._lock:
            deck = self._decks[self.foreground]
            span = deck.span()
            if span is None or not deck.started:
                raise DeckError("nothing plays that could be sought in")
            if not 0.0 <= position_s < span.duration_s:
                raise ValueError(
                    f"position_s must be between 0 and {span.duration_s:.1f}, got {position_s}"
                )
            self._acts += 1
            self._disarm()
            deck.seek(position_s)

    def stop(self) -> None:
        """End the music, now."""
        with self._lock:
            self._acts += 1
            self._disarm()
            self._pending = self._wanted = None
            self._paused = False
            self._remember()
            self._send(ds.DECK_RUN, _BOTH, 0)
            for deck in self._decks:
                deck.clear()

    def close(self) -> None:
        """Stop, and end the threads; may be called twice."""
        if self._closing:
            return
        self.stop()
        self._closing = True
        self._awake.set()
        self._thread.join()
        for deck in self._decks:
            deck.close()

    # --- what is set

    @property
    def crossfade_s(self) -> float:
        """Seconds that one track fades into the next, 0..30; 0: gapless."""
        return self._crossfade_s

    @crossfade_s.setter
    def crossfade_s(self, seconds: float) -> None:
        _check_seconds("crossfade_s", seconds)
        with self._lock:
            self._crossfade_s = float(seconds)
            self._disarm()

    @property
    def target_lufs(self) -> float | None:
        """Loudness of every track, -30..-5 LUFS; None: as the files are."""
        return self._target_lufs

    @target_lufs.setter
    def target_lufs(self, lufs: float | None) -> None:
        if lufs is not None and not -30.0 <= lufs <= -5.0:
            raise ValueError(f"target_lufs must be between -30 and -5, or None, got {lufs}")
        self._target_lufs = lufs

    # --- what is to be seen

    @property
    def foreground(self) -> int:
        """Number of the deck that took over last."""
        crossings = int(self._one["deck_crossings"])
        if crossings < self._crossings:  # the callback has not come to it yet
            return self._commanded
        front = int(self._one["deck_front"][0])
        if crossings > self._crossings:  # at the mark
            self._crossings = crossings
            self._armed = None
            self._decks[front].started = True
        return front

    @property
    def paused(self) -> bool:
        """Held by `pause`."""
        return self._paused

    @property
    def playing(self) -> Playing | None:
        """What goes out from the deck in the foreground; None when nothing does."""
        front = self.foreground
        deck = self._decks[front]
        span = deck.span() if deck.started else None
        if span is None:
            return None
        return Playing(span.cue.track_id, deck.position_s(span))

    def place(self) -> tuple[int, float, int] | None:
        """What goes out: the track's id, a second of it, and the stream's frame of that second."""
        for _ in range(_TRIES):  # the callback moves both
            frame = int(self._one["frame"])
            now = self.playing
            if int(self._one["frame"]) == frame:
                break
        if now is None or self._paused:
            return None
        return now.track_id, now.position_s, frame

    def sent_within(self, track_id: int, seconds: float) -> bool:
        """Whether a track goes out now, or did in the last `seconds` of the stream."""
        self._remember()
        last = self._sent.get(track_id)
        return last is not None and int(self._one["frame"]) - last <= seconds * self._rate

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the track in the foreground ends; None when nothing plays."""
        deck = self._decks[self.foreground]
        span = deck.span() if deck.started else None
        if span is None:
            return None
        return max(0.0, (self._end_frame(span) - deck.tail) / self._rate)

    @property
    def status(self) -> tuple[DeckStatus, DeckStatus]:
        """Both decks."""
        with self._lock:
            first, second = (self._status(number) for number in range(ds.DECKS))
        return first, second

    def _status(self, number: int) -> DeckStatus:
        deck, one = self._decks[number], self._one
        span = deck.span()
        front = number == self.foreground
        gain = float(one["deck_gain"][number]) if one["deck_run"][number] or front else 0.0
        peak = float(one["meter"][ds.METER_DECKS + number])
        if span is None:
            state = "loading" if deck.loading else "empty"
            return DeckStatus(None, state, 0.0, None, 0.0, 0.0, peak)
        if deck.started and front:
            state = "paused" if self._paused else "playing"
        elif deck.started:
            state = "ending"
        else:
            state = "cued"
        if not deck.started:
            gain = 0.0
        return DeckStatus(
            span.cue.track_id, state, deck.position_s(span), span.duration_s, span.gain_db, gain,
            peak,
        )  # fmt: skip

    def wait_until_ready(self, timeout_s: float = 10.0) -> bool:
        """Wait until what was asked for can be heard, or is cued; False when it cannot in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            with self._lock:
                waits = self._pending is not None or any(deck.loading for deck in self._decks)
                if not waits and any(deck.waiting_frames > 0 for deck in self._decks):
                    return True
            time.sleep(0.005)
        return False

    def catch_up(self, timeout_s: float = 10.0) -> bool:
        """Wait until all is decoded that may be, and done that is due; False when it takes longer.

        For rendering at another pace than that of a sound card: once before every block.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            busy = self._tick()
            for deck in self._decks:
                if deck.behind:
                    deck.look()
                    busy = True
            if not busy:
                return True
            time.sleep(0.0005)
        return False

    # --- what the decks ask

    def wake(self) -> None:
        """Let the conductor look at once."""
        self._awake.set()

    def goes_on(self, deck: Deck) -> bool:
        """Whether the deck itself goes on when its file ends: gapless, with what is next."""
        return (
            self.auto
            and self._on_next is not None
            and self._crossfade_s == 0.0
            and self._pending is None
            and self._wanted is None
            and deck.started
            and deck.number == self.foreground
            and not self._is_waiting(1 - deck.number)
            and int(self._one["frame"]) >= self._ask_frame
        )

    def following(self, deck: Deck) -> Cue | None:
        """Ask for what follows without a gap."""
        return self._ask()

    # --- the conductor

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(_TICK_S)
            self._awake.clear()
            self._tick()

    def _tick(self) -> bool:
        """Do what is due; True when something was."""
        with self._ticking:
            with self._lock:
                self._remember()
                self._clear_ended()
                if self._take_over():
                    return True
                seconds = self._due()
                acts = self._acts
            if seconds is None:
                return self._pending is not None and not self._paused
            cue = self._ask()
            with self._lock:
                if cue is None or acts != self._acts or self._closing:
                    return False
                back = 1 - self.foreground
                self._hush(back)
                self._decks[back].load(cue)
                if self._wanted is not None or self._has_ended(1 - back):
                    self._pending = _Transition(back, seconds, insist=True)
                    self._wanted = None
                return True

    def _ask(self) -> Cue | None:
        cue = self._on_next() if self._on_next is not None else None
        if cue is None:
            self._wanted = None
            self._ask_frame = int(self._one["frame"]) + round(_AGAIN_S * self._rate)
        return cue

    def _due(self) -> float | None:
        """Return the seconds to cross to what is to be asked for now, or None if nothing is.

        Arms the crossfade when what follows is there.
        """
        if self._wanted is not None:
            return self._wanted
        front = self.foreground
        deck, other = self._decks[front], self._decks[1 - front]
        if not self.auto or self._paused or not deck.started or self._pending is not None:
            return None
        if self._has_ended(front):
            if self._is_waiting(1 - front):
                self._pending = _Transition(1 - front, 0.0, insist=True)
            elif self._may_ask() and not self.goes_on(deck):
                return 0.0
            return None
        span = deck.spans[-1] if deck.loaded else None
        if span is None or deck.tail < span.first:
            return None
        if self._is_waiting(1 - front):
            if other.ready:
                self._arm(front, span)
        elif self._crossfade_s > 0.0 and self._may_ask() and not other.started:
            left = self._end_frame(span) - deck.tail
            if left < (self._crossfade_s + _LEAD_S) * self._rate:
                return self._crossfade_s
        return None

    def _may_ask(self) -> bool:
        return self._on_next is not None and int(self._one["frame"]) >= self._ask_frame

    def _has_ended(self, number: int) -> bool:
        """Whether all of what a deck played has gone out."""
        deck = self._decks[number]
        return deck.finished and not deck.loading and deck.waiting_frames == 0

    def _is_waiting(self, number: int) -> bool:
        """Whether something on a deck waits for its turn."""
        deck = self._decks[number]
        return (deck.loaded or deck.loading) and not deck.started

    def _end_frame(self, span: Span) -> int:
        """Return the frame of the ring at which a span ends, as far as is known."""
        if span.last is not None:
            return span.last
        return span.first + round((span.end_s - span.cue.start_s) * self._rate)

    def _clear_ended(self) -> None:
        """Let go of a deck that has faded out, or come to the end of the music."""
        front = self.foreground
        one, back = self._one, 1 - front
        if int(one["deck_crossings"]) < self._crossings:
            return
        other = self._decks[back]
        if other.started:
            silent = not one["deck_run"][back] and not one["deck_ease"][back]
            faded = silent and (not self._paused or one["deck_gain"][back] == 0.0)
            if faded or self._has_ended(back):
                self._send(ds.DECK_RUN, 1 << back, 0)
                other.clear()
        deck = self._decks[front]
        if deck.started and self._has_ended(front) and self._pending is None:
            goes_on = self.auto and (self._may_ask() or self._is_waiting(back))
            if not goes_on and self._wanted is None:
                self._send(ds.DECK_RUN, 1 << front, 0)
                deck.clear()

    # --- one deck takes over from the other

    def _take_over(self) -> bool:
        """Let the deck take over that is meant to, if it is ready; True when something was done."""
        pending = self._pending
        if pending is None or self._paused:
            return False
        deck = self._decks[pending.deck]
        if deck.ready:
            self._cross(pending.deck, pending.seconds)
            self._pending = None
            return True
        if not deck.failed:
            return False
        self._pending = None
        front = self._decks[self.foreground]
        if pending.insist or not front.started or self._has_ended(front.number):
            self._wanted = pending.seconds if self._on_next is not None else None
        return True

    def _cross(self, to: int, seconds: float) -> None:
        deck, other = self._decks[to], self._decks[1 - to]
        span = other.span() if other.started else None
        left = self._end_frame(span) - other.tail if span is not None else 0
        frames = min(round(seconds * self._rate), max(0, left))
        cut = frames <= _CUT_S * self._rate
        if cut:
            frames = round(_CUT_S * self._rate)
        self._send(ds.DECK_CROSS, to, frames, _law(deck, other) | (ds.CUT if cut else 0))
        self._crossings = max(self._crossings, int(self._one["deck_crossings"])) + 1
        self._commanded = to
        self._armed = None
        deck.started = True

    def _arm(self, front: int, span: Span) -> None:
        """Let the callback cross to the other deck before a span ends."""
        deck, other = self._decks[front], self._decks[1 - front]
        incoming = other.spans[-1]
        shorter_s = min(each.end_s - each.cue.start_s for each in (span, incoming))
        end = self._end_frame(span)
        at = end - round(min(self._crossfade_s, 0.5 * shorter_s) * self._rate)
        if self._armed == (span.first, at):
            return
        frames = max(0, end - max(at, deck.tail))
        self._mark(front, at, frames, _law(deck, other))
        self._armed = span.first, at

    def _disarm(self) -> None:
        if self._armed is not None:
            self._armed = None
            for number in range(ds.DECKS):
                self._mark(number, ds.NEVER, 0, 0)

    def _mark(self, number: int, at: int, frames: int, law: int) -> None:
        self._send(ds.DECK_MARK, at & _LOW_BITS, at >> 31, frames << 7 | law << 1 | number)

    def _take_back(self) -> int:
        """Free the deck that does not play, for something that the user wants there."""
        self._acts += 1
        self._disarm()
        self._pending = self._wanted = None
        back = 1 - self.foreground
        self._hush(back)
        return back

    def _hush(self, number: int) -> None:
        """Let a deck that fades out be silent at once."""
        if self._decks[number].started:
            self._send(ds.DECK_RUN, 1 << number, 0)

    def _send(self, kind: int, a: int, b: int, c: int = 0) -> None:
        push_command(self._state, kind, a, b, c)

    def _remember(self) -> None:
        """Write down what goes out now."""
        for deck in self._decks:
            span = deck.span() if deck.started else None
            if span is not None and not self._paused:
                self._sent[span.cue.track_id] = int(self._one["frame"])


def _law(deck: Deck, other: Deck) -> int:
    return math.ceil(crossing_law(deck.peak(), other.peak()) * ds.LAW_UNIT)


def _check_seconds(name: str, seconds: float) -> None:
    if not (math.isfinite(seconds) and 0.0 <= seconds <= LONGEST_CROSSFADE_S):
        raise ValueError(f"{name} must be between 0 and {LONGEST_CROSSFADE_S:g}, got {seconds}")
