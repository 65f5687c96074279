"""Parts of a track that stand for the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def check(audio: NDArray[Any], sample_rate: int) -> None:
    """Refuse what is no sound.

    Raises
    ------
    TypeError, ValueError
        If the audio is not floating point, has another shape than (frames,) or
        (frames, channels), or is empty; if the sample rate is below 1000 Hz.
    """
    if not isinstance(audio, np.ndarray) or audio.dtype.kind != "f":
        raise TypeError("audio must be a floating point ndarray")
    if audio.ndim not in (1, 2) or audio.size == 0:
        raise ValueError(
            f"audio must have shape (frames,) or (frames, channels), got {audio.shape}"
        )
    if sample_rate < 1000:
        raise ValueError(f"sample_rate must be at least 1000 Hz, got {sample_rate}")


def spread(
    audio: NDArray[Any], sample_rate: int, rate: int, window_s: float, count: int
) -> Iterator[Floats]:
    """Yield windows that lie evenly over a sound, mono, at another rate.

    Parameters
    ----------
    audio : ndarray of float, shape (frames,) or (frames, channels)
    sample_rate : int
        Of the audio.
    rate : int
        Of the windows.
    window_s : float
        Length of one; a shorter sound is one window of its own length.
    count : int
        Most windows; fewer where they would overlap.

    Raises
    ------
    TypeError, ValueError
        As of `check`, and if a value is NaN or infinite.
    """
    import soxr

    check(audio, sample_rate)
    length = round(window_s * sample_rate)
    count = min(count, max(1, len(audio) // length))
    starts = np.linspace(0, max(len(audio) - length, 0), count + 2)[1:-1] if count > 1 else [0]
    for start in starts:
        part = audio[int(start) : int(start) + length]
        mono = (part if part.ndim == 1 else part.mean(axis=1)).astype(np.float32)
        if not np.isfinite(mono).all():
            raise ValueError("audio must be finite, got NaN or infinity")
        if sample_rate != rate:
            mono = soxr.resample(mono, sample_rate, rate, quality="HQ")
        yield mono
