"""The delay against a float64 twin, and by the clock and the ear."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.parts import Delay
from engine.rt import rack_state as rs
from tests.effect_twins import delay_twin
from tests.effects import impulse_response, new_rack, send, set_rack
from tests.measure import above_5khz_db, cents, db, error_db, frequency

_RATE = 48_000
_CLICK_DB = -80.0  # above 5 kHz, against the sound


def _noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return level * np.random.default_rng(5).normal(size=round(seconds * _RATE))


def _tone(hz: float, seconds: float) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * _RATE)) / _RATE)


@pytest.mark.parametrize("frames", [48, 1000, 4801])
def test_it_agrees_with_its_float64_twin(frames: int) -> None:
    settings = Delay(time=frames / _RATE, feedback=0.8, tone=3000.0)
    sound = _noise(0.4)
    got = send(new_rack(_RATE, delay=settings), rs.DELAY, sound)
    numbers = np.float64(1.0) - np.exp(-2 * np.pi * 3000.0 / _RATE)
    assert error_db(got, delay_twin(sound, frames, 0.8, float(numbers))) < -110.0


def test_echoes_come_on_their_frame_from_side_to_side() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.1, feedback=0.5, tone=20_000.0))
    heard = impulse_response(state, rs.DELAY, 0.5)
    assert [int(np.argmax(np.abs(heard[4_000:6_000, 0]))) + 4_000] == [4_800]
    assert heard[4_800, 0] == pytest.approx(1.0)
    for number, side in ((2, 1), (3, 0), (4, 1)):
        at = 4_800 * number
        assert np.abs(heard[at - 500 : at + 500, side]).argmax() == 500
        assert not heard[at - 500 : at, 1 - side].any()
        # the low-pass spreads an echo, and keeps its sum
        assert heard[at : at + 500, side].sum() == pytest.approx(0.5 ** (number - 1), rel=1e-3)


def test_every_echo_is_darker_than_the_last() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.1, feedback=0.9, tone=1500.0))
    heard = impulse_response(state, rs.DELAY, 0.5).sum(axis=1)
    echoes = np.abs(np.fft.rfft(heard[4_800:].reshape(-1, 4_800)[:4], axis=1))
    hz = np.fft.rfftfreq(4_800, 1 / _RATE)
    at = int(np.argmin(np.abs(hz - 1500.0)))
    for first, second in itertools.pairwise(echoes):
        assert db(second[at] / first[at]) == pytest.approx(db(0.9) - 3.0, abs=0.15)
        assert second[0] / first[0] == pytest.approx(0.9, rel=1e-3)


@pytest.mark.parametrize(
    ("sample_rate", "seconds"), [(8_000, 4.0), (192_000, 4.0), (96_000, 0.001)]
)
def test_the_longest_and_the_shortest_time_fit_at_every_rate(
    sample_rate: int, seconds: float
) -> None:
    state = new_rack(sample_rate, delay=Delay(time=seconds, feedback=0.0))
    heard = impulse_response(state, rs.DELAY, seconds + 0.1)
    assert np.flatnonzero(heard[:, 0]).tolist() == [round(seconds * sample_rate)]
    assert not heard[:, 1].any()


@pytest.mark.parametrize(
    ("sync", "bpm", "seconds"), [("1/4", 120, 0.5), ("1/8t", 90, 2 / 9), ("4/1", 60, 4.0)]
)
def test_a_note_value_follows_the_tempo_and_is_halved_until_it_fits(
    sync: str, bpm: float, seconds: float
) -> None:
    state = new_rack(_RATE, delay=Delay(sync=sync, feedback=0.0))
    state[0]["aim_beats_per_frame"] = bpm / 60 / _RATE
    heard = impulse_response(state, rs.DELAY, seconds + 0.1)
    assert np.flatnonzero(heard[:, 0]).tolist() == [round(seconds * _RATE)]


@pytest.mark.parametrize("new_s", [0.2, 0.2505, 0.41, 1.1])
def test_a_change_of_time_neither_clicks_nor_bends_the_pitch(new_s: float) -> None:
    state = new_rack(_RATE, delay=Delay(time=0.25, feedback=0.0))
    tone = _tone(300.0, 2.0)
    before = send(state, rs.DELAY, tone)[:, 0]
    set_rack(state, delay=Delay(time=new_s, feedback=0.0))
    after = send(state, rs.DELAY, tone)[:, 0]
    steady = before[_RATE:]
    for at in range(480, 3_000, 240):
        assert above_5khz_db(after, at, steady, _RATE) < _CLICK_DB
    settled = after[_RATE : 3 * _RATE // 2] if new_s != 0.2505 else after[:_RATE]
    assert abs(cents(frequency(settled, 300.0, _RATE), 300.0)) < 2.0
    assert np.abs(after).max() <= 1.01 * np.abs(before).max()


def test_echoes_die_away_at_the_most_feedback_whatever_changes() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.05, feedback=0.95, tone=20_000.0))
    rng = np.random.default_rng(1)
    powers = [float((send(state, rs.DELAY, _noise(1.0)) ** 2).mean())]
    for _ in range(30):
        settings = Delay(time=rng.uniform(0.001, 0.1), feedback=0.95, tone=rng.uniform(9e3, 2e4))
        set_rack(state, delay=settings)
        powers.append(float((send(state, rs.DELAY, np.zeros(_RATE // 2)) ** 2).mean()))
    assert powers[-1] < 1e-6 * powers[0]
    assert max(powers[1:]) < 2.0 * powers[0]


def test_a_change_of_feedback_and_tone_is_a_glide() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.25, feedback=0.0))
    tone = _tone(300.0, 2.0)
    before = send(state, rs.DELAY, tone)[_RATE:, 0]
    set_rack(state, delay=Delay(time=0.25, feedback=0.8, tone=800.0))
    after = send(state, rs.DELAY, tone).sum(axis=1)
    for at in range(12_480, 15_000, 240):
        assert above_5khz_db(after, at, before, _RATE) < _CLICK_DB


def test_a_time_between_frames_is_the_nearest_whole_one() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.3333301, feedback=0.0))
    assert np.flatnonzero(impulse_response(state, rs.DELAY, 0.4)[:, 0]).tolist() == [16_000]
