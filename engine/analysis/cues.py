"""Where a player should come in and go out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.grid import Grid

Doubles = NDArray[np.float64]

STEP_S = 0.1
_BELOW_LU = 25.0  # under the loud part of the track: not yet, or no longer, the music
_SILENT = 1e-7  # mean square, -70 dB


def cues(power: Doubles, duration_s: float, grid: Grid | None) -> tuple[float, float, float]:
    """Return where to come in, where to go out, and how sure that is.

    Parameters
    ----------
    power : ndarray, shape (n,)
        Loudness as mean K-weighted power of every `STEP_S`.
    duration_s : float
    grid : Grid, optional
        Where it can be trusted, the cues are downbeats.

    Returns
    -------
    cue_in_s, cue_out_s : float
    confidence : float, 0 to 1
    """
    loud = float(np.quantile(power, 0.9)) if len(power) else 0.0
    heard = np.flatnonzero(power > max(loud * 10 ** (-_BELOW_LU / 10), _SILENT))
    if not len(heard):
        return 0.0, duration_s, 0.0
    first_s = min(float(heard[0]) * STEP_S, duration_s)
    last_s = min(float(heard[-1] + 1) * STEP_S, duration_s)
    if grid is None or grid.confidence < 0.5:
        return first_s, last_s, 0.5
    bars = grid.downbeats()
    # A beat sounds at its time, so the step that holds the first sound may begin before it.
    bars = bars[(bars >= first_s - STEP_S) & (bars <= last_s)]
    if len(bars) < 2:
        return first_s, last_s, 0.5
    bar_s = float(np.median(np.diff(bars)))
    cue_in = bars[0] if bars[0] - first_s < bar_s else first_s
    cue_out = min(float(bars[-1]) + bar_s, duration_s)
    if cue_out > last_s + STEP_S:
        cue_out = float(bars[-1])
    cue_in = max(0.0, float(cue_in))
    return cue_in, max(cue_in, cue_out), round(grid.confidence * grid.bar_confidence, 4)
