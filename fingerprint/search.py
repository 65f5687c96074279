"""The search: proposals by votes, verification of the best, one candidate a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .peaks import Picture
from .run import Run
from .verify import pool_into, scan_track, score_alignments
from .vote import collect_votes, strongest

PROPOSALS = 100  # alignments verified, of each run and each version of the query
CLOSELY = 12  # alignments measured against their own track
NULL_SAMPLES = 200
MAX_VOTES = 400_000
POOL_LOW, POOL_HIGH = -1.0, 4.0
FEWEST_PEAKS = 20
PLAIN = ((1.0, 1.0),)
SCALED = (
    (1.02, 1.02), (0.98, 0.98), (1.05946, 1.0), (0.94387, 1.0), (1.0, 1.05), (1.0, 0.95),
    (1.0, 1.02), (1.0, 0.98),
)  # fmt: skip
UNSURE = 5.0  # z below which the scaled versions are tried


@dataclass(frozen=True)
class Candidate:
    """An alignment of the clip with a track.

    Attributes
    ----------
    run, row : int
        Which run, and which row of its table of tracks.
    align : float
        Frame of the track at which the clip's first frame lies.
    pitch, tempo : float
        Of the clip, over those of the track.
    votes : int
        Landmarks in agreement.
    peaks : int
        Peaks of the track inside the clip's span.
    mean, z : float
        Mean contrast of the clip at those peaks; the same against wrong alignments of the track.
    """

    run: int
    row: int
    align: float
    pitch: float
    tempo: float
    votes: int
    peaks: int
    mean: float
    z: float


def search(
    runs: Sequence[Run], alive: Sequence[NDArray[np.bool_]], picture: Picture
) -> list[Candidate]:
    """Return candidates, the best of each track, best first.

    Parameters
    ----------
    runs : sequence of Run
    alive : sequence of ndarray of bool
        For each run, which rows of its table take part.
    picture : Picture
        Of the clip.
    """
    if len(picture.frame) < 2:
        return []
    pooled = np.empty_like(picture.contrast)
    pool_into(picture.contrast, POOL_LOW, POOL_HIGH, pooled)
    found: list[Candidate] = []
    for versions in (PLAIN, SCALED):
        for number, (run, rows) in enumerate(zip(runs, alive, strict=True)):
            if len(run.landmark_frame) and rows.any():
                found += _search_run(number, run, rows, picture, pooled, versions)
        found = _best_of_each_track(found)
        if found and found[0].z >= UNSURE:
            break
    return found


def _search_run(
    number: int, run: Run, alive: NDArray[np.bool_], picture: Picture,
    pooled: NDArray[np.float32], versions: Sequence[tuple[float, float]],
) -> list[Candidate]:  # fmt: skip
    buffer = np.empty(MAX_VOTES, np.int64)
    aligns, counts, pitches, tempos = [], [], [], []
    for pitch, tempo in versions:
        n = collect_votes(
            run.bucket_start, run.landmark_delta, run.landmark_frame,
            picture.frame, picture.position, pitch, tempo, buffer,
        )  # fmt: skip
        align, count = np.empty(PROPOSALS, np.int64), np.empty(PROPOSALS, np.int32)
        k = strongest(np.sort(buffer[:n]), PROPOSALS, align, count)
        aligns.append(align[:k].astype(np.float64))
        counts.append(count[:k])
        pitches.append(np.full(k, pitch))
        tempos.append(np.full(k, tempo))
    align, votes = np.concatenate(aligns), np.concatenate(counts)
    pitch_of, tempo_of = np.concatenate(pitches), np.concatenate(tempos)
    middle = align + tempo_of * (len(pooled) / 2)
    row = np.searchsorted(run.track_start, np.maximum(0, middle), side="right") - 1
    row = np.minimum(row, len(run.track_id) - 1)
    first, last = run.track_start[row].astype(np.int64), run.track_start[row + 1].astype(np.int64)
    total, peaks = np.empty(len(align)), np.empty(len(align), np.int64)
    score_alignments(
        run.block_peak, run.peak_frame, run.peak_code, first, last, align, pitch_of, tempo_of,
        pooled, total, peaks,
    )  # fmt: skip
    mean = total / np.maximum(1, peaks) - (peaks < FEWEST_PEAKS)
    mean[~alive[row]] = -np.inf
    out = []
    for k in np.argsort(-mean, kind="stable")[:CLOSELY]:
        if not np.isfinite(mean[k]):
            break
        z = _against_own_track(
            run, int(row[k]), float(mean[k]), int(peaks[k]), pitch_of[k], tempo_of[k], pooled
        )
        out.append(
            Candidate(
                number, int(row[k]), float(align[k] - first[k]), float(pitch_of[k]),
                float(tempo_of[k]), int(votes[k]), int(peaks[k]), float(mean[k]), z,
            )
        )  # fmt: skip
    return out


def _against_own_track(
    run: Run, row: int, mean: float, peaks: int, pitch: float, tempo: float,
    pooled: NDArray[np.float32],
) -> float:  # fmt: skip
    first, last = int(run.track_start[row]), int(run.track_start[row + 1])
    means, counts = np.empty(NULL_SAMPLES), np.empty(NULL_SAMPLES, np.int64)
    step = int(run.track_frames[row]) / NULL_SAMPLES
    scan_track(
        run.block_peak, run.peak_frame, run.peak_code, first, last, first + 0.5 * step, step,
        pitch, tempo, pooled, means, counts,
    )  # fmt: skip
    wrong = means[counts > peaks // 3]
    if len(wrong) < 20:
        return 2.0 * mean
    return float((mean - wrong.mean()) / (wrong.std() + 0.02))


def _best_of_each_track(found: list[Candidate]) -> list[Candidate]:
    best: dict[tuple[int, int], Candidate] = {}
    for candidate in sorted(found, key=lambda c: -c.z):
        best.setdefault((candidate.run, candidate.row), candidate)
    return list(best.values())


def offset_s(candidate: Candidate) -> float:
    """Return the second of the track at which the clip's first sample lies."""
    half = 0.5 * s.N_FFT / s.SAMPLE_RATE  # a frame stands for its centre
    return candidate.align / s.FRAMES_PER_SECOND + half * (1.0 - candidate.tempo)
