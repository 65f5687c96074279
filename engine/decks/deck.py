"""One deck: a ring of the state, and the thread that decodes into it, a second ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.decks.cue import Cue
from engine.decks.loudness import gain_db, highest_gain
from engine.errors import AudioFileError
from engine.io import audiofile
from engine.library.replaygain import read_loudness
from engine.rt.deck_state import DECK_FRAMES, EASE_S
from engine.rt.ring import push_command, write_deck
from engine.rt.state import DECK_FLUSH

_AHEAD_S = 1.0  # decoded ahead of what is heard
_MOST_AHEAD = 3 * DECK_FRAMES // 4  # the rest is for what replaces it
_REFILL = 4  # part of that which may be missing while nobody hurries
_WAIT_S = 0.05
_RAMP_S = 0.02  # from the gain of one track to that of the next on the same deck
_BOTH_SIDES_LU = 3.01  # by which one channel is louder on both sides
_SPANS = 4  # kept: what goes out now may be the last but one
_LOW_BITS = (1 << 31) - 1


@dataclass
class Span:
    """Frames of a deck's ring that belong to one cue."""

    cue: Cue
    first: int  # absolute frame of the ring
    duration_s: float  # of the file
    loudness_lufs: float | None = None  # as it is played
    gain_db: float = 0.0
    last: int | None = None  # None while it is being decoded

    @property
    def end_s(self) -> float:
        """Second of the file at which it is to end."""
        end = self.cue.end_s
        return self.duration_s if end is None else min(end, self.duration_s)

    def end_frame(self, sample_rate: int) -> int:
        """Return the frame of the ring at which it ends, as far as is known."""
        if self.last is not None:
            return self.last
        return self.first + round((self.end_s - self.cue.start_s) * sample_rate)


class Leader(Protocol):
    """What a deck asks of the one that leads both."""

    target_lufs: float | None

    def goes_on(self, deck: Deck) -> bool:
        """Whether the deck itself goes on when its file ends."""

    def following(self) -> Cue | None:
        """Return what it goes on with."""

    def wake(self) -> None:
        """Look again."""


