"""The signals of `musicnn_reference.npz`: 16 kHz, mono, quantised to 16 bits.

The reference holds what the original package (musicnn 0.1.0, on TensorFlow 2.15.1 and NumPy
1.26.4) made of them, one row for each 3 s, with its batch set so large that its penultimate layer
is right for every row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Signal = NDArray[np.float64]


def _time(seconds: float) -> Signal:
    return np.arange(int(seconds * RATE)) / RATE


def chords() -> Signal:
    """Return 12.5 s of triads of saw waves (A minor, F, C, G), 1.25 s each."""
    out = []
    for root in (220.0, 174.61, 130.81, 196.0) * 2 + (220.0, 174.61):
        t = _time(1.25)
        third = 1.1892 if root == 220.0 else 1.2599
        x = np.zeros_like(t)
        for f in (root, root * third, root * 1.4983):
            for k in range(1, 13):
                if f * k < 0.45 * RATE:
                    x += np.sin(2 * np.pi * f * k * t) / k
        out.append(np.minimum(1.0, t / 0.02) * np.exp(-0.9 * t) * x)
    whole = np.concatenate(out)
    return 0.7 * whole / np.abs(whole).max()


def beat() -> Signal:
    """Return 9.5 s at 120 beats a minute: a kick, a hat, a snare of noise, a square bass."""
    rng = np.random.RandomState(7)
    x = np.zeros(int(9.5 * RATE))

    def add(at: float, sound: Signal) -> None:
        place = int(at * RATE)
        room = min(len(sound), len(x) - place)
        if room > 0:
            x[place : place + room] += sound[:room]

    for b in range(19):
        t = _time(0.25)
        kick = np.sin(2 * np.pi * (45 * t + 6.0 * (1 - np.exp(-t * 35))))
        add(b * 0.5, 0.9 * kick * np.exp(-9 * t))
        t = _time(0.06)
        add(b * 0.5 + 0.25, 0.25 * rng.standard_normal(len(t)) * np.exp(-70 * t))
        if b % 2:
            t = _time(0.18)
            add(b * 0.5, 0.4 * rng.standard_normal(len(t)) * np.exp(-22 * t))
        t = _time(0.22)
        pitch = 55 * (1, 1, 1.1892, 1.3348)[b % 4]
        add(b * 0.5 + 0.25, 0.2 * np.sign(np.sin(2 * np.pi * pitch * t)) * np.exp(-4 * t))
    return 0.85 * x / np.abs(x).max()


def loud() -> Signal:
    """Return 2 s of silence and 4.5 s of a square wave of full scale.

    Its mel power exceeds 6.55, where 10 000 times it leaves the range of half precision.
    """
    t = _time(6.5)
    return np.where(t < 2.0, 0.0, 0.99 * np.sign(np.sin(2 * np.pi * 110 * t + 1e-3)))


SIGNALS: dict[str, Callable[[], Signal]] = {"chords": chords, "beat": beat, "loud": loud}


def quantised(name: str) -> tuple[NDArray[np.float32], str]:
    """Return a signal as float32, and the SHA-256 of its 16-bit samples."""
    pcm = np.round(np.clip(SIGNALS[name](), -1, 1) * 32767).astype("<i2")
    return (pcm / 32768).astype(np.float32), hashlib.sha256(pcm.tobytes()).hexdigest()
