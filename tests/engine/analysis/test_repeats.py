"""The tempo of a steady track, whatever instruments play in which part of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.features import FINE_HOP_S
from engine.analysis.refine import refine
from engine.analysis.repeats import straighten

from .conftest import steady


def played(
    beats_s: NDArray[np.float64], delay_s: NDArray[np.float64], rise_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return onsets: at each beat one that begins `delay_s` late and takes `rise_s` to its top.

    Between the beats are softer ones, in a pattern of two bars; a slow instrument has its own.
    """
    rng = np.random.default_rng(3)
    patterns = rng.random((2, 8, 4)) * (rng.random((2, 8, 4)) < 0.6)
    patterns[:, :, 0] = 0.7
    time = np.arange(int((beats_s[-1] + 1.0) / FINE_HOP_S)) * FINE_HOP_S
    out = np.zeros(len(time))
    period = beats_s[1] - beats_s[0]
    for number, beat in enumerate(beats_s):
        for part, strength in enumerate(patterns[int(rise_s[number] > 0.01), number % 8]):
            since = time - beat - part * period / 4 - delay_s[number]
            rise = rise_s[number]
            out += strength * np.maximum(0.0, 1.0 - np.abs(since - rise) / rise)
    return out.astype(np.float32)


def parts_per_million(beats_s: NDArray[np.float64], bpm: float) -> float:
    period = (beats_s[-1] - beats_s[0]) / (len(beats_s) - 1)
    return float(abs(60.0 / period / bpm - 1.0) * 1e6)


@pytest.mark.parametrize("bpm", [88.0, 131.7])
def test_a_slow_instrument_in_one_half_bends_the_tempo_far_less(bpm: float) -> None:
    beats = steady(bpm, 60, 0.7)
    late = np.arange(len(beats)) >= len(beats) // 2
    fine = played(beats, np.where(late, 0.003, 0.0), np.where(late, 0.030, 0.005))
    by_all, constant = refine(beats + 0.004, fine)
    assert constant
    assert parts_per_million(by_all, bpm) > 100
    assert parts_per_million(straighten(by_all, fine), bpm) < 50


def test_played_unevenly_the_tempo_is_nearly_as_exact_as_can_be() -> None:
    sigma_s, found = 0.005, []
    beats = steady(104.0, 60, 0.7)
    for seed in range(16):
        uneven = np.random.default_rng(seed).normal(0.0, sigma_s, len(beats))
        fine = played(beats, uneven, np.full(len(beats), 0.006))
        found.append(parts_per_million(straighten(refine(beats, fine)[0], fine), 104.0))
    # the standard deviation of the slope of the best line through n points (Cramer and Rao)
    least = 1e6 * sigma_s / (beats[-1] - beats[0]) * np.sqrt(12 / len(beats))
    assert np.sqrt(np.mean(np.square(found))) < 1.25 * least


def test_the_phase_is_that_of_the_onsets() -> None:
    beats = steady(120.0, 30, 0.5)
    fine = played(beats, np.zeros(len(beats)), np.full(len(beats), 0.005))
    by_all, _ = refine(beats, fine)
    assert np.abs(straighten(by_all + 0.003, fine) - by_all).max() < 0.001


@pytest.mark.parametrize("count", [4, 8])
def test_a_few_beats_stay_where_they_are(count: int) -> None:
    beats = steady(120.0, 30, 0.5)[:count]
    fine = played(beats, np.zeros(count), np.full(count, 0.005))
    by_all, _ = refine(beats, fine)
    assert np.abs(straighten(by_all, fine) - by_all).max() < 0.001
