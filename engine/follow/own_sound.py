"""What is ours in what the microphone hears, and what is left without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIZE = 1024  # samples of a frame: 46 ms
_HOP = _SIZE // 2
_BEFORE, _TAPS = 1, 12  # frames: the way is longer than was thought by 0.25 s, or shorter by 23 ms
_LEAST = 1e-3  # of the power, added to all: where little was played, little is taken away

Floats = NDArray[np.float32]
Complex = NDArray[np.complex64]


def without(heard: Floats, played: Floats) -> tuple[Floats, float]:
    """Return what was heard without what was played, and the share of the power that was ours.

    Parameters
    ----------
    heard, played : ndarrays of float32, shape (n,)
        At the same rate and moments, about 22 kHz; `played` is moved by the way to the ear, as far
        as it is known.

    Notes
    -----
    For each frequency, a few complex taps by least squares: the room and the loudspeaker, whatever
    they are. Music in time with what we play is not taken away: its waves are its own. After R.
    Talmon, I. Cohen, S. Gannot, "Relative Transfer Function Identification Using Convolutive
    Transfer Function Approximation" (2009).
    """
    window = np.sqrt(np.hanning(_SIZE + 1)[:-1]).astype(np.float32)
    ours, all_ = _spectra(played, window), _spectra(heard, window)
    rest = all_ - _explained(ours, all_)
    power = float(np.square(np.abs(all_)).sum())
    share = 1.0 - float(np.square(np.abs(rest)).sum()) / power if power > 0.0 else 0.0
    out = np.zeros((len(rest) + 1) * _HOP, np.float32)
    for number, frame in enumerate(np.fft.irfft(rest, _SIZE, axis=1).astype(np.float32)):
        out[number * _HOP : number * _HOP + _SIZE] += frame * window
    return out[_HOP : _HOP + len(heard)], share


def _spectra(sound: Floats, window: Floats) -> Complex:
    """Return the spectra of all frames, shape (frames, _SIZE / 2 + 1), half a frame outside too."""
    padded = np.pad(sound, (_HOP, _SIZE + _HOP - len(sound) % _HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    return np.fft.rfft(frames * window, axis=1).astype(np.complex64)


def _explained(ours: Complex, heard: Complex) -> Complex:
    """Return what of `heard` the latest frames of `ours` explain, all of shape (frames, bins)."""
    frames, bins = ours.shape
    padded = np.pad(ours, ((_TAPS, _TAPS), (0, 0)))
    # sums by elements, not by matrices: those would be given to threads, which wait by spinning
    alike = [_sum(ours.conj() * padded[_TAPS + d : _TAPS + d + frames]) for d in range(_TAPS)]
    late = [padded[k : k + frames] for k in range(_TAPS + _BEFORE, _BEFORE, -1)]
    square = np.empty((bins, _TAPS, _TAPS), np.complex128)
    for row in range(_TAPS):
        for column in range(_TAPS):
            sums = alike[abs(row - column)]
            square[:, row, column] = sums if row >= column else sums.conj()
    power = alike[0].real
    square += (_LEAST * (power + power.mean() + 1e-12))[:, None, None] * np.eye(_TAPS)
    wanted = np.stack([_sum(one.conj() * heard) for one in late], axis=1)
    taps = np.linalg.solve(square, wanted[:, :, None])[:, :, 0].astype(np.complex64)
    found = np.zeros_like(heard)
    for one, tap in zip(late, taps.T, strict=True):
        found += one * tap
    return found


def _sum(products: Complex) -> NDArray[np.complex128]:
    return np.asarray(products.sum(axis=0, dtype=np.complex128))
