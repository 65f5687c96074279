"""What is watched: levels, pitches and keys as they are, and nothing taken away by looking."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.io.device import HandStream
from engine.rt.deck_state import TAP_FRAMES
from engine.rt.ring import read_mic, write_deck
from engine.synth import Synth
from engine.watch import BINS, FRAMES, HIGHEST_HZ, LOWEST_HZ, METERS, Frame, Watch, played_until

RATE = 48_000


def _look(sound: NDArray[np.float64], sides: tuple[float, float] = (1.0, 1.0)) -> Frame:
    """Return what is seen after a sound went out and came back in."""
    synth = Synth()
    stream = HandStream(synth, 512, lambda played: played[:, 0].copy())
    stereo = np.outer(sound, sides).astype(np.float32)
    watch = Watch(synth.state, RATE)
    for at in range(0, len(sound) // 512 * 512, 512):
        write_deck(synth.state, stereo[at : at + 512])
        stream.step()
    return watch.frame()


def _tone(hz: float, level: float, seconds: float = 0.2, phase: float = 0.0) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE + phase)


def _meter(frame: Frame, name: str) -> float:
    """Return a meter in dB."""
    return float(frame.meters[METERS.index(name)]) / 255 * 72 - 72


@pytest.mark.parametrize("hz", [60.0, 220.0, 1000.0, 4321.0, 15_000.0])
@pytest.mark.parametrize("level_db", [-3.0, -30.0, -60.0])
def test_a_tone_is_a_peak_at_its_pitch_as_high_as_it_is_loud(hz: float, level_db: float) -> None:
    frame = _look(_tone(hz, 10 ** (level_db / 20)))
    for spectrum in (frame.spectrum, frame.microphone_spectrum):
        highest = int(spectrum.argmax())
        want = BINS * np.log(hz / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
        # two bins of the transform are how far a tone spreads
        spread = BINS / np.log(HIGHEST_HZ / LOWEST_HZ) * np.log1p(RATE / FRAMES / hz)
        assert highest == pytest.approx(want, abs=1 + spread)
        assert spectrum[highest] / 255 * 96 - 96 == pytest.approx(level_db, abs=1.6)


def test_silence_is_nothing() -> None:
    frame = _look(np.zeros(8_192))
    assert not frame.output.any()
    assert not frame.spectrum.any()
    assert not frame.scope.any()
    assert not frame.notes.any()
    assert not frame.meters[:8].any()
    assert not frame.limiting
    assert not frame.recording


def test_the_latest_output_is_what_went_out_to_the_last_frame() -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 512 * 21)
    frame = _look(sound, (1.0, -0.5))
    want = np.outer(sound[-FRAMES:], (1.0, -0.5)).astype(np.float32)
    assert np.array_equal(frame.output, want)
    assert np.array_equal(frame.microphone[512:], want[:-512, 0])  # a block later


def test_what_was_played_is_there_to_be_read_for_ten_seconds() -> None:
    synth = Synth(sample_rate=RATE)
    stream = HandStream(synth, 512)
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 512 * 1100).astype(np.float32)
    for block in sound.reshape(-1, 512):
        write_deck(synth.state, np.stack([block, 0.5 * block], 1))
        stream.step()
    now = int(synth.state[0]["frame"])
    got = played_until(synth.state, now - 1000, 300)
    assert got is not None
    np.testing.assert_allclose(got, 0.75 * sound[now - 1300 : now - 1000], atol=1e-6)
    assert played_until(synth.state, now + 1, 300) is None  # not yet
    assert played_until(synth.state, now - TAP_FRAMES, 300) is None  # no longer
    assert played_until(synth.state, 200, 300) is None  # before the beginning
    for _ in range(10):
        stream.step()
    assert played_until(synth.state, now + 5120, 4000) is None  # silence


def test_before_there_is_enough_sound_silence_stands_in_front() -> None:
    frame = _look(np.full(512, 0.5))
    assert not frame.output[:-512].any()
    assert (frame.output[-512:] == 0.5).all()


def test_meters_tell_each_source_and_each_side() -> None:
    frame = _look(_tone(997.0, 0.5), (1.0, 0.25))
    assert _meter(frame, "left peak") == pytest.approx(-6.0, abs=0.3)
    assert _meter(frame, "right peak") == pytest.approx(-18.1, abs=0.3)
    assert _meter(frame, "left rms") == pytest.approx(-9.0, abs=0.3)
    assert _meter(frame, "right rms") == pytest.approx(-21.1, abs=0.3)
    assert _meter(frame, "deck 0") == pytest.approx(-6.0, abs=0.5)
    assert _meter(frame, "microphone") == pytest.approx(-6.0, abs=0.5)
    assert _meter(frame, "deck 1") == _meter(frame, "synth") == -72.0


def test_the_limiter_is_seen_at_work() -> None:
    frame = _look(_tone(500.0, 4.0))
    assert frame.limiting
    reduction_db = frame.meters[METERS.index("limiter")] / 255 * 24
    assert reduction_db == pytest.approx(13.0, abs=1.5)  # 4 down to -1 dB


@pytest.mark.parametrize("hz", [110.0, 440.0, 3000.0])
def test_the_scope_stands_still_whatever_the_phase(hz: float) -> None:
    pictures = []
    for phase in (0.0, 1.0, 2.5, 5.9):
        frame = _look(_tone(hz, 0.8, phase=phase) + _tone(2 * hz, 0.15, phase=2 * phase))
        pictures.append(frame.scope.astype(float))
        assert abs(pictures[-1][0]) < 127 * 0.8 * 2 * np.pi * hz / RATE * 4 + 2
    steepest = 127 * 0.8 * 2 * np.pi * hz / RATE * 1.5  # a frame's worth
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).max() < steepest + 2


def test_the_keys_that_sound_are_those_that_are_held() -> None:
    synth = Synth("soft-lead")
    stream = HandStream(synth, 256)
    watch = Watch(synth.state, RATE)
    for key in (0, 60, 61, 127):
        synth.note_on(key)
    stream.step()
    synth.note_off(61)
    stream.step()
    notes = watch.frame().notes
    assert notes.shape == (16,)
    held = [n for n in range(128) if notes[n // 8] >> n % 8 & 1]
    assert held == [0, 60, 127]
    assert watch.frame().meters[METERS.index("synth")] > 100


def test_looking_takes_nothing_and_the_load_is_that_since_the_last_look() -> None:
    synth = Synth()
    stream = HandStream(synth, 256, lambda played: played[:, 0].copy())
    first, second = Watch(synth.state, RATE), Watch(synth.state, RATE)
    write_deck(synth.state, np.full((5_120, 2), 0.5, np.float32))
    for _ in range(10):
        stream.step()
    assert np.array_equal(first.frame().output, second.frame().output)
    assert read_mic(synth.state, np.empty(10_000, np.float32)) == 2_560
    one = synth.state[0]
    one["total_ns"] += round(5_120 / RATE * 1e9 * 0.5)
    one["frame"] += 5_120  # a second half as busy as time goes
    assert first.frame().meters[METERS.index("load")] == pytest.approx(127, abs=2)
    assert first.frame().meters[METERS.index("load")] == 0
