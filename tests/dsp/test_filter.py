"""dsp.svf against scipy, Zavalishin's structure in plain Python, and the analogue prototype."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from dsp.filter import MODES, svf, svf_coefficients, svf_mix
from tests.oracles import svf_plain

_RATE = 48_000.0


def _analogue(mode: str, q: float) -> tuple[list[float], list[float]]:
    """Numerator and denominator of the two-pole prototype with its corner at 1 rad/s."""
    numerator = {
        "low": [0.0, 0.0, 1.0],
        "band": [0.0, 1 / q, 0.0],
        "high": [1.0, 0.0, 0.0],
        "notch": [1.0, 0.0, 1.0],
    }[mode]
    return numerator, [1.0, 1 / q, 1.0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cutoff", [20.0, 1000.0, 15_000.0])
def test_a_constant_cutoff_equals_scipys_bilinear_filter(
    mode: str, cutoff: float, rng: np.random.Generator
) -> None:
    x = rng.standard_normal(2000)
    warped = 2 * _RATE * np.tan(np.pi * cutoff / _RATE)
    b, a = _analogue(mode, 2.0)
    powers = warped ** np.arange(3)
    b, a = signal.bilinear(np.array(b) * powers, np.array(a) * powers, _RATE)
    assert svf(x, cutoff, 2.0, _RATE, mode) == pytest.approx(signal.lfilter(b, a, x), abs=1e-9)


@pytest.mark.parametrize("q", [0.5, 0.7071, 10.0])
@pytest.mark.parametrize("cutoff", [50.0, 1000.0, 5000.0, 15_000.0])
def test_gain_at_the_cutoff_is_the_prototypes_within_a_hundredth_of_a_decibel(
    cutoff: float, q: float
) -> None:
    impulse = np.zeros(1 << 17)
    impulse[0] = 1.0
    at = np.exp(-2j * np.pi * cutoff / _RATE * np.arange(impulse.size))
    for mode in ("low", "band", "high"):
        b, a = _analogue(mode, q)
        want = abs(np.polyval(b, 1j) / np.polyval(a, 1j))
        got = abs((svf(impulse, cutoff, q, _RATE, mode) * at).sum())
        assert 20 * np.log10(got / want) == pytest.approx(0.0, abs=0.01)
    assert abs((svf(impulse, cutoff, q, _RATE, "notch") * at).sum()) < 1e-6


def test_a_cutoff_that_moves_every_sample_follows_the_trapezoidal_rule(
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal(3000)
    cutoff = 20.0 * 1000.0 ** rng.random(3000)
    for mode in MODES:
        want = svf_plain(list(x), list(cutoff), 5.0, _RATE, mode)
        assert svf(x, cutoff, 5.0, _RATE, mode) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("swing_hz", [50.0, 7000.0, 23_000.0])
@pytest.mark.parametrize("mode", MODES)
def test_output_stays_bounded_under_violent_modulation(swing_hz: float, mode: str) -> None:
    t = np.arange(96_000) / _RATE
    cutoff = 20.0 * (23_000 / 20) ** (0.5 + 0.5 * np.sin(2 * np.pi * swing_hz * t))
    saw = 2 * ((110 * t) % 1.0) - 1
    y = svf(0.5 * saw, cutoff, 100.0, _RATE, mode)
    assert np.isfinite(y).all()
    assert np.abs(y).max() < 20.0


def test_an_unknown_mode_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="mode must be one of low, band, high, notch, got 'comb'"):
        svf_mix("comb", 1.0)


@pytest.mark.parametrize("cutoff", [0.0, -5.0, 24_000.0, float("nan")])
def test_a_cutoff_outside_the_band_is_named(cutoff: float) -> None:
    with pytest.raises(ValueError, match=rf"cutoff must be inside \(0, 24000.0\) Hz, got {cutoff}"):
        svf_coefficients([1000.0, cutoff], _RATE)


@pytest.mark.parametrize("resonance", [0.1, float("nan"), float("inf")])
def test_a_resonance_out_of_range_is_named(resonance: float) -> None:
    with pytest.raises(ValueError, match=f"resonance must be at least 0.5, got {resonance}"):
        svf([1.0], 100.0, resonance)


def test_only_one_dimension_is_taken() -> None:
    with pytest.raises(ValueError, match="x must have one dimension, got 2"):
        svf(np.zeros((2, 2)), 100.0)
