"""Taps become a tempo and a beat."""

from __future__ import annotations

import numpy as np
import pytest

from engine.follow.tap import Taps


def test_three_even_taps_are_a_tempo() -> None:
    taps = Taps(48_000)
    assert taps.add(1_000) is None
    assert taps.add(25_000) is None
    assert taps.add(49_000) == (2.0, 120.0)


def test_uneven_taps_are_averaged_and_the_beat_is_that_of_the_line() -> None:
    rng = np.random.default_rng(0)
    taps = Taps(48_000)
    found = None
    for k in range(16):
        found = taps.add(round(k * 32_000 + rng.normal(0, 700)))
    assert found is not None
    beat, bpm = found
    assert bpm == pytest.approx(90.0, abs=0.5)
    assert beat == pytest.approx(15.0, abs=0.03)


def test_after_a_pause_tapping_begins_anew() -> None:
    taps = Taps(48_000)
    for frame in (0, 24_000, 48_000):
        taps.add(frame)
    assert taps.add(48_000 + 150_000) is None
    assert taps.add(228_000) is None
    assert taps.add(258_000) == (2.0, 96.0)


def test_a_new_tempo_is_reached_after_sixteen_taps() -> None:
    taps = Taps(48_000)
    found = None
    for frame in [*range(0, 400_000, 24_000), *range(400_000, 900_000, 30_000)]:
        found = taps.add(frame)
    assert found is not None
    assert found[1] == pytest.approx(96.0)
