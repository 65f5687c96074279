"""Audio files in and out: read in blocks, keep what decodes, write whole or not at all.

A whole-file call of libsndfile loses everything at the first fault; the same decoder read in small
blocks keeps all before it (measured: a FLAC cut in half gives 14.9 of 15 s). So everything here
reads in blocks, and says afterwards whether the file was whole.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError, DiskFullError
from engine.io import codecs

Audio = NDArray[np.float32]

# fmt: off
SUFFIXES = frozenset({
    ".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".au", ".snd",
    ".caf", ".w64", ".rf64", ".wv", ".m4a", ".m4b",
    ".mp4", ".aac", ".wma", ".ape", ".mpc", ".alac", ".tta", ".dsf",
    ".webm", ".mka",
})
# fmt: on
"""What a folder is searched for; some of these need the extra `codecs`."""

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 1_000, 768_000

_BLOCK_FRAMES = 16_384  # what is lost before a fault: 0.4 s at 44.1 kHz
_LARGEST_SAMPLE = 1e6  # float files of integer range exist; beyond this squares overflow
_MISSING_S = 0.25  # Ogg lengths in the header are off by a frame or two
# MP3 lengths are estimates: healthy files were met that are 0.4 s shorter.
_MP3_BEFORE_S = 0.25  # after a seek, a decoder of MP3 is wrong for up to 0.07 s
_MISSING_MP3_S, _MISSING_MP3_SHARE = 1.0, 0.002
_SHORT_CHUNK = re.compile(r":\s*(\d+) \(should be (\d+)\)")
_STREAMED_SIZE = 0x7FFF0000  # writers into a pipe leave 2 or 4 GiB in the header


class Blocks:
    """The blocks of one audio file, in order; a context manager that closes it.

    Parameters
    ----------
    path : Path
    sample_rate : int, optional
        Frames per second wanted; None keeps the file's own. Resampled by soxr (HQ).
    mono : bool
        Average the channels: blocks of shape (n,) instead of (n, channels).
    start_s : float
        Second of the file to begin at, by seeking; nothing comes from beyond its end.

    Attributes
    ----------
    sample_rate, file_rate : int
        Of the blocks, and of the file.
    channels : int
        Of the blocks.
    expected_s : float
        Length by the header; may be wrong.
    decoded_s : float
        Length of what was decoded so far.
    damaged : bool
        After the last block: the file is cut, or had a fault or samples that are no numbers.

    Raises
    ------
    AudioFileError
        If the file cannot be opened as audio. A fault after the first block raises nothing.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int | None = None,
        mono: bool = False,
        start_s: float = 0.0,
    ) -> None:
        self.path = Path(path)
        self._file = _open(self.path)
        self.file_rate = int(self._file.samplerate)
        if not MIN_SAMPLE_RATE <= self.file_rate <= MAX_SAMPLE_RATE:
            self._file.close()
            raise AudioFileError(f"{self.path}: has a sample rate of {self.file_rate} Hz")
        self.sample_rate = self.file_rate if sample_rate is None else int(sample_rate)
        self.channels = 1 if mono else int(self._file.channels)
        self._mono = mono
        self.expected_s = float(self._file.frames) / self.file_rate
        self.decoded_s = 0.0
        self.damaged = _is_cut(str(self._file.extra_info))
        # libsndfile's own name, whatever the suffix
        self._is_mp3 = self._file.format in {"MP3", "MPEG"}
        self._skip = 0
        self._start_s = min(start_s, self.expected_s)
        if start_s > 0:
            self._seek()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the counts stay."""
        self._file.close()

    def _seek(self) -> None:
        start = min(round(self._start_s * self.file_rate), int(self._file.frames))
        if self._is_mp3:
            self._skip = min(start, round(_MP3_BEFORE_S * self.file_rate))
        try:
            self._file.seek(start - self._skip)
        except (RuntimeError, OSError) as error:
            self._file.close()
            raise AudioFileError(f"{self.path}: cannot be sought in ({reason(error)})") from error

    def __iter__(self) -> Iterator[Audio]:
        converter = RateConverter(self.file_rate, self.sample_rate, self.channels)
        for block in self._decode():
            out = converter.feed(block)
            if len(out):
                yield out
        out = converter.finish()
        if len(out):
            yield out.reshape(-1) if self._mono else out

    def _decode(self) -> Iterator[Audio]:
        frames = 0
        while True:
            try:
                block = _read_on(self._file, _BLOCK_FRAMES)
            except (RuntimeError, OSError):  # soundfile's own errors are RuntimeErrors
                self.damaged = True
                break
            if not len(block):
                break
            if self._skip:
                late, self._skip = min(self._skip, len(block)), max(0, self._skip - len(block))
                block = block[late:]
            frames += len(block)
            self.decoded_s = frames / self.file_rate
            if not np.isfinite(block).all():
                self.damaged = True
                np.nan_to_num(block, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(block, -_LARGEST_SAMPLE, _LARGEST_SAMPLE, out=block)
            yield block.mean(axis=1, dtype=np.float32) if self._mono else block
        if self.decoded_s < self.expected_s - self._start_s - self._tolerance_s():
            self.damaged = True
        if self.path.suffix.lower() in {".ogg", ".oga", ".opus"}:
            self.damaged |= not _ogg_is_finished(self.path)
            self.damaged |= "reports a hole" in str(self._file.extra_info)

    def _tolerance_s(self) -> float:
        """Return by how much a whole file may be shorter than its header says."""
        if self._is_mp3:
            return max(_MISSING_MP3_S, _MISSING_MP3_SHARE * self.expected_s)
        return _MISSING_S


class RateConverter:
    """Change the sample rate of a stream of blocks (soxr, HQ); the delay is taken out.

    Parameters
    ----------
    rate_in, rate_out : int
        Frames per second.
    channels : int
        Blocks have shape (n, channels), or (n,) for one channel.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int = 1) -> None:
        self._channels = channels
        self._stream: Any = None
        if rate_in != rate_out:
            import soxr

            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32")

    def feed(self, block: Audio) -> Audio:
        """Return what is ready after `block`; may be empty."""
        if self._stream is None:
            return block
        ready: Audio = self._stream.resample_chunk(block)
        return ready

    def finish(self) -> Audio:
        """Return the rest, of shape (n, channels)."""
        rest: Audio = np.zeros((0, self._channels), dtype=np.float32)
        if self._stream is not None:
            rest = self._stream.resample_chunk(rest, last=True)
        return rest.reshape(-1, self._channels)


