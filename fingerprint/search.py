"""The search: proposals by votes, verification of the best, one candidate a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .peaks import Picture
from .run import Run
from .verify import (
    DETUNED,
    FINE,
    NULL_SAMPLES,
    SHIFTS,
    coverage,
    examine,
    score_alignments,
)
from .vote import collect_votes, strongest
from .worth import worth

PROPOSALS = 100  # alignments looked at, of each run and each version of the query
CLOSELY = 12  # of these, examined against wrong alignments
APART = 10.0  # frames: nearer alignments of one track are one
MAX_VOTES = 400_000
STRONGEST = 10  # of each half second: "the clip's strong peaks"
PLAIN = ((1.0, 1.0),)
SCALED = (
    (1.02, 1.02), (0.98, 0.98), (1.05946, 1.0), (0.94387, 1.0), (1.0, 1.05), (1.0, 0.95),
    (1.0, 1.02), (1.0, 0.98),
)  # fmt: skip
SURE = 12.0  # advantage from which the scaled versions of the clip need not be tried


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
    votes, peaks : int
        Landmarks in agreement; peaks of the track inside the clip's span.
    mean, elsewhere, shifted, detuned : float
        Mean worth at those peaks, nats, and that of wrong alignments (see `verify`).
    covered, covered_strong : float
        Share of the clip's peaks that the track explains.
    """

    run: int
    row: int
    align: float
    pitch: float
    tempo: float
    votes: int
    peaks: int
    mean: float
    elsewhere: float
    shifted: float
    detuned: float
    covered: float
    covered_strong: float

    @property
    def advantage(self) -> float:
        """The smallest advantage over the three kinds of wrong alignment, in standard errors."""
        wrong = max(self.elsewhere, self.shifted, self.detuned)
        return float((self.mean - wrong) * np.sqrt(self.peaks))


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
    evidence = worth(picture)
    found: list[Candidate] = []
    for versions in (PLAIN, SCALED):
        for number, (run, rows) in enumerate(zip(runs, alive, strict=True)):
            if len(run.landmark_frame) and rows.any():
                found += _search_run(number, run, rows, picture, evidence, versions)
        found = _best_of_each_track(found)
        if found and found[0].advantage >= SURE:
            break
    return found


def _search_run(
    number: int, run: Run, alive: NDArray[np.bool_], picture: Picture,
    evidence: NDArray[np.float32], versions: Sequence[tuple[float, float]],
) -> list[Candidate]:  # fmt: skip
    align, votes, pitch, tempo = _propose(run, picture, versions)
    row = np.searchsorted(
        run.track_start, np.maximum(0, align + tempo * (len(evidence) / 2)), side="right"
    )
    row = np.minimum(row - 1, len(run.track_id) - 1)
    first = run.track_start[row].astype(np.int64)
    last = first + run.track_frames[row]
    total = np.empty(len(align))
    score_alignments(
        run.block_peak, run.peak_frame, run.peak_code, first, last, align, pitch, tempo,
        evidence, total,
    )  # fmt: skip
    total[~alive[row]] = -np.inf
    out: list[Candidate] = []
    taken: list[int] = []
    for k in np.argsort(-total, kind="stable"):
        if len(taken) == CLOSELY or not np.isfinite(total[k]):
            break
        if any(row[j] == row[k] and abs(align[j] - align[k]) < APART for j in taken):
            continue
        taken.append(int(k))
        out.append(
            _examine(
                number,
                run,
                int(row[k]),
                align[k],
                pitch[k],
                tempo[k],
                int(votes[k]),
                picture,
                evidence,
            )
        )
    return out


def _propose(
    run: Run, picture: Picture, versions: Sequence[tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    buffer = np.empty(MAX_VOTES, np.int64)
    aligns, counts = [], []
    for pitch, tempo in versions:
        n = collect_votes(
            run.bucket_start, run.landmark_delta, run.landmark_frame,
            picture.frame, picture.position, pitch, tempo, buffer,
        )  # fmt: skip
        align, count = np.empty(PROPOSALS, np.int64), np.empty(PROPOSALS, np.int32)
        k = strongest(np.sort(buffer[:n]), PROPOSALS, align, count)
        aligns.append(align[:k].astype(np.float64))
        counts.append(count[:k])
    sizes = [len(a) for a in aligns]
    pitch_of = np.repeat([p for p, _ in versions], sizes)
    tempo_of = np.repeat([t for _, t in versions], sizes)
    return np.concatenate(aligns), np.concatenate(counts), pitch_of, tempo_of


def _examine(
    number: int, run: Run, row: int, align: float, pitch: float, tempo: float, votes: int,
    picture: Picture, evidence: NDArray[np.float32],
) -> Candidate:  # fmt: skip
    first = int(run.track_start[row])
    last = first + int(run.track_frames[row])
    out = np.empty(6)
    place = (run.block_peak, run.peak_frame, run.peak_code, first, last)
    examine(
        *place, align, pitch, tempo, evidence, FINE, SHIFTS, DETUNED, np.empty(NULL_SAMPLES), out
    )
    covered = coverage(
        *place, float(out[0]), pitch, tempo, picture.frame, picture.position, picture.rank,
        STRONGEST, np.zeros(evidence.shape, np.uint8),
    )  # fmt: skip
    return Candidate(
        run=number,
        row=row,
        align=float(out[0]) - first,
        pitch=float(pitch),
        tempo=float(tempo),
        votes=votes,
        peaks=int(out[1]),
        mean=float(out[2]),
        elsewhere=float(out[3]),
        shifted=float(out[4]),
        detuned=float(out[5]),
        covered=covered[0],
        covered_strong=covered[1],
    )


def _best_of_each_track(found: list[Candidate]) -> list[Candidate]:
    best: dict[tuple[int, int], Candidate] = {}
    for candidate in sorted(found, key=lambda c: -c.advantage):
        best.setdefault((candidate.run, candidate.row), candidate)
    return list(best.values())


def offset_s(candidate: Candidate) -> float:
    """Return the second of the track at which the clip's first sample lies."""
    half = 0.5 * s.N_FFT / s.SAMPLE_RATE  # a frame stands for its centre
    return candidate.align / s.FRAMES_PER_SECOND + half * (1.0 - candidate.tempo)
