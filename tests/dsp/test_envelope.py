"""adsr_envelope against the piecewise formula, frame by frame (tests/oracles.py)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.envelope import adsr_envelope
from engine.parts import ADSR
from tests.oracles import adsr_at

_RATE = 1024.0
_times = st.integers(0, 300).map(lambda frames: frames / _RATE)  # exact, so is every stage's end
_levels = st.floats(0.0, 1.0)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(duration=_times, attack=_times, decay=_times, sustain=_levels, release=_times, curve=_levels)
def test_every_frame_follows_the_formula(
    duration: float, attack: float, decay: float, sustain: float, release: float, curve: float
) -> None:
    got = adsr_envelope(duration, attack, decay, sustain, release, _RATE, curve)
    adsr = ADSR(attack, decay, sustain, release, curve)
    want = [adsr_at(i / _RATE, duration, adsr) for i in range(got.size)]
    assert got.size == int((duration + release) * _RATE)
    assert np.allclose(got, want, rtol=0, atol=1e-9)
    assert got.size == 0 or (got.min() >= 0.0 and got.max() <= 1.0)


def test_each_stage_lasts_its_time_and_ends_on_its_level() -> None:
    env = adsr_envelope(1.0, 0.2, 0.3, 0.4, 0.5, sample_rate=1000)
    assert [env[i] for i in (0, 100, 200, 350, 500, 999, 1250)] == pytest.approx(
        [0.0, 0.5, 1.0, 0.7, 0.4, 0.4, 0.2]
    )
    assert env.size == 1500
    assert 0.0 < env[-1] < 0.001


def test_release_during_the_attack_starts_from_the_level_reached() -> None:
    env = adsr_envelope(0.1, 0.4, 0.1, 0.9, 0.2, sample_rate=1000)
    assert env.max() == pytest.approx(0.25)
    assert int(env.argmax()) == 100
    assert np.abs(np.diff(env)).max() < 0.003  # no step anywhere


def test_a_curved_decay_is_fast_first_and_ends_at_the_same_time() -> None:
    straight = adsr_envelope(1.0, 0.0, 1.0, 0.0, 0.0, 1000, curve=0.0)
    curved = adsr_envelope(1.0, 0.0, 1.0, 0.0, 0.0, 1000, curve=1.0)
    assert curved[500] == pytest.approx(0.5**4)
    assert (curved[1:] < straight[1:]).all()
    assert (np.diff(curved) <= 0).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duration", -1.0),
        ("attack_time", -0.1),
        ("decay_time", float("nan")),
        ("release_time", float("inf")),
        ("sustain_level", 1.5),
        ("curve", -0.5),
        ("sample_rate", 0.0),
    ],
)
def test_a_value_out_of_range_is_named_with_what_it_was(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*got {value}"):
        adsr_envelope(**({"duration": 0.5} | {name: value}))
