"""Which peaks of a track are peaks of the clip as well: a stricter question than what is heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .match import Evidence

NEAR_FRAMES = 1
NEAR_BINS = 1.5
_WIDE = 1 << 20  # of a frame's keys: eighths of a bin, and room


def agreeing(evidence: Evidence) -> NDArray[np.bool_]:
    """Return, for each of the track's peaks, whether the clip has one of its own there.

    Returns
    -------
    ndarray of bool, shape (m,)
        In the order of `evidence.reference_peaks`.
    """
    own = np.sort(_keys(evidence.query_peaks))
    wanted = _keys(evidence.reference_peaks)
    reach = round(NEAR_BINS * s.SUB_BIN)
    near = np.zeros(len(wanted), np.bool_)
    for late in range(-NEAR_FRAMES, NEAR_FRAMES + 1):
        low = wanted + late * _WIDE - reach
        at = np.searchsorted(own, low)
        inside = at < len(own)
        near[inside] |= own[at[inside]] <= low[inside] + 2 * reach
    return near


def _keys(peaks: NDArray[np.float64]) -> NDArray[np.int64]:
    frame = np.rint(peaks[:, 0] * s.FRAMES_PER_SECOND).astype(np.int64)
    return np.asarray(
        frame * _WIDE + np.rint(peaks[:, 1] / s.BIN_HZ * s.SUB_BIN).astype(np.int64) + _WIDE // 4
    )
