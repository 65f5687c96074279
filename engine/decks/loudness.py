"""How loud a track is played, and how two of them are crossed without going over."""

from __future__ import annotations

import math

# dBTP that no track is raised over: -1, less what a meter after BS.1770 was seen to miss of the
# peaks of clipped music
CEILING_DB = -1.0 - 0.2
_CEILING = 10.0 ** (CEILING_DB / 20.0)


def gain_db(
    loudness_lufs: float | None, true_peak_db: float | None, target_lufs: float | None
) -> float:
    """Return the gain that brings a track to the target, or as near as its peaks let it.

    Parameters
    ----------
    loudness_lufs, true_peak_db : float or None
        Of the track; without its loudness it stays as it is.
    target_lufs : float or None
        None: every track stays as it is.

    Returns
    -------
    float
        In dB; with it no true peak is above -1 dBTP, if the peaks are known.

    Examples
    --------
    >>> gain_db(-9.0, 0.5, -16.0)
    -7.0
    >>> gain_db(-22.0, -4.2, -16.0)
    3.0
    """
    if target_lufs is None or loudness_lufs is None or not math.isfinite(loudness_lufs):
        return 0.0
    gain = target_lufs - loudness_lufs
    if true_peak_db is not None and math.isfinite(true_peak_db):
        gain = min(gain, CEILING_DB - true_peak_db)
    return gain


def highest_gain(true_peak_db: float | None) -> float:
    """Return the factor that brings peaks to the ceiling; those of unknown height count as 1."""
    return float(10.0 ** ((CEILING_DB - (true_peak_db or 0.0)) / 20.0))


def crossing_law(peak_a: float, peak_b: float) -> float:
    """Return how linear a crossfade has to be for its sum to stay below the ceiling.

    With equal power (0) two peaks meet at the root of the sum of their squares, in a linear
    crossfade (1) at the higher one; a mixture of the two lies between as the numbers do.

    Parameters
    ----------
    peak_a, peak_b : float
        Highest amplitudes of both tracks as they are played; 1 where it is not known.
    """
    power, linear = math.hypot(peak_a, peak_b), max(peak_a, peak_b)
    if power <= _CEILING:
        return 0.0
    return min(1.0, (power - _CEILING) / (power - linear)) if power > linear else 1.0
