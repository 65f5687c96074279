"""Proposals: where in a run a clip may lie, as it was recorded or at another speed or pitch."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .peaks import Picture
from .probes import triple_votes
from .run import Run
from .tally import most_voted
from .vote import all_votes

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

PROPOSALS = 2000  # alignments looked at in each run: in noise the right one is not among the first
PROPOSALS_SCALED = 100  # of each other version of the clip
VOTES_A_FRAME = 800  # of the clip, for each of its versions
STRONG = 18  # of each half second: peaks of the clip that the scaled versions use
SCALED = (
    *((k, k) for k in (0.94, 0.96, 0.98, 1.02, 1.04, 1.06)),  # speed
    *((k, 1.0) for k in (0.942, 0.961, 0.98, 1.02, 1.04, 1.06)),  # pitch
    *((1.0, k) for k in (0.955, 1.045)),  # tempo: a landmark's delta is read with one frame's doubt
)

# Of a large run the same; speed and pitch share what is looked up, with gaps between the two.
TRIPLE_SCALED = (
    *((k, math.sqrt(k), (k, 1.0)) for k in (0.941, 0.96, 0.98, 1.02, 1.04, 1.06)),
    *((1.0, k, (k,)) for k in (0.955, 1.045)),
)
FRAMES = 150  # of a clip for which the ranks hold
RANKS, RANKS_SCALED = 17, 9  # of each half second: peaks of the clip that are used
VOTES, VOTES_SCALED = 200_000, 15_000
PROPOSED, PROPOSED_SCALED = 700, 100  # two votes may be all that there is, or chance

# alignments (frames of the run), votes, pitch, tempo; each of shape (n,)
Proposals = tuple[NDArray[np.float64], I32, NDArray[np.float64], NDArray[np.float64]]


def propose(run: Run, picture: Picture, scaled: bool) -> Proposals:
    """Return the alignments that most votes speak for.

    Parameters
    ----------
    run : Run
    picture : Picture
        Of the clip.
    scaled : bool
        At other speeds, pitches and tempos, instead of as it is.
    """
    votes = (
        _by_pairs(run, picture, scaled)
        if run.shift is None
        else _by_triples(run, run.shift, picture, scaled)
    )
    if run.shift is None:
        limit = PROPOSALS_SCALED if scaled else PROPOSALS
    else:
        limit = PROPOSED_SCALED if scaled else PROPOSED
    aligns, counts, pitches, tempos = [], [], [], []
    for pitch, tempo, found in votes:
        align, count = most_voted(found, limit)
        aligns.append(align.astype(np.float64))
        counts.append(count)
        pitches.append(np.full(len(align), pitch))
        tempos.append(np.full(len(align), tempo))
    return tuple(np.concatenate(part) for part in (aligns, counts, pitches, tempos))  # type: ignore[return-value]


def _by_pairs(run: Run, picture: Picture, scaled: bool) -> Iterator[tuple[float, float, I64]]:
    frame, position, rank = _peaks(picture, STRONG if scaled else s.KEPT_A_SLOT)
    most = VOTES_A_FRAME * (int(frame[-1]) + 1) if len(frame) else 0
    for pitch, tempo in SCALED if scaled else ((1.0, 1.0),):
        yield pitch, tempo, all_votes(
            run.bucket_start, run.landmark_delta, run.landmark_frame,
            frame, position, rank, pitch, tempo, most,
        )  # fmt: skip


def _by_triples(
    run: Run, shift: int, picture: Picture, scaled: bool
) -> Iterator[tuple[float, float, I64]]:
    # a clip has as many triples as its length times the cube of its peaks a second
    share = (FRAMES / max(1, len(picture.level))) ** (1 / 3)
    peaks = _peaks(picture, round(share * (RANKS_SCALED if scaled else RANKS)))
    most = VOTES_SCALED if scaled else VOTES
    for pitch, stretch, tempos in TRIPLE_SCALED if scaled else ((1.0, 1.0, (1.0,)),):
        votes = triple_votes(
            run.key_start, run.key_rest, run.landmark_frame, shift,
            *peaks, pitch, stretch, tempos, most,
        )  # fmt: skip
        for tempo, found in zip(tempos, votes, strict=True):
            yield pitch, tempo, found


def _peaks(picture: Picture, ranks: int) -> tuple[I32, I32, I32]:
    asked = picture.rank < ranks
    return picture.frame[asked], picture.position[asked], picture.rank[asked]
