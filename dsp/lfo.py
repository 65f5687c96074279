"""Low-frequency oscillators and what they swing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp._jit import kernel
from dsp._math import f32, sin_half_turns

SHAPES = ("sine", "triangle", "saw", "square", "sample-and-hold")

_ONE = f32(1.0)
_TWO = f32(2.0)
_HALF = f32(0.5)
_ZERO = f32(0.0)


@kernel(fast=True, inline=True)
def lfo_value(x, shape, held):  # type: ignore[no-untyped-def]
    """Value of an LFO, -1..1, at phase x in half turns (-1..1); shape indexes SHAPES.

    `held` is the number that sample-and-hold drew at the start of this swing.
    """
    sine = sin_half_turns(x)
    a = abs(x)
    y = _ONE - a if a > _HALF else a
    triangle = _TWO * y if x >= _ZERO else -_TWO * y
    square = _ONE if x >= _ZERO else -_ONE
    out = sine if shape == 0 else triangle
    out = x if shape == 2 else out
    out = square if shape == 3 else out
    return held if shape == 4 else out


def get_lfo(
    base_cutoff: float, lfo_depth: float, lfo_freq: float, t: ArrayLike
) -> NDArray[np.float64]:
    """Return a cutoff swung by a sine: base_cutoff + lfo_depth * sin(2 pi lfo_freq t).

    Parameters
    ----------
    base_cutoff : float
        Hz, above 0.
    lfo_depth : float
        Swing to either side in Hz, at least 0 and below `base_cutoff`.
    lfo_freq : float
        Swings per second, at least 0.
    t : array_like, shape (n,)
        Times in seconds.

    Returns
    -------
    ndarray, shape (n,)
        Cutoff in Hz at each time.

    Raises
    ------
    ValueError
        If the swing would reach 0 Hz, or a value is negative or not finite.

    Examples
    --------
    >>> get_lfo(1000.0, 200.0, 1.0, [0.0, 0.25, 0.75]).tolist()
    [1000.0, 1200.0, 800.0]
    """
    if not (np.isfinite(base_cutoff) and base_cutoff > 0):
        raise ValueError(f"base_cutoff must be above 0 Hz, got {base_cutoff}")
    if not 0 <= lfo_depth < base_cutoff:
        raise ValueError(
            f"lfo_depth must be at least 0 and below base_cutoff {base_cutoff} Hz, got {lfo_depth}"
        )
    if not (np.isfinite(lfo_freq) and lfo_freq >= 0):
        raise ValueError(f"lfo_freq must be at least 0 Hz, got {lfo_freq}")
    times = np.asarray(t, dtype=np.float64)
    return base_cutoff + lfo_depth * np.sin(2 * np.pi * lfo_freq * times)