def blocks(
    path: Path, sample_rate: int | None = None, mono: bool = False, start_s: float = 0.0
) -> Blocks:
    """Open an audio file to be read block by block, in bounded memory whatever its length.

    Parameters and errors as in `Blocks`.
    """
    return Blocks(path, sample_rate, mono, start_s)


def read(path: Path, sample_rate: int | None = None, mono: bool = False) -> tuple[Audio, int]:
    """Read a whole audio file; of a damaged one, what decodes.

    Parameters
    ----------
    path : Path
    sample_rate : int, optional
        Frames per second wanted; None keeps the file's own.
    mono : bool
        Average the channels.

    Returns
    -------
    audio : ndarray of float32, shape (frames,) if `mono` else (frames, channels)
    sample_rate : int

    Raises
    ------
    AudioFileError
        If it is not audio, or nothing of it can be decoded.
    """
    with Blocks(path, sample_rate, mono) as file:
        parts = list(file)
        if not parts:
            raise AudioFileError(f"{file.path}: holds no audio that can be decoded")
        return np.concatenate(parts), file.sample_rate


def write(path: Path, audio: Audio, sample_rate: int, *, title: str = "", artist: str = "") -> None:
    """Write a WAV (24 bit) or FLAC (24 bit) file by its suffix, whole or not at all.

    The audio goes to a temporary name in the same folder, which is renamed when complete: nobody
    ever sees half a file, and a full disk leaves an older file of that name untouched.

    Parameters
    ----------
    path : Path
        Ends with .wav or .flac.
    audio : ndarray of float32, shape (frames,) or (frames, channels)
        Values beyond -1 to 1 are clipped.
    sample_rate : int
        Frames per second.
    title, artist : str
        Tags to store in the file.

    Raises
    ------
    ValueError
        If the suffix is another one, or `audio` is not finite.
    DiskFullError, AudioFileError
        If it cannot be written.
    """
    import soundfile

    path = Path(path)
    formats = {".wav": "WAV", ".flac": "FLAC"}
    if path.suffix.lower() not in formats:
        raise ValueError(f"path must end with .wav or .flac, got {path.name}")
    audio = np.asarray(audio, dtype=np.float32)
    if not np.isfinite(audio).all():
        raise ValueError("audio must be finite, got NaN or infinity")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with soundfile.SoundFile(
            os.fsencode(partial),
            "w",
            samplerate=int(sample_rate),
            channels=1 if audio.ndim == 1 else audio.shape[1],
            format=formats[path.suffix.lower()],
            subtype="PCM_24",
        ) as file:
            if title:
                file.title = title
            if artist:
                file.artist = artist
            # Past full scale libsndfile would wrap around in some subtypes.
            file.write(np.clip(audio, -1.0, 1.0))
        partial.replace(path)
    except (RuntimeError, OSError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC or _is_full(path.parent):
            raise DiskFullError(f"{path}: the disk is full") from error
        raise AudioFileError(f"{path}: cannot be written ({reason(error)})") from error
    finally:
        partial.unlink(missing_ok=True)


def reason(error: BaseException) -> str:
    """Return an error's message without the path that the caller names anyway."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
    return (text[:1].lower() + text[1:]) or type(error).__name__


def _open(path: Path) -> Any:
    import soundfile

    try:
        if not path.is_file():  # a pipe or device would block for ever
            why = "is not a file" if path.exists() else "does not exist"
            raise AudioFileError(f"{path}: {why}")
        if not path.stat().st_size:
            raise AudioFileError(f"{path}: is empty")
        with path.open("rb"):
            pass  # libsndfile tells no more than "System error" about permissions
        return soundfile.SoundFile(os.fsencode(path.absolute()))
    except soundfile.LibsndfileError as error:
        why = reason(error)
        if "not exist" in why:  # what it says of MP3s without a single frame
            why = "no frame of audio found"
        elif path.suffix.lower() in codecs.SUFFIXES:
            return codecs.open_by_ffmpeg(path)
        raise AudioFileError(f"{path}: is not audio that can be read ({why})") from error
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read ({reason(error)})") from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise AudioFileError(f"{path}: is not audio that can be read") from error


def _read_on(file: Any, frames: int) -> Audio:
    """Return the next frames of a file, shape (n, channels), without a seek.

    soundfile's own `read` seeks to where it is after every block, and a seek within MP3 drops
    frames that later ones lean on (measured: of 24 s read so, one sample in twenty was wrong).
    """
    import soundfile

    if isinstance(file, codecs.FfmpegFile):
        return file.read(frames)
    block: Audio = np.empty((frames, file.channels), np.float32)
    place = soundfile._ffi.cast("float *", block.ctypes.data)
    count = soundfile._snd.sf_readf_float(file._file, place, frames)
    code = soundfile._snd.sf_error(file._file)
    if code:
        raise soundfile.LibsndfileError(code)
    return block[:count]


def _is_cut(log: str) -> bool:
    """Tell from libsndfile's log whether a chunk claims more bytes than the file has."""
    sizes = ((int(a), int(b)) for a, b in _SHORT_CHUNK.findall(log))
    return any(there < said < _STREAMED_SIZE for said, there in sizes)


def _ogg_is_finished(path: Path) -> bool:
    """Tell whether the last Ogg page carries the end-of-stream flag (RFC 3533, section 6)."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 2 * 65_307))  # the largest page is 65307 bytes
        tail = file.read()
    at = tail.rfind(b"OggS")
    return at >= 0 and len(tail) > at + 5 and bool(tail[at + 5] & 4)


def _is_full(folder: Path) -> bool:
    import shutil

    try:
        return shutil.disk_usage(folder).free < 1 << 20
    except OSError:
        return False
