"""A grid says where the beats are, of constant and of changing tempo."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis import Grid

LISTED = Grid.from_beats([0.3, 0.8, 1.4, 2.1, 2.5], beats_per_bar=3, downbeat=1)


@pytest.mark.parametrize("grid", [Grid(0.25, 0.5, 9, downbeat=2), LISTED])
def test_time_at_undoes_beat_at_inside_and_beyond_the_track(grid: Grid) -> None:
    time = np.linspace(-3.0, 9.0, 997)
    assert np.allclose(grid.time_at(grid.beat_at(time)), time, atol=1e-9)
    assert (np.diff(grid.beat_at(time)) > 0).all()


@pytest.mark.parametrize("grid", [Grid(0.25, 0.5, 9, downbeat=2), LISTED])
def test_tempo_is_the_slope_of_the_beat_number(grid: Grid) -> None:
    time = np.array([0.31, 0.9, 1.5, 2.2, 5.0])
    slope = (grid.beat_at(time + 1e-4) - grid.beat_at(time - 1e-4)) / 2e-4
    assert np.allclose(grid.bpm_at(time), 60 * slope, rtol=1e-6)


def test_listed_beats_have_whole_numbers() -> None:
    assert np.allclose(LISTED.beat_at(LISTED.beats()), np.arange(5))
    assert LISTED.beats().tolist() == [0.3, 0.8, 1.4, 2.1, 2.5]


def test_bars_begin_at_the_downbeats() -> None:
    for grid in (Grid(0.25, 0.5, 9, beats_per_bar=4, downbeat=2), LISTED):
        phase = grid.bar_phase_at(grid.downbeats() + 1e-6)
        assert np.allclose(phase, 0, atol=1e-5)
        assert len(grid.downbeats()) == 2
    assert LISTED.downbeats().tolist() == [0.8, 2.5]


@pytest.mark.parametrize("grid", [Grid(0.25, 0.5, 9, confidence=0.5), LISTED])
def test_a_grid_survives_being_stored(grid: Grid) -> None:
    assert Grid.from_dict(grid.to_dict()) == grid


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"period_s": 0.0}, "period_s must be above 0, got 0.0"),
        ({"count": 1}, "count must be at least 2, got 1"),
        ({"downbeat": 4}, "downbeat must be 0 to 3, got 4"),
        ({"beats_per_bar": 1}, "beats_per_bar must be 2 to 12, got 1"),
        ({"confidence": 1.5}, "confidence must be 0 to 1, got 1.5"),
        ({"first_s": float("nan")}, "first_s must be finite"),
        ({"beats_s": (0.0, 1.0, 0.5), "count": 3}, "beats_s must be finite and increase"),
        ({"beats_s": (0.0, 1.0)}, "beats_s must hold count times"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], message: str) -> None:
    values: dict[str, object] = {"first_s": 0.0, "period_s": 0.5, "count": 9}
    with pytest.raises(ValueError, match=message):
        Grid(**{**values, **settings})  # type: ignore[arg-type]
