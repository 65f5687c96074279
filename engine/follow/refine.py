"""Place a few seconds of sound in a track to the millisecond, by what begins when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.onsets import HOP_S, OnsetEnvelope

_SEARCH_S = 0.06  # the ear is right within this
_AROUND_S = 0.4  # what the best shift is compared with
_CLEAR = 4.5  # standard deviations of the other shifts that the best must stand out by
_CLEAR_NEAR = 3.0  # the same, within `_NEAR_S` of where the ear says: few are best there by chance
_NEAR_S = 0.02
_AS_RECORDED = 0.004  # within this of 1, the speed counts as unchanged
_CLEAR_OF_MANY = 6.0  # the same, for the best of all speeds
_CLEAR_OF_FEW = 5.25  # the same, for the best of those near the named one
_NEAR = 0.025  # of the named speed
_CLEARER = 1.0  # than the speed that the ear names, by so much, another must be
_SPEEDS = np.linspace(0.94, 1.06, 41)  # half a width of an onset apart at the ends of 2.5 s
_LEAST_S = 0.8
_LEAST_FOR_SPEED_S = 1.6

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shift:
    """By how much a track is further than was thought, in seconds; at what speed; how clearly.

    And the moment that what agreed lies around, in seconds after the middle of what was heard:
    there the place is right even if the speed is not.
    """

    seconds: float
    speed: float
    clearness: float
    centre_s: float

    @property
    def faint(self) -> bool:
        """Whether the speed may be wrong, and with it the place by some more ms."""
        return self.clearness < _CLEAR and abs(self.speed - 1.0) > _AS_RECORDED


def refine(
    heard: Floats,
    step_s: float,
    envelope: OnsetEnvelope,
    middle_s: float,
    speed: float,
    near: float = _CLEAR,
) -> Shift | None:
    """Return by how much `middle_s` is wrong; None when nothing stands out.

    Parameters
    ----------
    heard : ndarray, float32, shape (n,)
        Onset strength of what was heard, a frame every `step_s` seconds.
    envelope : OnsetEnvelope
        Of the track.
    middle_s : float
        Second of the track that the middle, frame n / 2, is thought to be.
    speed : float
        Seconds of the track in a second.
    near : float
        How clear the place must be within 20 ms of what was thought.
    """
    if len(heard) * step_s < _LEAST_S:
        return None
    mine = np.sqrt(heard, dtype=np.float64)
    mine -= mine.mean()
    reach = round(_AROUND_S / step_s)
    at = middle_s + (np.arange(-reach, len(heard) + reach) - len(heard) / 2) * (step_s * speed)
    track = envelope.at(at[0] - HOP_S, at[-1] + 2 * HOP_S)
    if not track.any():
        return None
    first_s = round((at[0] - HOP_S) / HOP_S) * HOP_S
    there = np.interp(at, first_s + np.arange(len(track)) * HOP_S, np.sqrt(track))
    there -= there.mean()
    found = np.correlate(there, mine, mode="valid")
    most = round(_SEARCH_S / step_s)
    best = reach - most + int(found[reach - most : reach + most + 1].argmax())
    others = np.delete(found, np.arange(max(0, best - most), min(len(found), best + most + 1)))
    clearness = float((found[best] - others.mean()) / max(float(others.std()), 1e-12))
    least = near if abs(best - reach) * step_s <= _NEAR_S else _CLEAR
    if abs(best - reach) == most or clearness < least:
        return None
    a, b, c = found[best - 1 : best + 2]
    bow = a - 2.0 * b + c
    peak = best + (0.5 * (a - c) / bow if bow < 0 else 0.0)
    agreed = np.maximum(0.0, there[best : best + len(mine)] * mine)
    centre = float(agreed @ np.arange(len(mine)) / agreed.sum()) - 0.5 * len(mine)
    return Shift(float((peak - reach) * step_s * speed), speed, clearness, centre * step_s)


def find_speed(
    heard: Floats, step_s: float, envelope: OnsetEnvelope, middle_s: float, speed: float
) -> Shift | None:
    """Do as `refine` where the speed, 0.94 to 1.06, is known badly; parameters as there."""
    named = refine(heard, step_s, envelope, middle_s, speed, _CLEAR_NEAR)
    if len(heard) * step_s < _LEAST_FOR_SPEED_S:
        return named
    best, most = named, 0.0
    for one in _SPEEDS.tolist():
        found = refine(heard, step_s, envelope, middle_s, one)
        if found is not None:
            least = _CLEAR_OF_FEW if abs(one - speed) <= _NEAR else _CLEAR_OF_MANY
            if named is not None:
                least = max(least, named.clearness + _CLEARER)
            if found.clearness - least >= most:
                best, most = found, found.clearness - least
    return best
