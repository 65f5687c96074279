"""An embedding without a network: timbre, harmony and contrast of a few windows of a track."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from recommend import windows

Floats = NDArray[np.float32]

SAMPLE_RATE = 22_050
WINDOW_S = 5.0
WINDOWS = 12
N_FFT = 2048
HOP = 1024
MEL_BANDS = 64
COEFFICIENTS = 20
CHROMA = 12
OCTAVES = 7
_LOWEST_HZ = 60.0
_FLOOR = 1e-6  # of the track's mean power a band: deeper is not heard beside the music


class HandmadeEmbedding:
    """Mean, spread and change of MFCC, chroma and spectral contrast over 5-second windows.

    The track is scaled to one loudness first, so a softer copy has the same embedding. Windows
    lie evenly over the track, so a track costs the same whatever its length, and the result does
    not depend on chance.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> HandmadeEmbedding()(tone, 22_050).shape
    (98,)
    """

    name = "handmade"
    version = 1
    dimensions = 3 * COEFFICIENTS - 1 + 2 * CHROMA + 2 * OCTAVES + 1

    def __call__(self, audio: NDArray[Any], sample_rate: int) -> Floats:
        """Embed a track.

        Parameters
        ----------
        audio : ndarray of float, shape (frames,) or (frames, channels)
            Finite; at least one frame.
        sample_rate : int
            Frames per second, at least 1000.

        Returns
        -------
        ndarray of float32, shape (dimensions,)

        Raises
        ------
        TypeError, ValueError
            If the audio is not floating point, is empty, or holds NaN or infinity.
        """
        power = np.concatenate([_power(w) for w in _windows(audio, sample_rate)])  # (time, bins)
        mean_power = float(power.mean(dtype=np.float64))
        power /= np.float32(mean_power if mean_power > 0 else 1.0)
        mel = np.log(power @ _mel_filters() + np.float32(_FLOOR))  # (time, bands)
        cepstrum = fft.dct(mel, norm="ortho", axis=1)[:, :COEFFICIENTS]
        chroma = power @ _chroma_filters() + np.float32(_FLOOR)
        chroma /= chroma.sum(axis=1, keepdims=True)
        contrast = _contrast(power)
        change = np.abs(np.diff(cepstrum, axis=0)) if len(cepstrum) > 1 else np.zeros_like(cepstrum)
        parts = [
            cepstrum.mean(axis=0)[1:],  # the first is the level
            cepstrum.std(axis=0),
            change.mean(axis=0),
            np.sqrt(chroma.mean(axis=0)),
            chroma.std(axis=0),
            contrast.mean(axis=0),
            contrast.std(axis=0),
            [_flatness(power)],
        ]
        return np.concatenate(parts).astype(np.float32)


def _windows(audio: NDArray[Any], sample_rate: int) -> list[Floats]:
    """Return the track's windows, mono, at the analysis rate, long enough for a spectrum."""
    return [
        np.pad(mono, (0, max(0, N_FFT - len(mono))))
        for mono in windows.spread(audio, sample_rate, SAMPLE_RATE, WINDOW_S, WINDOWS)
    ]


def _power(mono: Floats) -> Floats:
    """Return the power spectra of overlapping Hann-windowed frames, shape (time, bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(mono, N_FFT)[::HOP]
    spectrum = fft.rfft(frames * _hann(), axis=1)
    power: Floats = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return power


@cache
def _hann() -> Floats:
    hann: Floats = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    return hann


def _bin_hz() -> NDArray[np.float64]:
    return np.arange(N_FFT // 2 + 1, dtype=np.float64) * (SAMPLE_RATE / N_FFT)


@cache
def _mel_filters() -> sparse.csc_array:
    """Return triangles of equal area, evenly spaced in mel (2595 log10(1 + f / 700))."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, MEL_BANDS + 2) / 2595) - 1)
    hz = _bin_hz()[:, None]
    rise = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(np.minimum(rise, fall), 0.0)
    return sparse.csc_array((triangles / triangles.sum(axis=0)).astype(np.float32))


@cache
def _chroma_filters() -> Floats:
    """Return how much each bin speaks for each pitch class, A first, shape (bins, 12)."""
    hz = np.maximum(_bin_hz(), 1.0)
    semitones = 12 * np.log2(hz / 440.0)
    distance = (semitones[:, None] - np.arange(CHROMA) + 6) % 12 - 6
    weight = np.exp(-0.5 * (distance / 0.5) ** 2)
    # melody and harmony live here; below, a bin is wider than a semitone
    octave = np.exp(-0.5 * ((np.log2(hz / 440.0)) / 1.5) ** 2) * (hz > 100)
    filters: Floats = (weight * octave[:, None]).astype(np.float32)
    return filters


def _contrast(power: Floats) -> Floats:
    """Return log peak over valley in octave bands, shape (time, OCTAVES)."""
    edges = _LOWEST_HZ * 2.0 ** np.arange(OCTAVES + 1)
    columns = []
    for low, high in pairwise(edges):
        first = int(np.searchsorted(_bin_hz(), low))
        last = max(int(np.searchsorted(_bin_hz(), high)), first + 4)
        band = np.sort(power[:, first:last], axis=1)
        share = max(1, band.shape[1] // 10)
        peak = band[:, -share:].mean(axis=1) + np.float32(_FLOOR)
        valley = band[:, :share].mean(axis=1) + np.float32(_FLOOR)
        columns.append(np.log(peak / valley))
    return np.stack(columns, axis=1)


def _flatness(power: Floats) -> float:
    """Return the mean log ratio of geometric to arithmetic mean: 0 for white noise, below else."""
    floored = power + np.float32(_FLOOR)
    return float((np.log(floored).mean(axis=1) - np.log(floored.mean(axis=1))).mean())
