"""ADSR envelopes: the array form, and the arithmetic a voice shares with it.

Every stage lasts exactly its time, from whatever level it starts; so a release that begins during
the attack starts at the level reached and still ends `release` seconds later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel


@kernel(fast=True, inline=True)
def stage_shape(t, curve):  # type: ignore[no-untyped-def]
    """The way through a stage, 0..1 -> 0..1: linear at curve 0, 1 - (1 - t)^4 at curve 1."""
    r = type(t)(1.0) - t
    r2 = r * r
    return t + curve * (r - r2 * r2)


def _shape(t: NDArray[np.float64], curve: float) -> NDArray[np.float64]:
    r = 1.0 - t
    return t + curve * (r - r**4)


def adsr_envelope(
    duration: float,
    attack_time: float = 0.01,
    decay_time: float = 0.1,
    sustain_level: float = 0.7,
    release_time: float = 0.3,
    sample_rate: float = 48_000,
    curve: float = 0.0,
) -> NDArray[np.float64]:
    """Return the envelope of one note that is let go after `duration` seconds.

    Parameters
    ----------
    duration : float
        Seconds from note-on to note-off, at least 0.
    attack_time, decay_time, release_time : float
        Duration of each stage in seconds, at least 0.
    sustain_level : float
        Level held after the decay, 0..1.
    sample_rate : float
        Frames per second.
    curve : float
        0 for straight decay and release, 1 for analogue-like ones (fast first, then slow).

    Returns
    -------
    ndarray, shape (int((duration + release_time) * sample_rate),)
        Levels 0..1. The release starts from the level reached at note-off, whatever the stage.

    Raises
    ------
    ValueError
        If a time is negative or not finite, or `sustain_level` or `curve` is outside 0..1.

    Examples
    --------
    >>> env = adsr_envelope(0.5, 0.1, 0.1, 0.5, 0.2, sample_rate=1000)
    >>> env.shape, float(env[100]), float(env[300])
    ((700,), 1.0, 0.5)
    """
    times = {
        "duration": duration,
        "attack_time": attack_time,
        "decay_time": decay_time,
        "release_time": release_time,
    }
    for name, value in times.items():
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be at least 0 s, got {value}")
    for name, value in {"sustain_level": sustain_level, "curve": curve}.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} must be between 0 and 1, got {value}")
    if not (np.isfinite(sample_rate) and sample_rate > 0):
        raise ValueError(f"sample_rate must be above 0, got {sample_rate}")

    def held(t: NDArray[np.float64]) -> NDArray[np.float64]:
        rising = t / attack_time if attack_time > 0 else np.ones_like(t)
        since_peak = t - attack_time
        way = np.clip(since_peak / decay_time, 0, 1) if decay_time > 0 else np.ones_like(t)
        falling = 1.0 + (sustain_level - 1.0) * _shape(way, curve)
        return np.where(since_peak < 0, rising, falling)

    t = np.arange(int((duration + release_time) * sample_rate)) / sample_rate
    level_reached = float(held(np.array([duration]))[0])
    way = np.clip((t - duration) / release_time, 0, 1) if release_time > 0 else np.ones_like(t)
    return np.where(t < duration, held(t), level_reached * (1.0 - _shape(way, curve)))
