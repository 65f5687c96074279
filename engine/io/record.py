"""Recording while playing: a thread takes what goes out from its ring and writes it to a file."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordingError
from engine.io.audiofile import reason
from engine.rt.record import read_record, switch_record

_PAUSE_S = 0.05  # the ring holds a hundred times as much
_BLOCK_FRAMES = 16_384
_HEADER_EVERY = 20  # pauses: whoever pulls the plug loses a second
_LARGEST_WAV = 2**32 - 2**20  # bytes; the format counts them in 32 bits
_UPDATE_HEADER_NOW = 0x1060  # SFC_UPDATE_HEADER_NOW of sndfile.h

_FLAC_COUNT = 18  # byte of a FLAC file

_FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class Recorder:
    """Write what a stream plays to a file until closed; made by `Synth.record`.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
        The synth's.
    path : Path or str
        A new file that ends with .wav or .flac.
    sample_rate : int
        Frames per second.
    floating : bool
        32-bit floating point (WAV only) in place of 24 bits.

    Attributes
    ----------
    frames : int
        Written so far.
    error : RecordingError or None
        Why nothing more is written, for example a full disk; what was written is kept.

    Raises
    ------
    ValueError
        If the suffix is another one, or FLAC is to be floating.
    RecordingError
        If the file exists or cannot be made.
    """

    def __init__(
        self, state: NDArray[np.void], path: Path | str, sample_rate: int, floating: bool = False
    ) -> None:
        self.path = Path(path)
        self.sample_rate = sample_rate
        self.frames = 0
        self.error: RecordingError | None = None
        self._state = state
        self._dropped_before = int(state[0]["record_dropped"])
        self._file = _create(self.path, sample_rate, floating)
        self._most = (_LARGEST_WAV if self._file.format == "WAV" else 2**62) // (
            8 if floating else 6
        )
        self._block = np.zeros((_BLOCK_FRAMES, 2), dtype=np.float32)
        self._closing = threading.Event()
        self._closed = False
        switch_record(state, True)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Frames that are missing because the disk could not keep up for five seconds."""
        return int(self._state[0]["record_dropped"]) - self._dropped_before

    @property
    def seconds(self) -> float:
        """Length of what was written so far."""
        return self.frames / self.sample_rate

    def check(self) -> None:
        """Raise what has ended the recording, if anything has."""
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Write the rest and close the file; may be called twice. Raises nothing: see `error`."""
        if self._closed:
            return
        self._closed = True
        switch_record(self._state, False)
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        pauses = 0
        while not self._closing.wait(_PAUSE_S):
            self._drain()
            pauses += 1
            if pauses % _HEADER_EVERY == 0:
                self._update_header()
        self._drain()
        try:
            self._file.close()
        except (RuntimeError, OSError) as error:
            self._fail(reason(error))
        if self.error is not None:
            is_flac = self._file.format == "FLAC"
            self.frames = _mend_flac(self.path) if is_flac else _count(self.path)

    def _drain(self) -> None:
        while count := read_record(self._state, self._block):
            if self.error is not None:
                continue
            count = min(count, self._most - self.frames)
            try:
                self._file.write(np.clip(self._block[:count], -1.0, 1.0))
            except (RuntimeError, OSError, AssertionError) as error:
                # soundfile asserts that all was written; at a full disk not all was
                self.frames = int(self._file.frames)
                self._fail("the disk is full or the file may not grow", error)
                return
            self.frames += count
            if self.frames >= self._most:
                self._fail("a WAV file ends at 4 GiB; record FLAC instead")
                return

    def _fail(self, why: str, cause: BaseException | None = None) -> None:
        switch_record(self._state, False)
        self.error = RecordingError(
            f"{self.path}: {why}; the first {self.seconds:.1f} s are in the file"
        )
        self.error.__cause__ = cause

    def _update_header(self) -> None:
        """Let the header say how much there is, for whoever reads it after a power failure."""
        import soundfile

        if self.error is None and self._file.format == "WAV":
            soundfile._snd.sf_command(self._file._file, _UPDATE_HEADER_NOW, soundfile._ffi.NULL, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _count(path: Path) -> int:
    """Return how many frames of a file can be read."""
    import soundfile

    frames = 0
    # what was written ends in a frame that is cut
    with suppress(RuntimeError, OSError), soundfile.SoundFile(os.fsencode(path)) as file:
        while count := len(file.read(_BLOCK_FRAMES)):
            frames += count
    return frames


def _mend_flac(path: Path) -> int:
    """Write into a FLAC file that broke off how many frames it holds; returns the number."""
    frames = _count(path)
    with path.open("r+b") as raw:
        # STREAMINFO (RFC 9639, section 8.2): 64 bits, the last 36 of which count the frames
        raw.seek(_FLAC_COUNT)
        kept = int.from_bytes(raw.read(8), "big") >> 36 << 36
        raw.seek(_FLAC_COUNT)
        raw.write((kept | frames).to_bytes(8, "big"))
    return frames


def _create(path: Path, sample_rate: int, floating: bool) -> Any:
    import soundfile

    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise ValueError(f"a recording must end with .wav or .flac, got {path.name}")
    if floating and suffix != ".wav":
        raise ValueError("a floating-point recording must be .wav: FLAC holds whole numbers")
    try:
        # not by libsndfile, which says no more than "System error"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        return soundfile.SoundFile(
            os.fsencode(path),
            "w",
            samplerate=sample_rate,
            channels=2,
            format=_FORMATS[suffix],
            subtype="FLOAT" if floating else "PCM_24",
        )
    except FileExistsError:
        raise RecordingError(f"{path}: exists already; a take is never overwritten") from None
    except (RuntimeError, OSError) as error:
        raise RecordingError(f"{path}: cannot be recorded to ({reason(error)})") from None
