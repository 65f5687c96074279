"""Loudness and true peak of a stream, by ITU-R BS.1770-4."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.analysis._kernels import true_peak, weigh

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

QUIETEST_LUFS = -70.0  # the absolute gate
_STEP_S = 0.1  # gating blocks are four steps long
_OFFSET = -0.691
_RELATIVE_LU = -10.0
_SURROUND = (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)  # left, right, centre, LFE, surround

_OVER = 4
_TAPS = 16  # a phase


def k_weighting(sample_rate: float) -> Doubles:
    """Return the two filters of the K-weighting, shape (2, 5): b0, b1, b2, a1, a2 each.

    Notes
    -----
    The standard gives coefficients for 48 kHz; the analogue filters behind them are from
    B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018.
    """
    out = np.empty((2, 5))
    gain, quality, corner = 3.99984385397, 0.7071752369554193, 1681.9744509555319
    corner = min(corner, 0.45 * sample_rate)  # above it, there is nothing to lift
    k = math.tan(math.pi * corner / sample_rate)
    high = 10.0 ** (gain / 20.0)
    band = high**0.499666774155
    a0 = 1.0 + k / quality + k * k
    out[0] = (
        (high + band * k / quality + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / quality + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / quality + k * k) / a0,
    )
    quality, corner = 0.5003270373253953, 38.13547087613982
    k = math.tan(math.pi * corner / sample_rate)
    a0 = 1.0 + k / quality + k * k
    out[1] = 1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0
    return out


def interpolator() -> Floats:
    """Return the filters for the three moments between two samples, shape (3, taps)."""
    n = np.arange(_TAPS) - (_TAPS // 2 - 1)
    rows = []
    for part in range(1, _OVER):
        at = n - part / _OVER
        taps = np.sinc(at) * np.i0(7.0 * np.sqrt(np.maximum(0.0, 1 - (at / (_TAPS / 2)) ** 2)))
        rows.append(taps / taps.sum())
    return np.asarray(rows, dtype=np.float32)


class LoudnessMeter:
    """Measures a stream block by block.

    Parameters
    ----------
    sample_rate : float
        Frames per second, at least 1000.
    channels : int
    """

    def __init__(self, sample_rate: float, channels: int) -> None:
        weights = _SURROUND if channels > 2 else (1.0, 1.0)
        self._weight = np.array([*weights, *[0.0] * channels][:channels])
        self._filters = k_weighting(sample_rate)
        self._state = np.zeros((channels, 4))
        self._taps = interpolator()
        self._gain = float(np.abs(self._taps).sum(axis=1).max())
        self._tail = np.zeros((_TAPS, channels), dtype=np.float32)
        self._peak = np.zeros(1, dtype=np.float32)
        self._step = max(1, round(_STEP_S * sample_rate))
        self._open = np.zeros(2)  # energy and frames of the step that is not over
        self._steps: list[Doubles] = []

    def feed(self, block: Floats) -> None:
        """Take the next frames, shape (n, channels), float32."""
        block = np.ascontiguousarray(block)
        steps = np.zeros(len(block) // self._step + 2)
        count = weigh(
            block, self._filters, self._state, self._weight, self._step, self._open, steps
        )
        self._steps.append(steps[:count])
        joined = np.concatenate([self._tail, block])
        true_peak(joined, self._taps, self._gain, self._peak)
        self._tail = joined[-_TAPS:].copy()

    def steps(self) -> Doubles:
        """Return the mean K-weighted power of every tenth of a second, shape (n,)."""
        return np.concatenate([np.zeros(0), *self._steps])

    def integrated(self) -> float | None:
        """Return the integrated loudness in LUFS; None below the gate or before 0.4 s."""
        steps = self.steps()
        if len(steps) < 4:
            return None
        total = np.concatenate([[0.0], np.cumsum(steps)])
        power = (total[4:] - total[:-4]) / 4
        power = power[power > 10 ** ((QUIETEST_LUFS - _OFFSET) / 10)]
        if not len(power):
            return None
        power = power[power > power.mean() * 10 ** (_RELATIVE_LU / 10)]
        return float(_OFFSET + 10 * np.log10(power.mean()))

    def seconds(self) -> Doubles:
        """Return the loudness of every second in LUFS, never below `QUIETEST_LUFS`."""
        steps = self.steps()
        rows = np.pad(steps, (0, -len(steps) % 10)).reshape(-1, 10)
        counts = np.full(len(rows), 10.0)
        if len(steps) % 10:
            counts[-1] = len(steps) % 10
        power = rows.sum(axis=1) / counts
        levels: Doubles = np.maximum(_OFFSET + 10 * np.log10(power + 1e-20), QUIETEST_LUFS)
        return levels

    def true_peak_db(self) -> float | None:
        """Return the highest level between the samples, dB of full scale; None in silence."""
        silence = np.zeros_like(self._tail)
        true_peak(np.concatenate([self._tail, silence]), self._taps, self._gain, self._peak)
        peak = float(self._peak[0])
        return 20.0 * math.log10(peak) if peak > 0 else None
