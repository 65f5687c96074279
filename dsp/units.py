"""Convert between the units of music and those of signals."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


def midi_to_hz(note: ArrayLike, tuning_hz: float = 440.0) -> NDArray[np.float64]:
    """Return the frequency of a MIDI note number in twelve-tone equal temperament.

    Parameters
    ----------
    note : array_like
        Note numbers, fractions allowed; 69 is the A above middle C.
    tuning_hz : float
        Frequency of note 69.

    Examples
    --------
    >>> float(midi_to_hz(69))
    440.0
    """
    return tuning_hz * np.exp2((np.asarray(note, dtype=np.float64) - 69.0) / 12.0)


def hz_to_midi(frequency: ArrayLike, tuning_hz: float = 440.0) -> NDArray[np.float64]:
    """Return the (fractional) MIDI note number of a frequency in Hz.

    Examples
    --------
    >>> float(hz_to_midi(880.0))
    81.0
    """
    return 69.0 + 12.0 * np.log2(np.asarray(frequency, dtype=np.float64) / tuning_hz)


@overload
def db_to_amp(db: float) -> float: ...
@overload
def db_to_amp(db: NDArray[np.floating]) -> NDArray[np.float64]: ...
def db_to_amp(db: float | NDArray[np.floating]) -> float | NDArray[np.float64]:
    """Return the amplitude ratio of a level difference in decibels.

    Examples
    --------
    >>> round(db_to_amp(-20.0), 3)
    0.1
    """
    if isinstance(db, np.ndarray):
        return np.power(10.0, db.astype(np.float64) / 20.0)
    return float(10.0 ** (db / 20.0))


def amp_to_db(amplitude: ArrayLike, floor_db: float = -200.0) -> NDArray[np.float64]:
    """Return the level of an amplitude in decibels, never below `floor_db`.

    Examples
    --------
    >>> float(amp_to_db(0.0))
    -200.0
    """
    magnitude = np.abs(np.asarray(amplitude, dtype=np.float64))
    return np.asarray(20.0 * np.log10(np.maximum(magnitude, 10.0 ** (floor_db / 20.0))))


def cents_to_ratio(cents: ArrayLike) -> NDArray[np.float64]:
    """Return the frequency ratio of an interval in cents.

    Examples
    --------
    >>> float(cents_to_ratio(1200.0))
    2.0
    """
    return np.exp2(np.asarray(cents, dtype=np.float64) / 1200.0)


def seconds_to_frames(seconds: float, sample_rate: float) -> int:
    """Return the nearest whole number of frames to a duration in seconds.

    Examples
    --------
    >>> seconds_to_frames(0.5, 48_000)
    24000
    """
    return round(seconds * sample_rate)
