"""The exact tempo of a steady track, from what returns in it.

An instrument with a slow attack seems to begin late, by 5 to 10 ms. Where it plays in one half of a
track only, the line through all beats is tilted by that: 5 ms in a minute are 80 millionths of the
tempo. So like is compared with like: two places of a track where the same is played, by the same
instruments, are a whole number of beats apart whatever the attacks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.features import FINE_HOP_S
from engine.analysis.refine import line, snap

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

_BEATS = 4  # compared at a time
_PLACES = 100  # compared with each other, at most
_FEWEST = 3
_REACH = 8  # frames, 20 ms: how far a place may seem to be off
_LIKENESS = 4  # power of the correlation that a pair counts with
_NEAR_S = 0.001  # a pair counts by its absolute error beyond this
_SNAP_S = 0.020


def straighten(on_line: Doubles, fine: Floats) -> Doubles:
    """Return beats of a steady track with the period of what returns in it.

    Parameters
    ----------
    on_line : ndarray, shape (n,), at least 4
        As `refine.refine` gives them: on a line.
    fine : ndarray, shape (frames,)
        Onset strength every `FINE_HOP_S`.

    Returns
    -------
    ndarray, shape (n,)
        On a line; its phase is that of the onsets at all beats.
    """
    number = np.arange(len(on_line), dtype=np.float64)
    period = float(on_line[-1] - on_line[0]) / (len(on_line) - 1)
    period += _stretch(on_line, period, fine)
    turned = on_line.mean() + period * (number - number.mean())
    times, strength = snap(turned, fine, _SNAP_S)
    weight = np.minimum(strength / (np.quantile(strength, 0.9) + 1e-9), 1.0)
    start, _ = line(np.zeros(len(number)), times - period * number, weight)
    return start + period * number


def _stretch(on_line: Doubles, period: float, fine: Floats) -> float:
    """Return by how many seconds a beat is longer than the line says."""
    count = len(on_line) - _BEATS
    first = np.arange(0, count, max(2, -(-count // _PLACES)))
    if len(first) < _FEWEST:
        return 0.0
    shift, likeness = _compare(on_line[first] - 0.25 * period, _BEATS * period, fine)
    gap = (first[None, :] - first[:, None]).astype(np.float64)
    weight = prior = np.where(gap > 0, likeness, 0.0)
    stretch = 0.0
    for _ in range(12):  # least absolute errors
        stretch = float((weight * gap * shift).sum() / max((weight * gap * gap).sum(), 1e-12))
        weight = prior / np.maximum(np.abs(shift - stretch * gap), _NEAR_S)
    return stretch


def _compare(starts_s: Doubles, length_s: float, fine: Floats) -> tuple[Doubles, Doubles]:
    """Return by how much each place is late beside each other one, and how alike they are.

    Returns
    -------
    shift_s, likeness : ndarrays, shape (places, places)
        Row i, column j: of place j, beside place i. Likeness is 0 where no shift fits.
    """
    frames = int(length_s / FINE_HOP_S)
    steps = np.arange(-_REACH, frames + _REACH)
    at = starts_s[:, None] / FINE_HOP_S + steps
    level = np.convolve(np.sqrt(fine), np.array([0.25, 0.5, 0.25]), "same")
    wide = np.interp(at, np.arange(len(fine)), level, left=0.0, right=0.0).astype(np.float32)
    still = _normal(wide[:, _REACH : _REACH + frames])
    moved = [still @ _normal(wide[:, lag : lag + frames]).T for lag in range(2 * _REACH + 1)]
    alike = np.stack(moved).astype(np.float64)  # (lags, places, places)
    best = alike.argmax(axis=0)
    within = (best > 0) & (best < 2 * _REACH)
    best = np.clip(best, 1, 2 * _REACH - 1)
    left, mid, right = (
        np.take_along_axis(alike, best[None] + k, axis=0)[0] for k in (-1, 0, 1)
    )  # a parabola's top lies between frames
    bend = np.minimum(left - 2.0 * mid + right, -1e-9)
    shift = (best - _REACH + np.clip(0.5 * (left - right) / bend, -1.0, 1.0)) * FINE_HOP_S
    return shift, np.where(within, np.clip(mid, 0.0, 1.0) ** _LIKENESS, 0.0)


def _normal(rows: Floats) -> Floats:
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9))
