"""A track as sets of tokens: one set for every half minute, a token for every landmark.

A token is a landmark's bucket and delta, so sets are alike where the same sounds follow each other
at the same times. Sets of half a minute, from each quarter minute on, find a passage that two
tracks share, wherever it lies in them; whole tracks would only find whole tracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .landmarks import BUCKETS, landmarks_into
from .minhash import EMPTY, MinHash
from .peaks import TrackPeaks

STEP = round(15.0 * s.FRAMES_PER_SECOND)  # frames from one set to the next; a set spans two steps
LEAST = 60  # landmarks of a set: fewer say nothing
_POSITION = 0xFFF
_SHIFT = 6  # bits of a delta
TOKENS = BUCKETS << _SHIFT


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of a track, perhaps brought to another pitch and tempo.

    Attributes
    ----------
    token : ndarray, int64, shape (n,)
        Bucket and delta in one number.
    frame : ndarray, int64, shape (n,)
        Of the anchor, ascending.
    """

    token: NDArray[np.int64]
    frame: NDArray[np.int64]


def scaled(peaks: TrackPeaks, pitch: float, tempo: float) -> TrackPeaks:
    """Return the peaks of a track that is `pitch` times too high and `tempo` times too fast.

    What is heard of a recording that is played like that, is brought back to the recording.
    """
    if pitch == 1.0 and tempo == 1.0:
        return peaks
    first = s.FIRST_BIN * s.SUB_BIN
    place = np.rint((first + (peaks.code & _POSITION)) / pitch - first).astype(np.int64)
    inside = (place >= 0) & (place < s.BINS * s.SUB_BIN)
    code = (peaks.code[inside] & ~np.uint16(_POSITION)) | place[inside].astype(np.uint16)
    frame = np.rint(peaks.frame[inside] * tempo).astype(np.uint32)
    return TrackPeaks(frame, code.astype(np.uint16), int(peaks.frames * tempo) + 1)


def landmarks(peaks: TrackPeaks) -> Landmarks:
    """Return the landmarks of a track."""
    room = len(peaks.frame) * s.FAN
    bucket, delta = np.empty(room, np.int32), np.empty(room, np.uint8)
    anchor = np.empty(room, np.uint32)
    n = landmarks_into(peaks.frame, peaks.code, bucket, delta, anchor)
    return Landmarks(token_of(bucket[:n], delta[:n]), anchor[:n].astype(np.int64))


def token_of(bucket: NDArray[np.int32], delta: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return bucket and delta of landmarks in one number; next to each other are next deltas."""
    return np.asarray((bucket.astype(np.int64) << _SHIFT) | delta, np.int64)


def signatures(marks: Landmarks, scheme: MinHash) -> NDArray[np.uint32]:
    """Return a signature for every half minute, from each quarter minute on.

    Returns
    -------
    ndarray, uint32, shape (k, permutations)
        At least one row; of a part with less than `LEAST` landmarks that of the empty set.
    """
    group = marks.frame // STEP
    groups = int(group[-1]) + 1 if len(group) else 1
    quarters = scheme.signatures(marks.token, group, groups)
    count = np.bincount(group, minlength=groups)
    if groups > 1:
        quarters = np.minimum(quarters[:-1], quarters[1:])  # the union's least is the least of both
        count = count[:-1] + count[1:]
    quarters[count < LEAST] = EMPTY
    return quarters
