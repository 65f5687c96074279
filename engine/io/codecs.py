"""Files that libsndfile cannot read, by FFmpeg through PyAV: an optional extra, `codecs`.

The only importer of `av`, and only when such a file is met.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError

# fmt: off
SUFFIXES = frozenset(
    {
        ".wv", ".m4a", ".m4b", ".mp4", ".aac", ".wma", ".ape", ".mpc", ".alac", ".tta", ".dsf",
        ".webm", ".mka",
    }
)
# fmt: on
HINT = "pip install 'antiphon[codecs]' lets it be read"

_BEFORE_S = 0.5  # decoders need some sound before a place to be right there
_COUNTED = {".aac"}  # their length is guessed from a bit rate, unless packets are counted


def open_by_ffmpeg(path: Path) -> FfmpegFile:
    """Open a file.

    Raises
    ------
    AudioFileError
        If PyAV is not installed, or no sound can be decoded.
    """
    try:
        import av
    except ImportError:
        kind = path.suffix[1:].lower()
        raise AudioFileError(
            f"{path}: is not audio that can be read (there is no decoder for {kind}; {HINT})"
        ) from None
    try:
        return FfmpegFile(path)
    except _failures(av) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        why = why.partition("\n")[0]
        raise AudioFileError(
            f"{path}: is not audio that can be read ({why[:1].lower()}{why[1:]})"
        ) from error


def _failures(av: Any) -> tuple[type[Exception], ...]:
    # what rubbish was seen to raise, beside its own errors
    return (
        av.FFmpegError, OSError, ValueError, LookupError, ArithmeticError, RuntimeError,
        TypeError, AttributeError, MemoryError, NotImplementedError, EOFError,
    )  # fmt: skip


class FfmpegFile:
    """The first audio stream of a file, with what `Blocks` asks of `soundfile.SoundFile`.

    Attributes
    ----------
    samplerate, channels : int
    frames : int
        As the file says; may be wrong.
    """

    format = "FFMPEG"
    extra_info = ""

    def __init__(self, path: Path) -> None:
        import av

        self._av = av
        self._container = av.open(str(path.absolute()), metadata_errors="ignore")
        try:
            streams = self._container.streams.audio
            if not streams:
                raise ValueError("it holds no sound")
            self._stream = streams[0]
            self._stream.thread_type = "NONE"
            self.samplerate = int(self._stream.rate or 0)
            self.channels = int(self._stream.channels or 0)
            if self.samplerate <= 0 or self.channels <= 0:
                raise ValueError("its sound has no rate or no channels")
            self.frames = self._length(path.suffix.lower() in _COUNTED)
            self._rest = np.zeros((0, self.channels), np.float32)
            self._parts = self._decode(0)
            self._rest = next(self._parts, self._rest)
            if not len(self._rest):
                raise ValueError("no frame of audio found")
        except BaseException:
            self._container.close()
            raise

    def _length(self, count: bool) -> int:
        """Return how many frames there are, by the header or by the packets."""
        stream, container = self._stream, self._container
        if not count:
            if stream.duration and stream.time_base:
                return round(float(stream.duration * stream.time_base) * self.samplerate)
            if container.duration:
                return round(int(container.duration) / int(self._av.time_base) * self.samplerate)
        ticks = sum(packet.duration or 0 for packet in container.demux(stream))
        container.seek(0)
        return round(float(ticks * (stream.time_base or 0)) * self.samplerate)

    def _decode(self, start: int) -> Iterator[NDArray[np.float32]]:
        """Yield sound from a frame of the file on, shape (n, channels)."""
        resampler = self._av.AudioResampler(
            format="fltp", layout=self._stream.layout, rate=self.samplerate
        )
        stream = self._stream
        # before 0 lies what an encoder put in front; a file may begin later, too
        origin_s = max(0.0, float((stream.start_time or 0) * (stream.time_base or 0)))
        at: int | None = None  # frame of the file that comes next
        for frame in self._container.decode(stream):
            if at is None:
                began_s = 0.0 if frame.time is None else frame.time - origin_s
                at = round(began_s * self.samplerate)
            for part in resampler.resample(frame):
                sound = np.ascontiguousarray(part.to_ndarray().T, dtype=np.float32)
                late = max(0, start - at)
                at += len(sound)
                if late < len(sound):
                    yield sound[late:]

    def seek(self, frame: int) -> None:
        """Go to a frame."""
        stream = self._stream
        start_s = max(0.0, frame / self.samplerate - _BEFORE_S)
        try:
            if stream.time_base:
                self._container.seek(
                    int(start_s / stream.time_base) + (stream.start_time or 0), stream=stream
                )
        except _failures(self._av) as error:
            raise RuntimeError(str(error)) from error
        self._rest = self._rest[:0]
        self._parts = self._decode(frame)

    def read(self, frames: int) -> NDArray[np.float32]:
        """Return the next frames, shape (n, channels); fewer only at the end.

        Raises
        ------
        RuntimeError
            If the file is damaged here.
        """
        parts = [self._rest]
        have = len(self._rest)
        try:
            while have < frames:
                part = next(self._parts, None)
                if part is None:
                    break
                parts.append(part)
                have += len(part)
        except _failures(self._av) as error:
            if have == 0:
                raise RuntimeError(str(error)) from error
            self._parts = iter(())
        whole = np.concatenate(parts)
        self._rest = whole[frames:]
        return whole[:frames]

    def close(self) -> None:
        """Close the file."""
        self._container.close()
