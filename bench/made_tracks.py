"""Tracks that do not exist, made of the peaks of tracks that do: for libraries of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint import TrackPeaks
from fingerprint import settings as s

LEAST_SHIFT, MOST_SHIFT = 20, 70  # bins up or down: further than any tuning or speed is sought
SLOWEST, FASTEST = 0.75, 1.33
AS_PLAYED = 0.1  # tempos nearer to 1 are not drawn
_POSITION, _LEVEL_SHIFT, _STRONG = 0xFFF, 12, 1 << 15


def made_track(
    tracks: Sequence[TrackPeaks], seconds: float, rng: np.random.Generator
) -> TrackPeaks:
    """Return the peaks of a track of `seconds` that does not exist.

    A stretch of a real track is moved up or down in frequency by a fixed number of bins and
    played faster or slower; every other time the stretches of two tracks are laid over each other.
    Each half second then keeps the peaks that stand out most, as in a real one. What repeats in a
    tune, and how often a peak has company, stays as in music; no speed or pitch makes it what it
    was.
    """
    frames = round(seconds * s.FRAMES_PER_SECOND)
    parts = [_stretch(tracks[rng.integers(len(tracks))], frames, rng)]
    if rng.integers(2):
        parts.append(_stretch(tracks[rng.integers(len(tracks))], frames, rng))
    frame = np.concatenate([frame for frame, _ in parts])
    code = np.concatenate([code for _, code in parts])
    level = (code >> _LEVEL_SHIFT) & 7
    slot = frame // s.SLOT
    order = np.argsort((slot * 8 + 7 - level) * 256 + rng.integers(256, size=len(frame)))
    first = np.searchsorted(slot[order], slot[order])
    rank = np.empty(len(frame), np.int64)
    rank[order] = np.arange(len(frame)) - first
    code = np.where(rank < s.STRONG_A_SLOT, code | _STRONG, code & ~_STRONG)
    kept = np.flatnonzero(rank < s.KEPT_A_SLOT)
    kept = kept[np.argsort(frame[kept] * 4096 + (code[kept] & _POSITION))]
    return TrackPeaks(frame[kept].astype(np.uint32), code[kept].astype(np.uint16), frames)


def _stretch(
    track: TrackPeaks, frames: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return frames and codes of a moved stretch; of a track that is too short, again and again."""
    tempo = 1.0
    while abs(tempo - 1.0) < AS_PLAYED:
        tempo = float(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST))))
    shift = int(rng.integers(LEAST_SHIFT, MOST_SHIFT)) * s.SUB_BIN * int(rng.choice([-1, 1]))
    start = int(rng.integers(track.frames))
    out_frame, out_code = [], []
    at = 0
    while at < frames:
        first, last = np.searchsorted(track.frame, [start, start + (frames - at) * tempo])
        out_frame.append(at + (track.frame[first:last] - start) / tempo)
        out_code.append(track.code[first:last])
        at += int((track.frames - start) / tempo) + 1
        start = 0
    frame = np.concatenate(out_frame).astype(np.int64)
    code = np.concatenate(out_code).astype(np.int64)
    position = (code & _POSITION) + shift
    inside = (frame < frames) & (position >= 0) & (position < s.BINS * s.SUB_BIN)
    return frame[inside], (code[inside] & ~_POSITION) | position[inside]
