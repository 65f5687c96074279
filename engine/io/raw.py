"""Raw samples from a pipe: bytes in whatever pieces they come, mono blocks out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError

# by ffmpeg's names: type, and what full scale is
FORMATS = {"s16le": ("<i2", 32_768.0), "s32le": ("<i4", 2_147_483_648.0), "f32le": ("<f4", 1.0)}

_READ_BYTES = 1 << 16
_LARGEST_SAMPLE = 1e6  # beyond this, squares overflow
_FILES = {
    b"RIFF": "a WAV file",
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"FORM": "an AIFF file",
    b"caff": "a CAF file",
}


class Pipe(Protocol):
    """What is read from: a binary file that gives what is there, such as `sys.stdin.buffer`."""

    def read1(self, size: int, /) -> bytes:
        """Return at most `size` bytes as soon as there are any; none at the end."""
        ...


class RawBlocks:
    """Mono blocks of a stream of interleaved samples.

    Parameters
    ----------
    pipe : Pipe
    form : str
        One of `FORMATS`.
    channels : int
        Interleaved, at least 1; averaged.

    Attributes
    ----------
    left_over : int
        After the last block: bytes at the end that are no whole frame.

    Raises
    ------
    ValueError
        If `form` is unknown or `channels` below 1.
    AudioFileError
        While iterating: if the stream begins as an audio file does, and so is not raw.
    """

    def __init__(self, pipe: Pipe, form: str = "s16le", channels: int = 2) -> None:
        if form not in FORMATS:
            raise ValueError(f"form must be one of {', '.join(FORMATS)}, got {form}")
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        self._pipe = pipe
        self._dtype, self._full = FORMATS[form]
        self._channels = channels
        self.left_over = 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        size = np.dtype(self._dtype).itemsize * self._channels
        waiting, begun = b"", False
        while True:
            came = self._pipe.read1(_READ_BYTES)
            waiting += came
            if not begun and (len(waiting) >= 4 or not came):
                begun = True
                _refuse_files(waiting)
            whole = len(waiting) - len(waiting) % size
            if whole and begun:
                yield self._mono(waiting[:whole])
                waiting = waiting[whole:]
            if not came:
                break
        self.left_over = len(waiting)

    def _mono(self, data: bytes) -> NDArray[np.float32]:
        samples = np.frombuffer(data, self._dtype).reshape(-1, self._channels)
        mono = samples.mean(axis=1, dtype=np.float64) / self._full
        mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
        return np.asarray(np.clip(mono, -_LARGEST_SAMPLE, _LARGEST_SAMPLE), np.float32)


def _refuse_files(start: bytes) -> None:
    for magic, what in _FILES.items():
        if start.startswith(magic):
            raise AudioFileError(
                f"the pipe carries {what}, not raw samples;"
                " `ffmpeg -i - -f s16le -ac 2 -ar 48000 -` unpacks it"
            )
