"""Change the sample rate: whole arrays, or a stream piece by piece with the same result."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIN_RATE = 1_000.0
_MAX_RATE = 768_000.0


def resample(audio: NDArray[np.floating], rate_in: float, rate_out: float) -> NDArray[np.float32]:
    """Return `audio` at another sample rate, band-limited to the lower of the two.

    Parameters
    ----------
    audio : ndarray, shape (frames,) or (frames, channels)
    rate_in, rate_out : float
        Hz, 1000 to 768000.

    Returns
    -------
    ndarray, float32
        Shape (round(frames * rate_out / rate_in),) or the same with the channels; no delay.

    Raises
    ------
    ValueError
        If a rate is outside its range or `audio` has more than two dimensions.

    Notes
    -----
    libsoxr's high quality: 20 bits, passband to 0.913 of the lower Nyquist frequency.

    Examples
    --------
    >>> resample(np.zeros(44_100, np.float32), 44_100, 16_000).shape
    (16000,)
    """
    _check_rate("rate_in", rate_in)
    _check_rate("rate_out", rate_out)
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    if audio.ndim not in (1, 2):
        raise ValueError(f"audio must have 1 or 2 dimensions, got {audio.ndim}")
    if rate_in == rate_out or audio.shape[0] == 0:
        return audio
    import soxr  # loads a shared library: only those pay who resample

    out: NDArray[np.float32] = soxr.resample(audio, rate_in, rate_out, quality="HQ")
    return out


class StreamResampler:
    """Resample a mono stream in pieces of any length; concatenated, they equal the whole.

    Parameters
    ----------
    rate_in, rate_out : float
        Hz, 1000 to 768000.
    """

    def __init__(self, rate_in: float, rate_out: float) -> None:
        _check_rate("rate_in", rate_in)
        _check_rate("rate_out", rate_out)
        self.rate_in = rate_in
        self.rate_out = rate_out

    @cached_property
    def _soxr(self) -> Any:
        import soxr

        return soxr.ResampleStream(self.rate_in, self.rate_out, 1, dtype="float32", quality="HQ")

    def feed(self, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Return what can be said after `samples` (n,); the filter holds some milliseconds back.

        With `last`, the rest comes out and the stream is at its end.
        """
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ValueError(f"samples must have 1 dimension, got {samples.ndim}")
        if self.rate_in == self.rate_out:
            return samples
        out: NDArray[np.float32] = self._soxr.resample_chunk(samples, last=last)
        return out

    def reset(self) -> None:
        """Forget all that was fed."""
        self.__dict__.pop("_soxr", None)


def _check_rate(name: str, rate: float) -> None:
    if not _MIN_RATE <= rate <= _MAX_RATE:
        raise ValueError(f"{name} must be {_MIN_RATE:g} to {_MAX_RATE:g} Hz, got {rate!r}")
