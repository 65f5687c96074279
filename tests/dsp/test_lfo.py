"""LFO shapes against their definitions, and the swung cutoff against its formula."""

from __future__ import annotations

import numpy as np
import pytest

from dsp._jit import kernel
from dsp.lfo import SHAPES, get_lfo, lfo_value
from tests.oracles import lfo_at


@kernel
def _values(x, shape, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = lfo_value(x[i], shape, np.float32(0.25))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "sample-and-hold"])
def test_a_shape_follows_its_definition_over_a_whole_turn(shape: str) -> None:
    half_turns = np.linspace(-1, 1, 4001, endpoint=False).astype(np.float32)
    out = np.empty_like(half_turns)
    _values(half_turns, SHAPES.index(shape), out)
    want = [lfo_at(float(x) / 2, shape) for x in half_turns]
    assert out == pytest.approx(np.array(want), abs=1e-6)
    assert np.abs(out).max() == pytest.approx(1.0, abs=1e-3)


def test_sample_and_hold_gives_what_was_drawn() -> None:
    out = np.empty(3, np.float32)
    _values(np.array([-1.0, 0.0, 0.9], np.float32), SHAPES.index("sample-and-hold"), out)
    assert out.tolist() == [0.25] * 3


def test_the_cutoff_swings_by_its_depth_about_its_base() -> None:
    t = np.arange(48_000) / 48_000
    cutoff = get_lfo(1000.0, 300.0, 4.0, t)
    assert cutoff.shape == t.shape
    assert cutoff == pytest.approx(1000 + 300 * np.sin(2 * np.pi * 4 * t))
    assert (cutoff.min(), cutoff.max()) == pytest.approx((700.0, 1300.0), abs=1e-3)


def test_a_swing_that_would_reach_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lfo_depth must be .* below base_cutoff 200.0 Hz, got 4"):
        get_lfo(200.0, 400.0, 1.0, [0.0])


@pytest.mark.parametrize(
    ("base", "depth", "rate", "name"),
    [
        (0.0, 0.0, 1.0, "base_cutoff"),
        (float("nan"), 0.0, 1.0, "base_cutoff"),
        (100.0, -1.0, 1.0, "lfo_depth"),
        (100.0, float("nan"), 1.0, "lfo_depth"),
        (100.0, 1.0, -1.0, "lfo_freq"),
        (100.0, 1.0, float("inf"), "lfo_freq"),
    ],
)
def test_a_wrong_swing_is_named(base: float, depth: float, rate: float, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        get_lfo(base, depth, rate, [0.0])
