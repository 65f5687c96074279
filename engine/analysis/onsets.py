"""The onset envelope of a track, small enough to be stored with it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.errors import FormatError

HOP_S = 0.005

_MAGIC = b"AONS"
_FORMAT = 1
_HEAD = struct.Struct("<4sHHI")  # magic, format, unused, frames
_MOST_FRAMES = 1 << 26  # 93 hours


@dataclass(frozen=True)
class OnsetEnvelope:
    """How much begins at each moment: what a position in the track is refined against.

    Attributes
    ----------
    levels : ndarray of uint8, shape (frames,)
        Level k stands for the moment k * `HOP_S` seconds after the first sample of the track. 0 is
        nothing, 255 the strongest onsets; the square root of the onset strength, to scale.
    """

    levels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.levels.dtype != np.uint8 or self.levels.ndim != 1:
            raise ValueError("levels must be a one-dimensional array of uint8")

    def at(self, start_s: float, stop_s: float) -> NDArray[np.float32]:
        """Return the strength, 0 to 1, of the frames from `start_s` to before `stop_s`.

        Parts before the first and after the last frame are 0.
        """
        first, last = round(start_s / HOP_S), round(stop_s / HOP_S)
        if last < first:
            raise ValueError(f"stop_s must not be below start_s, got {stop_s} and {start_s}")
        out = np.zeros(last - first, dtype=np.float32)
        here, there = max(first, 0), min(last, len(self.levels))
        if there > here:
            out[here - first : there - first] = self.levels[here:there] / np.float32(255)
        return out**2

    def to_bytes(self) -> bytes:
        """Return the envelope deflated, with a header that names its format."""
        head = _HEAD.pack(_MAGIC, _FORMAT, 0, len(self.levels))
        return head + zlib.compress(self.levels.tobytes(), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> OnsetEnvelope:
        """Return the envelope that `to_bytes` gave.

        Raises
        ------
        FormatError
            If it is damaged or of another version.
        """
        if len(data) < _HEAD.size:
            raise FormatError("onset envelope is cut")
        magic, number, _, frames = _HEAD.unpack_from(data)
        if magic != _MAGIC or number != _FORMAT or frames > _MOST_FRAMES:
            raise FormatError("onset envelope is of another version or damaged")
        try:
            raw = zlib.decompressobj().decompress(data[_HEAD.size :], frames + 1)
        except zlib.error as error:
            raise FormatError(f"onset envelope is damaged ({error})") from error
        if len(raw) != frames:
            raise FormatError(f"onset envelope holds {len(raw)} frames instead of {frames}")
        return cls(np.frombuffer(raw, dtype=np.uint8))
