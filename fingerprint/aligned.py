"""What two tracks have in common, and where: their landmarks and peaks laid over each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .peaks import TrackPeaks
from .shingles import Landmarks, landmarks, scaled

BLOCK = 200  # frames, 4 s: the grain of what is said to be common
LEAST = 20  # landmarks of a block, both of its halves counted; with fewer it says nothing
COMMON = (
    0.12  # share of a block's landmarks that agree on one offset: no block of 300 unrelated pairs
)
EXPECTED = 0.06  # the same at the offset that the whole track or the block before has
LOYALTY = 0.7  # of the best offset's votes that such an offset must have, or EXPECTED
WINDOW = 3  # frames: offsets this close are one
DRIFT = 12  # frames, where the tempo is known but roughly
SAME_OFFSET = 6  # frames: blocks of one section
MOST_OF_A_TOKEN = 40  # places of one token that are compared; loops have thousands
STEADY = 0.0002  # change of tempo that the sections of a track do not show
NEAR_BINS = 8  # eighths of a bin: a peak this close is the same
NEAR_SHARE = 0.006  # or this far in frequency
_STRONG = 0x8000
_POSITION = 0xFFF

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Section:
    """A passage that both tracks have.

    Attributes
    ----------
    one_s, other_s : float
        Where it begins in either.
    seconds : float
        How long it is in the other.
    """

    one_s: float
    other_s: float
    seconds: float


@dataclass(frozen=True)
class Overlap:
    """What two tracks have in common.

    Attributes
    ----------
    sections : tuple of Section
        In the order of the other track.
    one_share, other_share : float
        Share of each track, 0..1, that is in the other.
    agreement : float
        Share, 0..1, of the other's strong peaks within the sections that the one has.
    speed, pitch : float
        Tempo and pitch of the other over those of the one.
    """

    sections: tuple[Section, ...]
    one_share: float
    other_share: float
    agreement: float
    speed: float
    pitch: float


@dataclass(frozen=True)
class _Blocks:
    """For each block of a track: its offset into the other track, and how much speaks for it."""

    offset: F64  # frames; nan where there is none
    common: NDArray[np.bool_]
    telling: NDArray[np.bool_]


def overlap(one: TrackPeaks, other: TrackPeaks, pitch: float, tempo: float) -> Overlap:
    """Return what two tracks have in common.

    Parameters
    ----------
    one, other : TrackPeaks
    pitch, tempo : float
        Of the other over the one, to within 1 %; both are made exact.
    """
    exact = _exact_tempo(one, other, pitch, tempo)
    if exact is None:
        return Overlap((), 0.0, 0.0, 0.0, tempo, pitch)
    tempo = exact
    pitch = _exact_pitch(one, other, pitch, tempo)
    brought = scaled(other, pitch, tempo)
    mine, its = landmarks(one), landmarks(brought)
    there = _blocks(its, mine)
    back = _blocks(mine, its)
    sections = _sections(there)
    return Overlap(
        sections=tuple(
            Section(
                (first * BLOCK + offset) / s.FRAMES_PER_SECOND,
                first * BLOCK / tempo / s.FRAMES_PER_SECOND,
                min((last - first) * BLOCK / tempo, other.frames - first * BLOCK / tempo)
                / s.FRAMES_PER_SECOND,
            )
            for first, last, offset in sections
        ),
        one_share=_share(back),
        other_share=_share(there),
        agreement=_agreement(one, brought, sections),
        speed=tempo,
        pitch=pitch,
    )


def in_step(one: Landmarks, other: Landmarks) -> float:
    """Return the share, 0..1, of landmarks that agree on one offset, whatever it is.

    A quick look at half minutes: a tempo that is 0.5 % wrong moves their ends by 8 frames.
    """
    _, offset = _meetings(other, one)
    least = min(len(one.frame), len(other.frame))
    return _most(np.sort(offset), DRIFT)[1] / least if least else 0.0


def _blocks(marks: Landmarks, others: Landmarks) -> _Blocks:
    count = int(marks.frame[-1]) // BLOCK + 1 if len(marks.frame) else 0
    size = np.bincount(marks.frame // BLOCK, minlength=count)
    at, offset = _meetings(marks, others)
    block = at // BLOCK
    order = np.lexsort((offset, block))
    block, offset = block[order], offset[order]
    first = np.searchsorted(block, np.arange(count + 1))
    parts = [offset[first[k] : first[k + 1]] for k in range(count)]
    best, votes = np.full(count, np.nan), np.zeros(count)
    whole, _ = _most(np.sort(offset))
    for k, part in enumerate(parts):
        best[k], votes[k] = _most(part)
    # music that repeats: rather as the whole track goes, or as the block before or after
    expected = [(range(count), 0), (range(1, count), 1), (range(count - 2, -1, -1), -1)]
    for blocks, way in expected:
        for k in blocks:
            wanted = best[k - way] if way else whole
            if np.isnan(wanted) or abs(best[k] - wanted) <= WINDOW:
                continue
            low, high = np.searchsorted(parts[k], [wanted - WINDOW, wanted + WINDOW + 1])
            enough = min(LOYALTY * votes[k], max(EXPECTED * size[k], 0.5 * votes[k]))
            if high - low >= max(1, enough):
                best[k], votes[k] = np.median(parts[k][low:high]), high - low
    telling = size >= LEAST
    usual = np.abs(best - whole) <= SAME_OFFSET
    common = telling & (votes >= np.where(usual, EXPECTED, COMMON) * size)
    return _Blocks(best, common, telling)


def _meetings(marks: Landmarks, others: Landmarks) -> tuple[I64, I64]:
    """Return, for each pair of equal landmarks, the frame in `marks` and the offset to `others`."""
    order = np.argsort(others.token, kind="stable")
    token, frame = others.token[order], others.frame[order]
    first = np.searchsorted(token, marks.token, "left")
    last = np.searchsorted(token, marks.token, "right")
    at, offset = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for k in range(min(MOST_OF_A_TOKEN, int((last - first).max(initial=0)))):
        there = np.flatnonzero(first + k < last)
        at.append(marks.frame[there])
        offset.append(frame[first[there] + k] - marks.frame[there])
    return np.concatenate(at), np.concatenate(offset)


def _most(offset: I64, window: int = WINDOW) -> tuple[float, int]:
    """Return the offset on which most of the ascending ones agree, and how many do."""
    if not len(offset):
        return np.nan, 0
    votes = np.searchsorted(offset, offset + window, "left") - np.arange(len(offset))
    k = int(np.argmax(votes))
    return float(np.median(offset[k : k + votes[k]])), int(votes[k])


def _sections(blocks: _Blocks) -> list[tuple[int, int, float]]:
    """Return runs of common blocks of one offset: first block, last (excluded), frames."""
    runs: list[tuple[int, int, list[float]]] = []
    for k in np.flatnonzero(blocks.common):
        offset = float(blocks.offset[k])
        if runs and abs(np.median(runs[-1][2]) - offset) <= SAME_OFFSET:
            between = slice(runs[-1][1], k)
            if not (blocks.telling[between] & ~blocks.common[between]).sum() > 1:
                runs[-1] = (runs[-1][0], int(k) + 1, [*runs[-1][2], offset])
                continue
        runs.append((int(k), int(k) + 1, [offset]))
    return [(first, last, float(np.median(offsets))) for first, last, offsets in runs]


def _share(blocks: _Blocks) -> float:
    telling = int(blocks.telling.sum())
    return float(blocks.common.sum()) / telling if telling else 0.0


def _exact_tempo(one: TrackPeaks, other: TrackPeaks, pitch: float, tempo: float) -> float | None:
    """Take out the drift of the offsets: a wrong tempo moves them steadily.

    None where nothing is in common.
    """
    for _ in range(3):
        blocks = _blocks(landmarks(scaled(other, pitch, tempo)), landmarks(one))
        known = np.flatnonzero(blocks.common)
        if not len(known):
            return None
        pairs = known[:-1][np.diff(known) == 1]
        step = blocks.offset[pairs + 1] - blocks.offset[pairs]
        step = step[np.abs(step) <= 0.02 * BLOCK]  # other sections begin where it is more
        if len(step) < 3:
            return tempo
        drift = float(np.mean(step)) / BLOCK
        tempo *= 1.0 + drift
        if abs(drift) < STEADY:
            break
    return 1.0 if abs(tempo - 1.0) < 2 * STEADY else tempo


def _exact_pitch(one: TrackPeaks, other: TrackPeaks, pitch: float, tempo: float) -> float:
    brought = scaled(other, pitch, tempo)
    sections = _sections(_blocks(landmarks(brought), landmarks(one)))
    mine, its = _neighbours(one, brought, sections)
    met = mine >= 0
    if met.sum() < 50:
        return pitch
    first = s.FIRST_BIN * s.SUB_BIN
    there = first + (brought.code[its[met]] & _POSITION).astype(np.float64)
    here = first + (one.code[mine[met]] & _POSITION).astype(np.float64)
    high = here > 2 * np.median(here) / 3  # low peaks tell a pitch badly
    exact = pitch * float(np.median(there[high] / here[high]))
    return 1.0 if abs(exact - 1.0) < 0.001 else exact


def _agreement(one: TrackPeaks, other: TrackPeaks, sections: list[tuple[int, int, float]]) -> float:
    mine, _ = _neighbours(one, other, sections)
    return float(np.mean(mine >= 0)) if len(mine) else 0.0


def _neighbours(
    one: TrackPeaks, other: TrackPeaks, sections: list[tuple[int, int, float]]
) -> tuple[I64, I64]:
    """Return a peak of `one` (-1: none) next to each strong peak of `other` in the sections."""
    strong = np.flatnonzero(other.code & _STRONG)
    block = other.frame[strong] // BLOCK
    wide = s.BINS * s.SUB_BIN
    keys = one.frame.astype(np.int64) * wide + (one.code & _POSITION)
    mine, its = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first, last, offset in sections:
        here = strong[(block >= first) & (block < last)]
        place = (other.code[here] & _POSITION).astype(np.int64)
        reach = np.maximum(NEAR_BINS, NEAR_SHARE * (place + s.FIRST_BIN * s.SUB_BIN)).astype(
            np.int64
        )
        frame = np.rint(other.frame[here] + offset).astype(np.int64)
        found = np.full(len(here), -1, np.int64)
        for late in (-1, 1, 0):
            low = (frame + late) * wide + place - reach
            at = np.searchsorted(keys, low)
            good = (at < len(keys)) & (frame + late >= 0)
            good[good] = keys[at[good]] <= (low + 2 * reach)[good]
            found[good] = at[good]
        mine.append(found)
        its.append(here)
    return np.concatenate(mine), np.concatenate(its)
