"""The limiter against a plain float64 twin, and by what it may never do to sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.rt.callback import render_offline
from engine.rt.limiter import THRESHOLD, soft_clip
from engine.rt.rack_settings import LIMIT_ATTACK_S, LIMIT_HOLD_S, LIMIT_RELEASE_S
from engine.rt.ring import write_deck
from engine.rt.state import new_state
from tests.measure import db, error_db, lines

_RATE = 48_000


def _limit(sound: NDArray[np.float64], cuts: tuple[int, ...] = ()) -> NDArray[np.float32]:
    """Play stereo sound, (frames, 2), from the deck through the master."""
    state = new_state(_RATE)
    assert write_deck(state, sound.astype(np.float32)) == len(sound)
    out = np.empty((len(sound), 2), np.float32)
    at = 0
    for cut in (*cuts, len(sound)):
        render_offline(state, out[at : at + cut])
        at += min(cut, len(sound) - at)
    return out


def _both(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([sound, 0.5 * sound], axis=1)


def _tone(hz: float, level: float, seconds: float) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * _RATE)) / _RATE)


def _twin(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Limit (frames, 2): the docstring of engine/rt/limiter.py, frame by frame."""
    attack = 1.0 - math.exp(-1.0 / (LIMIT_ATTACK_S * _RATE))
    release = 1.0 - math.exp(-1.0 / (LIMIT_RELEASE_S * _RATE))
    wanted = gain = 1.0
    hold = 0
    out = []
    for frame in sound:
        needed = min(1.0, THRESHOLD / max(np.abs(frame).max(), 1e-9))
        if needed < 1.0 and needed <= 1.01 * wanted:
            hold = round(LIMIT_HOLD_S * _RATE)
        if needed < wanted:
            wanted = needed
        elif hold > 0:
            hold -= 1
        else:
            wanted += (1.0 - wanted) * release
        gain += (wanted - gain) * attack
        y = np.abs(frame) * gain
        over = np.maximum(y - THRESHOLD, 0.0) / (1.0 - THRESHOLD)
        bent = np.minimum(y, THRESHOLD) + (1.0 - THRESHOLD) * over / (1.0 + over)
        out.append(np.sign(frame) * bent)
    return np.array(out)


def test_what_stays_below_minus_1_dbfs_passes_bit_for_bit(rng: np.random.Generator) -> None:
    sound = rng.uniform(-0.891, 0.891, (20_000, 2)).astype(np.float32)
    assert np.array_equal(_limit(sound.astype(np.float64)), sound)


def test_it_agrees_with_its_float64_twin(rng: np.random.Generator) -> None:
    bursts = np.repeat(rng.uniform(0.0, 3.0, 40), 1000)
    sound = _both(bursts * _tone(170.0, 1.0, 40_000 / _RATE)).astype(np.float32).astype(np.float64)
    assert error_db(_limit(sound), _twin(sound)) < -100.0


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    levels=hs.lists(hs.floats(0.0, 1e6), min_size=1, max_size=20),
    cuts=hs.lists(hs.integers(1, 700), max_size=40),
)
def test_nothing_is_louder_than_one_and_no_cut_of_blocks_is_heard(
    levels: list[float], cuts: list[int]
) -> None:
    noise = np.random.default_rng(3).uniform(-1.0, 1.0, (4_000, 2))
    sound = noise * np.resize(np.repeat(levels, 200), 4_000)[:, None]
    whole = _limit(sound)
    assert np.abs(whole).max() <= 1.0
    assert whole.tobytes() == _limit(sound, tuple(cuts)).tobytes()


@pytest.mark.parametrize("hz", [41.2, 220.0, 1000.0, 5000.0])
def test_a_loud_tone_is_turned_down_and_not_bent(hz: float) -> None:
    hz = round(hz) if hz > 100 else 41.0
    got = _limit(_both(_tone(hz, 4.0, 1.5)))[_RATE // 2 :, 0]
    assert np.abs(got).max() == pytest.approx(THRESHOLD, abs=0.02)
    level = lines(got, hz, _RATE).level
    assert db(np.sqrt((level[1:] ** 2).sum()) / level[0]) < -60.0


def test_both_sides_are_turned_down_alike_so_the_image_stays() -> None:
    got = _limit(_both(_tone(300.0, 3.0, 0.5)))[_RATE // 4 :]
    assert db(got[:, 1].std() / got[:, 0].std()) == pytest.approx(-6.02, abs=0.05)


def test_neither_the_fall_nor_the_rise_of_the_gain_clicks() -> None:
    seconds = np.arange(round(1.0 * _RATE)) / _RATE
    loud = np.where((seconds > 0.3) & (seconds < 0.5), 4.0, 0.5)
    got = _limit(_both(loud * _tone(110.0, 1.0, 1.0)))[:, 0].astype(np.float64)
    after = slice(round(0.51 * _RATE), None)  # the input's own steps are over
    gain = got[after] / (0.5 * _tone(110.0, 1.0, 1.0)[after] + 1e-12)
    heard = np.abs(_tone(110.0, 1.0, 1.0)[after]) > 0.3
    assert np.abs(np.diff(gain[heard])).max() < 0.01
    assert gain[heard][0] < 0.3
    assert gain[heard][-1] > 0.95


def test_silence_after_limiting_is_exactly_zero_and_the_gain_comes_back_to_exactly_one() -> None:
    state = new_state(_RATE)
    write_deck(state, _both(_tone(100.0, 8.0, 0.1)).astype(np.float32))
    out = np.empty((4 * _RATE, 2), np.float32)
    render_offline(state, out)
    assert not out[4_900:].any()
    assert state[0]["limit_gain"] == 1.0


def test_the_last_bend_is_the_identity_below_the_threshold_and_never_passes_one() -> None:
    above = np.linspace(0.005, 50, 10_000)
    x = np.concatenate([-above[::-1], [0.0], above])
    y = np.array([soft_clip(v) for v in x])
    straight = np.abs(x) <= THRESHOLD
    assert np.array_equal(y[straight], x[straight])
    assert (np.diff(y) > 0).all()
    assert np.abs(y).max() < 1.0
    assert np.array_equal(y, -y[::-1])
