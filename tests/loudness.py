"""Integrated loudness, after ITU-R BS.1770-4: what the levels of patches are compared by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

_RATE = 48_000  # the coefficients of the recommendation are for this rate
_SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285],
          [1.0, -1.69065929318241, 0.73248077421585])  # fmt: skip
_HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
_SILENCE, _RELATIVE = -70.0, -10.0


def integrated_loudness(audio: NDArray[np.floating], rate: int = _RATE) -> float:
    """Return the loudness of stereo sound, shape (frames, 2), in LUFS."""
    assert rate == _RATE
    weighted = lfilter(*_HIGH_PASS, lfilter(*_SHELF, audio.astype(np.float64), axis=0), axis=0)
    block, step = int(0.4 * rate), int(0.1 * rate)
    power = np.array(
        [np.square(weighted[at : at + block]).mean(axis=0).sum()
         for at in range(0, len(weighted) - block + 1, step)]
    )  # fmt: skip
    level = -0.691 + 10.0 * np.log10(np.maximum(power, 1e-12))
    loud = level > _SILENCE
    gate = -0.691 + 10.0 * np.log10(power[loud].mean()) + _RELATIVE
    return float(-0.691 + 10.0 * np.log10(power[loud & (level > gate)].mean()))
