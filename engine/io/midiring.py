"""The ring in shared memory through which MIDI reaches the audio callback.

The layout, word by word, is in `engine.io.midi_child`, which has to stand alone.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.io import midi_child as layout


class MidiEvent(NamedTuple):
    """A message and when it came.

    `time_us` is CLOCK_MONOTONIC (macOS: CLOCK_UPTIME_RAW) in microseconds modulo 2**42; `status`
    is 0x80..0xEF or a song message (0xF2..0xFC), `data1` and `data2` are 0..127.
    """

    time_us: int
    status: int
    data1: int
    data2: int


def _folder() -> str:
    """Return where a file costs no disk: a page being written back would stop the audio thread."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


class MidiRing:
    """Single-producer, single-consumer ring of MIDI events in a file mapped into memory.

    Make one with `MidiRing.create`. One process writes (`push`, or the child of
    `engine.io.midi.MidiInput`), one thread reads (the native audio callback through `words`, or
    `pop`). A full ring drops the event and counts it; it never waits.

    Attributes
    ----------
    words : ndarray of uint64, shape (64 + 4096,)
        The mapped file, for the callback's pointer; it lives as long as something refers to it.
    path : Path
        The file; gone after `close`.

    Examples
    --------
    >>> with MidiRing.create() as ring:
    ...     ring.push(1000, 0x90, 60, 100)
    ...     ring.pop()
    True
    MidiEvent(time_us=1000, status=144, data1=60, data2=100)
    """

    def __init__(self, words: npt.NDArray[np.uint64], path: Path) -> None:
        self.words = words
        self.path = path
        self._view = memoryview(words.data)
        self._writer = layout.RingWriter(self._view)

    @classmethod
    def create(cls) -> MidiRing:
        """Return a new, empty ring.

        Raises
        ------
        OSError
            If no file can be made in shared memory or in the folder for temporary files.
        """
        handle, name = tempfile.mkstemp(prefix="antiphon-midi-", dir=_folder())
        try:
            # Room is taken now: a full disk must not show as a bus error while playing.
            with os.fdopen(handle, "wb") as file:
                file.write(bytes(layout.SIZE_BYTES))
            words = np.memmap(name, dtype=np.uint64, mode="r+").view(np.ndarray)
        except BaseException:
            Path(name).unlink()
            raise
        words[0] = layout.MAGIC
        words[1] = layout.VERSION
        words[2] = layout.CAPACITY
        return cls(words, Path(name))

    @property
    def dropped(self) -> int:
        """Events that found the ring full."""
        return int(self.words[layout.DROPPED])

    def __len__(self) -> int:
        """Return how many events wait."""
        # A reader may be one ahead of the head for a moment: it goes by the lap bits alone.
        return max(0, int(self.words[layout.HEAD]) - int(self.words[layout.TAIL]))

    def push(self, time_us: int, status: int, data1: int, data2: int = 0) -> bool:
        """Write one channel message; return whether there was room.

        Raises
        ------
        ValueError
            If `status` is outside 0x80..0xEF or a data byte outside 0..127.
        """
        if not 0x80 <= status <= 0xEF:
            raise ValueError(f"status must be a channel message, 128..239, got {status}")
        for name, value in (("data1", data1), ("data2", data2)):
            if not 0 <= value <= 127:
                raise ValueError(f"{name} must be in 0..127, got {value}")
        return self._writer.push(time_us, status, data1, data2)

    def push_message(self, time_us: int, message: list[int]) -> None:
        """Write what a port delivered, if it is a channel message."""
        self._writer.push_message(time_us, message)

    def release_all(self) -> None:
        """Take over from a writer that has gone: repair the head, then let go of all notes."""
        self._writer = layout.RingWriter(self._view)
        self._writer.release_all()

    def pop(self) -> MidiEvent | None:
        """Return the oldest event, or None; the reference for the native reader."""
        position = int(self.words[layout.TAIL])
        word = int(self.words[layout.FIRST + position % layout.CAPACITY])
        if word >> 63 != layout.lap_bit(position):
            return None
        self.words[layout.TAIL] = position + 1
        return MidiEvent(
            time_us=(word >> 21) & ((1 << 42) - 1),
            status=0x80 | (word >> 14) & 0x7F,
            data1=(word >> 7) & 0x7F,
            data2=word & 0x7F,
        )

    def close(self) -> None:
        """Remove the file; what is mapped stays valid for those who still hold `words`."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def __enter__(self) -> MidiRing:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
