"""Our own sound, come back by the microphone, gives no beat to follow; the room's music does."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from engine.analysis.features import SAMPLE_RATE
from engine.follow import Follower
from engine.follow.own_sound import without
from engine.io.device import HandStream
from engine.parts import Arpeggio
from engine.patch import Patch
from engine.room import SimulatedRoom, impulse_response
from engine.rt.ring import read_mic
from engine.synth import Synth
from tests.engine.analysis.conftest import sounded, steady

_RATE, _BLOCK = 48_000, 1024
_SECONDS = 15.0
_ARPEGGIO = Patch(name="own", arpeggio=Arpeggio(mode="up", rate="1/8", gate=0.4))


def db(signal: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(signal)) + 1e-30))


def clicks(bpm: float, seed: int = 0) -> NDArray[np.float32]:
    """Return twelve seconds of short noises at a tempo, each its own."""
    rng = np.random.default_rng(seed)
    out = np.zeros(12 * SAMPLE_RATE, np.float32)
    decay = np.exp(-np.arange(2000) / 400)
    for at in np.arange(0.1, 11.8, 60 / bpm):
        start = round(at * SAMPLE_RATE)
        out[start : start + 2000] += (0.3 * decay * rng.standard_normal(2000)).astype(np.float32)
    return out


def test_what_we_played_is_taken_away_whatever_the_room_and_the_way_to_the_ear() -> None:
    own = clicks(100.0)
    for late_s, rt60_s in ((-0.01, 0.2), (0.0, 0.4), (0.08, 0.3)):
        room = impulse_response(SAMPLE_RATE, rt60_s, np.random.default_rng(2))
        heard = fftconvolve(own, room)[: len(own)]
        heard = np.roll(heard, round(late_s * SAMPLE_RATE)).astype(np.float32)
        rest, share = without(heard, own)
        assert rest.shape == heard.shape
        assert db(rest) < db(heard) - 10.0
        assert share > 0.9


def test_music_of_another_is_left_though_it_is_in_time() -> None:
    own, music = clicks(100.0, 1), clicks(100.0, 2)
    rest, share = without(music, own)
    assert share < 0.1
    assert db(rest - music) < db(music) - 9.0
    both, _ = without(music + 0.5 * own, own)
    assert db(both - music) < db(music) - 9.0


def test_nothing_is_taken_away_where_nothing_was_played() -> None:
    music = clicks(100.0)
    rest, share = without(music, np.zeros_like(music))
    assert share == pytest.approx(0.0, abs=1e-6)
    assert np.abs(rest - music).max() < 1e-5


def evening(
    bpm: float, level: float, music: NDArray[np.float32] | None = None, is_ours: bool = True
) -> tuple[Follower, Synth]:
    """Let an arpeggio play through a room, with music or none, while a follower listens.

    It leads the synthesizer that plays, or, where that is not ours, another that is silent.
    """
    synth, other = (Synth(_ARPEGGIO, _RATE, voices=8) for _ in range(2))
    synth.set_tempo(bpm)
    room = SimulatedRoom(_RATE, _BLOCK, 1e-4, seed=3)
    at = 0

    def answer(out: NDArray[np.float32]) -> NDArray[np.float32]:
        nonlocal at
        block = np.float32(level) * out
        if music is not None:
            block = block + music[at : at + _BLOCK, None]
        at += _BLOCK
        return room(block)

    stream = HandStream(synth, _BLOCK, answer)
    led = synth if is_ours else other
    follower = Follower(led, lambda _: None, _BLOCK / _RATE, background=False)
    for note in (60, 64, 67):
        synth.note_on(note)
    samples = np.zeros(4096, np.float32)
    for number in range(round(_SECONDS * _RATE / _BLOCK)):
        stream.step()
        if number % 4 == 3:
            frame = int(synth.state[0]["mic_tail"][0]) + int(synth.state[0]["mic_offset"])
            follower.feed(samples[: read_mic(synth.state, samples)].copy(), frame)
    return follower, led


def test_our_own_arpeggio_alone_is_not_followed_but_another_s_is() -> None:
    follower, synth = evening(100.0, 0.5)
    assert follower.following.state == "off"
    assert synth.tempo == 100.0
    follower, _ = evening(100.0, 0.5, is_ours=False)
    assert follower.following.state == "tracking"


def test_music_is_followed_under_an_arpeggio_at_another_tempo() -> None:
    sound = sounded(steady(113.0, 16.0, 0.25))
    music = soxr.resample(sound, SAMPLE_RATE, _RATE).astype(np.float32)
    follower, _ = evening(100.0, 0.5, music)
    assert follower.following.state == "tracking"
    assert follower.following.bpm == pytest.approx(113.0, rel=0.003)
