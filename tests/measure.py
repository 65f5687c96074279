"""What the tests measure of a sound: spectra, alias, pitch, clicks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BETA = 24.0  # Kaiser window: side lobes below -180 dB
_LOBE = 9  # bins to either side of a line


def db(ratio: ArrayLike) -> float:
    """Return an amplitude ratio in decibels."""
    return float(20.0 * np.log10(np.maximum(np.asarray(ratio, np.float64), 1e-30)))


def error_db(audio: ArrayLike, reference: ArrayLike) -> float:
    """Return the energy of a difference against that of the reference, in decibels."""
    want = np.asarray(reference, np.float64)
    wrong = np.asarray(audio, np.float64) - want
    return db(np.sqrt((wrong**2).sum() / (want**2).sum()))


@dataclass(frozen=True)
class Lines:
    """The harmonics of a tone and what else there is."""

    level: Floats  # amplitude of harmonic 1, 2, ...
    alias_db: float  # all that is no harmonic, against all harmonics, below 20 kHz


def lines(audio: ArrayLike, f0: float, sample_rate: float) -> Lines:
    """Take a steady tone apart into the multiples of `f0` below 20 kHz and the rest."""
    x = np.asarray(audio, np.float64)
    window = np.kaiser(x.size, _BETA)
    power = np.abs(np.fft.rfft(x * window) / window.sum() * 2.0) ** 2
    bin_hz = sample_rate / x.size
    below = int(20_000 / bin_hz)
    is_line = np.zeros(power.size, bool)
    is_line[:_LOBE] = True  # DC is not counted
    levels = []
    enbw = x.size * (window**2).sum() / window.sum() ** 2
    for h in range(1, int(20_000 / f0) + 1):
        at = round(h * f0 / bin_hz)
        near = slice(at - _LOBE, at + _LOBE + 1)
        levels.append(np.sqrt(power[near].sum() / enbw))
        is_line[near] = True
    tone = power[:below][is_line[:below]].sum()
    rest = power[:below][~is_line[:below]].sum()
    return Lines(np.array(levels), 10.0 * float(np.log10(max(rest, 1e-60) / tone)))


def frequency(audio: ArrayLike, near_hz: float, sample_rate: float) -> float:
    """Return the frequency of the line near `near_hz`: its phase late against its phase early."""
    x = np.asarray(audio, np.float64)
    n = x.size // 5
    window = np.kaiser(n, _BETA)
    turn = np.exp(-2j * np.pi * near_hz / sample_rate * np.arange(x.size))
    early = (x[:n] * turn[:n] * window).sum()
    late_at = x.size - n
    # the carrier is taken off exactly, so the phase difference is the detuning alone
    late = (x[late_at:] * turn[late_at:] * window).sum()
    return near_hz + float(np.angle(late / early)) * sample_rate / (2 * np.pi * late_at)


def cents(measured: float, wanted: float) -> float:
    """Return how far a frequency is off, in cents."""
    return float(1200.0 * np.log2(measured / wanted))


def above_5khz_db(audio: ArrayLike, at: int, note: ArrayLike, sample_rate: float) -> float:
    """Return the energy above 5 kHz in the 20 ms around frame `at`, against that of the note."""
    half = round(0.01 * sample_rate)
    piece = np.asarray(audio, np.float64)[at - half : at + half] * np.hanning(2 * half)
    whole = np.asarray(note, np.float64)[: 2 * half] * np.hanning(2 * half)
    freq = np.fft.rfftfreq(2 * half, 1.0 / sample_rate)
    high = (np.abs(np.fft.rfft(piece)) ** 2)[freq > 5000].sum()
    total = (np.abs(np.fft.rfft(whole)) ** 2).sum()
    return 10.0 * float(np.log10(max(high, 1e-60) / total))
