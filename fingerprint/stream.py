"""A stream: listens on and on, says what it hears as soon as it knows, and when that changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.resample import StreamResampler, resample
from dsp.spectrum import StreamSpectrum, log_power

from . import settings as s
from .follow import Follower
from .identify import Ear
from .match import Identification

STEP = 12  # frames: a look about every quarter of a second
FIRST_LOOK = 48  # frames: the first after a second; a quarter earlier, a like tune was named
KEPT = 400  # frames: the newest 8 s are kept


class Stream:
    """Identify a mono stream while it comes in.

    Parameters
    ----------
    ear : Ear
    sample_rate : float
        Of the stream, Hz, 1000 to 768000.
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
        self._heard = 0  # spectra so far
        self._next = FIRST_LOOK
        self._follower = Follower(self._ear)

    def feed(self, samples: NDArray[np.float32]) -> Identification | None:
        """Take samples in; return what there is to say, or None when nothing is due.

        Parameters
        ----------
        samples : ndarray, float32, shape (n,)
            Finite; any number of them.

        Returns
        -------
        Identification or None
            After the first second, one about every quarter of a second of audio; of several that
            fell due in one call, the newest.

        Raises
        ------
        ValueError
            If a sample is not finite or the shape is not (n,).
        """
        samples = np.asarray(samples, np.float32)
        if samples.ndim != 1:
            raise ValueError(f"samples must have shape (n,), got {samples.shape}")
        if not np.isfinite(samples).all():
            raise ValueError("samples must be finite, got NaN or infinity")
        new = self._spectrum.feed(self._resampler.feed(samples))
        said: Identification | None = None
        while self._heard + len(new) >= self._next:
            take = self._next - self._heard
            self._keep(new[:take])
            new = new[take:]
            said = self._look()
            self._next = self._heard + STEP
        self._keep(new)
        return said

    def is_also(self, samples: NDArray[np.float32]) -> bool:
        """Tell whether another sound is what is followed as much as what was heard.

        So the name that music of our own gets, come back through the microphone, is told from
        that of the room's music.

        Parameters
        ----------
        samples : ndarray, float32, shape (n,)
            Mono, finite, at the rate of the stream; up to the moment, or up to half a second
            before the moment, at which the last samples were heard.
        """
        mono = resample(samples, self._rate, s.SAMPLE_RATE)
        if len(mono) < s.N_FFT:
            return False
        level = log_power(mono, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN)
        return self._follower.agrees(self._level, level, self._heard)

    def drop(self) -> None:
        """Forget what is followed, and look anew in what comes from here on."""
        self._follower.drop(self._heard)

    def _keep(self, new: NDArray[np.float32]) -> None:
        self._heard += len(new)
        self._level = np.concatenate(
            [self._level[max(0, len(self._level) + len(new) - KEPT) :], new]
        )
        self._level = self._level[-KEPT:]

    def _look(self) -> Identification:
        found = self._follower.look(self._level, self._heard)
        end_s = ((self._heard - 1) * s.HOP + s.N_FFT) / s.SAMPLE_RATE
        frame = round(end_s * self._rate)
        if found is None:
            return Identification(None, frame, None, len(self._level) / s.FRAMES_PER_SECOND)
        match, frames = found
        heard_s = ((frames - 1) * s.HOP + s.N_FFT) / s.SAMPLE_RATE
        if not match.known:
            return Identification(None, frame, None, heard_s, match)
        return Identification(match, frame, match.offset_s + heard_s * match.speed, heard_s)
