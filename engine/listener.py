"""The listening thread: microphone samples in, what is playing out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.rt.ring import read_mic
from fingerprint import FingerprintIndex, Identification

_WAIT_S = 0.02
_READ_FRAMES = 4096
_SILENT_RMS = 10 ** (-66 / 20)
_SILENT_S = 2.0  # of silence until a track counts as over
_UNKNOWN_S = 5.0  # of sound without an answer until it is called unknown
_LOST_S = 3.0  # without a confirmation until a known track counts as over
_JUMP_S = 0.5  # a place this far from where it was expected is news: many tunes repeat themselves
_OTHER_SPEED = 0.005  # and so is a speed this far from what was said: a guess of two seconds

_OWN_S = 5.0  # of our own sound that are compared with what was heard

# Takes a track, a frame of the engine and a number of frames; returns as many frames of what we
# played up to there, mono; None if there was nothing of the kind that may be taken for the track.
OwnSound = Callable[[int, int, int], NDArray[np.float32] | None]

State = Literal["known", "unknown", "silence"]


@dataclass(frozen=True)
class Heard:
    """What the room plays, said once whenever it changes: another track, place in it, or speed.

    Attributes
    ----------
    state : "known", "unknown" or "silence"
    track_id : int or None
    position_s : float or None
        Second of the track that was heard at `frame`.
    confidence, speed : float
        Of the identification; 0 and 1 where nothing is known.
    frame : int
        Frames of the microphone up to which this rests.
    answered_after_s : float
        Seconds of sound since it began (or since the track before it was lost); of a corrected
        place, seconds since the same moment as of the first one.
    """

    state: State
    track_id: int | None
    position_s: float | None
    confidence: float
    speed: float
    frame: int
    answered_after_s: float


class Tracker:
    """Turns microphone samples into `Heard`; the part of the listener without a thread.

    Parameters
    ----------
    index : FingerprintIndex
    sample_rate : float
        Of the samples, Hz.
    own_sound : OwnSound, optional
        What we play ourselves: a name that it would get as well is not the room's.
    """

    def __init__(
        self, index: FingerprintIndex, sample_rate: float, own_sound: OwnSound | None = None
    ) -> None:
        self._own_sound = own_sound
        self._stream = index.stream(sample_rate)
        self._rate = sample_rate
        self._base = 0  # frames before the stream's last reset
        self._frames = 0
        self._began = 0  # frame at which the present sound began
        self._loud = -round((_SILENT_S + 1) * sample_rate)  # last frame that was not silence
        self._confirmed = 0  # frame of the last answer that named the present track
        self._state: State = "silence"
        self._track: int | None = None
        self._track_began = 0  # `_began` as it was when the present track was named
        self._place: tuple[int, float, float] | None = None  # frame, second of the track, speed
        self._said_speed = 1.0
        self.latest: Identification | None = None

    @property
    def frames(self) -> int:
        """Frames heard so far."""
        return self._frames

    @property
    def since_latest(self) -> int:
        """Frames heard since what the latest answer speaks of."""
        return self._frames - self._base - (self.latest.frame if self.latest is not None else 0)

    def feed(self, samples: NDArray[np.float32], frame: int = 0) -> Heard | None:
        """Take samples, shape (n,), any n; return what changed, or None.

        `frame`: of the engine, at which the first of them came in; of use with `own_sound`.
        """
        if not np.isfinite(samples).all():
            samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        start = self._frames
        self._frames += len(samples)
        if len(samples) and float(np.sqrt(np.mean(np.square(samples)))) > _SILENT_RMS:
            if self._state == "silence" and start - self._loud > _SILENT_S * self._rate:
                self._restart(start)
            self._loud = self._frames
        elif self._frames - self._loud > _SILENT_S * self._rate:
            if self._state != "silence":
                self._restart(self._frames)
                return self._say("silence", None)
            return None  # there is nothing to look for
        answer = self._stream.feed(samples)
        if answer is None:
            return None
        if self._is_own(answer, frame + len(samples)):
            self._stream.drop()
            answer = replace(answer, match=None, position_s=None)
        self.latest = answer
        return self._judge(answer)

    def _is_own(self, answer: Identification, frame: int) -> bool:
        """Tell whether a new name is that of our own sound, come back by the microphone."""
        match = answer.match
        if self._own_sound is None or match is None or match.track_id == self._track:
            return False
        own = self._own_sound(match.track_id, frame, round(_OWN_S * self._rate))
        return own is not None and self._stream.is_also(own)

    def _restart(self, frame: int) -> None:
        self._stream.reset()
        self.latest = None
        self._base = self._began = frame

    def _judge(self, answer: Identification) -> Heard | None:
        match = answer.match
        if match is not None:
            self._confirmed = self._frames
            jumped = self._jumped(answer)
            if match.track_id == self._track and not jumped:
                self._began = self._frames  # the next track's answer counts from here
                return None
            return self._say("known", answer)
        quiet_since = max(self._confirmed, self._began)
        if self._state == "known":
            if self._frames - self._confirmed > _LOST_S * self._rate:
                self._began = self._confirmed
                return self._say("unknown", None)
        elif self._state == "silence" and self._frames - quiet_since > _UNKNOWN_S * self._rate:
            return self._say("unknown", None)
        return None

    def _jumped(self, answer: Identification) -> bool:
        """Note the place in the track; return whether it is another than was to be expected."""
        if answer.match is None or answer.position_s is None:
            return False
        before, position_s = self._place, float(answer.position_s)
        self._place = answer.frame, position_s, answer.match.speed
        if before is None:
            return False
        expected_s = before[1] + (answer.frame - before[0]) / self._rate * before[2]
        other_speed = abs(answer.match.speed - self._said_speed) > _OTHER_SPEED
        return other_speed or abs(position_s - expected_s) > _JUMP_S

    def _say(self, state: State, answer: Identification | None) -> Heard:
        if answer is not None and answer.match is not None and answer.match.track_id == self._track:
            self._began = self._track_began
        after = (self._frames - self._began) / self._rate
        self._state = state
        if answer is None or answer.match is None:
            self._track = self._place = None
            return Heard(state, None, None, 0.0, 1.0, self._frames, after)
        match = answer.match
        self._track, self._said_speed = match.track_id, match.speed
        self._track_began = self._began
        self._began = self._frames
        frame = self._base + answer.frame
        return Heard(
            state, match.track_id, answer.position_s, match.confidence, match.speed, frame, after
        )


class MicrophoneFollower(Protocol):
    """What wants every sample and every answer, with the frame of the stream they are of."""

    def feed(self, samples: NDArray[np.float32], frame: int) -> None:
        """Take samples, shape (n,), whose first is of `frame`."""

    def hear(self, answer: Identification, frame: int) -> None:
        """Take an answer that speaks of `frame`."""


def hear(
    state: NDArray[np.void],
    tracker: Tracker,
    samples: NDArray[np.float32],
    follower: MicrophoneFollower | None = None,
) -> tuple[NDArray[np.float32], Heard | None]:
    """Take from the mic ring what is there and fits `samples`, and tell tracker and follower.

    Returns
    -------
    block, heard
        The samples that were taken, shape (n,), and what the tracker says of them.
    """
    frame = int(state[0]["mic_tail"][0]) + int(state[0]["mic_offset"])
    block = samples[: read_mic(state, samples)].copy()
    if len(block) == 0:
        return block, None
    before = tracker.latest
    heard = tracker.feed(block, frame)
    if follower is not None:
        follower.feed(block, frame)
        answer = tracker.latest
        if answer is not None and answer is not before:
            follower.hear(answer, frame + len(block) - tracker.since_latest)
    return block, heard


class Listener:
    """A thread that reads the mic ring and reports what changes.

    Parameters
    ----------
    state : ndarray
        The engine's state, whose mic ring the callback fills.
    index : FingerprintIndex
    sample_rate : float
    on_heard : callable
        Called from the thread with each `Heard`.
    keep_s : float
        Seconds of the latest audio to keep, for pictures and explanations.
    follower : MicrophoneFollower, optional
        Told all that is heard, from the thread.
    own_sound : OwnSound, optional
        As of `Tracker`.

    Attributes
    ----------
    latest : Identification or None
        The last answer, confirmed positions included.
    """

    def __init__(
        self,
        state: NDArray[np.void],
        index: FingerprintIndex,
        sample_rate: float,
        on_heard: Callable[[Heard], None],
        keep_s: float = 10.0,
        follower: MicrophoneFollower | None = None,
        own_sound: OwnSound | None = None,
    ) -> None:
        self._state = state
        self._tracker = Tracker(index, sample_rate, own_sound)
        self._on_heard = on_heard
        self._follower = follower
        self._recent = np.zeros(round(keep_s * sample_rate), dtype=np.float32)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.cpu_s = 0.0
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    @property
    def latest(self) -> Identification | None:
        """The last answer of the stream."""
        return self._tracker.latest

    @property
    def latest_age_s(self) -> float:
        """Seconds heard since what the last answer speaks of."""
        return self._tracker.since_latest / self._tracker._rate

    @property
    def heard_s(self) -> float:
        """Seconds heard so far."""
        return self._tracker.frames / self._tracker._rate

    def recent(self) -> NDArray[np.float32]:
        """Return the latest audio, at most `keep_s` seconds."""
        with self._lock:
            return self._recent[max(0, len(self._recent) - self._tracker.frames) :].copy()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        samples = np.zeros(_READ_FRAMES, dtype=np.float32)
        try:
            while not self._closing.is_set():
                began = time.thread_time()
                block, heard = hear(self._state, self._tracker, samples, self._follower)
                if len(block) == 0:
                    self._closing.wait(_WAIT_S)
                    continue
                with self._lock:
                    kept = self._recent.size
                    self._recent = np.concatenate([self._recent[len(block) :], block])[-kept:]
                self.cpu_s += time.thread_time() - began
                if heard is not None:
                    self._on_heard(heard)
        except BaseException as error:
            self.error = error  # the session shows it; silence would look like "nothing heard"
            raise
