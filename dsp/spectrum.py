"""Short-time spectra: the same frames from a whole array and from a stream in pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._spectrum_kernels import log_power_into

_FRAMES_AT_ONCE = 512  # keeps the transform's working set inside the cache
FLOOR = 1e-12  # power of a bin that counts as silence; a full-scale sine has 0.25


def hann(n: int) -> NDArray[np.float32]:
    """Return the periodic Hann window of `n` samples, scaled so that its sum is 1."""
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n}")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    return np.asarray(window / window.sum(), np.float32)


def frame_count(samples: int, n_fft: int, hop: int) -> int:
    """Return how many whole frames fit: frame k covers samples k * hop to k * hop + n_fft."""
    return 0 if samples < n_fft else 1 + (samples - n_fft) // hop


def log_power(
    audio: NDArray[np.float32],
    n_fft: int,
    hop: int,
    first_bin: int = 0,
    last_bin: int | None = None,
) -> NDArray[np.float32]:
    """Return the logarithmic power spectrum of every whole frame.

    Parameters
    ----------
    audio : ndarray, shape (samples,)
        Finite; full scale is 1.
    n_fft, hop : int
        Samples in a frame and between frames.
    first_bin, last_bin : int
        The bins wanted, `last_bin` excluded; bin b lies at b * sample_rate / n_fft.

    Returns
    -------
    ndarray, float32, shape (frames, bins)
        log2 of power, never below log2(FLOOR); one unit is 3.01 dB, a full-scale sine reaches -2.

    Raises
    ------
    ValueError
        If `audio` is not one-dimensional, or `hop` or the bins make no sense.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    >>> int(log_power(tone, 1024, 320)[0].argmax())
    64
    """
    last_bin = n_fft // 2 + 1 if last_bin is None else last_bin
    if audio.ndim != 1:
        raise ValueError(f"audio must have 1 dimension, got {audio.ndim}")
    if hop < 1:
        raise ValueError(f"hop must be at least 1, got {hop}")
    if not 0 <= first_bin < last_bin <= n_fft // 2 + 1:
        raise ValueError(f"bins must be within 0..{n_fft // 2 + 1}, got {first_bin}..{last_bin}")
    from scipy.fft import rfft

    window = hann(n_fft)
    frames = frame_count(len(audio), n_fft, hop)
    out = np.empty((frames, last_bin - first_bin), np.float32)
    if frames == 0:
        return out
    views = np.lib.stride_tricks.sliding_window_view(audio.astype(np.float32, copy=False), n_fft)
    views = views[::hop]
    for start in range(0, frames, _FRAMES_AT_ONCE):
        stop = min(frames, start + _FRAMES_AT_ONCE)
        spectrum = rfft(views[start:stop] * window, axis=1)
        log_power_into(spectrum.view(np.float32), first_bin, FLOOR, out[start:stop])
    return out


class StreamSpectrum:
    """`log_power` of a stream in pieces of any length: the same frames, as soon as they are whole.

    Parameters
    ----------
    n_fft, hop, first_bin, last_bin : int
        As in `log_power`.
    """

    def __init__(
        self, n_fft: int, hop: int, first_bin: int = 0, last_bin: int | None = None
    ) -> None:
        self.n_fft = n_fft
        self.hop = hop
        self.first_bin = first_bin
        self.last_bin = last_bin
        self.reset()

    def reset(self) -> None:
        """Forget all that was fed."""
        self._rest = np.empty(0, np.float32)

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the frames, shape (n, bins), that `samples` (m,) complete; n may be 0."""
        held = np.concatenate([self._rest, samples.astype(np.float32, copy=False)])
        frames = log_power(held, self.n_fft, self.hop, self.first_bin, self.last_bin)
        self._rest = held[len(frames) * self.hop :]
        return frames
