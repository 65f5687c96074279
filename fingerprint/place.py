"""Where in the track: music repeats itself, and a clip's votes do not say which repeat it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint.verify import FINE, agreement, refine

from .candidate import Candidate
from .explained import explained, owners
from .peaks import Picture, TrackPeaks
from .run import Run
from .shingles import TOKENS, landmarks, token_of
from .tally import WINDOW, strongest
from .vote import lookups, postings, votes_within
from .worth import worth

MOST_VOTES = 100_000
REPEATS = 40  # alignments looked at, those with most votes
CLOSELY = 10  # of these, compared by the share of the clip that they explain
SEEN = (0.6, 0.2)  # shares of the track's peaks, besides all of them, that a clip may show
A_VOTE = 0.3  # nats for each landmark in agreement
AN_EXPLAINED = 0.5  # nats for each peak of the clip that the track has

LONG = 200  # frames: a longer clip may hide a tempo that is off by a little
TEMPO_STEP = 0.002
TEMPO_STEPS = 20  # to either side
TEMPO_GAIN = 15.0  # nats that another tempo must bring: chance brings up to 13 in a room

COMPETING = 40.0  # nats below the best at which a place may still be the true one
PLACES = 12  # at most; more are no more often right
APART = 6  # frames: nearer places are one
_FRAME_BITS = 32

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]


def place(
    run: Run, candidate: Candidate, picture: Picture, evidence: F32, owner: NDArray[np.int32]
) -> Candidate:
    """Return `candidate` at the place of its track that agrees most with the clip.

    A pitch and tempo found in few seconds may be chance, so the track as it is in the library is
    looked for as well, and taken unless the other agrees clearly better. The evidence stays that
    of the track: score, votes and advantage do not change.
    """
    first = int(run.track_start[candidate.row])
    last = first + int(run.track_frames[candidate.row])
    arrays = (run.block_peak, run.peak_frame, run.peak_code)
    maps = _maps(picture, evidence)
    at, merit, _ = _best(run, candidate, picture, maps, owner)
    if (candidate.pitch, candidate.tempo) != (1.0, 1.0):
        middle = candidate.align + 0.5 * len(evidence) * candidate.tempo
        plain = replace(candidate, align=middle - 0.5 * len(evidence), pitch=1.0, tempo=1.0)
        plain_at, plain_merit, _ = _best(run, plain, picture, maps, owner)
        if plain_merit + TEMPO_GAIN > merit:
            candidate, at = plain, plain_at
    found = np.array([at, candidate.pitch, candidate.tempo, 0.0])
    if len(evidence) >= LONG and sharpen(*arrays, first, last, evidence, found):
        at, pitch, tempo = found[:3]
        refine(*arrays, first, last, at, pitch, tempo, evidence, FINE, found)
    return replace(
        candidate, align=float(found[0]) - first, pitch=float(found[1]), tempo=float(found[2])
    )


def elsewhere(run: Run, candidate: Candidate, picture: Picture) -> tuple[float, float]:
    """Return the frame of the track where a candidate agrees most with the clip, at its tempo.

    And how many nats better that place is than the candidate's own.
    """
    maps = _maps(picture, worth(picture))
    at, merit, own = _best(run, candidate, picture, maps, owners(picture))
    return at - int(run.track_start[candidate.row]), merit - own


def rivals(run: Run, candidate: Candidate, picture: Picture) -> F64:
    """Return the frames of the track where a candidate agrees about as well as anywhere.

    Its own place comes first, whatever speaks for it.
    """
    maps = _maps(picture, worth(picture))
    align, merit = _merits(run, candidate, picture, maps)
    found = [align[-1]]
    for k in np.argsort(-merit, kind="stable"):
        if merit[k] < merit.max() - COMPETING or len(found) == PLACES:
            break
        if min(abs(align[k] - at) for at in found) > APART:
            found.append(align[k])
    return np.array(found) - int(run.track_start[candidate.row])


def _maps(picture: Picture, evidence: F32) -> tuple[F32, ...]:
    return (evidence, *(worth(picture, seen) for seen in SEEN))


def _best(
    run: Run, candidate: Candidate, picture: Picture, maps: Sequence[F32], owner: NDArray[np.int32]
) -> tuple[float, float, float]:
    """Return the frame of the run where a candidate agrees most, and how much (nats).

    And how much it agrees at its own place.
    """
    first = int(run.track_start[candidate.row])
    last = first + int(run.track_frames[candidate.row])
    arrays = (run.block_peak, run.peak_frame, run.peak_code)
    align, merit = _merits(run, candidate, picture, maps)
    own = len(align) - 1
    best = np.argsort(-merit, kind="stable")[:CLOSELY]
    for k in {*best.tolist(), own}:
        share = explained(
            *arrays, first, last, align[k], candidate.pitch, candidate.tempo, owner,
            len(picture.frame),
        )  # fmt: skip
        merit[k] += AN_EXPLAINED * len(picture.frame) * share
    chosen = best[np.argmax(merit[best])]
    return float(align[chosen]), float(merit[chosen]), float(merit[own])


def _merits(
    run: Run, candidate: Candidate, picture: Picture, maps: Sequence[F32]
) -> tuple[F64, F64]:
    """Return the alignments of `_repeats`, the candidate's own last, and what speaks for each.

    Of the `maps` of evidence, the one that makes the clip most likely somewhere in the track is
    asked: judged as if it were clean, a noisy clip agrees best where the track has few peaks.
    """
    first = int(run.track_start[candidate.row])
    last = first + int(run.track_frames[candidate.row])
    arrays = (run.block_peak, run.peak_frame, run.peak_code)
    align, votes = _repeats(run, candidate, picture, first, last)
    played = (candidate.pitch, candidate.tempo)
    merits = np.empty((len(maps), len(align)))
    for evidence, out in zip(maps, merits, strict=True):
        merits_into(*arrays, first, last, align, *played, evidence, votes, out)
    return align, merits[np.argmax(merits.max(axis=1))]


def _repeats(
    run: Run, candidate: Candidate, picture: Picture, first: int, last: int
) -> tuple[F64, NDArray[np.int32]]:
    """Return the alignments with most votes in the track, each a little moved as well, and its own.

    And the votes for each.
    """
    bucket, gap, at, _ = lookups(
        picture.frame, picture.position, picture.rank, candidate.pitch, candidate.tempo
    )
    if run.shift is None:
        begin, length = postings(run.bucket_start, run.landmark_delta, bucket, gap)
        buffer = np.empty(MOST_VOTES, np.int64)
        n = votes_within(
            run.landmark_frame, run.landmark_delta, begin, length, gap, at, first, last, buffer
        )
        votes = buffer[:n]
    else:
        votes = first + _votes(run.peaks(candidate.row), bucket, gap, at)
    align, count = np.empty(REPEATS, np.int64), np.empty(REPEATS, np.int32)
    k = strongest(np.sort(votes), REPEATS, align, count)
    shifts = np.array([0.0, *FINE])
    moved = (align[:k, None] + shifts).ravel()
    own = first + candidate.align
    its = np.count_nonzero(np.abs(votes - own) <= WINDOW / 2)
    return np.append(moved, own), np.append(np.repeat(count[:k], len(shifts)), np.int32(its))


def _votes(
    peaks: TrackPeaks, bucket: NDArray[np.int32], gap: U8, at: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the votes of lookups among the landmarks of a track, of which no list is kept."""
    marks = landmarks(peaks)
    wanted = token_of(bucket, gap)
    held = _near(wanted)[marks.token]
    both = np.sort((marks.token[held] << _FRAME_BITS) | marks.frame[held])
    token, frame = both >> _FRAME_BITS, both & ((1 << _FRAME_BITS) - 1)
    shared = _near(token)[wanted]
    wanted, at = wanted[shared], at[shared]
    first = np.searchsorted(token, wanted - 1)
    count = np.searchsorted(token, wanted + 1, side="right") - first
    count[np.cumsum(count) > MOST_VOTES] = 0
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.asarray(frame[np.repeat(first, count) + within] - np.repeat(at, count), np.int64)


