"""The session's keys for playing in time, and what it says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analysis import Key
from engine.app.in_time import InTime, in_words
from engine.follow import Follower, Following
from engine.follow.harmony import Harmony
from engine.synth import Synth

_LOCKED = Following("locked", 3, 12.0, 8.5, 127.6, 12.4, Key(9, "minor", 0.8))


@pytest.fixture
def synth() -> Synth:
    return Synth()


@pytest.fixture
def follower(synth: Synth) -> Follower:
    return Follower(synth, lambda _: None)


@pytest.fixture
def keys(follower: Follower, synth: Synth) -> InTime:
    return InTime(follower, synth, Harmony(synth, snaps=True))


def _render(synth: Synth, frames: int) -> None:
    synth.render_block(np.empty((frames, 2), np.float32))


def test_following_is_switched_off_and_on(keys: InTime, follower: Follower) -> None:
    assert keys.press("f") == "not following"
    assert not follower.follow_beat
    assert not follower.follow_tuning
    assert keys.press("f") == "following"
    assert follower.follow_beat


def test_the_beat_is_nudged_both_ways(keys: InTime, follower: Follower) -> None:
    assert keys.press(">") == "nudged by +5 ms"
    assert keys.press(".") == "nudged by +10 ms"
    keys.press("<")
    keys.press(",")
    keys.press(",")
    assert follower.nudge_s == pytest.approx(-0.005)


def test_taps_set_the_beat_until_following_is_asked_for_again(
    keys: InTime, follower: Follower, synth: Synth
) -> None:
    for _ in range(4):
        said = keys.press("t")
        _render(synth, 32_000)
    assert said == "tapped  90.0 BPM (f follows again)"
    assert synth.tempo == pytest.approx(90.0)
    assert synth.beat == pytest.approx(4.0, abs=0.01)
    assert not follower.follow_beat


def test_another_key_is_none_of_ours(keys: InTime) -> None:
    for key in ("", "q", "l", "x"):
        assert keys.press(key) is None


def test_news_are_told_once_and_the_harmony_follows(
    keys: InTime, follower: Follower, synth: Synth
) -> None:
    assert keys.news() == "not in time with anything"
    assert keys.news() is None
    follower.following = _LOCKED
    assert keys.news() == "in time 128 BPM, A minor, tuning +12 cents"
    follower.following = replace(_LOCKED, position_s=13.0, bpm=127.7)
    assert keys.news() is None
    _render(synth, 64)
    assert synth.state[0]["tuning"][61] == 60.0  # C# is not in A minor


@pytest.mark.parametrize(
    ("following", "words"),
    [
        (replace(_LOCKED, cents=0.4, key=None), "in time 128 BPM"),
        (replace(_LOCKED, state="freewheeling"), "coasts  128 BPM until the music comes back"),
        (replace(_LOCKED, state="listening"), "finding the beat"),
        (
            replace(_LOCKED, state="off", cents=0.0),
            "no beat to rely on in this track, A minor",
        ),
        (Following(), "not in time with anything"),
    ],
)
def test_it_says_what_it_does(following: Following, words: str) -> None:
    assert in_words(following) == words
