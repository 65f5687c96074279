"""The search: proposals by votes or a sweep, verification of the best, one candidate a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .candidate import Candidate
from .copies import mark_copies
from .explained import explained, owners
from .peaks import Picture
from .place import place
from .propose import propose
from .run import Run
from .sweep import MOST, Sweep, cost
from .verify import (
    BAND_OF_BIN,
    BANDS,
    FINE,
    HIGHER,
    SHIFTS,
    advantage,
    refine,
    score_alignments,
)
from .worth import worth

AS_RECORDED = 0.004  # within this of 1, pitch and tempo count as unchanged
CLOSELY = 12  # of the proposals, compared with wrong alignments
APART = 10.0  # frames: nearer alignments of one track are one
A_TRIPLE = 1.5  # nats for each triple in agreement: in a long run two are rarely so by chance
FEW_PEAKS = 10  # of which a mean says little
A_DOUBLING = 0.5  # standard errors for twice the votes
HOPEFUL = 8.0  # score below which nothing is named, nor its place in the track worth the time
SURE = 14.0  # score from which the scaled versions of the clip need not be tried


def search(
    runs: Sequence[Run],
    alive: Sequence[NDArray[np.bool_]],
    picture: Picture,
    scaled: bool = True,
    additions: int = MOST,
) -> list[Candidate]:
    """Return candidates, the best of each track, best first.

    Parameters
    ----------
    runs : sequence of Run
    alive : sequence of ndarray of bool
        For each run, which rows of its table take part.
    picture : Picture
        Of the clip.
    scaled : bool
        Whether other speeds, pitches and tempos are tried where the plain clip leaves doubt.
    additions : int
        Of sweeps where votes leave doubt, at most; runs beyond that are not swept.
    """
    if len(picture.frame) < 2:
        return []
    evidence, owner = worth(picture), owners(picture)
    found: list[Candidate] = []
    sweeps: dict[int, Sweep] = {}
    for way in ("voted", *["swept"] * (additions > 0), *["scaled"] * scaled):
        for number, (run, rows) in enumerate(zip(runs, alive, strict=True)):
            if not len(run.landmark_frame) or not rows.any():
                continue
            if way == "swept":
                if (needed := cost(run, len(evidence))) > additions:
                    continue
                additions -= needed
                sweeps[number] = Sweep(run, np.flatnonzero(rows), evidence)
                proposals = sweeps[number].proposals(CLOSELY)
            else:
                proposals = propose(run, picture, way == "scaled")
            found += _examine(number, run, rows, picture, evidence, owner, *proposals)
        found = _best_of_each_track([_stood(c, sweeps.get(c.run), len(evidence)) for c in found])
        if found and found[0].score >= SURE:
            break
    if found and found[0].score >= HOPEFUL:
        found = mark_copies(runs, found, len(picture.level))
        found[0] = place(runs[found[0].run], found[0], picture, evidence, owner)
    return found


def compare(
    run: Run, candidate: Candidate, align: float, evidence: NDArray[np.float32]
) -> Candidate:
    """Return `candidate` as it looks at another alignment, for the clip with this evidence map."""
    first = int(run.track_start[candidate.row])
    last = first + int(run.track_frames[candidate.row])
    arrays = (run.block_peak, run.peak_frame, run.peak_code, first, last)
    best = (-np.inf, align)
    for shift in (0.0, *FINE):
        total = np.empty(1)
        one = np.ones(1)
        score_alignments(
            *arrays[:3], one.astype(np.int64) * first, one.astype(np.int64) * last,
            one * (first + align + shift), one * candidate.pitch, one * candidate.tempo,
            evidence, total, np.empty(1, np.int64),
        )  # fmt: skip
        if total[0] > best[0] + 0.5:
            best = (float(total[0]), align + shift)
    above = advantage(
        *arrays, first + best[1], candidate.pitch, candidate.tempo, evidence, BAND_OF_BIN, SHIFTS,
        HIGHER, np.empty((4, BANDS)), np.empty((4, BANDS), np.int64),
    )  # fmt: skip
    return replace(candidate, align=best[1], total=best[0], advantage=above)


def _examine(
    number: int, run: Run, alive: NDArray[np.bool_], picture: Picture,
    evidence: NDArray[np.float32], owner: NDArray[np.int32],
    align: NDArray[np.float64], votes: NDArray[np.int32],
    pitch: NDArray[np.float64], tempo: NDArray[np.float64],
) -> list[Candidate]:  # fmt: skip
    """Compare the proposals of most worth with wrong alignments of their tracks."""
    middle = np.maximum(0, align + tempo * (len(evidence) / 2))
    row = np.searchsorted(run.track_start, middle, side="right") - 1
    row = np.minimum(row, len(run.track_id) - 1)
    first = run.track_start[row].astype(np.int64)
    last = first + run.track_frames[row]
    arrays = (run.block_peak, run.peak_frame, run.peak_code)
    total, peaks_there = np.empty(len(align)), np.empty(len(align), np.int64)
    score_alignments(*arrays, first, last, align, pitch, tempo, evidence, total, peaks_there)
    total[~alive[row]] = -np.inf
    clarity = float(picture.height.mean())
    out: list[Candidate] = []
    taken: list[int] = []
    found = np.empty(4)
    sums, counts = np.empty((4, BANDS)), np.empty((4, BANDS), np.int64)
    merit = _merit(total, peaks_there, votes) if run.shift is None else total + A_TRIPLE * votes
    for k in np.argsort(-merit, kind="stable"):
        if len(taken) == CLOSELY or not np.isfinite(total[k]):
            break
        if any(row[j] == row[k] and abs(align[j] - align[k]) < APART for j in taken):
            continue
        taken.append(int(k))
        place = (*arrays, int(first[k]), int(last[k]))
        refine(*place, align[k], pitch[k], tempo[k], evidence, FINE, found)
        at, pitch_k, tempo_k, total_k = (float(x) for x in found)
        above = advantage(
            *place, at, pitch_k, tempo_k, evidence, BAND_OF_BIN, SHIFTS, HIGHER, sums, counts
        )
        out.append(
            Candidate(
                run=number,
                row=int(row[k]),
                align=at - int(first[k]),
                pitch=pitch_k,
                tempo=tempo_k,
                plain=max(abs(pitch_k - 1.0), abs(tempo_k - 1.0)) < AS_RECORDED,
                votes=int(votes[k]),
                total=total_k,
                advantage=above,
                explained=explained(*place, at, pitch_k, tempo_k, owner, len(picture.frame)),
                clarity=clarity,
            )
        )
    return out


def _stood(candidate: Candidate, sweep: Sweep | None, frames: int) -> Candidate:
    """Return the candidate with what the sweep over its run says of the clip's middle.

    In noise a pitch and tempo that were refined may be chance, and the music as it was recorded.
    """
    if sweep is None:
        return candidate
    at = candidate.align + 0.5 * (candidate.tempo - 1.0) * frames
    return replace(candidate, standing=sweep.at(candidate.row, at))


def _merit(
    total: NDArray[np.float64], peaks: NDArray[np.int64], votes: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return how far proposals stand out of each other, in standard errors, more votes more.

    In noise the sums are negative, and in the sum alone a place with few peaks would win.
    """
    real = np.isfinite(total)
    if not real.any():
        return total
    usual = np.median(total[real] / np.maximum(1, peaks[real]))
    beyond = (total - usual * peaks) / np.sqrt(peaks + FEW_PEAKS)
    return beyond / max(1e-9, float(np.std(beyond[real]))) + A_DOUBLING * np.log2(1 + votes)


def _best_of_each_track(found: list[Candidate]) -> list[Candidate]:
    best: dict[tuple[int, int], Candidate] = {}
    for candidate in sorted(found, key=lambda c: -c.score):
        best.setdefault((candidate.run, candidate.row), candidate)
    return list(best.values())


def offset_s(align: float, tempo: float) -> float:
    """Return the second of the track at which the first sample lies of a clip at frame `align`."""
    half = 0.5 * s.N_FFT / s.SAMPLE_RATE  # a frame stands for its centre
    return align / s.FRAMES_PER_SECOND + half * (1.0 - tempo)