def _near(token: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return of all tokens which are among those given or next to one: what is rare, quickly."""
    near = np.zeros(TOKENS + 2, np.bool_)
    for step in range(3):
        near[token + step] = True
    return near[1:-1]


@kernel
def merits_into(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    align: F64, pitch: float, tempo: float, evidence: F32, votes: NDArray[np.int32], out: F64,
) -> None:  # fmt: skip
    """Write what speaks for each alignment: worth and votes."""
    for k in range(len(align)):
        total, _ = agreement(
            block_peak, peak_frame, peak_code, first, last, align[k], pitch, tempo, evidence
        )
        out[k] = total + A_VOTE * votes[k]


@kernel
def sharpen(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: int, last: int,
    evidence: F32, found: F64,
) -> bool:  # fmt: skip
    """Change align and tempo in `found` (align, pitch, tempo, -) to much better ones; tell if so.

    A clip played at another tempo agrees with the track for a part of its length. Which part is
    not known, so the tempo is turned about five points of the clip.
    """
    frames = len(evidence)
    align, pitch, tempo = found[0], found[1], found[2]
    total, peaks = agreement(
        block_peak, peak_frame, peak_code, first, last, align, pitch, tempo, evidence
    )
    best = total + peaks + TEMPO_GAIN  # a wrong alignment has about -1 a peak
    better = False
    for step in range(-TEMPO_STEPS, TEMPO_STEPS + 1):
        q = tempo * (1.0 + TEMPO_STEP * step)
        for quarter in range(5):
            a = align + 0.25 * quarter * frames * (tempo - q)
            total, peaks = agreement(
                block_peak, peak_frame, peak_code, first, last, a, pitch, q, evidence
            )
            if total + peaks > best:
                best = total + peaks
                found[0], found[2] = a, q
                better = True
    return better
