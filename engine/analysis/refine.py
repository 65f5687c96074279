"""Move beats to where the sound begins: from 10 ms frames to the millisecond."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from engine.analysis.features import FINE_HOP_S

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

# The flux of the fine window peaks this long before the loudest of an attack is heard; the mean
# over two General MIDI sound banks, which differ by 2 ms.
LATENCY_S = 0.0

_NEAR_S = 0.030  # of the line: a beat that agrees with it
_AGREEING = 0.8
_BENT_S = 0.010  # of the running median: more is a drift
_RUN = 16  # beats
_LOCAL = 11  # beats of a local line


def snap(beats_s: Doubles, fine: Floats, reach_s: float) -> tuple[Doubles, Doubles]:
    """Return the strongest onset within `reach_s` of each beat, and how strong it is.

    Parameters
    ----------
    beats_s : ndarray, shape (n,)
    fine : ndarray, shape (frames,)
        Onset strength every `FINE_HOP_S`.
    reach_s : float

    Returns
    -------
    times, strengths : ndarrays, shape (n,)
    """
    reach = max(1, round(reach_s / FINE_HOP_S))
    padded = np.pad(fine, reach + 2)
    centre = np.round(beats_s / FINE_HOP_S).astype(np.int64)
    centre = np.clip(centre, 0, len(fine) - 1)
    offsets = np.arange(-reach, reach + 1)
    around = padded[centre[:, None] + offsets + reach + 2]
    # Of two equal onsets the nearer one.
    around = around * (1.0 - 0.3 * (np.abs(offsets) / reach)).astype(np.float32)
    best = around.argmax(axis=1)
    at = centre + offsets[best]
    left, mid, right = (padded[at + reach + 2 + d].astype(np.float64) for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    part = np.where(np.abs(bend) > 1e-12, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0.0)
    strength = mid
    times = np.where(strength > 0, (at + np.clip(part, -0.5, 0.5)) * FINE_HOP_S, beats_s)
    return times, strength


def line(number: Doubles, times: Doubles, weight: Doubles) -> tuple[float, float]:
    """Return start and period of the line with the least absolute residuals, weighted."""
    w = weight + 1e-9
    start = period = 0.0
    for _ in range(12):
        total = w.sum()
        mean_n, mean_t = (w * number).sum() / total, (w * times).sum() / total
        spread = (w * (number - mean_n) ** 2).sum()
        period = float((w * (number - mean_n) * (times - mean_t)).sum() / max(spread, 1e-12))
        start = float(mean_t - period * mean_n)
        w = (weight + 1e-9) / np.maximum(np.abs(times - start - period * number), 0.001)
    return start, period


def refine(beats_s: Doubles, fine: Floats) -> tuple[Doubles, bool]:
    """Return beats on the onsets, and whether their tempo is constant.

    Parameters
    ----------
    beats_s : ndarray, shape (n,), at least 4
    fine : ndarray, shape (frames,)

    Returns
    -------
    beats_s : ndarray, shape (n,)
        On a line where the tempo is constant, else each on the line through its neighbours.
    steady : bool
    """
    number = np.arange(len(beats_s), dtype=np.float64)
    times, strength = snap(beats_s, fine, 0.045)
    limit = np.quantile(strength, 0.9) + 1e-9
    weight = np.minimum(strength / limit, 1.0)
    start, period = line(number, times, weight)
    on_line = start + period * number
    steady = is_steady(times, on_line, weight)
    if steady:
        for reach in (0.030, 0.020):
            times, strength = snap(on_line, fine, reach)
            weight = np.minimum(strength / limit, 1.0)
            start, period = line(number, times, weight)
            on_line = start + period * number
        return on_line, True
    smooth = local_lines(times, weight)
    times, strength = snap(smooth, fine, 0.030)
    return local_lines(times, np.minimum(strength / limit, 1.0)), False


def is_steady(times: Doubles, on_line: Doubles, weight: Doubles) -> bool:
    """Tell whether snapped beats lie on a line, and do not wander about it."""
    off = times - on_line
    if weight @ (np.abs(off) < _NEAR_S) < _AGREEING * weight.sum():
        return False
    if len(off) < _RUN:
        return True
    heard = weight > 0.05
    if heard.sum() < _RUN:
        return True
    runs = np.lib.stride_tricks.sliding_window_view(off[heard], _RUN)[:: _RUN // 4]
    return bool((np.abs(np.median(runs, axis=1)) < _BENT_S).mean() >= 0.85)


def local_lines(times: Doubles, weight: Doubles) -> Doubles:
    """Return each beat moved to the line through its neighbours."""
    n = len(times)
    half = min(_LOCAL // 2, (n - 1) // 2)
    out = np.empty(n)
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    for k in range(n):
        first = min(max(k - half, 0), n - len(offsets))
        part = slice(first, first + len(offsets))
        start, period = line(offsets, times[part], weight[part])
        out[k] = start + period * (k - first - half)
    # What is left of jumps must not turn time back.
    return np.maximum.accumulate(uniform_filter1d(out, 1) + 1e-6 * np.arange(n))
