"""State-variable filter, trapezoidal integration (TPT): bounded under any modulation.

After V. Zavalishin, "The Art of VA Filter Design", and A. Simper, "Solving the continuous SVF
equations using trapezoidal integration and equivalent currents" (Cytomic).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp._jit import kernel

MODES = ("low", "band", "high", "notch")


def svf_mix(mode: str, k: float) -> tuple[float, float, float]:
    """Return the weights of input, band and low outputs that make up `mode` (k = 1 / Q).

    Examples
    --------
    >>> svf_mix("low", 0.5)
    (0.0, 0.0, 1.0)
    """
    weights = {
        "low": (0.0, 0.0, 1.0),
        "band": (0.0, k, 0.0),  # 0 dB at the cutoff
        "high": (1.0, -k, -1.0),
        "notch": (1.0, -k, 0.0),
    }
    if mode not in weights:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    return weights[mode]


@kernel
def _svf_run(x, g, k, m0, m1, m2, out):  # type: ignore[no-untyped-def]
    # x, g, out (n,) float64
    ic1 = 0.0
    ic2 = 0.0
    for i in range(x.size):
        a1 = 1.0 / (1.0 + g[i] * (g[i] + k))
        v3 = x[i] - ic2
        v1 = a1 * (ic1 + g[i] * v3)
        v2 = ic2 + g[i] * v1
        ic1 = 2.0 * v1 - ic1
        ic2 = 2.0 * v2 - ic2
        out[i] = m0 * x[i] + m1 * v1 + m2 * v2


def svf_coefficients(cutoff: ArrayLike, sample_rate: float) -> NDArray[np.float64]:
    """Return g = tan(pi cutoff / sample_rate) of the trapezoidal integrators.

    Parameters
    ----------
    cutoff : array_like
        Hz, inside (0, sample_rate / 2).
    sample_rate : float
        Frames per second.

    Raises
    ------
    ValueError
        If a cutoff is outside its range; names the first one.
    """
    cutoffs = np.asarray(cutoff, dtype=np.float64)
    wrong = ~((cutoffs > 0) & (cutoffs < sample_rate / 2))
    if wrong.any():
        first = cutoffs[wrong].flat[0]
        raise ValueError(f"cutoff must be inside (0, {sample_rate / 2}) Hz, got {first}")
    return np.tan(np.pi * cutoffs / sample_rate)


def svf(
    x: ArrayLike,
    cutoff: ArrayLike,
    resonance: float = 0.7071,
    sample_rate: float = 48_000,
    mode: str = "low",
) -> NDArray[np.float64]:
    """Filter a signal with a cutoff that may change every sample.

    Parameters
    ----------
    x : array_like, shape (n,)
        Signal.
    cutoff : float or array_like, shape (n,)
        Hz, inside (0, sample_rate / 2).
    resonance : float
        Q, at least 0.5 (0.5: no overshoot).
    sample_rate : float
        Frames per second.
    mode : str
        "low", "band", "high" or "notch".

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> y = svf([1.0, 1.0, 1.0, 1.0], 5000.0)
    >>> bool(0 < y[0] < y[1])
    True
    """
    signal = np.ascontiguousarray(x, dtype=np.float64)
    if signal.ndim != 1:
        raise ValueError(f"x must have one dimension, got {signal.ndim}")
    if not (np.isfinite(resonance) and resonance >= 0.5):
        raise ValueError(f"resonance must be at least 0.5, got {resonance}")
    g = np.ascontiguousarray(np.broadcast_to(svf_coefficients(cutoff, sample_rate), signal.shape))
    k = 1.0 / resonance
    out = np.empty_like(signal)
    _svf_run(signal, g, k, *svf_mix(mode, k), out)
    return out
