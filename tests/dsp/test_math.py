"""Polynomials against the C library's functions, over the whole range each promises."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from dsp._math import exp2_f32, exp2_f64, sin_half_turns, tan_half_turns


@kernel
def _all(which, x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        if which == 0:
            out[i] = exp2_f32(x[i])
        elif which == 1:
            out[i] = sin_half_turns(x[i])
        else:
            out[i] = tan_half_turns(x[i])


@kernel
def _all_f64(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = exp2_f64(x[i])


def _apply(which: int, x: np.ndarray) -> np.ndarray:
    out = np.empty(x.size, np.float32)
    _all(which, x, out)
    return out.astype(np.float64)


def test_exp2_is_within_2e_7_over_the_range_of_float32() -> None:
    x = np.linspace(-126, 127, 200_001).astype(np.float32)
    want = np.exp2(x.astype(np.float64))
    assert np.abs(_apply(0, x) / want - 1).max() < 2e-7


def test_exp2_of_whole_numbers_is_exact() -> None:
    x = np.arange(-126, 128).astype(np.float32)
    assert np.array_equal(_apply(0, x), np.exp2(x.astype(np.float64)))


def test_exp2_in_double_is_within_1e_12() -> None:
    x = np.linspace(-1000, 1000, 200_001)
    out = np.empty_like(x)
    _all_f64(x, out)
    assert np.abs(out / np.exp2(x) - 1).max() < 1e-12


def test_sine_is_within_3e_7_over_a_whole_turn() -> None:
    x = np.linspace(-1, 1, 200_001).astype(np.float32)
    assert np.abs(_apply(1, x) - np.sin(np.pi * x.astype(np.float64))).max() < 3e-7


def test_tangent_is_within_2e_6_up_to_the_highest_cutoff() -> None:
    x = np.linspace(1e-6, 0.45, 200_001).astype(np.float32)
    want = np.tan(np.pi * x.astype(np.float64))
    assert np.abs(_apply(2, x) / want - 1).max() < 2e-6
    assert float(_apply(2, np.zeros(1, np.float32))[0]) == 0.0
