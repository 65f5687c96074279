"""A clip that was sent: bytes of a file or raw samples in, mono pieces out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from email.message import Message

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError
from engine.io.audiofile import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, reason
from engine.io.raw import RawBlocks

PIECE_S = 10.0  # as much as one question to the index uses
LONGEST_S = 30.0  # what is longer is cut
_BLOCK_FRAMES = 16_384
_MOST_CHANNELS = 8
_LARGEST_SAMPLE = 1e6
_FORMATS = ("WAV", "WAVEX", "FLAC", "MP3", "MPEG", "OGG")
_RAW = {"audio/l16": "s16be", "audio/x-s16le": "s16le", "audio/x-f32le": "f32le"}


@dataclass(frozen=True)
class RawFormat:
    """How raw samples are written: "s16be", "s16le" or "f32le"; frames per second; channels."""

    form: str
    sample_rate: int
    channels: int


def raw_format(content_type: str) -> RawFormat | None:
    """Return what a content type says of raw samples, None if it is of another kind.

    audio/l16 is in network order (RFC 2586); audio/x-s16le and audio/x-f32le are not.

    Raises
    ------
    AudioFileError
        If the rate is missing, or rate or channels are out of range.

    Examples
    --------
    >>> raw_format("audio/L16; rate=44100; channels=2")
    RawFormat(form='s16be', sample_rate=44100, channels=2)
    """
    message = Message()
    message["content-type"] = content_type
    form = _RAW.get(message.get_content_type())
    if form is None:
        return None
    rate = message.get_param("rate", "")
    channels = message.get_param("channels", "1")
    return checked_format(form, rate, channels)


def checked_format(form: object, rate: object, channels: object) -> RawFormat:
    """Return a format whose numbers are in range; AudioFileError otherwise."""
    if form not in (*_RAW.values(),):
        raise AudioFileError(f"format must be one of {', '.join(_RAW.values())}, got {form!r}")
    numbers = []
    for name, value, low, high in (
        ("rate", rate, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE),
        ("channels", channels, 1, _MOST_CHANNELS),
    ):
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high):
            raise AudioFileError(f"{name} must be between {low} and {high}, got {text[:20]!r}")
        numbers.append(int(text))
    return RawFormat(str(form), *numbers)


def raw_samples(data: bytes, form: RawFormat) -> NDArray[np.float32]:
    """Return raw bytes as mono samples, shape (n,); bytes that are no whole frame are dropped."""
    name = form.form
    if name == "s16be":
        whole = data[: len(data) & ~1]
        data, name = np.frombuffer(whole, ">i2").astype("<i2").tobytes(), "s16le"
    parts = list(RawBlocks(io.BytesIO(data), name, form.channels))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def pieces(data: bytes, content_type: str) -> tuple[list[NDArray[np.float32]], int]:
    """Return the first half minute of a clip as mono pieces of ten seconds, and its rate.

    Raises
    ------
    AudioFileError
        If it is not audio of a kind that is taken, or nothing of it can be decoded.
    """
    form = raw_format(content_type)
    if form is not None:
        most = round(LONGEST_S * form.sample_rate) * form.channels * 4
        audio, rate = raw_samples(data[:most], form), form.sample_rate
        audio = audio[: round(LONGEST_S * rate)]
    else:
        audio, rate = _decode(data)
    if not len(audio):
        raise AudioFileError("clip holds no audio that can be decoded")
    step = round(PIECE_S * rate)
    parts = [audio[at : at + step] for at in range(0, len(audio), step)]
    if len(parts) > 1 and len(parts[-1]) < rate:
        del parts[-1]  # too short to be asked about alone
    return parts, rate


def _decode(data: bytes) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            if file.format not in _FORMATS:
                raise AudioFileError(f"clip must be WAV, FLAC, MP3 or Ogg, got {file.format}")
            if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE or channels > _MOST_CHANNELS:
                raise AudioFileError(f"clip has {channels} channels at {rate} Hz")
            return _first(file, round(LONGEST_S * rate)), rate
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise AudioFileError(f"clip is not audio that can be read ({reason(error)})") from None


def _first(file: object, frames: int) -> NDArray[np.float32]:
    """Return the first frames that decode, mono; what follows a fault is left."""
    parts: list[NDArray[np.float32]] = []
    held = 0
    while held < frames:
        try:
            block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)  # type: ignore[attr-defined]
        except (RuntimeError, OSError):
            break
        if not len(block):
            break
        mono = np.nan_to_num(block.mean(axis=1, dtype=np.float32), posinf=0.0, neginf=0.0)
        parts.append(np.clip(mono, -_LARGEST_SAMPLE, _LARGEST_SAMPLE).astype(np.float32))
        held += len(block)
    return np.concatenate(parts)[:frames] if parts else np.zeros(0, np.float32)
