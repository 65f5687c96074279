"""Music whose beat, key and tuning are known, made of decaying tones and noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RATE = 22_050

_SCALE = (0, 2, 4, 5, 7, 9, 11)


def sounded(
    beats_s: NDArray[np.float64], meter: int = 4, cents: float = 0.0, tonic: int = 0
) -> NDArray[np.float32]:
    """Return a band in a major key: kick and snare, hats on the eighths, bass, chords."""
    rng = np.random.default_rng(5)
    out = np.zeros(int((beats_s[-1] + 1.5) * RATE))
    roots = (0, 5, 3, 4)
    for number, (start, stop) in enumerate(pairwise(beats_s.tolist())):
        place, root = number % meter, roots[number // meter % 4]
        if place == 0 or (meter == 4 and place == 2):
            _add(out, start, 0.8 * _decay(0.12) * np.sin(2 * np.pi * 55 * _time(0.12)))
        else:
            _add(out, start, 0.3 * _decay(0.08) * rng.standard_normal(_samples(0.08)))
        for part in (start, (start + stop) / 2):
            _add(out, part, 0.08 * _decay(0.02) * rng.standard_normal(_samples(0.02)))
        if place == 0:
            length = float(min(beats_s[min(number + meter, len(beats_s) - 1)] - start, 3.0))
            for step, level in ((0, 0.3), (0, 0.12), (2, 0.12), (4, 0.12)):
                octave = 36 if level == 0.3 else 60
                degree = root + step
                note = octave + tonic + _SCALE[degree % 7] + 12 * (degree // 7)
                _add(out, start, level * _tone(note + cents / 100, max(length, 0.1)))
    return (0.5 * out).astype(np.float32)


def steady(bpm: float, seconds: float, start_s: float = 0.4) -> NDArray[np.float64]:
    """Return beats of constant tempo."""
    return start_s + np.arange(int(seconds * bpm / 60)) * 60 / bpm


def _samples(seconds: float) -> int:
    return round(seconds * RATE)


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(_samples(seconds)) / RATE


def _decay(seconds: float) -> NDArray[np.float64]:
    return np.exp(-5 * np.arange(_samples(seconds)) / _samples(seconds))


def _tone(note: float, seconds: float) -> NDArray[np.float64]:
    hz = 440 * 2 ** ((note - 69) / 12)
    time = _time(seconds)
    wave = sum(np.sin(2 * np.pi * hz * k * time) / k**1.5 for k in range(1, 6))
    return np.asarray(wave * np.minimum(1.0, time / 0.003) * np.exp(-2 * time))


def _add(out: NDArray[np.float64], start_s: float, sound: NDArray[np.float64]) -> None:
    at = round(start_s * RATE)
    out[at : at + len(sound)] += sound[: len(out) - at]
