"""What is said of what is heard: a tracker that is fed answers of our own making."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.listener import Heard, Listener, Tracker
from engine.rt.callback import copy_input
from engine.rt.state import new_state
from fingerprint import Identification, Match

_RATE = 1_000  # frames a second: small numbers
_HALF = 500


class _Stream:
    """Stands in for a fingerprint stream: says at each feed what `script` holds."""

    def __init__(self) -> None:
        self.script: int | None = None  # the track that would be found
        self.speed = 1.0
        self.resets: list[int] = []
        self.also: list[int] = []  # lengths of our own sound that was asked about
        self.dropped = 0
        self.fed = 0

    def reset(self) -> None:
        self.resets.append(self.fed)
        self.fed = 0

    def is_also(self, samples: NDArray[np.float32]) -> bool:
        self.also.append(len(samples))
        return bool(samples[0] > 0.5)

    def drop(self) -> None:
        self.dropped += 1

    def feed(self, samples: NDArray[np.float32]) -> Identification | None:
        assert np.isfinite(samples).all()
        self.fed += len(samples)
        match = None
        if self.script is not None:
            match = Match(self.script, 10.0, 0.9, self.speed, 0.0, True)
        position = None if match is None else 10.0 + self.fed / _RATE
        return Identification(match, self.fed - 7, position, 1.0)


class _Index:
    def __init__(self) -> None:
        self.one = _Stream()

    def stream(self, sample_rate: float) -> _Stream:
        assert sample_rate == _RATE
        return self.one


@pytest.fixture
def index() -> _Index:
    return _Index()


@pytest.fixture
def tracker(index: _Index) -> Tracker:
    return Tracker(index, _RATE)  # type: ignore[arg-type]


def _loud(frames: int = _HALF) -> NDArray[np.float32]:
    return np.full(frames, 0.1, np.float32)


def _quiet(frames: int = _HALF) -> NDArray[np.float32]:
    return np.zeros(frames, np.float32)


def _feed(tracker: Tracker, block: NDArray[np.float32], times: int) -> list[Heard]:
    said = [tracker.feed(block) for _ in range(times)]
    return [heard for heard in said if heard is not None]


def test_a_track_is_said_once_with_where_and_when(tracker: Tracker, index: _Index) -> None:
    assert _feed(tracker, _loud(), 3) == []
    index.one.script = 7
    said = _feed(tracker, _loud(), 10)
    assert said == [Heard("known", 7, 12.0, 0.9, 1.0, 1_993, 2.0)]
    assert tracker.latest is not None


def test_a_speed_that_turns_out_to_be_another_is_said_again(
    tracker: Tracker, index: _Index
) -> None:
    index.one.script, index.one.speed = 7, 1.016
    assert [heard.speed for heard in _feed(tracker, _loud(), 4)] == [1.016]
    index.one.speed = 1.001
    (said,) = _feed(tracker, _loud(), 4)
    assert (said.track_id, said.speed) == (7, 1.001)
    index.one.speed = 1.004  # a record player's flutter is no news
    assert _feed(tracker, _loud(), 4) == []


def test_a_name_that_our_own_sound_has_is_not_said_and_looked_for_anew(index: _Index) -> None:
    level = [1.0]
    asked: list[tuple[int, int]] = []

    def own(track_id: int, frame: int, count: int) -> NDArray[np.float32] | None:
        asked.append((track_id, frame))
        return np.full(count, level[0], np.float32) if level[0] else None

    tracker = Tracker(index, _RATE, own)  # type: ignore[arg-type]
    index.one.script = 7
    assert tracker.feed(_loud(), 90_000) is None
    assert asked == [(7, 90_000 + _HALF)]
    assert index.one.also == [5 * _RATE]
    assert index.one.dropped == 1
    assert tracker.latest is not None
    assert tracker.latest.match is None
    level[0] = 0.1  # we play something else
    said = tracker.feed(_loud(), 90_500)
    assert said is not None
    assert said.track_id == 7
    assert tracker.feed(_loud(), 91_000) is None
    assert len(asked) == 2  # a track that was named is not doubted
    index.one.script, level[0] = 8, 0.0  # we play nothing
    said = tracker.feed(_loud(), 91_500)
    assert said is not None
    assert said.track_id == 8
    assert len(index.one.also) == 2


def test_another_track_is_said_at_once_and_its_time_counts_from_the_change(
    tracker: Tracker, index: _Index
) -> None:
    index.one.script = 7
    _feed(tracker, _loud(), 20)
    index.one.script = None
    assert _feed(tracker, _loud(), 2) == []
    index.one.script = 8
    (said,) = _feed(tracker, _loud(), 3)
    assert (said.state, said.track_id) == ("known", 8)
    assert said.answered_after_s == pytest.approx(1.5)  # since 7 was last confirmed


def test_a_track_is_lost_after_three_seconds_without_a_confirmation(
    tracker: Tracker, index: _Index
) -> None:
    index.one.script = 7
    _feed(tracker, _loud(), 4)
    index.one.script = None
    assert _feed(tracker, _loud(), 6) == []
    (said,) = _feed(tracker, _loud(), 30)
    assert (said.state, said.track_id, said.position_s, said.confidence) == (
        "unknown", None, None, 0.0,
    )  # fmt: skip
    assert said.frame == 2_000 + 3_500


def test_what_has_no_answer_for_five_seconds_is_unknown_once(tracker: Tracker) -> None:
    assert _feed(tracker, _loud(), 10) == []
    (said,) = _feed(tracker, _loud(), 60)
    assert said.state == "unknown"
    assert said.answered_after_s == pytest.approx(5.5)


def test_an_unknown_sound_that_is_known_in_the_end_is_said(tracker: Tracker, index: _Index) -> None:
    _feed(tracker, _loud(), 20)
    index.one.script = 3
    (said,) = _feed(tracker, _loud(), 2)
    assert (said.state, said.track_id) == ("known", 3)


def test_two_seconds_of_silence_end_a_track_and_start_the_stream_afresh(
    tracker: Tracker, index: _Index
) -> None:
    index.one.script = 7
    _feed(tracker, _loud(), 4)
    index.one.script = None
    assert _feed(tracker, _quiet(), 4) == []
    (said,) = _feed(tracker, _quiet(), 10)
    assert (said.state, said.track_id) == ("silence", None)
    assert said.frame == 2_000 + 2_500
    fed = index.one.fed
    _feed(tracker, _quiet(), 10)
    assert index.one.fed == fed  # there is nothing to look for in silence
    index.one.script = 7
    (again,) = _feed(tracker, _loud(), 3)
    assert (again.state, again.track_id) == ("known", 7)
    assert again.answered_after_s == pytest.approx(0.5)
    assert again.frame == tracker.frames - 1_000 - 7  # frames of all that was heard


def test_silence_at_the_start_is_not_said(tracker: Tracker) -> None:
    assert _feed(tracker, _quiet(), 20) == []


def test_blocks_of_any_size_make_no_difference_to_what_is_said(index: _Index) -> None:
    index.one.script = 4
    tracker = Tracker(index, _RATE)  # type: ignore[arg-type]
    (said,) = _feed(tracker, _loud(1), 900)
    assert said.track_id == 4
    assert tracker.feed(_loud(0)) is None
    assert tracker.frames == 900


def test_samples_that_are_no_numbers_are_heard_as_silence(tracker: Tracker) -> None:
    block = _loud()
    block[::3] = np.nan
    block[1::3] = np.inf
    assert _feed(tracker, block, 2) == []
    assert tracker.frames == 1_000


def test_the_thread_reads_the_microphone_and_keeps_the_latest(index: _Index) -> None:
    state = new_state(48_000)
    said: list[Heard] = []
    told = threading.Event()

    def take(heard: Heard) -> None:
        said.append(heard)
        told.set()

    index.one.script = 5
    sound = np.linspace(0.1, 0.5, 3_000, dtype=np.float32)
    listener = Listener(state, index, _RATE, take, keep_s=2.0)  # type: ignore[arg-type]
    try:
        copy_input(state[0], sound[:, None])
        assert told.wait(60.0)
    finally:
        listener.close()
    assert [heard.track_id for heard in said] == [5]
    assert listener.error is None
    assert listener.heard_s == pytest.approx(3.0)
    assert np.array_equal(listener.recent(), sound[-2_000:])
    assert listener.latest is not None
