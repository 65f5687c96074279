"""A run: one immutable file of the index (tracks, peaks, landmarks), or the same in memory.

See `layout` for the bytes. Peaks take 3 bytes, landmarks or triples 5.
"""

from __future__ import annotations

import io
import mmap
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .errors import FormatError
from .landmarks import BUCKETS, landmarks_into, order_landmarks
from .layout import CHECKED_ON_OPEN, LARGE, LARGE_FORMAT, PIECE, SMALL, RunWriter, read_header
from .peaks import TrackPeaks

BLOCK = 256  # frames; a track begins at a multiple of this, peaks count frames within a block


def starts_of(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the frames of a run at which tracks of these lengths begin, and where it ends.

    Raises
    ------
    ValueError
        If it would have more than 2**32 frames.
    """
    starts = np.zeros(len(frames) + 1, np.int64)
    np.cumsum(np.maximum(1, -(-frames // BLOCK)) * BLOCK, out=starts[1:])
    if starts[-1] >= 1 << 32:
        raise ValueError(f"a run holds at most 2**32 frames, got {starts[-1]}")
    return starts


def build_run(tracks: Sequence[tuple[int, TrackPeaks]]) -> bytes:
    """Return the bytes of a small run that holds these tracks, in this order."""
    frames = np.array([p.frames for _, p in tracks], np.int64)
    starts = starts_of(frames)
    peak_frames = [
        p.frame.astype(np.int64) + at for (_, p), at in zip(tracks, starts, strict=False)
    ]
    frame = np.concatenate([*peak_frames, np.empty(0, np.int64)])
    room = len(frame) * s.FAN
    bucket, delta = np.empty(room, np.int32), np.empty(room, np.uint8)
    anchor = np.empty(room, np.uint32)
    n, first = 0, 0
    for (_, peaks), at in zip(tracks, starts, strict=False):
        n = landmarks_into(peaks.frame, peaks.code, bucket[first:], delta[first:], anchor[first:])
        anchor[first : first + n] += np.uint32(at)
        first += n
    bucket, delta, anchor = bucket[:first], delta[:first], anchor[:first]
    bucket_start = np.empty(BUCKETS + 1, np.uint32)
    sorted_delta, sorted_anchor = np.empty_like(delta), np.empty_like(anchor)
    order_landmarks(bucket, delta, anchor, bucket_start, sorted_delta, sorted_anchor)
    arrays: dict[str, NDArray[Any]] = {
        "track_id": np.array([t for t, _ in tracks], np.int64),
        "track_start": starts,
        "track_frames": frames,
        "block_peak": np.searchsorted(frame, np.arange(0, starts[-1] + 1, BLOCK)),
        "bucket_start": bucket_start,
        "peak_frame": frame % BLOCK,
        "peak_code": np.concatenate([*(p.code for _, p in tracks), np.empty(0, np.uint16)]),
        "landmark_delta": sorted_delta,
        "landmark_frame": sorted_anchor,
    }
    file = io.BytesIO()
    writer = RunWriter(file, {name: len(array) for name, array in arrays.items()})
    for name, array in arrays.items():
        writer.write(name, array)
    writer.finish()
    return file.getvalue()


class Run:
    """Read-only arrays over the bytes of a run.

    Parameters
    ----------
    data : bytes or mmap
    name : str
        What to call it in error messages.

    Attributes
    ----------
    shift : int or None
        Of a large run, by how much a key is shifted to give its place in `key_start`; None for a
        small one, which has `bucket_start` and `landmark_delta` instead of `key_start` and
        `key_rest`.

    Raises
    ------
    FormatError
        If it is of another format or other settings, cut short, or damaged where it was looked at.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str = "run in memory") -> None:
        self.name = name
        self._data = data
        meta, self._base = read_header(data, name)
        self._types = LARGE if meta["format"] == LARGE_FORMAT else SMALL
        self._sections: dict[str, dict[str, Any]] = meta["sections"]
        self.shift: int | None = meta.get("shift")
        problems = [p for n in self._types if n in CHECKED_ON_OPEN for p in self._damage(n)]
        if problems:
            raise FormatError(problems[0])
        self.track_id: NDArray[np.int64] = self._array("track_id")
        self.track_start: NDArray[np.uint32] = self._array("track_start")
        self.track_frames: NDArray[np.uint32] = self._array("track_frames")
        self.block_peak: NDArray[np.uint32] = self._array("block_peak")
        self.peak_frame: NDArray[np.uint8] = self._array("peak_frame")
        self.peak_code: NDArray[np.uint16] = self._array("peak_code")
        self.landmark_frame: NDArray[np.uint32] = self._array("landmark_frame")
        self.bucket_start = self.key_start = np.zeros(1, np.uint32)
        self.landmark_delta = self.key_rest = np.zeros(0, np.uint8)
        if self.shift is None:
            self.bucket_start = last = self._array("bucket_start")
            self.landmark_delta = self._array("landmark_delta")
        else:
            self.key_start = last = self._array("key_start")
            self.key_rest = self._array("key_rest")
        if int(self.block_peak[-1]) != len(self.peak_code) or int(last[-1]) != len(
            self.landmark_frame
        ):
            raise FormatError(f"{name} is inconsistent")

    @classmethod
    def open(cls, path: Path) -> Run:
        """Map a run's file into memory."""
        with path.open("rb") as file:
            try:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise FormatError(f"{path.name} is empty") from None
        return cls(data, path.name)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return len(self._data)

    def peaks(self, row: int) -> TrackPeaks:
        """Return the peaks of the track in a row of the table."""
        first = int(self.track_start[row]) // BLOCK
        last = int(self.track_start[row + 1]) // BLOCK
        bounds = self.block_peak[first : last + 1].astype(np.int64)
        a, b = int(bounds[0]), int(bounds[-1])
        base = np.repeat(np.arange(last - first, dtype=np.uint32) * BLOCK, np.diff(bounds))
        return TrackPeaks(
            base + self.peak_frame[a:b], self.peak_code[a:b].copy(), int(self.track_frames[row])
        )

    def verify(self) -> list[str]:
        """Return a line for each damaged section."""
        return [problem for name in self._types for problem in self._damage(name)]

    def _array(self, name: str) -> NDArray[Any]:
        section, dtype = self._sections[name], np.dtype(self._types[name])
        count = section["bytes"] // dtype.itemsize
        array = np.frombuffer(self._data, dtype, count, self._base + section["offset"])
        array.flags.writeable = False
        return array

    def _damage(self, name: str) -> list[str]:
        section = self._sections[name]
        first = self._base + section["offset"]
        last = first + section["bytes"]
        view = memoryview(self._data)
        return [
            f"{self.name}: {name} is damaged at byte {at}"
            for at, crc in zip(range(first, last, PIECE), section["crc"], strict=True)
            if zlib.crc32(view[at : min(last, at + PIECE)]) != crc
        ]
