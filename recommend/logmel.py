"""The picture of sound that MusiCNN looks at: 96 mel bands, 62.5 times a second, compressed."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

Floats = NDArray[np.float32]

SAMPLE_RATE = 16_000
N_FFT = 512
HOP = 256
BANDS = 96
_LARGEST = float(np.finfo(np.float16).max)


def log_mel(mono: Floats, bands: int = BANDS) -> Floats:
    """Return the compressed mel power of a sound.

    Parameters
    ----------
    mono : ndarray of float32, shape (n,)
        At `SAMPLE_RATE`; full scale is 1.
    bands : int
        How many, from 0 Hz to half the sample rate.

    Returns
    -------
    ndarray of float32, shape (1 + n // HOP, bands)
        log10(1 + 10 000 power) of frames around every HOP-th sample, silence beyond the ends.

    Notes
    -----
    The network was trained on power that was rounded to half precision, so that is done here too;
    the product must not be taken in half precision, where it would overflow above 6.55.
    """
    padded = np.pad(mono, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    # in double precision: the rounding that follows would turn small errors into larger ones
    spectrum = fft.rfft((frames * _hann()).astype(np.float64), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    mel = np.minimum(power @ _filters(bands), _LARGEST).astype(np.float16).astype(np.float32)
    compressed: Floats = np.log10(np.float32(10_000) * mel + np.float32(1))
    return compressed


@cache
def _hann() -> Floats:
    window: Floats = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    return window


@cache
def _filters(bands: int) -> sparse.csc_array:
    """Return triangles of equal area between points even in Slaney's mel, shape (bins, bands).

    Linear below 1 kHz (15 mel), 27 steps to a factor of 6.4 above (Auditory Toolbox, 1998).
    """
    top = 15 + 27 * np.log(SAMPLE_RATE / 2 / 1000) / np.log(6.4)
    mel = np.linspace(0, top, bands + 2)
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
    hz = np.arange(N_FFT // 2 + 1)[:, None] * (SAMPLE_RATE / N_FFT)
    rise = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(np.minimum(rise, fall), 0.0) * (2 / (edges[2:] - edges[:-2]))
    return sparse.csc_array(triangles.astype(np.float32))
