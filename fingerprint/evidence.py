"""Why a match is a match: its track's peaks over the clip's spectrogram."""

from __future__ import annotations

import numpy as np

from . import settings as s
from .match import Evidence, Match
from .peaks import Picture, TrackPeaks

_DB = 10.0 * np.log10(2.0)  # of one unit of level
_SHOWN = 1.0  # contrast at which a peak counts as heard: 3 dB


def evidence(picture: Picture, peaks: TrackPeaks, match: Match) -> Evidence:
    """Return the evidence for a match of the clip with the track that has these peaks."""
    frames, bins = picture.level.shape
    half = 0.5 * s.N_FFT / s.SAMPLE_RATE
    times = np.arange(frames) / s.FRAMES_PER_SECOND + half
    frequencies = np.asarray((s.FIRST_BIN + np.arange(bins)) * s.BIN_HZ, np.float64)
    pitch = 2.0 ** (match.pitch_cents / 1200.0)
    at = (peaks.frame / s.FRAMES_PER_SECOND + half - match.offset_s) / match.speed
    hz = (s.FIRST_BIN + (peaks.code & 0xFFF) / s.SUB_BIN) * s.BIN_HZ * pitch
    row = np.rint((at - half) * s.FRAMES_PER_SECOND).astype(np.int64)
    column = np.rint(hz / s.BIN_HZ).astype(np.int64) - s.FIRST_BIN
    inside = (row >= 0) & (row < frames) & (column >= 0) & (column < bins)
    row, column = row[inside], column[inside]
    heard = np.full(len(row), -np.inf)
    for u in (-1, 0, 1):
        for k in (-1, 0, 1):
            near = picture.contrast[
                np.clip(row + u, 0, frames - 1), np.clip(column + k, 0, bins - 1)
            ]
            heard = np.maximum(heard, near)
    query_hz = (s.FIRST_BIN + picture.position / s.SUB_BIN) * s.BIN_HZ
    return Evidence(
        spectrogram_db=(picture.level * _DB).astype(np.float32),
        times_s=times,
        frequencies_hz=frequencies,
        query_peaks=np.column_stack([picture.frame / s.FRAMES_PER_SECOND + half, query_hz]),
        reference_peaks=np.column_stack([at[inside], hz[inside]]),
        matched=heard >= _SHOWN,
    )
