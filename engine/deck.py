"""The deck: tracks of the library through the engine's own output, decoded ahead by a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError
from engine.io import audiofile
from engine.rt.ring import push_command, write_deck
from engine.rt.state import DECK_FLUSH, DECK_FRAMES

_AHEAD_S = 1.0  # decoded ahead of what is heard
_WAIT_S = 0.05
_TRIES = 4
_LOW_BITS = (1 << 31) - 1


@dataclass(frozen=True)
class Playing:
    """What the deck plays: the track's id, and the second of it that is being sent out."""

    track_id: int
    position_s: float


@dataclass
class _Span:
    """Frames of the deck's ring that belong to one track."""

    track_id: int
    first: int  # absolute frame of the ring
    start_s: float
    last: int | None = None  # None while it is being decoded


class Deck:
    """Plays files one after the other, without a gap.

    Parameters
    ----------
    state : ndarray
        The engine's state (`Synth.state`).
    sample_rate : float
        Its rate; files are converted.
    on_next : callable, optional
        Asked for the next (track id, path) when a file is nearly over; None ends the music.
    on_error : callable, optional
        Told the path and reason of a file that cannot be decoded; the deck goes on with the next.
    """

    def __init__(
        self,
        state: NDArray[np.void],
        sample_rate: float,
        on_next: Callable[[], tuple[int, Path] | None] | None = None,
        on_error: Callable[[Path, str], None] | None = None,
    ) -> None:
        self._state = state
        self._rate = int(sample_rate)
        self._on_next = on_next
        self._on_error = on_error
        self._lock = threading.Lock()
        self._wanted: tuple[int, Path, float] | None = None
        self._spans: list[_Span] = []
        self._sent: dict[int, int] = {}  # frame of the stream at which a track was last sent out
        self._changed = threading.Event()  # play or stop was asked for
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deck", daemon=True)
        self._thread.start()

    def play(self, track_id: int, path: Path, start_s: float = 0.0) -> None:
        """Play a file from `start_s` on, now; what was playing stops."""
        if start_s < 0:
            raise ValueError(f"start_s must be at least 0, got {start_s}")
        with self._lock:
            self._wanted = (track_id, path, start_s)
            self._changed.set()

    def wait_until_ready(self, timeout_s: float = 10.0) -> bool:
        """Wait until decoded sound waits for the callback; False when none came in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            one = self._state[0]
            if int(one["deck_head"][0]) > int(one["deck_tail"][0]):
                return True
            time.sleep(0.005)
        return False

    def stop(self) -> None:
        """Stop, now."""
        with self._lock:
            self._wanted = None
            self._changed.set()

    @property
    def playing(self) -> Playing | None:
        """What goes out at this moment; None when nothing does."""
        at = int(self._state[0]["deck_tail"][0])
        with self._lock:
            for span in reversed(self._spans):
                if at >= span.first and (span.last is None or at < span.last):
                    return Playing(span.track_id, span.start_s + (at - span.first) / self._rate)
        return None

    def place(self) -> tuple[int, float, int] | None:
        """What goes out: the track's id, a second of it, and the stream's frame of that second."""
        one = self._state[0]
        for _ in range(_TRIES):  # the callback moves both
            frame = int(one["frame"])
            now = self.playing
            if int(one["frame"]) == frame:
                return None if now is None else (now.track_id, now.position_s, frame)
        return None

    def sent_within(self, track_id: int, seconds: float) -> bool:
        """Whether a track goes out now, or did in the last `seconds` of the stream."""
        now = self.playing
        if now is not None and now.track_id == track_id:
            return True
        last = self._sent.get(track_id)
        return last is not None and int(self._state[0]["frame"]) - last < seconds * self._rate

    def close(self) -> None:
        """Stop for good."""
        self._closing.set()
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        following: tuple[int, Path, float] | None = None
        while not self._closing.is_set():
            if self._changed.is_set():
                with self._lock:  # or a wish made between the two would be taken for a stop
                    self._changed.clear()
                    following, self._wanted = self._wanted, None
                self._flush()
            if following is None:
                self._remember()
                self._changed.wait(_WAIT_S)
                continue
            if not self._send(*following):
                continue  # interrupted: `_wanted` says by what
            after = self._on_next() if self._on_next else None
            following = (*after, 0.0) if after else None

    def _remember(self) -> None:
        now = self.playing
        if now is not None:
            self._sent[now.track_id] = int(self._state[0]["frame"])

    def _flush(self) -> None:
        self._remember()
        with self._lock:
            self._spans.clear()
        head = int(self._state[0]["deck_head"][0])
        if head > int(self._state[0]["deck_tail"][0]):
            # the callback drops what is before `head` at its next block
            push_command(self._state, DECK_FLUSH, head & _LOW_BITS, head >> 31)

    def _send(self, track_id: int, path: Path, start_s: float) -> bool:
        """Decode a file into the ring; False when something else is wanted."""
        skip = round(start_s * self._rate)
        span: _Span | None = None
        try:
            with audiofile.blocks(path, sample_rate=self._rate) as source:
                for block in source:
                    part = block[skip:]
                    skip = max(0, skip - len(block))
                    stereo = np.ascontiguousarray(_as_stereo(part), dtype=np.float32)
                    if len(stereo) and span is None:
                        span = _Span(track_id, int(self._state[0]["deck_head"][0]), start_s)
                        with self._lock:
                            self._spans = [*self._spans[-3:], span]
                    if not self._push(stereo):
                        return False
        except AudioFileError as error:
            if self._on_error is not None:
                self._on_error(path, str(error))
        if span is not None:
            span.last = int(self._state[0]["deck_head"][0])
        return True

    def _push(self, samples: NDArray[np.float32]) -> bool:
        ahead = min(DECK_FRAMES, round(_AHEAD_S * self._rate))
        while len(samples):
            if self._changed.is_set() or self._closing.is_set():
                return False
            one = self._state[0]
            room = ahead - (int(one["deck_head"][0]) - int(one["deck_tail"][0]))
            self._remember()
            if room <= 0:
                self._changed.wait(_WAIT_S)
                continue
            samples = samples[write_deck(self._state, samples[:room]) :]
        return True


def _as_stereo(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 2): mono on both sides; of more than two channels the first two."""
    if block.ndim == 1 or block.shape[1] == 1:
        return np.repeat(block.reshape(-1, 1), 2, axis=1)
    return block[:, :2]
