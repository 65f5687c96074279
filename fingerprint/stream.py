"""A stream: listens on and on, says what it hears as soon as it knows, and when that changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.resample import StreamResampler
from dsp.spectrum import StreamSpectrum

from . import settings as s
from .identify import Ear
from .match import Identification, Match
from .peaks import look

STEP_FRAMES = 13  # a look about every quarter of a second
WINDOWS_S = (1.5, 3.0, 6.0)  # the newest so many seconds are tried, the shorter ones first
KEPT_S = 6.0


class Stream:
    """Identify a mono stream while it comes in.

    Parameters
    ----------
    ear : Ear
    sample_rate : float
        Of the stream, Hz.
    """

    def __init__(self, ear: Ear, sample_rate: float) -> None:
        self._ear = ear
        self._rate = sample_rate
        self._resampler = StreamResampler(sample_rate, s.SAMPLE_RATE)
        self._spectrum = StreamSpectrum(s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far; counting of input frames starts again."""
        self._resampler.reset()
        self._spectrum.reset()
        self._level = np.empty((0, s.BINS), np.float32)
        self._frames = 0  # spectra so far
        self._next = int(1.0 * s.FRAMES_PER_SECOND)
        self._said: int | None = None

    def feed(self, samples: NDArray[np.float32]) -> Identification | None:
        """Take samples (n,) in; return what there is to say, or None when nothing is due.

        Raises
        ------
        ValueError
            If a sample is not finite or the shape is not (n,).
        """
        if not np.isfinite(samples).all():
            raise ValueError("samples must be finite, got NaN or infinity")
        new = self._spectrum.feed(self._resampler.feed(samples))
        self._frames += len(new)
        keep = int(KEPT_S * s.FRAMES_PER_SECOND)
        self._level = np.concatenate([self._level, new])[-keep:]
        if self._frames < self._next:
            return None
        self._next = self._frames + STEP_FRAMES
        return self._look()

    def _look(self) -> Identification:
        match: Match | None = None
        used = 0
        for window in WINDOWS_S:
            used = min(len(self._level), int(window * s.FRAMES_PER_SECOND))
            answers = self._ear.identify(look(self._level[-used:]))
            if answers and answers[0].known:
                match = answers[0]
                break
            if used == len(self._level):
                break
        end_s = ((self._frames - 1) * s.HOP + s.N_FFT) / s.SAMPLE_RATE
        heard_s = ((used - 1) * s.HOP + s.N_FFT) / s.SAMPLE_RATE
        position = None if match is None else match.offset_s + heard_s * match.speed
        return Identification(match, int(end_s * self._rate), position, heard_s)
