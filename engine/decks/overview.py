"""A track's outline, to be drawn: how far each part of it swings, and how strong it is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError
from engine.io import audiofile

MOST_BARS = 4000
_CELL = 256  # frames that are looked at together
_KEPT = 256  # outlines of some kilobytes

_cache: OrderedDict[tuple[object, ...], Overview] = OrderedDict()
_cache_lock = threading.Lock()


@dataclass(frozen=True)
class Overview:
    """The outline of a track.

    Attributes
    ----------
    peak, rms : ndarray of uint8, shape (bars,)
        0..255 for amplitudes of 0..1, of all channels together.
    duration_s : float
        Of what could be decoded.
    """

    peak: NDArray[np.uint8]
    rms: NDArray[np.uint8]
    duration_s: float


def overview(path: Path, bars: int = 400) -> Overview:
    """Return the outline of a file; what was asked for lately is remembered.

    Parameters
    ----------
    path : Path
    bars : int
        1..4000: parts of equal length.

    Raises
    ------
    AudioFileError
        If nothing of it can be decoded.
    ValueError
        If `bars` is out of range.
    """
    if not 1 <= bars <= MOST_BARS:
        raise ValueError(f"bars must be between 1 and {MOST_BARS}, got {bars}")
    try:
        status = path.stat()
        key = path, status.st_mtime_ns, status.st_size, bars
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read ({audiofile.reason(error)})") from error
    with _cache_lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    made = _decode(path, bars)
    with _cache_lock:
        _cache[key] = made
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return made


def _decode(path: Path, bars: int) -> Overview:
    peaks: list[NDArray[np.float32]] = []
    powers: list[NDArray[np.float32]] = []
    with audiofile.blocks(path) as source:
        for block in source:
            cells = max(1, len(block) // _CELL)
            frames = min(len(block), _CELL)
            rows = block[: cells * frames].reshape(cells, -1)
            peaks.append(np.maximum(rows.max(axis=1), -rows.min(axis=1)))
            powers.append(np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1]))
    if not peaks:
        raise AudioFileError(f"{path}: holds no audio that can be decoded")
    peak, power = np.concatenate(peaks), np.concatenate(powers)
    at = np.arange(bars) * len(peak) // bars
    counts = np.maximum(np.diff(np.append(at, len(peak))), 1)
    # of a track of fewer cells than bars, some bars are the same cell
    strongest = np.maximum.reduceat(peak, at)
    rms = np.sqrt(np.add.reduceat(power.astype(np.float64), at) / counts)
    return Overview(_byte(strongest), _byte(rms), source.decoded_s)


def _byte(amplitude: NDArray[np.floating]) -> NDArray[np.uint8]:
    found = np.asarray(np.rint(255.0 * np.clip(amplitude, 0.0, 1.0)), np.uint8)
    found.flags.writeable = False  # it is remembered
    return found
