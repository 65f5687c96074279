"""The lock: a straight line through noisy places, a seek noticed, a stray place not believed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.follow.lock import Lock


def _feed(
    lock: Lock, times: np.ndarray, speed: float, start_s: float, sigma_s: float, seed: int = 0
) -> int:
    """Let a lock observe a player; return how many seeks it noticed."""
    noise = np.random.default_rng(seed).normal(0.0, sigma_s, len(times))
    return sum(
        lock.add(float(t), start_s + speed * float(t) + float(n), max(sigma_s, 1e-4), speed)
        for t, n in zip(times, noise, strict=True)
    )


def test_without_an_observation_there_is_no_line() -> None:
    lock = Lock()
    assert lock.line is None
    assert lock.last_s == -math.inf


@pytest.mark.parametrize("speed", [0.95, 1.0, 1.0412])
def test_place_and_speed_come_out_better_than_one_observation(speed: float) -> None:
    errors = []
    for seed in range(20):
        lock = Lock()
        assert _feed(lock, np.arange(0, 15, 0.4), speed, 60.0, 0.006, seed) == 0
        line = lock.line
        assert line is not None
        errors.append([line.at(25.0) - (60.0 + 25.0 * speed), line.speed - speed])
        assert line.error_s(25.0) < 0.012
    assert np.sqrt(np.mean(np.square(errors), axis=0)) == pytest.approx([0, 0], abs=0.005)


def test_a_player_at_its_own_speed_is_held_to_it_through_a_long_gap() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.4), 1.0, 10.0, 0.006)
    assert lock.line is not None
    assert lock.line.speed == 1.0
    assert lock.line.at(60.0) == pytest.approx(70.0, abs=0.006)


def test_one_wrong_place_moves_nothing() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.4), 1.0, 10.0, 0.003)
    before = lock.line
    assert lock.add(4.0, 44.0, 0.006, 1.0) is False
    assert lock.line == before
    assert lock.add(4.4, 14.4, 0.006, 1.0) is False
    assert lock.line is not None
    assert lock.line.at(4.4) == pytest.approx(14.4, abs=0.005)


def test_two_places_that_agree_elsewhere_are_a_seek() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.4), 1.0, 10.0, 0.003)
    assert lock.add(4.0, 90.0, 0.006, 1.0) is False
    assert lock.add(4.4, 90.4, 0.006, 1.0) is True
    assert lock.count == 2
    assert lock.line is not None
    assert lock.line.at(5.0) == pytest.approx(91.0, abs=0.01)


def test_coarse_places_of_the_same_sound_are_no_seek_until_a_second_has_passed() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.25), 1.0, 10.0, 0.018)
    jumped = [lock.add(4.0 + k / 4, 90.0 + k / 4, 0.018, 1.0) for k in range(6)]
    assert jumped == [False, False, False, False, True, False]
    assert lock.line is not None
    assert lock.line.at(6.0) == pytest.approx(92.0, abs=0.01)


def test_a_coarse_place_and_a_fine_one_of_the_same_moment_are_a_seek() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.25), 1.0, 10.0, 0.018)
    assert lock.add(4.0, 90.0, 0.018, 1.0) is False
    assert lock.add(4.0, 90.01, 0.006, 1.0) is True


def test_two_wrong_places_that_disagree_are_no_seek() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.4), 1.0, 10.0, 0.003)
    assert lock.add(4.0, 90.0, 0.006, 1.0) is False
    assert lock.add(4.4, 33.0, 0.006, 1.0) is False
    assert lock.line is not None
    assert lock.line.at(5.0) == pytest.approx(15.0, abs=0.01)


def test_a_few_outliers_within_reach_hardly_count() -> None:
    lock = Lock()
    for k, t in enumerate(np.arange(0, 20, 0.4)):
        off = 0.05 if k % 5 == 4 else 0.0
        lock.add(float(t), 5.0 + float(t) + off, 0.006, 1.0)
    assert lock.line is not None
    assert lock.line.at(20.0) == pytest.approx(25.0, abs=0.006)  # their mean would be 10 ms off


def test_coarse_places_do_not_outvote_a_fine_one() -> None:
    lock = Lock()
    for t in np.arange(0, 10, 0.25):
        lock.add(float(t), 5.015 + float(t), 0.018, 1.0)
    lock.add(10.0, 15.0, 0.006, 1.0)
    assert lock.line is not None
    assert lock.line.at(10.0) == pytest.approx(15.0, abs=1e-6)
    assert lock.last_s == 10.0


def test_cleared_it_has_forgotten() -> None:
    lock = Lock()
    _feed(lock, np.arange(0, 4, 0.4), 1.0, 10.0, 0.003)
    lock.clear()
    assert lock.line is None
    assert lock.count == 0
