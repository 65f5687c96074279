"""The reverb against a float64 twin and against what a good room does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from engine.parts import Reverb
from engine.rt import rack_state as rs
from engine.rt.rack_settings import line_frames
from tests.effect_twins import reverb_twin
from tests.effects import impulse_response, new_rack, send, set_rack
from tests.measure import above_5khz_db, db, error_db

_RATE = 48_000
_CLICK_DB = -80.0  # above 5 kHz, against the sound


def _seconds_to_60_db(heard: NDArray[np.float64], hz: float, sample_rate: float) -> float:
    """Schroeder's integral of an octave band, a line through -5 .. -55 dB (ISO 3382)."""
    band = butter(3, [hz / math.sqrt(2), hz * math.sqrt(2)], "band", fs=sample_rate, output="sos")
    power = (sosfilt(band, heard, axis=0) ** 2).sum(axis=1)
    left = np.cumsum(power[::-1])[::-1]
    level = 10 * np.log10(left / left[0] + 1e-30)
    part = np.arange(np.argmax(level < -5), np.argmax(level < -55))
    return float(-60.0 / np.polyfit(part / sample_rate, level[part], 1)[0])


def test_it_agrees_with_its_float64_twin() -> None:
    rate = 16_000
    state = new_rack(rate, reverb=Reverb(seconds=1.5, damping=0.6))
    sound = np.zeros(rate // 2)
    sound[:800] = 0.3 * np.sin(
        2 * np.pi * 200 * np.arange(800) / rate
    )  # and its clicks, at either end
    want = reverb_twin(sound, state[0].copy())
    assert error_db(send(state, rs.REVERB, sound), want) < -80.0


@pytest.mark.parametrize("damping", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0, 10.0])
def test_it_dies_away_by_60_db_in_its_seconds_from_100_hz_to_1_khz(
    seconds: float, damping: float
) -> None:
    state = new_rack(_RATE, reverb=Reverb(seconds=seconds, damping=damping))
    heard = impulse_response(state, rs.REVERB, 1.2 * seconds + 0.2)
    for hz in (100.0, 250.0, 500.0, 1000.0):
        assert _seconds_to_60_db(heard, hz, _RATE) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_it_is_the_same_room_at_every_sample_rate(sample_rate: int) -> None:
    state = new_rack(sample_rate, reverb=Reverb(seconds=1.0))
    heard = impulse_response(state, rs.REVERB, 1.4)
    for hz in (250.0, 1000.0):
        assert _seconds_to_60_db(heard, hz, sample_rate) == pytest.approx(1.0, rel=0.1)


def test_damping_takes_the_treble_and_more_of_it_takes_more() -> None:
    treble = []
    for damping in (0.0, 0.5, 1.0):
        state = new_rack(_RATE, reverb=Reverb(seconds=2.0, damping=damping))
        treble.append(_seconds_to_60_db(impulse_response(state, rs.REVERB, 2.5), 8000.0, _RATE))
    assert treble[0] > 1.7
    assert treble[1] < 0.7 * treble[0]
    assert treble[2] < 0.8 * treble[1]


def test_it_is_as_dense_as_noise_within_a_tenth_of_a_second() -> None:
    heard = impulse_response(new_rack(_RATE, reverb=Reverb(damping=0.0)), rs.REVERB, 1.0)[:, 0]
    # J. Abel, P. Huang, "A simple, robust measure of reverberation echo density", AES 121, 2006
    expected = math.erfc(1 / math.sqrt(2))
    for start in np.arange(0.03, 0.5, 0.02):
        part = heard[round(start * _RATE) : round((start + 0.02) * _RATE)]
        density = float(np.mean(np.abs(part) > part.std()) / expected)
        assert density > (0.9 if start > 0.1 else 0.8)


def test_nothing_rings_or_flutters_out_of_the_tail() -> None:
    state = new_rack(_RATE, reverb=Reverb(seconds=3.0, damping=0.0))
    heard = impulse_response(state, rs.REVERB, 3.5)[:, 0]
    hz = np.fft.rfftfreq(len(heard), 1 / _RATE)
    power = np.abs(np.fft.rfft(heard)) ** 2
    middle = power[(hz > 200) & (hz < 4000)]
    # of 13,000 points of noise the loudest is expected 10 log10(ln 13000) = 9.8 dB over the mean
    assert 10 * math.log10(middle.max() / middle.mean()) < 14.0
    even = heard[4_800:48_000] * 10.0 ** (3 * np.arange(43_200) / (3.0 * _RATE))
    like = np.fft.irfft(np.abs(np.fft.rfft(even, 1 << 17)) ** 2)[: _RATE // 5]
    assert np.abs(like[48:]).max() < 0.1 * like[0]


def test_both_sides_are_as_loud_and_have_nothing_in_common() -> None:
    for seconds in (0.5, 5.0):
        state = new_rack(_RATE, reverb=Reverb(seconds=seconds))
        heard = impulse_response(state, rs.REVERB, seconds)
        assert abs(np.corrcoef(heard.T)[0, 1]) < 0.1
        assert db(heard[:, 0].std() / heard[:, 1].std()) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("seconds", [0.2, 2.0, 20.0])
def test_noise_comes_out_as_loud_whatever_its_seconds(seconds: float) -> None:
    state = new_rack(_RATE, reverb=Reverb(seconds=seconds, damping=0.0))
    noise = 0.1 * np.random.default_rng(4).normal(size=10 * _RATE)
    slow = butter(2, 2000.0, fs=_RATE, output="sos")  # the treble is the line's own damping
    sound = sosfilt(slow, noise)
    heard = send(state, rs.REVERB, sound)[7 * _RATE :]
    assert db(np.sqrt(2) * heard.std() / sound.std()) == pytest.approx(0.0, abs=2.0)


def test_a_change_of_seconds_and_damping_is_a_glide() -> None:
    state = new_rack(_RATE, reverb=Reverb(seconds=0.5, damping=0.0))
    tone = 0.2 * np.sin(2 * np.pi * 300 * np.arange(2 * _RATE) / _RATE)
    before = send(state, rs.REVERB, tone)[_RATE:, 0]
    set_rack(state, reverb=Reverb(seconds=8.0, damping=1.0))
    after = send(state, rs.REVERB, tone)[:, 0]
    for at in range(480, 10_000, 480):
        assert above_5khz_db(after, at, before, _RATE) < _CLICK_DB


def test_no_two_lines_have_a_length_in_common() -> None:
    for sample_rate in (8_000, 48_000, 192_000):
        lengths = line_frames(sample_rate).astype(int)
        assert math.lcm(*lengths.tolist()) == math.prod(lengths.tolist())
