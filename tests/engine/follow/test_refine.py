"""Placing sound in a track by what begins when: to the millisecond, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.onsets import HOP_S, OnsetEnvelope
from engine.follow.refine import find_speed, refine

_STEP_S = 55 / 22_050
_LENGTH_S = 30.0


@pytest.fixture(scope="module")
def attacks_s() -> NDArray[np.float64]:
    """Return when the notes of a piece begin: no rhythm, so that no two places are alike."""
    return np.sort(np.random.default_rng(3).uniform(0, _LENGTH_S, 150))


def _strength(attacks_s: NDArray[np.float64], times_s: NDArray[Any]) -> NDArray[np.float32]:
    """Return an envelope in which each attack is a bump of 10 ms."""
    bumps = np.exp(-(((times_s[:, None] - attacks_s) / 0.005) ** 2))
    return np.asarray(bumps.sum(axis=1), np.float32)


@pytest.fixture(scope="module")
def envelope(attacks_s: NDArray[np.float64]) -> OnsetEnvelope:
    """Return that piece's stored envelope."""
    strength = _strength(attacks_s, np.arange(0, _LENGTH_S, HOP_S))
    return OnsetEnvelope((np.sqrt(np.minimum(strength, 1.0)) * 255).astype(np.uint8))


def _heard(
    attacks_s: NDArray[np.float64], middle_s: float, speed: float, noise: float = 0.0
) -> NDArray[np.float32]:
    """Return 2.5 s of what a microphone gives, the middle of it at this second of the piece."""
    frames = round(2.5 / _STEP_S)
    times = middle_s + (np.arange(frames) - frames / 2) * _STEP_S * speed
    rng = np.random.default_rng(7)
    blur = rng.exponential(max(noise, 1e-9), frames)
    return np.asarray(_strength(attacks_s, times) + blur, np.float32)


@pytest.mark.parametrize("off_s", [-0.05, -0.0123, 0.0, 0.004, 0.05])
@pytest.mark.parametrize("speed", [0.96, 1.0, 1.04])
def test_a_place_is_mended_to_a_millisecond(
    attacks_s: NDArray[np.float64], envelope: OnsetEnvelope, off_s: float, speed: float
) -> None:
    heard = _heard(attacks_s, 12.345, speed, noise=0.1)
    shift = refine(heard, _STEP_S, envelope, 12.345 - off_s, speed)
    assert shift is not None
    assert shift.seconds == pytest.approx(off_s, abs=0.001)


@pytest.mark.parametrize("speed", [0.945, 0.983, 1.0, 1.055])
def test_the_speed_is_found_where_it_is_not_known(
    attacks_s: NDArray[np.float64], envelope: OnsetEnvelope, speed: float
) -> None:
    shift = find_speed(_heard(attacks_s, 15.0, speed, noise=0.1), _STEP_S, envelope, 15.02, 1.0)
    assert shift is not None
    assert shift.speed == pytest.approx(speed, abs=0.004)
    assert shift.seconds == pytest.approx(-0.02, abs=0.003)


def test_another_piece_is_not_placed(envelope: OnsetEnvelope) -> None:
    others = np.sort(np.random.default_rng(4).uniform(0, _LENGTH_S, 150))
    for middle_s in np.arange(5.0, 25.0, 2.5):
        heard = _heard(others, float(middle_s), 1.0, noise=0.1)
        assert refine(heard, _STEP_S, envelope, float(middle_s), 1.0) is None
        assert find_speed(heard, _STEP_S, envelope, float(middle_s), 1.0) is None


def test_noise_silence_and_too_little_are_not_placed(envelope: OnsetEnvelope) -> None:
    noise = np.random.default_rng(5).exponential(1.0, 1_000).astype(np.float32)
    assert refine(noise, _STEP_S, envelope, 15.0, 1.0) is None
    assert refine(np.zeros(1_000, np.float32), _STEP_S, envelope, 15.0, 1.0) is None
    assert refine(noise[:300], _STEP_S, envelope, 15.0, 1.0) is None
    assert refine(noise, _STEP_S, envelope, 500.0, 1.0) is None  # beyond the end


def test_a_weak_trace_is_enough_near_the_place_that_the_ear_names(
    attacks_s: NDArray[np.float64], envelope: OnsetEnvelope
) -> None:
    rng = np.random.default_rng(6)
    near, far = [], []
    for middle_s in np.arange(3.0, 27.0, 0.5).tolist():
        mixed = np.concatenate([rng.choice(attacks_s, 60, replace=False), rng.uniform(0, 30, 150)])
        heard = _heard(mixed, middle_s, 1.0, noise=0.1)
        for off_s, found in ((0.01, near), (0.04, far)):
            shift = find_speed(heard, _STEP_S, envelope, middle_s - off_s, 1.0)
            if shift is not None and shift.speed == 1.0:
                found.append(shift.seconds - off_s)
    assert len(near) > 1.3 * len(far)
    assert np.median(np.abs(near)) < 0.002
    assert np.max(np.abs(near)) < 0.03  # even where chance was the clearest
