"""The ear of the service: clips and streams of other microphones, on threads that give way."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from engine.web.admission import Admission, BusyError, Limits
from engine.web.clips import PIECE_S, pieces

if TYPE_CHECKING:
    from fingerprint import FingerprintIndex, Sound
    from fingerprint.match import Match

T = TypeVar("T")
_PATIENCE = 1.25  # times the longest wait that is promised: the promise is a guess
_NICE = 10  # the session itself goes first


def spare_processors() -> int:
    """Return how many threads the service may use: one processor is left to the session."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (count or 2) - 1)


def _give_way() -> None:
    """Let this thread be nicer than others; where the system knows no such thing, as it is."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Identifier:
    """Names clips.

    Parameters
    ----------
    index : callable
        Returns the index to ask; it may be another one after music was added.
    limits : Limits, optional
    sound : callable, optional
        Of the tracks, as in `FingerprintIndex.identify`.
    """

    def __init__(
        self,
        index: Callable[[], FingerprintIndex],
        limits: Limits | None = None,
        sound: Sound | None = None,
    ) -> None:
        self._index = index
        self._sound = sound
        self.admission = Admission(limits or Limits(spare_processors()))
        self._pool = ThreadPoolExecutor(
            self.admission.limits.workers, "identify", initializer=_give_way
        )

    @property
    def index(self) -> FingerprintIndex:
        """The index that is asked."""
        return self._index()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Let a thread of the service do something."""
        return self._pool.submit(work)

    def clip(self, data: bytes, content_type: str, came_s: float) -> tuple[Match | None, float]:
        """Name a clip; on a thread of the service.

        Parameters
        ----------
        data, content_type
            As of `clips.pieces`.
        came_s : float
            When it came, by `time.monotonic`. What has waited longer than was promised is refused
            instead of being answered late.

        Returns
        -------
        match, seconds
            The match or None, its offset that of the clip's first sample; and how long it took.

        Raises
        ------
        BusyError, AudioFileError
        """
        began = time.monotonic()
        if began - came_s > _PATIENCE * self.admission.limits.wait_s:
            raise BusyError(503, began - came_s, "it took too long until its turn came")
        parts, rate = pieces(data, content_type)
        found = None
        for number, part in enumerate(parts):
            matches = self.index.identify(part, rate, sound=self._sound)
            if matches and matches[0].known:
                late_s = number * PIECE_S * matches[0].speed
                found = replace(matches[0], offset_s=matches[0].offset_s - late_s)
                break
        return found, time.monotonic() - began

    def close(self) -> None:
        """Give up what waits, and end."""
        self._pool.shutdown(wait=True, cancel_futures=True)
