"""Beats whose tempo moves: each on the curve through its neighbours, as stiff as they bear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.refine import snap

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

# Reach in beats to either side, and degree: short ones for a tempo that jumps, long ones for one
# that drifts, curves of the fourth degree for rubato, which comes and goes with the phrase.
_CURVES = (*((half, 2) for half in (3, 4, 6, 8, 12)), *((half, 4) for half in (6, 8, 10, 14, 20)))
_REACH_S = 0.030
_ROUNDS = 6
_FLOOR_S = 0.002  # residuals below it count squared, above it absolute
_LEAST_S = 0.001  # from beat to beat
_OUTLIER_S = 0.03  # a miss beyond this says no more of a curve


def smooth(beats_s: Doubles, fine: Floats) -> Doubles:
    """Return beats near the onsets about them, on a curve that predicts left-out onsets best.

    Parameters
    ----------
    beats_s : ndarray, shape (n,), at least 8
    fine : ndarray, shape (frames,)
        Onset strength every `FINE_HOP_S`.

    Returns
    -------
    ndarray, shape (n,)
        In increasing order; the beats as they were where two would become one.

    Notes
    -----
    Local regression with tricube weights, robust: W. S. Cleveland, "Robust Locally Weighted
    Regression and Smoothing Scatterplots" (1979).
    """
    times, strength = snap(beats_s, fine, _REACH_S)
    weight = np.minimum(strength / (np.quantile(strength, 0.9) + 1e-9), 1.0)
    longest = (len(beats_s) - 2) // 2
    curves = [(half, degree) for half, degree in _CURVES if half <= max(3, longest)]
    misses = []
    for half, degree in curves:
        off = np.abs(times - local_curves(times, weight, half, degree, leave_out=True))
        misses.append(float(weight @ np.minimum(off, _OUTLIER_S)))
    half, degree = curves[int(np.argmin(misses))]
    out = local_curves(times, weight, half, degree)
    return out if (np.diff(out) > _LEAST_S).all() else beats_s


def local_curves(
    times: Doubles, weight: Doubles, half: int, degree: int, leave_out: bool = False
) -> Doubles:
    """Return each time moved to the curve through its neighbours.

    Parameters
    ----------
    times, weight : ndarrays, shape (n,)
    half : int
        Neighbours to either side; at the ends, as many in all.
    degree : int
        Of the curve.
    leave_out : bool
        Let no time have a say in where it is moved to.
    """
    n = len(times)
    width = 2 * half + 1
    first = np.clip(np.arange(n) - half, 0, n - width)
    each = first[:, None] + np.arange(width)  # (n, width)
    x = (each - np.arange(n)[:, None]) / half
    far = np.abs(x).max(axis=1, keepdims=True) + 1.0 / half
    prior = (weight[each] + 1e-3) * (1.0 - (np.abs(x) / far) ** 3) ** 3
    if leave_out:
        prior[x == 0.0] = 0.0
    rows = times[each] - times[:, None]
    powers = x[:, :, None] ** np.arange(degree + 1)  # (n, width, degree + 1)
    w = prior
    bend = np.zeros((n, degree + 1))
    for _ in range(_ROUNDS):
        weighted = powers * w[:, :, None]
        left = weighted.transpose(0, 2, 1) @ powers + 1e-9 * np.eye(degree + 1)
        right = weighted.transpose(0, 2, 1) @ rows[:, :, None]
        bend = np.linalg.solve(left, right)[:, :, 0]
        off = np.abs(rows - (powers @ bend[:, :, None])[:, :, 0])
        w = prior / np.maximum(off, _FLOOR_S)
    return np.asarray(times + bend[:, 0])
