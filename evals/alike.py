"""Whether two places of a recording sound alike: then nobody can tell which of them was played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.corpus import cut
from evals.degrade import RATE

SAME = 0.98  # correlation: what differs lies 14 dB below the music
REACH_S = 0.06  # to either side


def likeness(path: Path, here_s: float, there_s: float, seconds: float) -> float:
    """Return the greatest correlation, 0..1, of two places of a file, the second moved a little.

    Places before the start of the file are silent, and like nothing.
    """
    here = _piece(path, here_s, seconds)
    there = _piece(path, there_s - REACH_S, seconds + 2 * REACH_S)
    size = 1 << (len(here) + len(there)).bit_length()
    spectrum = np.fft.rfft(there, size) * np.conj(np.fft.rfft(here, size))
    shifts = len(there) - len(here) + 1
    product = np.fft.irfft(spectrum, size)[:shifts]
    energy = np.concatenate([[0.0], np.cumsum(np.square(there))])
    norm = np.sqrt(np.maximum(0.0, energy[len(here) :] - energy[:shifts]) * np.sum(here**2))
    return float(np.max(product / np.maximum(norm, 1e-9)))


def _piece(path: Path, start_s: float, seconds: float) -> NDArray[np.float64]:
    silent = round(min(seconds, max(0.0, -start_s)) * RATE)
    rest = round(seconds * RATE) - silent
    sound = cut(path, max(0.0, start_s), rest / RATE) if rest else np.empty(0)
    return np.concatenate([np.zeros(silent), sound]).astype(np.float64)
