"""Tap tempo: beats by hand, for what no ear can tell."""

from __future__ import annotations

import numpy as np

from engine.rt.transport import HIGHEST_BPM, LOWEST_BPM

_PAUSE_S = 2.5  # after which tapping begins anew
_FIRST = 3  # taps that a tempo needs
_KEPT = 16


class Taps:
    """Joins taps to a line of beats.

    Parameters
    ----------
    sample_rate : float
        Frames per second.

    Examples
    --------
    >>> taps = Taps(48_000)
    >>> [taps.add(frame) for frame in (0, 24_000, 48_000)]
    [None, None, (2.0, 120.0)]
    """

    def __init__(self, sample_rate: float) -> None:
        self._rate = sample_rate
        self._frames: list[int] = []

    def add(self, frame: int) -> tuple[float, float] | None:
        """Take a tap; return the beat at `frame`, the first tap being 0, and the tempo in BPM.

        None until three taps of a tempo between 10 and 1000 have come.
        """
        if self._frames and not 0 < frame - self._frames[-1] < _PAUSE_S * self._rate:
            self._frames.clear()
        self._frames = [*self._frames[-_KEPT + 1 :], frame]
        if len(self._frames) < _FIRST:
            return None
        count = len(self._frames)
        period, first = np.polyfit(np.arange(count), np.array(self._frames) - frame, 1)
        bpm = 60.0 * self._rate / float(period)
        if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
            return None
        return round(float(-first / period), 9), round(bpm, 6)
