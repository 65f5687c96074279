"""A place that the ear names, refined by the latest of what begins in the microphone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.analysis import OnsetEnvelope
from engine.follow.lock import Line
from engine.follow.onsets import LiveOnsets
from engine.follow.refine import find_speed, refine

SETTLED = 0.002  # standard deviation of the speed below which other speeds are not tried
LEAST_S = 1.6  # of sound that a place is refined by
FAINT_SIGMA_S = 0.012  # of a refined place that is not clear

# Of sound, one after the other where one fails: less than 2.5 s at the start of the music, more
# where little begins.
_WINDOWS_S = (2.5, LEAST_S, 5.0)
_FINE_SIGMA_S = 0.006  # neighbours share sound, so more than its own


@dataclass(frozen=True)
class Placed:
    """An observation: the second of the track at a moment, its standard deviation, the speed.

    `since_s`: the moment from which on sound was asked.
    """

    time_s: float
    position_s: float
    sigma_s: float
    speed: float
    since_s: float


def find_place(
    onsets: LiveOnsets,
    envelope: OnsetEnvelope,
    now_s: float,
    position_s: float,
    speed: float,
    line: Line | None = None,
    begun_s: float = -math.inf,
) -> Placed | None:
    """Return where in the track the room is; None where what begins when does not tell.

    Parameters
    ----------
    onsets : LiveOnsets
    envelope : OnsetEnvelope
        Of the track.
    now_s, position_s, speed : float
        A moment of the stream, the second of the track that is heard then, and the speed, by the
        ear.
    line : Line, optional
        What is known already; if its speed has settled, it is taken.
    begun_s : float
        Sound before this is of another place.
    """
    settled = line is not None and line.speed_sigma < SETTLED
    speed = line.speed if line is not None and settled else speed
    for seconds in _WINDOWS_S:
        strength, start_s = onsets.latest(seconds)
        if start_s < begun_s:
            continue
        middle_s = start_s + 0.5 * len(strength) * onsets.step_s
        thought_s = position_s + (middle_s - now_s) * speed
        find = refine if settled else find_speed
        shift = find(strength, onsets.step_s, envelope, thought_s, speed)
        if shift is not None:
            return Placed(
                middle_s + shift.centre_s,
                thought_s + shift.seconds + shift.centre_s * shift.speed,
                FAINT_SIGMA_S if shift.faint else _FINE_SIGMA_S,
                shift.speed,
                start_s,
            )
    return None
