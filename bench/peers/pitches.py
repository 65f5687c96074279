"""The notes that every engine of the comparison plays, so that each voice has its own pitch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

CHANNELS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)  # the tenth would play drums
LOWEST_NOTE = 48
BEND_RANGE = 2.0  # semitones
_APART = 0.061  # semitones between channels: no voice falls on a harmonic of another
_NEAR = 2.0 ** (1.5 / 1200)  # FluidSynth rounds pitches to a cent
_HIGHEST_HZ = 600.0  # fundamentals below it pass the filter of the patch unchanged


def place(voice: int) -> tuple[int, int]:
    """Return the channel and the key of a voice."""
    key, channel = divmod(voice, len(CHANNELS))
    return CHANNELS[channel], LOWEST_NOTE + key


def bend(channel: int) -> float:
    """Return how far a channel is bent, as a part of `BEND_RANGE`."""
    return channel * _APART / BEND_RANGE


def bend_word(channel: int) -> int:
    """Return the 14-bit pitch bend of a channel."""
    return min(16383, round(8192 + 8192 * bend(channel)))


def hz(voice: int) -> float:
    """Return the frequency of a voice."""
    channel, key = place(voice)
    offset = (bend_word(channel) - 8192) / 8192 * BEND_RANGE
    return float(440.0 * 2.0 ** ((key + offset - 69) / 12))


def sounding(audio: ArrayLike, voices: int, sample_rate: int) -> int:
    """Count the voices whose fundamental is in a recording, within 10 dB of what is usual there.

    Parameters
    ----------
    audio : array_like, shape (n,)
        All voices held; 8 s or more tell 256 of them apart.
    voices : int
        How many ought to sound; those above 600 Hz are taken to do as the others do.
    """
    x = np.asarray(audio, np.float64)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(x.size)))
    asked = [hz(voice) for voice in range(voices) if hz(voice) < _HIGHEST_HZ]
    lines = np.array(
        [
            spectrum[int(low) : int(high) + 2].max()
            for low, high in np.outer(asked, [1 / _NEAR, _NEAR]) * x.size / sample_rate
        ]
    )
    heard = int((lines > np.median(lines) * 10.0 ** (-10 / 20)).sum())
    silent = not np.isfinite(lines).all() or lines.max() <= 0.0
    return 0 if silent else math.floor(heard / len(asked) * voices)
