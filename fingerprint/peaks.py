"""Audio -> spectral peaks: what is stored of a track, and what is asked of a clip."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.resample import resample
from dsp.spectrum import log_power

from . import settings as s
from ._peak_kernels import contrast_into, maxima_into
from .errors import FormatError

BOX_FRAMES = 15
BOX_BINS = 16
PEAK_FRAMES = 3
PEAK_BINS = 3
THRESHOLD = 1.0  # in log2 of power: 3 dB above its surroundings
FLOOR = -37.0  # -111 dBFS a bin; digital silence lies at -40 and forms no peaks
_FRAMES_AT_ONCE = 3000  # one minute: memory stays bounded for tracks of hours
_MARGIN = BOX_FRAMES + PEAK_FRAMES
_MAGIC = b"AntP"
_HEAD = struct.Struct("<4sHHII")  # magic, format, settings, frames, peaks
_CRC = struct.Struct("<I")  # of all the rest
_STRONG = 1 << 15
_POSITION = (1 << 12) - 1
_LEVEL_SHIFT = 12


def settings_digest() -> int:
    """Return 16 bits that stand for every number on which peaks depend."""
    own = (BOX_FRAMES, BOX_BINS, PEAK_FRAMES, PEAK_BINS, THRESHOLD, FLOOR)
    shared = (
        s.SAMPLE_RATE, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN, s.SUB_BIN, s.SLOT,
        s.KEPT_A_SLOT, s.STRONG_A_SLOT,
    )  # fmt: skip
    return zlib.crc32(json.dumps([*shared, *own]).encode()) & 0xFFFF


def version() -> int:
    """Return a number that stands for the format and the settings of what is stored."""
    return s.FORMAT << 16 | settings_digest()


def are_of_another_version(data: bytes) -> bool:
    """Tell from the first bytes that `TrackPeaks.to_bytes` wrote, 16 or more, if they are stale.

    Bytes that are no peaks at all are not of another version; `from_bytes` refuses them.
    """
    magic, version, settings, _, _ = _HEAD.unpack_from(data)
    return magic == _MAGIC and (version, settings) != (s.FORMAT, settings_digest())


@dataclass(frozen=True)
class TrackPeaks:
    """The spectral peaks of one track, in order of frame and frequency.

    Attributes
    ----------
    frame : ndarray, uint32, shape (n,)
        Frame number; frame k is centred at (k * HOP + N_FFT / 2) / SAMPLE_RATE seconds.
    code : ndarray, uint16, shape (n,)
        Bits 0..11: frequency in eighths of a bin above FIRST_BIN; 12..14: contrast in steps of
        3 dB; 15: strong enough to form landmarks.
    frames : int
        Frames of the whole track.
    """

    frame: NDArray[np.uint32]
    code: NDArray[np.uint16]
    frames: int

    @property
    def seconds(self) -> float:
        """Length of the audio that was analysed, to the accuracy of a frame."""
        return (
            (self.frames - 1) / s.FRAMES_PER_SECOND + s.N_FFT / s.SAMPLE_RATE
            if self.frames
            else 0.0
        )

    def to_bytes(self) -> bytes:
        """Return a self-contained, checksummed form of 6 bytes a peak."""
        body = self.frame.astype("<u4").tobytes() + self.code.astype("<u2").tobytes()
        head = _HEAD.pack(_MAGIC, s.FORMAT, settings_digest(), self.frames, len(self.frame))
        return head + _CRC.pack(zlib.crc32(head + body)) + body

    @classmethod
    def from_bytes(cls, data: bytes) -> TrackPeaks:
        """Read what `to_bytes` wrote.

        Raises
        ------
        FormatError
            If the bytes are of another version, damaged, or inconsistent.
        """
        start = _HEAD.size + _CRC.size
        if len(data) < start:
            raise FormatError(f"peaks need at least {start} bytes, got {len(data)}")
        magic, version, settings, frames, count = _HEAD.unpack_from(data)
        if magic != _MAGIC or version != s.FORMAT or settings != settings_digest():
            raise FormatError(
                f"not peaks of format {s.FORMAT} and settings {settings_digest():04x}:"
                f" {magic!r}, {version}, {settings:04x}"
            )
        body = data[start:]
        (crc,) = _CRC.unpack_from(data, _HEAD.size)
        if len(body) != 6 * count or zlib.crc32(data[: _HEAD.size] + body) != crc:
            raise FormatError("peaks are damaged: length or checksum does not agree")
        peaks = cls(
            np.frombuffer(body, "<u4", count).astype(np.uint32),
            np.frombuffer(body, "<u2", count, 4 * count).astype(np.uint16),
            frames,
        )
        peaks.check()
        return peaks

    def check(self) -> None:
        """Raise FormatError unless frames ascend and all numbers are in range."""
        if len(self.frame) != len(self.code):
            raise FormatError("peaks are inconsistent: as many frames as codes are needed")
        if len(self.frame) and (
            np.any(self.frame[1:] < self.frame[:-1])
            or int(self.frame[-1]) >= self.frames
            or int((self.code & _POSITION).max()) >= s.BINS * s.SUB_BIN
        ):
            raise FormatError("peaks are inconsistent: frames must ascend and lie in the track")


@dataclass(frozen=True)
class Picture:
    """Spectrogram and peaks of a clip, as the search wants them.

    Attributes
    ----------
    level, contrast : ndarray, float32, shape (frames, BINS)
        log2 of power; the same less its mean over the surroundings.
    frame, position, rank : ndarray, int32, shape (n,)
        Peaks: frame, frequency in 1 / SUB_BIN of a bin above FIRST_BIN, rank within its slot.
    height : ndarray, float32, shape (n,)
        Contrast at the peak.
    """

    level: NDArray[np.float32]
    contrast: NDArray[np.float32]
    frame: NDArray[np.int32]
    position: NDArray[np.int32]
    rank: NDArray[np.int32]
    height: NDArray[np.float32]


def prepare(audio: NDArray[np.floating], sample_rate: float) -> NDArray[np.float32]:
    """Return `audio` as mono float32 at SAMPLE_RATE.

    Raises
    ------
    TypeError
        If `audio` is not an array of floating-point numbers.
    ValueError
        If its shape is neither (frames,) nor (frames, channels), a sample is not finite, or the
        rate is not within 1000..768000 Hz.
    """
    audio = np.asarray(audio)
    if audio.dtype.kind != "f":
        raise TypeError(f"audio must hold floating-point numbers, got {audio.dtype}")
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and audio.shape[1] == 0):
        raise ValueError(
            f"audio must have shape (frames,) or (frames, channels), got {audio.shape}"
        )
    mono = audio.astype(np.float32, copy=False)
    if mono.ndim == 2:  # column by column: three times as fast as `mean`
        mono = sum(mono[:, k] for k in range(1, mono.shape[1])) + mono[:, 0]
        mono = mono / np.float32(audio.shape[1])
    if not np.isfinite(np.dot(mono, mono)) and not np.isfinite(mono).all():  # the first is quick
        raise ValueError("audio must be finite, got NaN or infinity")
    return resample(mono, sample_rate, s.SAMPLE_RATE)


def extract(audio: NDArray[np.floating], sample_rate: float) -> TrackPeaks:
    """Return the spectral peaks of a track: all that the index keeps of it.

    Parameters
    ----------
    audio : ndarray, floating point, shape (frames,) or (frames, channels)
        Finite; any level.
    sample_rate : float
        Hz, 1000 to 768000.

    Returns
    -------
    TrackPeaks
        At most 60 peaks a second; none for silence or less than 64 ms.

    Raises
    ------
    TypeError, ValueError
        As `prepare`.
    """
    mono = prepare(audio, sample_rate)
    frames = max(0, 1 + (len(mono) - s.N_FFT) // s.HOP) if len(mono) >= s.N_FFT else 0
    parts: list[tuple[NDArray[np.uint32], NDArray[np.uint16]]] = []
    step = _FRAMES_AT_ONCE - _FRAMES_AT_ONCE % s.SLOT
    lead = -(-_MARGIN // s.SLOT) * s.SLOT
    for start in range(0, frames, step):
        first = max(0, start - lead)
        last = min(frames, start + step + lead)
        piece = mono[first * s.HOP : (last - 1) * s.HOP + s.N_FFT]
        picture = look(log_power(piece, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))
        frame = picture.frame + first
        inside = (frame >= start) & (frame < start + step)
        parts.append((frame[inside].astype(np.uint32), _encode(picture)[inside]))
    if not parts:
        return TrackPeaks(np.empty(0, np.uint32), np.empty(0, np.uint16), frames)
    return TrackPeaks(
        np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), frames
    )


def look(level: NDArray[np.float32]) -> Picture:
    """Return contrast and peaks of a log-power spectrogram of shape (frames, BINS)."""
    contrast = np.empty_like(level)
    contrast_into(level, BOX_FRAMES, BOX_BINS, contrast)
    room = (len(level) // s.SLOT + 1) * s.KEPT_A_SLOT
    frame, position, rank = (np.empty(room, np.int32) for _ in range(3))
    height = np.empty(room, np.float32)
    n = maxima_into(
        contrast, level, PEAK_FRAMES, PEAK_BINS, THRESHOLD, FLOOR, s.SUB_BIN, s.SLOT,
        s.KEPT_A_SLOT, frame, position, height, rank,
    )  # fmt: skip
    return Picture(level, contrast, frame[:n], position[:n], rank[:n], height[:n])


def _encode(picture: Picture) -> NDArray[np.uint16]:
    level = np.clip((picture.height - 4.0) / 1.25, 0, 7).astype(np.uint16)
    strong = np.where(picture.rank < s.STRONG_A_SLOT, _STRONG, 0)
    code = picture.position | (level << _LEVEL_SHIFT) | strong
    return np.asarray(code, np.uint16)
