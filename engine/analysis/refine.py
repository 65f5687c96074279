"""Move beats to where the sound begins: from 10 ms frames to the millisecond."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.features import FINE_HOP_S

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

# Half the rise of the flux of the fine window comes this long before the time at which a
# synthesizer was told to play: the mean over two General MIDI sound banks, which differ by 2 ms.
# They sound 5 ms after they are told; so what begins at once is placed 5 ms before it is heard.
LATENCY_S = 0.0024

_NEAR_S = 0.030  # of the line: a beat that agrees with it
_AGREEING = 0.8
_BENT_S = 0.010  # of the running median: more is a drift
_RUN = 8  # beats
_LOCAL = 9  # beats of a local parabola
_RISE = 16  # frames, 40 ms: the longest attack that is followed back


def snap(beats_s: Doubles, fine: Floats, reach_s: float) -> tuple[Doubles, Doubles]:
    """Return where the strongest onset within `reach_s` of each beat begins, and its strength.

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
    strength = padded[at + reach + 2].astype(np.float64)
    return np.where(strength > 0, _rise(fine, at) * FINE_HOP_S, beats_s), strength


def _rise(fine: Floats, peak: NDArray[np.int64]) -> Doubles:
    """Return where the rise to each peak passes half its height, in frames.

    A slow attack peaks late, by 10 to 40 ms for a bow or a ride cymbal; where it begins to rise
    is nearer to the time that the player meant, and as steady.
    """
    back = np.arange(-_RISE, 1)
    padded = np.pad(fine, (_RISE, 0))
    rows = padded[peak[:, None] + back + _RISE].astype(np.float64)
    half = 0.5 * rows[:, -1:]
    below = rows[:, :-1] < half
    last = np.where(below.any(axis=1), _RISE - 1 - below[:, ::-1].argmax(axis=1), 0)
    each = np.arange(len(rows))
    low, high = rows[each, last], rows[each, last + 1]
    part = (half[:, 0] - low) / np.maximum(high - low, 1e-9)
    return np.asarray(peak - _RISE + last + np.clip(part, 0.0, 1.0))


def line(number: Doubles, times: Doubles, weight: Doubles) -> tuple[float, float]:
    """Return start and period of a line that outliers do not move, weighted.

    Residuals count squared up to about their median, and absolute beyond it (P. J. Huber, 1964).
    """
    w = weight + 1e-9
    start = period = 0.0
    for _ in range(12):
        total = w.sum()
        mean_n, mean_t = (w * number).sum() / total, (w * times).sum() / total
        spread = (w * (number - mean_n) ** 2).sum()
        period = float((w * (number - mean_n) * (times - mean_t)).sum() / max(spread, 1e-12))
        start = float(mean_t - period * mean_n)
        off = np.abs(times - start - period * number)
        w = (weight + 1e-9) / np.maximum(off, max(0.001, 1.5 * float(np.median(off))))
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
        On a line where the tempo is constant, else smooth among their neighbours.
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
    smooth = local_parabolas(times, weight)
    times, strength = snap(smooth, fine, 0.030)
    return local_parabolas(times, np.minimum(strength / limit, 1.0)), False


def is_steady(times: Doubles, on_line: Doubles, weight: Doubles) -> bool:
    """Tell whether snapped beats lie on a line, and do not wander about it."""
    off = times - on_line
    if weight @ (np.abs(off) < _NEAR_S) < _AGREEING * weight.sum():
        return False
    if len(off) < _RUN:
        return True
    heard = weight > 0.2
    if heard.sum() < _RUN:
        return True
    runs = np.lib.stride_tricks.sliding_window_view(off[heard], _RUN)[:: _RUN // 4]
    return bool((np.abs(np.median(runs, axis=1)) < _BENT_S).mean() >= 0.85)


def local_parabolas(times: Doubles, weight: Doubles) -> Doubles:
    """Return each beat moved to the parabola through its neighbours."""
    n = len(times)
    half = min(_LOCAL // 2, (n - 1) // 2)
    width = 2 * half + 1
    first = np.clip(np.arange(n) - half, 0, n - width)
    rows = times[first[:, None] + np.arange(width)]  # (n, width)
    prior = weight[first[:, None] + np.arange(width)] + 1e-3
    x = np.arange(width) - (np.arange(n) - first)[:, None].astype(np.float64)
    powers = np.stack([np.ones_like(x), x, x * x], axis=2)  # (n, width, 3)
    w = prior
    out = times
    for _ in range(6):
        left = np.einsum("nwi,nw,nwj->nij", powers, w, powers) + 1e-9 * np.eye(3)
        right = np.einsum("nwi,nw,nw->ni", powers, w, rows)
        bend = np.linalg.solve(left, right[..., None])[..., 0]
        out = bend[:, 0]
        off = np.abs(rows - np.einsum("nwi,ni->nw", powers, bend))
        w = prior / np.maximum(off, 0.002)
    # What is left of jumps must not turn time back.
    return np.asarray(np.maximum.accumulate(out + 1e-6 * np.arange(n)))
