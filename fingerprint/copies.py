"""Two tracks, one recording: copies in a library must not make each other doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .candidate import Candidate
from .run import Run

SHARED = 0.4  # of the peaks under the clip; other music shares a tenth, a copy most of them
DOUBTFUL = 8.0  # score below which nothing is named anyway
RIVALS = 3  # copies looked for among so many candidates after the first


def mark_copies(runs: Sequence[Run], found: list[Candidate], frames: int) -> list[Candidate]:
    """Return the candidates, best first, with those marked that sound as the first does there.

    The clip has `frames` frames.
    """
    out = list(found)
    mine: NDArray[np.int64] | None = None
    for k, rival in enumerate(found[1 : 1 + RIVALS], start=1):
        if rival.score < DOUBTFUL:
            break
        if mine is None:
            mine = _cells(runs[found[0].run], found[0], frames)
        its = _cells(runs[rival.run], rival, frames)
        around = np.concatenate([its + t * s.BINS + b for t in (-1, 0, 1) for b in (-1, 0, 1)])
        if len(mine) and np.isin(mine, around).mean() >= SHARED:
            out[k] = replace(rival, copy=True)
    return out


def _cells(run: Run, candidate: Candidate, frames: int) -> NDArray[np.int64]:
    """Return the cells of the clip in which the track has its peaks."""
    peaks = run.peaks(candidate.row)
    t = np.rint((peaks.frame - candidate.align) / candidate.tempo).astype(np.int64)
    bins = (s.FIRST_BIN + (peaks.code & 0xFFF) / s.SUB_BIN) * candidate.pitch - s.FIRST_BIN
    b = np.rint(bins).astype(np.int64)
    inside = (t >= 0) & (t < frames) & (b >= 0) & (b < s.BINS)
    return np.asarray(t[inside] * s.BINS + b[inside])
