"""The waves themselves: where peaks cannot tell the repeats of a track apart, its sound can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .peaks import prepare

Sound = Callable[[int, float, float], NDArray[np.float32] | None]
F32 = NDArray[np.float32]

LONGEST_S = 5.0  # of the clip, compared with each place: more tells hardly more
REACH_S = 0.06  # to either side: a room's delay, and an alignment's error of a frame or two
FLOOR = 0.3  # of the mean magnitude: well below it lies noise more than music
LEAST = 6.0  # standard deviations; of 12 places with 2000 lags each, chance reaches 5
CLEARLY = 8.0  # nats: of waves in noise, one place is e^8 times as likely as the other

_AROUND = np.arange(-32, 33)
_BETWEEN = np.sinc(np.linspace(-1.0, 1.0, 33)[:, None] - _AROUND).astype(np.float32)


@dataclass(frozen=True)
class Waves:
    """A clip's own waves, and where to get those of the tracks.

    Attributes
    ----------
    clip : ndarray, float32, shape (n,)
        Mono, at SAMPLE_RATE.
    sound : callable
        As in `FingerprintIndex.identify`.
    """

    clip: F32
    sound: Sound

    def likeliest(self, track_id: int, offsets_s: Sequence[float], speed: float) -> int:
        """Return at which of some places of a track the clip was cut, by position in the list.

        Waves of which all frequencies count alike are compared (PHAT: Knapp and Carter 1976, "The
        generalized correlation method for estimation of time delay"). The first place is returned
        unless another is clearly likelier, or where the sound cannot be had.

        Parameters
        ----------
        track_id : int
        offsets_s : sequence of float
            Seconds of the track at which the clip may start; may be a little negative.
        speed : float
            Of the clip.
        """
        clip = self.clip[: round(LONGEST_S * s.SAMPLE_RATE)]
        lags = 2 * round(REACH_S * s.SAMPLE_RATE)
        standing = np.empty(len(offsets_s))
        for k, offset_s in enumerate(offsets_s):
            piece = self._piece(track_id, offset_s, len(clip) + lags, speed)
            if piece is None:
                return 0
            standing[k] = _standing(clip, piece, lags)
        best = int(np.argmax(standing))
        # Gaussian noise: waves that stand out by z are e^(z^2 / 2) times as likely as none there
        gain = 0.5 * (standing[best] ** 2 - standing[0] ** 2)
        return best if standing[best] >= LEAST and gain >= CLEARLY else 0

    def _piece(self, track_id: int, offset_s: float, frames: int, speed: float) -> F32 | None:
        """Return the track as the clip would have it, from a little before the place on."""
        start_s = offset_s - REACH_S * speed
        stop_s = start_s + frames / s.SAMPLE_RATE * speed
        out = np.zeros(frames, np.float32)
        if stop_s <= 0.0:
            return out
        sound = self.sound(track_id, max(0.0, start_s), stop_s)
        if sound is None:
            return None
        piece = prepare(sound, s.SAMPLE_RATE * speed)
        silent = min(frames, round(max(0.0, -start_s) / speed * s.SAMPLE_RATE))
        piece = piece[: frames - silent]
        out[silent : silent + len(piece)] = piece
        return out


def _standing(clip: F32, piece: F32, lags: int) -> float:
    """Return by how many standard deviations the waves agree at the best of the lags."""
    from scipy.fft import irfft, next_fast_len

    size = next_fast_len(len(piece), real=True)
    product = irfft(np.conj(_white(clip, size)) * _white(piece, size), size)
    spread = float(np.std(product))
    if spread == 0.0:
        return 0.0
    peak = int(np.argmax(np.abs(product[: lags + 1])))
    # between two samples, a peak as narrow as this one looks a third lower
    between = _BETWEEN @ product[(peak + _AROUND) % size]
    return float(np.max(np.abs(between))) / spread


def _white(wave: F32, size: int) -> NDArray[np.complex64]:
    from scipy.fft import rfft

    spectrum: NDArray[np.complex64] = rfft(wave, size)
    magnitude = np.abs(spectrum)
    spectrum /= magnitude + (FLOOR * magnitude.mean() + np.float32(1e-12))
    return spectrum
