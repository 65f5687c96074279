"""What speaks for one reading of the beats: a row of numbers for each candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.features import HOP_S, TONE_HOP_S, Features
from engine.analysis.lattice import Candidate

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

PARTS = 12  # of a beat: halves, thirds and quarters are among them
STREAMS = 6
_LAGS = (1, 2, 3, 4, 5, 6, 7, 8)


def streams(features: Features) -> Floats:
    """Return what can stand on a beat, every `HOP_S`, shape (frames, STREAMS).

    Onsets in the low, middle, high band and all; changes of harmony and of the bass. Each has mean
    0 and spread 1 over the track.
    """
    from scipy.ndimage import maximum_filter1d  # late: what only follows need not wait for it

    frames = len(features.onset)
    out = np.zeros((frames, STREAMS), dtype=np.float32)
    out[:, :4] = maximum_filter1d(np.sqrt(features.onset), 5, axis=0)
    harmony, bass = changes(features.pitch)
    at = np.arange(frames) * HOP_S
    tones = np.arange(len(harmony)) * TONE_HOP_S
    if len(tones) > 1:
        out[:, 4] = np.interp(at, tones, harmony)
        out[:, 5] = np.interp(at, tones, bass)
    out -= out.mean(axis=0)
    spread = out.std(axis=0)
    return np.asarray(out / np.where(spread > 1e-6, spread, 1.0), dtype=np.float32)


def changes(pitch: Floats) -> tuple[Doubles, Doubles]:
    """Return how much harmony and bass change at each tone frame, before against after."""
    if len(pitch) < 3:
        return np.zeros(len(pitch)), np.zeros(len(pitch))
    level = np.sqrt(pitch / (float(pitch.mean()) + 1e-12))
    chroma = sum(level[:, k : k + 12] for k in range(12, 60, 12))
    return _novelty(np.asarray(chroma)), _novelty(level[:, :24])


def _novelty(rows: Floats, width: int = 6) -> Doubles:
    """Return the distance of the mean of `width` rows after from that of `width` rows before."""
    total = np.cumsum(np.pad(rows.astype(np.float64), ((width + 1, width), (0, 0)), "edge"), axis=0)
    n = len(rows)
    before = total[width : width + n] - total[:n]
    after = total[2 * width : 2 * width + n] - total[width : width + n]
    norm = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    loud = np.linalg.norm(before + after, axis=1)
    distance = 1.0 - (before * after).sum(axis=1) / np.maximum(norm, 1e-9)
    return np.asarray(distance * loud / max(float(loud.mean()), 1e-9))


def fold(candidate: Candidate, stream: Floats) -> Floats:
    """Return the streams at every part of every beat, shape (beats - 1, PARTS, STREAMS)."""
    beats = candidate.beats_s
    steps = np.arange(PARTS) / PARTS
    at = beats[:-1, None] + np.diff(beats)[:, None] * steps
    return np.asarray(stream[np.clip(np.round(at / HOP_S).astype(np.int64), 0, len(stream) - 1)])


def evidence(candidate: Candidate, stream: Floats) -> Floats:
    """Return the row of numbers that speaks for a candidate."""
    parts = fold(candidate, stream)
    mean = parts.mean(axis=0)  # (PARTS, STREAMS)
    on = mean[0]
    columns = [on, on - mean[6], on - (mean[4] + mean[8]) / 2, on - (mean[3] + mean[9]) / 2]
    for every in (2, 3, 4):
        phases = np.stack([parts[k::every, 0].mean(axis=0) for k in range(every)])
        columns.append(phases.max(axis=0) - phases.min(axis=0))
    columns.append(mean[6] - (mean[3] + mean[9]) / 2)
    columns.append(mean[6] - (mean[4] + mean[8]) / 2)
    flat = parts.reshape(len(parts), -1)
    flat = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)
    alike = [
        float((flat[lag:] * flat[:-lag]).sum(axis=1).mean()) if len(flat) > lag else 0.0
        for lag in _LAGS
    ]
    alike += [max(alike[1:]), max(alike[1:]) - float(np.mean(alike))]
    hits = [float((parts[:, 0, s] > 0.3).mean()) for s in range(4)]
    speed = np.log2(candidate.bpm / 120.0)
    rest = [*alike, *hits, speed, speed * speed, abs(speed), float(candidate.steady)]
    return np.concatenate([*columns, rest]).astype(np.float32)
