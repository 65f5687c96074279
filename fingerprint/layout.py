"""How a run lies in its file: magic, header with its checksum, sections with theirs.

Magic, length of the header, CRC of the header, header (JSON: settings, sections with offset,
length and CRC-32 of every piece), then the sections, each at a multiple of 64 bytes, little
endian. A small run has landmarks, 5 bytes each; a large one triples, 5 bytes each.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .errors import FormatError, OtherVersionError

MAGIC = b"ANTPRUN1"
HEAD = struct.Struct("<8sII")
ALIGN = 64
PIECE = 1 << 18  # bytes under one checksum
LARGE_FORMAT = 2
_TRACKS = {
    "track_id": "<i8",  # (tracks,)
    "track_start": "<u4",  # (tracks + 1,), frame of the run at which a track begins
    "track_frames": "<u4",  # (tracks,)
    "block_peak": "<u4",  # (blocks + 1,), first peak of each block of frames
}
_PEAKS = {
    "peak_frame": "|u1",  # (peaks,), frame within its block
    "peak_code": "<u2",  # (peaks,), as in TrackPeaks
}
SMALL = {
    **_TRACKS,
    "bucket_start": "<u4",  # (BUCKETS + 1,), first landmark of each bucket
    **_PEAKS,
    "landmark_delta": "|u1",  # (landmarks,)
    "landmark_frame": "<u4",  # (landmarks,), anchor's frame of the run
}
LARGE = {
    **_TRACKS,
    "key_start": "<u4",  # (places + 1,), first triple of each place: a key shifted by `shift`
    **_PEAKS,
    "key_rest": "|u1",  # (triples,), the 8 bits of the key below its place
    "landmark_frame": "<u4",  # (triples,), anchor's frame of the run
}
CHECKED_ON_OPEN = (*_TRACKS, "bucket_start", "key_start")


class RunWriter:
    """Writes a run to a file, section by section, in pieces of any size and order.

    Parameters
    ----------
    file : binary file
        Empty, and able to seek.
    lengths : dict
        Of each section of SMALL or of LARGE, how many numbers it will hold.
    shift : int or None
        Of the keys of a large run; None for a small one.
    """

    def __init__(self, file: IO[bytes], lengths: dict[str, int], shift: int | None = None) -> None:
        self._file = file
        self._types = SMALL if shift is None else LARGE
        self._meta: dict[str, Any] = {"settings": s.as_dict(), "sections": {}}
        self._meta["format"] = s.FORMAT if shift is None else LARGE_FORMAT
        if shift is not None:
            self._meta["shift"] = shift
        offset = 0
        for name, dtype in self._types.items():
            size = lengths[name] * np.dtype(dtype).itemsize
            longest = [0xFFFFFFFF] * -(-size // PIECE)  # as long as any checksum in decimals
            self._meta["sections"][name] = {"offset": offset, "bytes": size, "crc": longest}
            offset += size + -size % ALIGN
        self._header = len(json.dumps(self._meta))
        self._base = -(-(HEAD.size + self._header) // ALIGN) * ALIGN
        self._done = dict.fromkeys(self._types, 0)
        # the last byte gives the file its length; nothing else may come after an empty section
        file.seek(self._base + offset - 1)
        file.write(b"\0")

    def write(self, name: str, numbers: NDArray[Any]) -> None:
        """Append numbers to a section."""
        data = memoryview(numbers.astype(self._types[name]).tobytes())
        section, done = self._meta["sections"][name], self._done[name]
        self._file.seek(self._base + section["offset"] + done)
        self._file.write(data)
        self._done[name] = done + len(data)
        while len(data):
            piece, filled = divmod(done, PIECE)
            part = data[: PIECE - filled]
            crc = section["crc"]
            crc[piece] = zlib.crc32(part, crc[piece] if filled else 0)
            data, done = data[len(part) :], done + len(part)

    def finish(self) -> None:
        """Write the header; nothing is a run before."""
        for name, section in self._meta["sections"].items():
            if self._done[name] != section["bytes"]:
                raise ValueError(
                    f"{name} must have {section['bytes']} bytes, got {self._done[name]}"
                )
        header = json.dumps(self._meta).encode().ljust(self._header)
        self._file.seek(0)
        self._file.write(HEAD.pack(MAGIC, len(header), zlib.crc32(header)) + header)


def read_header(data: bytes | mmap.mmap, name: str) -> tuple[dict[str, Any], int]:
    """Return the header of a run and where its sections begin.

    Raises
    ------
    FormatError
        If it is of another format or other settings, damaged, or cut short.
    """
    if len(data) < HEAD.size:
        raise FormatError(f"{name} is cut short")
    magic, length, crc = HEAD.unpack_from(data)
    header = data[HEAD.size : HEAD.size + length]
    if magic != MAGIC or len(header) != length or zlib.crc32(header) != crc:
        raise FormatError(f"{name} is damaged or not a run of an index")
    meta: dict[str, Any] = json.loads(header)
    if meta["format"] not in (s.FORMAT, LARGE_FORMAT) or meta["settings"] != s.as_dict():
        raise OtherVersionError(f"{name} was written by another version or with other settings")
    base = -(-(HEAD.size + length) // ALIGN) * ALIGN
    for section in meta["sections"].values():
        if base + section["offset"] + section["bytes"] > len(data):
            raise FormatError(f"{name} is cut short")
    return meta, base
