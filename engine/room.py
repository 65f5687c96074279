"""A simulated room: what a microphone hears of the loudspeakers, with noise over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.units import db_to_amp

_DIRECT_S = 0.006  # two metres
_DIRECT_OVER_TAIL_DB = 3.0


def impulse_response(
    sample_rate: float, rt60_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a room: direct sound, then noise that falls by 60 dB in `rt60_s` seconds."""
    length = int((_DIRECT_S + rt60_s) * sample_rate)
    direct = int(_DIRECT_S * sample_rate)
    t = np.arange(length - direct) / sample_rate
    tail = rng.standard_normal(t.size) * 10.0 ** (-3.0 * t / rt60_s)
    response = np.zeros(length)
    response[direct:] = tail / np.sqrt((tail**2).sum())
    response[direct] += db_to_amp(_DIRECT_OVER_TAIL_DB)
    return np.asarray(response / np.sqrt((response**2).sum()))


def pink_noise(frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise of equal power per octave, RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, frames)
    return np.asarray(noise / np.sqrt((noise**2).mean()))


class SimulatedRoom:
    """Turns what is played, block by block, into what is heard; for `NullStream`.

    Parameters
    ----------
    sample_rate : float
        Hz.
    block : int
        Frames per block.
    noise_rms : float
        Level of the pink noise, 0..1.
    rt60_s : float
        Reverberation time.
    seed : int
        Of the room and of the noise.
    """

    def __init__(
        self,
        sample_rate: float,
        block: int,
        noise_rms: float,
        rt60_s: float = 0.4,
        seed: int = 0,
    ) -> None:
        rng = np.random.default_rng(seed)
        response = impulse_response(sample_rate, rt60_s, rng)
        self._block = block
        self._size = 1 << int(np.ceil(np.log2(response.size + block)))
        self._response = np.fft.rfft(response, self._size)
        self._rest = np.zeros(self._size)
        self._noise = pink_noise(int(10 * sample_rate), rng) * noise_rms
        self._at = 0

    def __call__(self, played: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is heard, shape (n,), while `played`, shape (n, 2), goes out."""
        frames = len(played)
        if frames > self._block:
            raise ValueError(f"played must have at most {self._block} frames, got {frames}")
        mono = played.mean(axis=1, dtype=np.float64)
        self._rest += np.fft.irfft(np.fft.rfft(mono, self._size) * self._response, self._size)
        heard = self._rest[:frames].copy()
        self._rest = np.concatenate([self._rest[frames:], np.zeros(frames)])
        noise = np.take(self._noise, np.arange(self._at, self._at + frames), mode="wrap")
        self._at = (self._at + frames) % self._noise.size
        return (heard + noise).astype(np.float32)
