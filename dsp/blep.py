"""Band-limited steps: what a naive waveform lacks after each of its jumps and corners.

A jump of a naive wave is put right by adding a residual to the samples that follow: the step
response of a minimum-phase low-pass less the jump itself. So any wave of jumps and corners, at any
pitch and pulse width, moving or not, stays free of alias at the cost of some samples per jump
(E. Brandt, "Hard sync without aliasing", ICMC 2001). The low-pass delays corners by DELAY samples;
a naive triangle must be read that much later, and a saw be lowered by its slope times DELAY.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

TAPS = 24  # samples a residual lasts
DELAY = 2.62890625  # samples; it follows from the low-pass, and a test says so
PHASES = 256  # positions of a jump between two samples; between them straight lines
_FINE = 16  # finer still, to place the low-pass's delay on one of those positions
_CUTOFF = 0.458  # of the sample rate: flat to 0.33, -95 dB from 0.583 on
_KAISER = 9.5
_SPECTRUM = 1 << 17


def _minimum_phase(impulse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the response of the same magnitude whose energy comes first (by the cepstrum)."""
    magnitude = np.maximum(np.abs(np.fft.rfft(impulse, _SPECTRUM)), 1e-9)
    cepstrum = np.fft.irfft(np.log(magnitude))
    fold = np.zeros(_SPECTRUM)
    fold[0] = fold[_SPECTRUM // 2] = 1.0
    fold[1 : _SPECTRUM // 2] = 2.0
    out = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold)))
    return np.asarray(out[: impulse.size])


@cache
def residuals() -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Return the residuals of a step of 1 and of a corner of 1 per sample, and the delay.

    Returns
    -------
    step, corner : ndarray, shape (PHASES + 1, TAPS), float32
        Row p, column t: at t + p / PHASES samples after the jump.
    delay : float
        Of a corner, in samples: DELAY.
    """
    fine = PHASES * _FINE
    n = TAPS * fine
    at = (np.arange(n) - (n - 1) / 2) / fine
    low_pass = 2 * _CUTOFF * np.sinc(2 * _CUTOFF * at) * np.kaiser(n, _KAISER)
    # the cepstrum is taken on a coarser grid, where all that matters lies far below its edge
    coarse = _minimum_phase(low_pass[::_FINE])
    impulse = np.interp(np.arange(n) / _FINE, np.arange(n // _FINE), coarse)
    step = np.cumsum(impulse)
    step /= step[-1]
    delay = float(np.sum(1.0 - step)) / fine
    late = round((np.ceil(delay * PHASES) / PHASES - delay) * fine)
    step = np.concatenate([np.zeros(late), step[: n - late]])
    delay = round(float(np.sum(1.0 - step)) / fine * PHASES) / PHASES  # less than 1 / fine away
    since = np.arange(n) / fine
    missing = step - 1.0
    so_far = np.cumsum(missing) - 0.5 * (missing + missing[0])  # trapezoids, from 0
    corner = so_far / fine + np.minimum(since, delay)
    corner -= corner[-1] * since / TAPS

    def rows(values: NDArray[np.float64]) -> NDArray[np.float32]:
        coarse = np.append(values[::_FINE], np.zeros(PHASES))
        index = np.arange(PHASES + 1)[:, None] + PHASES * np.arange(TAPS)[None, :]
        return np.asarray(coarse[index], dtype=np.float32)

    return rows(missing), rows(corner), delay