class Deck:
    """Decodes into one ring; what it holds is played, held and faded by commands of others.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
    number : int
        Of the ring.
    sample_rate : int
    leader : Leader
    on_error : callable, optional
        Told the path and reason of a file that cannot be decoded.

    Attributes
    ----------
    started : bool
        What is loaded goes out, or did; else it waits.
    failed : bool
        What was loaded last could not be decoded.
    """

    def __init__(
        self,
        state: NDArray[np.void],
        number: int,
        sample_rate: int,
        leader: Leader,
        on_error: Callable[[Path, str], None] | None,
    ) -> None:
        self._one = state[0]
        self._state = state
        self.number = number
        self._rate = sample_rate
        self._leader = leader
        self._on_error = on_error
        self._ahead = min(_MOST_AHEAD, round(_AHEAD_S * sample_rate))
        self._ease = self._curve(EASE_S)
        self._lock = threading.Lock()
        self._serial = 0  # of what was asked for last
        self._wish: Cue | None = None
        self._floor = 0  # frame of the ring that the last flush went up to
        self._gain: float | None = None  # of the frame written last, as a factor
        self.spans: list[Span] = []
        self.started = False
        self.failed = False
        self.finished = True
        self._changed = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"deck {number}", daemon=True)
        self._thread.start()

    def _curve(self, seconds: float) -> NDArray[np.float32]:
        x = np.arange(1, max(1, round(seconds * self._rate)) + 1) / (seconds * self._rate)
        return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)[:, None]

    # --- what others ask for

    def load(self, cue: Cue) -> None:
        """Decode a cue; what the ring holds gives way when the first of it is there."""
        with self._lock:
            self._ask(cue)
            self.started = False
            self.spans = []

    def seek(self, span: Span, position_s: float) -> None:
        """Go on with a span that plays from another second of its file."""
        with self._lock:
            end = span.cue.end_s if position_s < span.end_s else None
            self._ask(replace(span.cue, start_s=position_s, end_s=end))

    def clear(self) -> None:
        """Hold nothing any more."""
        with self._lock:
            self._ask(None)
            self.started = False
            self.spans = []
            self._flush()

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._changed.set()
        self._thread.join()

    def _ask(self, cue: Cue | None) -> None:
        self._serial += 1
        self._wish = cue
        self.failed = False
        self.finished = cue is None
        self._changed.set()

    # --- where it is

    @property
    def wish(self) -> Cue | None:
        """What was asked for, as long as nothing of it is there."""
        return self._wish

    @property
    def loading(self) -> bool:
        """Nothing of what was asked for last is there yet."""
        return self._wish is not None

    @property
    def loaded(self) -> bool:
        """Decoded sound waits, or goes out."""
        return bool(self.spans) and self._wish is None

    @property
    def ready(self) -> bool:
        """Loaded, and the first of it is in the ring."""
        spans = self.spans
        head = int(self._one["deck_head"][self.number, 0])
        return self.loaded and bool(spans) and head > spans[-1].first

    @property
    def has_ended(self) -> bool:
        """All of what was asked for has gone out."""
        return self.finished and not self.loading and self.waiting_frames == 0

    @property
    def behind(self) -> bool:
        """There is something to decode, and much room for it."""
        if self._wish is not None:
            return True
        if self.finished:
            return bool(self.spans) and self._leader.goes_on(self)
        return self._room() > self._ahead // _REFILL

    @property
    def waiting_frames(self) -> int:
        """Frames in the ring."""
        return int(self._one["deck_head"][self.number, 0]) - self.tail

    @property
    def tail(self) -> int:
        """Frame of the ring that goes out next."""
        return int(self._one["deck_tail"][self.number, 0])

    def span(self) -> Span | None:
        """Return what goes out now, or waits."""
        at = self.tail
        spans = self.spans
        for span in reversed(spans):
            if at >= span.first and (span.last is None or at < span.last):
                return span
        return spans[-1] if spans and at < spans[-1].first else None

    def peak(self) -> float:
        """Return the highest amplitude of what was loaded last, as it is played."""
        spans = self.spans
        if not spans:
            return 0.0
        peak_db = spans[-1].cue.true_peak_db
        return float(10.0 ** ((spans[-1].gain_db + (peak_db or 0.0)) / 20.0))

    def position_s(self, span: Span) -> float:
        """Return the second of a span that goes out now."""
        return span.cue.start_s + max(0, self.tail - span.first) / self._rate

    # --- decoding

    def look(self) -> None:
        """Let the thread see at once what has changed."""
        self._changed.set()

    def _run(self) -> None:
        while not self._closing:
            with self._lock:
                serial, cue = self._serial, self._wish
            if cue is None:
                self._changed.wait(_WAIT_S)
                self._changed.clear()
                continue
            if not self._decode(cue, serial, chained=False):
                with self._lock:
                    if serial == self._serial:
                        self._wish = None
                        self.failed = self.finished = True
                        self._end_spans(int(self._one["deck_head"][self.number, 0]))
            elif serial == self._serial:
                self._go_on(serial)
            self._leader.wake()

    def _go_on(self, serial: int) -> None:
        """Follow with what the leader gives, without a gap, until something else is wanted."""
        while serial == self._serial and not self._closing:
            self.finished = True
            if not self._leader.goes_on(self):
                self._changed.wait(_WAIT_S)
                self._changed.clear()
                continue
            cue = self._leader.following()
            if cue is not None and serial == self._serial:
                self._decode(cue, serial, chained=True)

    def _decode(self, cue: Cue, serial: int, chained: bool) -> bool:
        """Decode a file into the ring; False when nothing of it came."""
        span: Span | None = None
        try:
            cue = _with_tags(cue)
            with audiofile.blocks(cue.path, self._rate, start_s=cue.start_s) as source:
                made = Span(cue, 0, source.expected_s, _as_played(cue, source.channels))
                left = round((made.end_s - cue.start_s) * self._rate)
                is_cut = made.end_s < source.expected_s - EASE_S
                done = 0
                for block in source:
                    part = _as_stereo(block)
                    if cue.end_s is not None:
                        part = part[: max(0, left - done)]
                    if not len(part):
                        break
                    if span is None:
                        if not self._begin(made, serial, chained):
                            return True  # something else is wanted
                        span = made
                    sound = self._shaped(part, span, done, left if is_cut else None)
                    done += len(sound)
                    if not self._push(sound, serial):
                        return True
        except AudioFileError as error:
            self._tell(cue.path, str(error))
            return span is not None
        if span is None:
            self._tell(cue.path, f"{cue.path}: holds no sound after {cue.start_s:.1f} s")
            return False
        span.last = int(self._one["deck_head"][self.number, 0])
        return True

    def _tell(self, path: Path, why: str) -> None:
        if self._on_error is not None:
            self._on_error(path, why)

    def _begin(self, span: Span, serial: int, chained: bool) -> bool:
        """Let a span begin where the ring ends; False when something else is wanted by now."""
        with self._lock:
            if serial != self._serial:
                return False
            span.first = int(self._one["deck_head"][self.number, 0])
            if not chained:
                self._flush()
                self._gain = None
            self._end_spans(span.first)
            self.spans = [*self.spans[1 - _SPANS :], span]
            self._wish = None
            self.finished = False
        self._leader.wake()
        return True

    def _end_spans(self, at: int) -> None:
        for span in self.spans:
            span.last = at if span.last is None else min(span.last, at)

    def _flush(self) -> None:
        self._floor = head = int(self._one["deck_head"][self.number, 0])
        # the callback drops what is before `head`, once it has eased out
        push_command(self._state, DECK_FLUSH, head & _LOW_BITS, head >> 31, self.number)

    def _shaped(
        self, part: NDArray[np.float32], span: Span, at: int, end: int | None
    ) -> NDArray[np.float32]:
        """Return a part of a track as loud as it is to be, eased where it was cut out of a file.

        `at` is its first frame, counted from the cue's start; `end` the frame it is cut at.
        """
        cue = span.cue
        span.gain_db = gain_db(span.loudness_lufs, cue.true_peak_db, self._leader.target_lufs)
        gain = 10.0 ** (span.gain_db / 20.0)
        sound = np.multiply(part, np.float32(gain), dtype=np.float32)
        if self._gain is not None and self._gain != gain:
            # a quiet track may be followed by a loud one, which its gain would be too much for
            begin = min(self._gain, max(gain, highest_gain(cue.true_peak_db)))
            frames = min(len(part), round(_RAMP_S * self._rate))
            ramp = np.linspace(begin, gain, frames, endpoint=False, dtype=np.float32)
            sound[:frames] = part[:frames] * ramp[:, None]
        self._gain = gain
        if cue.start_s > 0 and at < len(self._ease):
            some = self._ease[at : at + len(sound)]
            sound[: len(some)] *= some
        if end is not None and at + len(sound) > end - len(self._ease):
            left = end - np.arange(at, at + len(sound))
            ease = self._ease[np.clip(left - 1, 0, len(self._ease) - 1)]
            sound *= np.where((left <= len(self._ease))[:, None], ease, np.float32(1.0))
        return sound

    def _room(self) -> int:
        """Frames that may be written now; what is about to be dropped counts for little."""
        head, tail = int(self._one["deck_head"][self.number, 0]), self.tail
        return min(self._ahead - (head - max(tail, self._floor)), DECK_FRAMES - (head - tail))

    def _push(self, samples: NDArray[np.float32], serial: int) -> bool:
        while len(samples):
            if serial != self._serial or self._closing:
                return False
            room = self._room()
            if room <= 0:
                self._changed.wait(_WAIT_S)
                self._changed.clear()
                continue
            samples = samples[write_deck(self._state, samples[:room], self.number) :]
        return True


def _with_tags(cue: Cue) -> Cue:
    """Return a cue with the loudness that the file's tags tell, if nobody knows better."""
    if cue.loudness_lufs is not None:
        return cue
    told = read_loudness(cue.path)
    if told is None:
        return cue
    return replace(cue, loudness_lufs=told.loudness_lufs, true_peak_db=told.peak_db)


def _as_played(cue: Cue, channels: int) -> float | None:
    """Return the loudness of a cue on two loudspeakers: of one channel it is that on one."""
    if cue.loudness_lufs is None or channels > 1:
        return cue.loudness_lufs
    return cue.loudness_lufs + _BOTH_SIDES_LU


def _as_stereo(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 2): mono on both sides; of more than two channels the first two."""
    if block.ndim == 1 or block.shape[1] == 1:
        return np.repeat(block.reshape(-1, 1), 2, axis=1)
    return block[:, :2]
