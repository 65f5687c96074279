"""The chorus against sines delayed exactly, and by its width."""

from __future__ import annotations

import numpy as np
import pytest

from engine.parts import Chorus
from engine.rt import rack_state as rs
from engine.rt.rack_settings import CHORUS_TAPS_S
from tests.effect_twins import chorus_twin
from tests.effects import impulse_response, new_rack, send, set_rack
from tests.measure import above_5khz_db, db, error_db

_RATE = 48_000
_CLICK_DB = -80.0  # above 5 kHz, against the sound
_PARTIALS = [(110.0, 0.2), (331.0, 0.1), (990.0, 0.05)]


def _chord(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(round(seconds * _RATE)) / _RATE
    return t, sum(np.sin(2 * np.pi * hz * t) * level for hz, level in _PARTIALS)


@pytest.mark.parametrize(("rate", "depth"), [(0.6, 2.0), (3.0, 0.5), (0.1, 8.0), (1.0, 0.0)])
def test_it_is_six_moving_delays(rate: float, depth: float) -> None:
    seconds, sound = _chord(1.0)
    got = send(new_rack(_RATE, chorus=Chorus(rate=rate, depth=depth)), rs.CHORUS, sound)
    want = chorus_twin(_PARTIALS, rate, depth * 1e-3, CHORUS_TAPS_S, seconds)
    whole = slice(1_500, None)  # from when all taps hear the sound
    assert error_db(got[whole], want[whole]) < -85.0


def test_both_sides_differ_and_their_sum_loses_nothing() -> None:
    noise = 0.1 * np.random.default_rng(2).normal(size=4 * _RATE)
    got = send(new_rack(_RATE, chorus=Chorus()), rs.CHORUS, noise)[_RATE // 2 :]
    assert abs(np.corrcoef(got.T)[0, 1]) < 0.1
    # six taps of equal weight that do not cancel: the power of their sum is the sum of powers
    both = got.sum(axis=1)
    assert db(both.std() / np.sqrt((got**2).mean(axis=0).sum())) == pytest.approx(0.0, abs=0.2)
    assert impulse_response(new_rack(_RATE, chorus=Chorus()), rs.CHORUS, 0.1).sum() > 2.9


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 192_000])
def test_the_deepest_and_fastest_swing_stays_in_the_line_at_every_rate(sample_rate: int) -> None:
    state = new_rack(sample_rate, chorus=Chorus(rate=10.0, depth=8.0))
    noise = 0.1 * np.random.default_rng(2).normal(size=sample_rate // 32 * 32)
    got = send(state, rs.CHORUS, noise)
    assert np.isfinite(got).all()
    assert got[sample_rate // 10 :].std() == pytest.approx(0.1 * 0.5 * np.sqrt(3), rel=0.1)
    first = impulse_response(new_rack(sample_rate, chorus=Chorus(depth=8.0)), rs.CHORUS, 0.1)
    heard = np.flatnonzero(np.abs(first).max(axis=1) > 0.01) / sample_rate
    assert heard.min() > 0.004
    assert heard.max() < 0.028


def test_a_change_of_depth_and_rate_is_a_glide() -> None:
    _, sound = _chord(1.0)
    state = new_rack(_RATE, chorus=Chorus(rate=0.6, depth=1.0))
    before = send(state, rs.CHORUS, sound)[_RATE // 2 :, 0]
    _, more = _chord(3.0)
    set_rack(state, chorus=Chorus(rate=2.0, depth=4.0))
    after = send(state, rs.CHORUS, more[len(sound) :])[:, 0]
    for at in range(480, 10_000, 480):
        assert above_5khz_db(after, at, before, _RATE) < _CLICK_DB
