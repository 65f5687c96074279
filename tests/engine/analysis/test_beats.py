"""Beats stay in order, whatever sound they are drawn to."""

from __future__ import annotations

import numpy as np

from engine.analysis.beats import settle
from engine.analysis.features import FINE_HOP_S
from engine.analysis.refine import refine


def test_beats_that_are_drawn_to_one_onset_stay_apart() -> None:
    rng = np.random.default_rng(0)
    met = 0
    for _ in range(300):
        count = int(rng.integers(4, 40))
        beats = np.cumsum(rng.uniform(0.25, 1.2) * rng.uniform(0.5, 1.5, count))
        fine = np.zeros(int((beats[-1] + 1.0) / FINE_HOP_S), np.float32)
        onsets = rng.integers(0, len(fine), int(rng.integers(1, 60)))
        fine[onsets] = rng.uniform(0.0, 1.0, len(onsets))
        drawn, _ = refine(beats, fine)
        settled, steady = settle(beats, fine)
        assert (np.diff(settled) > 0.0).all()
        if (np.diff(drawn) <= 0.0).any():
            met += 1
            assert np.array_equal(settled, beats)
            assert not steady
        else:
            assert np.array_equal(settled, drawn)
    assert met > 3
