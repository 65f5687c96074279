"""A run: one immutable file of the index (tracks, peaks, landmarks), or the same in memory.

Layout: magic, length of the header, CRC of the header, header (JSON: settings, sections with
offset, type, length and CRC-32 of every piece), then the sections, each at a multiple of 64 bytes,
little endian. Peaks take 3 bytes, landmarks 5.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .errors import FormatError
from .landmarks import BUCKETS, landmarks_into, order_landmarks
from .peaks import TrackPeaks

MAGIC = b"ANTPRUN1"
_HEAD = struct.Struct("<8sII")
_ALIGN = 64
_PIECE = 1 << 18  # bytes under one checksum
BLOCK = 256  # frames; a track begins at a multiple of this, peaks count frames within a block
_SECTIONS = {
    "track_id": "<i8",  # (tracks,)
    "track_start": "<u4",  # (tracks + 1,), frame of the run at which a track begins
    "track_frames": "<u4",  # (tracks,)
    "block_peak": "<u4",  # (blocks + 1,), first peak of each block of frames
    "bucket_start": "<u4",  # (BUCKETS + 1,), first landmark of each bucket
    "peak_frame": "|u1",  # (peaks,), frame within its block
    "peak_code": "<u2",  # (peaks,), as in TrackPeaks
    "landmark_delta": "|u1",  # (landmarks,)
    "landmark_frame": "<u4",  # (landmarks,), anchor's frame of the run
}
_CHECKED_ON_OPEN = ("track_id", "track_start", "track_frames", "block_peak", "bucket_start")


def build_run(tracks: Sequence[tuple[int, TrackPeaks]]) -> bytes:
    """Return the bytes of a run that holds these tracks, in this order."""
    ids = np.array([t for t, _ in tracks], np.int64)
    frames = np.array([p.frames for _, p in tracks], np.int64)
    blocks = -(-frames // BLOCK)
    starts = np.zeros(len(tracks) + 1, np.int64)
    np.cumsum(np.maximum(1, blocks) * BLOCK, out=starts[1:])
    if starts[-1] >= 1 << 32:
        raise ValueError(f"a run holds at most 2**32 frames, got {starts[-1]}")
    peak_frames = [
        p.frame.astype(np.int64) + at for (_, p), at in zip(tracks, starts, strict=False)
    ]
    frame = np.concatenate([*peak_frames, np.empty(0, np.int64)])
    code = np.concatenate([*(p.code for _, p in tracks), np.empty(0, np.uint16)])
    block_peak = np.searchsorted(frame, np.arange(0, starts[-1] + 1, BLOCK))
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
    return _pack(
        {
            "track_id": ids,
            "track_start": starts,
            "track_frames": frames,
            "block_peak": block_peak,
            "bucket_start": bucket_start,
            "peak_frame": frame % BLOCK,
            "peak_code": code,
            "landmark_delta": sorted_delta,
            "landmark_frame": sorted_anchor,
        }
    )


def _pack(arrays: dict[str, NDArray[Any]]) -> bytes:
    sections: dict[str, dict[str, Any]] = {}
    body, offset = [], 0
    for name, dtype in _SECTIONS.items():
        data = arrays[name].astype(dtype).tobytes()
        pieces = [zlib.crc32(data[i : i + _PIECE]) for i in range(0, len(data), _PIECE)]
        sections[name] = {"offset": offset, "bytes": len(data), "crc": pieces}
        pad = -len(data) % _ALIGN
        body += [data, b"\0" * pad]
        offset += len(data) + pad
    header = json.dumps(
        {"format": s.FORMAT, "settings": s.as_dict(), "sections": sections}
    ).encode()
    head = _HEAD.pack(MAGIC, len(header), zlib.crc32(header)) + header
    return b"".join([head, b"\0" * (-len(head) % _ALIGN), *body])


class Run:
    """Read-only arrays over the bytes of a run.

    Parameters
    ----------
    data : bytes or mmap
    name : str
        What to call it in error messages.

    Raises
    ------
    FormatError
        If it is of another format or other settings, cut short, or damaged where it was looked at.
    """

    def __init__(self, data: bytes | mmap.mmap, name: str = "run in memory") -> None:
        self.name = name
        self._data = data
        if len(data) < _HEAD.size:
            raise FormatError(f"{name} is cut short")
        magic, length, crc = _HEAD.unpack_from(data)
        header = data[_HEAD.size : _HEAD.size + length]
        if magic != MAGIC or len(header) != length or zlib.crc32(header) != crc:
            raise FormatError(f"{name} is damaged or not a run of an index")
        meta = json.loads(header)
        if meta["format"] != s.FORMAT or meta["settings"] != s.as_dict():
            raise FormatError(f"{name} was written by another version or with other settings")
        self._sections: dict[str, dict[str, Any]] = meta["sections"]
        self._base = -(-(_HEAD.size + length) // _ALIGN) * _ALIGN
        for section in self._sections.values():
            if self._base + section["offset"] + section["bytes"] > len(data):
                raise FormatError(f"{name} is cut short")
        problems = [p for n in _CHECKED_ON_OPEN for p in self._damage(n)]
        if problems:
            raise FormatError(problems[0])
        self.track_id: NDArray[np.int64] = self._array("track_id")
        self.track_start: NDArray[np.uint32] = self._array("track_start")
        self.track_frames: NDArray[np.uint32] = self._array("track_frames")
        self.block_peak: NDArray[np.uint32] = self._array("block_peak")
        self.bucket_start: NDArray[np.uint32] = self._array("bucket_start")
        self.peak_frame: NDArray[np.uint8] = self._array("peak_frame")
        self.peak_code: NDArray[np.uint16] = self._array("peak_code")
        self.landmark_delta: NDArray[np.uint8] = self._array("landmark_delta")
        self.landmark_frame: NDArray[np.uint32] = self._array("landmark_frame")
        if int(self.block_peak[-1]) != len(self.peak_code) or int(self.bucket_start[-1]) != len(
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
        return [problem for name in _SECTIONS for problem in self._damage(name)]

    def _array(self, name: str) -> NDArray[Any]:
        section, dtype = self._sections[name], np.dtype(_SECTIONS[name])
        count = section["bytes"] // dtype.itemsize
        array = np.frombuffer(self._data, dtype, count, self._base + section["offset"])
        array.flags.writeable = False
        return array

    def _damage(self, name: str) -> list[str]:
        section = self._sections[name]
        first = self._base + section["offset"]
        last = first + section["bytes"]
        return [
            f"{self.name}: {name} is damaged at byte {at}"
            for at, crc in zip(range(first, last, _PIECE), section["crc"], strict=True)
            if zlib.crc32(self._data[at : min(last, at + _PIECE)]) != crc
        ]
