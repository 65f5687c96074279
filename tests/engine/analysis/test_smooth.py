"""Beats whose tempo moves: smooth where it sways, sharp where it jumps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.features import FINE_HOP_S
from engine.analysis.refine import local_parabolas, snap
from engine.analysis.smooth import local_curves, smooth

Doubles = NDArray[np.float64]


def _rubato(beats: int) -> Doubles:
    """Return beats at 80 BPM, 8 % slower and faster in the course of eight bars."""
    number = np.arange(beats)
    return 1.0 + 0.75 * number + 0.08 * 0.75 * 32 / (2 * np.pi) * np.sin(2 * np.pi * number / 32)


def _onsets(beats_s: Doubles, seed: int) -> NDArray[np.float32]:
    """Return an onset envelope of players who are late or early by 4 ms, and miss some beats."""
    rng = np.random.default_rng(seed)
    played = beats_s + rng.normal(0.0, 0.004, len(beats_s))
    played = np.delete(played, rng.choice(len(played), len(played) // 10, replace=False))
    stray = rng.uniform(0.0, beats_s[-1], len(beats_s) // 4)
    time = np.arange(round((beats_s[-1] + 1.0) / FINE_HOP_S)) * FINE_HOP_S
    fine = np.zeros(len(time))
    for at, level in [*((at, 1.0) for at in played), *((at, 0.5) for at in stray)]:
        fine += level * np.exp(-(((time - at) / 0.005) ** 2))
    return fine.astype(np.float32)


def _late_s(beats_s: Doubles, true_s: Doubles) -> Doubles:
    """Return errors less their median: where a rise begins is the business of `snap`."""
    off = beats_s - true_s
    return np.asarray(off - np.median(off))


def _before_and_now(true_s: Doubles, seed: int) -> tuple[Doubles, Doubles]:
    """Return errors of parabolas through nine beats each, and of what `smooth` gives."""
    fine = _onsets(true_s, seed)
    before = local_parabolas(*snap(true_s, fine, 0.03))
    return _late_s(before, true_s), _late_s(smooth(true_s, fine), true_s)


def test_rubato_comes_out_nearer_and_smoother_than_its_players() -> None:
    true_s = _rubato(96)
    before, now = np.transpose([_before_and_now(true_s, seed) for seed in range(4)], (1, 0, 2))
    assert np.sqrt(np.mean(now**2)) < 0.8 * np.sqrt(np.mean(before**2))
    steps = np.abs(np.diff(now))
    assert np.median(steps) < 0.6 * np.median(np.abs(np.diff(before)))
    assert np.quantile(steps, 0.9) < 0.002


def test_a_jump_of_tempo_stays_as_sharp_as_it_was() -> None:
    true_s = np.concatenate([1.0 + 0.6 * np.arange(50), 1.0 + 29.4 + 0.45 * np.arange(1, 51)])
    before, now = np.abs(_before_and_now(true_s, 3))
    assert (now < 0.015).sum() >= (before < 0.015).sum()
    assert np.median(now) < 0.003


def test_what_is_left_out_has_no_say() -> None:
    times = _rubato(24)
    moved = times.copy()
    moved[11] += 0.3
    kept = local_curves(moved, np.ones(24), 6, 4, leave_out=True)
    assert abs(kept[11] - times[11]) < 0.005


@pytest.mark.parametrize("beats", [8, 9, 13])
def test_a_few_beats_on_a_line_stay_there(beats: int) -> None:
    times = 0.5 + 0.5 * np.arange(beats)
    fine = np.zeros(round(8.0 / FINE_HOP_S), np.float32)
    fine[np.round(times / FINE_HOP_S).astype(int)] = 1.0
    assert np.abs(_late_s(smooth(times, fine), times)).max() < 0.001


def test_beats_of_silence_stay_where_they_are() -> None:
    times = _rubato(20)
    fine = np.zeros(round(20.0 / FINE_HOP_S), np.float32)
    assert np.abs(smooth(times, fine) - times).max() < 0.01


def test_beats_that_would_become_one_are_left_alone() -> None:
    times = 1.0 + 0.0005 * np.arange(8)
    fine = np.zeros(1000, np.float32)
    fine[round(1.0 / FINE_HOP_S)] = 1.0
    assert smooth(times, fine) is times
