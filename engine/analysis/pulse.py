"""Follow a pulse: the sequence of beats of slowly changing period that the onsets like best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis._kernels import follow as follow_kernel

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

STIFFNESS = 60.0  # cost of a change of period by the factor e
_REACH = 4  # steps on the ladder of periods that one beat may change it by


def periods(shortest: float, longest: float, per_octave: int = 40) -> Floats:
    """Return a ladder of periods, in frames."""
    steps = int(np.ceil(per_octave * np.log2(longest / shortest))) + 1
    return np.asarray(shortest * 2.0 ** (np.arange(steps) / per_octave), dtype=np.float32)


def likelihood(onset: Floats, hop_s: float) -> Floats:
    """Return log odds of a beat at each frame from onset strength, whatever its scale."""
    n = len(onset)
    if not n:
        return np.zeros(0, dtype=np.float32)
    width = max(1, round(3.0 / hop_s))
    total = np.concatenate([[0.0], np.cumsum(onset, dtype=np.float64)])
    square = np.concatenate([[0.0], np.cumsum(onset.astype(np.float64) ** 2)])
    low = np.clip(np.arange(n) - width, 0, n)
    high = np.clip(np.arange(n) + width, 0, n)
    mean = (total[high] - total[low]) / (high - low)
    spread = np.sqrt(np.maximum((square[high] - square[low]) / (high - low) - mean**2, 0.0))
    overall = float(onset.std()) + 1e-9
    return np.asarray((onset - mean) / (spread + 0.2 * overall + 1e-9), dtype=np.float32)


def follow(score: Floats, ladder: Floats) -> Ints:
    """Return the frames of the beats that add up to the highest score.

    Parameters
    ----------
    score : ndarray of float32, shape (frames,)
        What a beat at each frame is worth.
    ladder : ndarray of float32
        Periods in frames, evenly spaced in their logarithm.

    Returns
    -------
    ndarray of int64, increasing; empty if the track is shorter than two beats
    """
    if len(score) < 2 * ladder[-1] + 2:
        return np.zeros(0, dtype=np.int64)
    step = float(np.log(ladder[1] / ladder[0]))
    cost = np.asarray(STIFFNESS * step * np.abs(np.arange(-_REACH, _REACH + 1)), dtype=np.float32)
    gains = np.zeros((int(ladder[-1]) + 2, len(ladder)), dtype=np.float32)
    back = np.zeros((len(score), len(ladder)), dtype=np.int8)
    beats = np.zeros(len(score), dtype=np.int64)
    count = follow_kernel(score, ladder, cost, gains, back, beats)
    return beats[:count][::-1].copy()
