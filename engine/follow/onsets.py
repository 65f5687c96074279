"""What begins in the microphone, kept for a few seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.resample import StreamResampler
from engine.analysis.features import FINE_HOP_S, SAMPLE_RATE, FineStream

_KEPT_S = 8.0
_SOUND_S = 16.0
_GAP_S = 0.01  # of missing sound, after which all begins anew


class LiveOnsets:
    """Onset strength of a stream, by the same arithmetic as that stored with a track.

    Parameters
    ----------
    sample_rate : float
        Of the stream, Hz.

    Attributes
    ----------
    sound, own : ndarrays of float32, shape (n,)
        The latest sound itself, at `features.SAMPLE_RATE`, so far as it came without a gap; and
        what of it we may have played, before it went through the room.
    """

    step_s = FINE_HOP_S

    def __init__(self, sample_rate: float) -> None:
        self._rate = sample_rate
        self._kept = round(_KEPT_S / FINE_HOP_S)
        self._begin(0.0)

    def _begin(self, time_s: float) -> None:
        self._resampler = StreamResampler(self._rate, SAMPLE_RATE)
        self._stream = FineStream()
        self._start_s = time_s  # of frame 0
        self._due_s = time_s  # of the next sample
        self._count = 0  # frames so far
        self._latest = np.zeros(0, np.float32)
        self._own_resampler = StreamResampler(self._rate, SAMPLE_RATE)
        self.sound = self.own = np.zeros(0, np.float32)
        self._samples = 0  # of sound so far

    def feed(
        self, samples: NDArray[np.float32], time_s: float, own: NDArray[np.float32] | None = None
    ) -> None:
        """Take samples, shape (n,), the first of which is of this moment of the stream.

        `own`, of the same shape: what we played as much earlier as it takes to return; None where
        that was nothing.
        """
        if abs(time_s - self._due_s) > _GAP_S:
            self._begin(time_s)
        self._due_s = time_s + len(samples) / self._rate
        sound = self._resampler.feed(samples)
        self._samples += len(sound)
        own = np.zeros(len(samples), np.float32) if own is None else own
        own = self._own_resampler.feed(own)
        kept = round(_SOUND_S * SAMPLE_RATE)
        self.sound = np.concatenate([self.sound, sound])[-kept:]
        self.own = np.concatenate([self.own, own])[-kept:]
        new = self._stream.feed(sound)[:, 3]
        self._count += len(new)
        self._latest = np.concatenate([self._latest, new])[-self._kept :]

    @property
    def sound_end_s(self) -> float:
        """Moment of the end of `sound`."""
        return self._start_s + self._samples / SAMPLE_RATE

    def latest(self, seconds: float) -> tuple[NDArray[np.float32], float]:
        """Return the last `seconds` of strength, and the moment of its first frame."""
        frames = min(len(self._latest), round(seconds / FINE_HOP_S))
        strength = self._latest[len(self._latest) - frames :]
        return strength, self._start_s + (self._count - frames) * FINE_HOP_S
