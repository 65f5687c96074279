"""Why a clip is, or is not, taken for a certain track: the evidence laid open."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsp.spectrum import log_power

from . import settings as s
from .agreeing import agreeing
from .candidate import Candidate
from .confidence import KNOWN_FROM, MIDDLE, SLOPE, strength
from .evidence import evidence
from .identify import Ear
from .index import FingerprintIndex
from .match import Evidence, Match
from .peaks import Picture, look, prepare
from .run import Run, build_run
from .tally import WINDOW
from .vote import all_votes
from .waves import Sound, Waves

NEEDED = MIDDLE + math.log(KNOWN_FROM / (1.0 - KNOWN_FROM)) / SLOPE  # strength that is named
CHANCE_S = (-0.62, -0.46, -0.34, 0.34, 0.46, 0.62)  # shifts at which a track must not fit
LONGEST_S = 10.0  # of a clip, as in `identify`
_MOST_VOTES = 400_000


@dataclass(frozen=True)
class Explanation:
    """What speaks for a clip being a part of a track, and what against it.

    Attributes
    ----------
    match : Match
        The best alignment with the track. `known` as the index would decide, so False where
        another track comes first.
    evidence : Evidence
        The clip's spectrogram with the track's peaks laid over it.
    vote_offsets_s : ndarray, float64, shape (n,)
        The offset for which each landmark speaks that clip and track share, ascending.
    votes, next_votes : int
        Landmarks that agree on the match's offset, and on the next best one.
    shared, by_chance : float
        Share, 0..1, of the track's peaks that are peaks of the clip too, at the match and at
        wrong offsets.
    explained : float
        Share, 0..1, of the clip's own peaks that the track has.
    standing : float or None
        Standard deviations by which the place agrees better with the clip than other places of the
        track, see `sweep`; None where that was not needed.
    strength, needed : float
        All the evidence in one number, and from which on a track is named.
    rival : int or None
        The best other track; None without any.
    rival_score, score : float
        Of the rival and of the track, before the lead counts.
    """

    match: Match
    evidence: Evidence
    vote_offsets_s: NDArray[np.float64]
    votes: int
    next_votes: int
    shared: float
    by_chance: float
    explained: float
    standing: float | None
    strength: float
    needed: float
    rival: int | None
    rival_score: float
    score: float


def explain(
    index: FingerprintIndex,
    audio: NDArray[np.floating],
    sample_rate: float,
    track_id: int,
    sound: Sound | None = None,
) -> Explanation | None:
    """Return the evidence for and against a clip being a part of a track.

    Parameters
    ----------
    index : FingerprintIndex
    audio : ndarray, floating point, shape (frames,) or (frames, channels)
        Finite; the first 10 s are used.
    sample_rate : float
        Hz.
    track_id : int
    sound : callable, optional
        As in `FingerprintIndex.identify`.

    Returns
    -------
    Explanation or None
        None where no alignment can be found at all: silence, or not one landmark in common.

    Raises
    ------
    KeyError
        If the track is not in the index.
    TypeError, ValueError
        As `FingerprintIndex.identify`.
    """
    if track_id not in index:
        raise KeyError(track_id)
    mono = prepare(audio, sample_rate)[: int(LONGEST_S * s.SAMPLE_RATE)]
    picture = look(log_power(mono, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))
    ear = index._the_ear()
    found = ear.candidates(picture)
    mine = next((c for c in found if _id(ear, c) == track_id), None) or _alone(
        ear, picture, track_id
    )
    if mine is None:
        return None
    others = [c for c in found if _id(ear, c) != track_id]
    rival = others[0] if others else None
    if sound is not None:
        mine = ear.heard([mine, *others], picture, Waves(mono, sound))
    sure_by = strength([mine, *others])
    match = ear.match([mine, *others], mine.align)
    first = rival is None or mine.score >= rival.score
    match = replace(match, known=match.known and first)
    peaks = index.peaks(track_id)
    seen = evidence(picture, peaks, match)
    wrong = [
        agreeing(evidence(picture, peaks, replace(match, offset_s=match.offset_s + shift)))
        for shift in CHANCE_S
    ]
    run = Run(build_run([(track_id, peaks)]))
    votes = all_votes(
        run.bucket_start, run.landmark_delta, run.landmark_frame,
        picture.frame, picture.position, picture.rank, mine.pitch, mine.tempo, _MOST_VOTES,
    )  # fmt: skip
    votes = np.sort(votes)
    near = np.abs(votes - mine.align) <= WINDOW
    return Explanation(
        match=match,
        evidence=seen,
        vote_offsets_s=votes / s.FRAMES_PER_SECOND,
        votes=int(near.sum()),
        next_votes=_most(votes[np.abs(votes - mine.align) > 2 * WINDOW]),
        shared=_share(agreeing(seen)),
        by_chance=_share(np.concatenate(wrong)),
        explained=mine.explained,
        standing=mine.standing,
        strength=sure_by,
        needed=NEEDED,
        rival=None if rival is None else _id(ear, rival),
        rival_score=0.0 if rival is None else rival.score,
        score=mine.score,
    )


def _id(ear: Ear, candidate: Candidate) -> int:
    return int(ear.runs[candidate.run].track_id[candidate.row])


def _alone(ear: Ear, picture: Picture, track_id: int) -> Candidate | None:
    """Return the best alignment with the track when no other one is in its way."""
    alive = [
        rows & (run.track_id == track_id) for run, rows in zip(ear.runs, ear.alive, strict=True)
    ]
    found = Ear(ear.runs, alive).candidates(picture)
    return found[0] if found else None


def _share(matched: NDArray[np.bool_]) -> float:
    return float(matched.mean()) if len(matched) else 0.0


def _most(votes: NDArray[np.int64]) -> int:
    """Return how many of the ascending votes agree on one offset, within a window as wide."""
    if not len(votes):
        return 0
    inside = np.searchsorted(votes, votes + 2 * WINDOW, "right") - np.arange(len(votes))
    return int(inside.max())
