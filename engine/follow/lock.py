"""Where in a track the room is, as a straight line through what was observed."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

_KEPT = 160  # observations; at four a second, 40 s
_SPEED_SIGMA = 0.004  # of the speed that the ear names
_HUBER = 2.5  # standard deviations beyond which an observation counts less and less
_ROUNDS = 4
_JUMP_S = 0.08  # an observation this far from the line speaks of another place
_JUMP_SIGMAS = 5.0
_AGREE_S = 0.04  # two such that agree within this are believed, if
_APART_S = 1.0  # they lie so far apart that little sound is behind both, or
_FINE_S = 0.01  # one is this exact: then the ear and what begins when say the same
_PLAYERS_SIGMAS = 2.5  # a player runs at exactly its speed unless this much speaks against it
_FLOOR_S = 0.001  # what no number of observations goes below


@dataclass(frozen=True)
class Line:
    """Place in a track over time.

    Attributes
    ----------
    time_s : float
        A moment of the stream.
    position_s : float
        Second of the track that the room played at it.
    speed : float
        Seconds of the track in a second.
    sigma_s, speed_sigma : float
        Standard deviations of both.
    """

    time_s: float
    position_s: float
    speed: float
    sigma_s: float
    speed_sigma: float

    def at(self, time_s: float) -> float:
        """Return the second of the track at a moment of the stream."""
        return self.position_s + (time_s - self.time_s) * self.speed

    def error_s(self, time_s: float) -> float:
        """Return the standard deviation of `at`."""
        return math.hypot(self.sigma_s, (time_s - self.time_s) * self.speed_sigma)


class Lock:
    """Joins observations to a line; notices a seek and begins anew.

    Most players run at exactly the speed of the record, so that speed is taken unless the
    observations speak against it: it keeps time through long gaps.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float, float]] = deque(maxlen=_KEPT)
        self._astray: tuple[float, float, float] | None = None
        self._speed = 1.0
        self.line: Line | None = None

    def clear(self) -> None:
        """Forget all."""
        self._seen.clear()
        self._astray = self.line = None

    @property
    def count(self) -> int:
        """Observations that the line rests on."""
        return len(self._seen)

    @property
    def last_s(self) -> float:
        """Moment of the last observation that agreed; minus infinity without one."""
        return max((one[0] for one in self._seen), default=-math.inf)

    def add(self, time_s: float, position_s: float, sigma_s: float, speed: float) -> bool:
        """Take an observation.

        Parameters
        ----------
        time_s : float
            Moment of the stream.
        position_s, sigma_s : float
            Second of the track then, and its standard deviation.
        speed : float
            Roughly; the line's own comes from the observations.

        Returns
        -------
        bool
            Whether the place is another than the line said: a seek, a loop.
        """
        self._speed = speed
        one = (time_s, position_s, sigma_s)
        jumped = False
        if self.line is not None and self._far(one):
            before = self._astray
            if before is None or not _agree(before, one, speed):
                self._astray = one
                return False
            if one[0] - before[0] < _APART_S and min(before[2], sigma_s) > _FINE_S:
                return False
            self._seen.clear()
            self._seen.append(before)
            jumped = True
        self._astray = None
        self._seen.append(one)
        self.line = self._fit()
        return jumped

    def _far(self, one: tuple[float, float, float]) -> bool:
        assert self.line is not None
        time_s, position_s, sigma_s = one
        allowed = _JUMP_SIGMAS * math.hypot(sigma_s, self.line.error_s(time_s))
        return abs(position_s - self.line.at(time_s)) > max(_JUMP_S, allowed)

    def _fit(self) -> Line:
        """Weighted least squares with Huber's weights, the speed drawn to the ear's.

        Coarse observations share their error: they do not average away beside fine ones.
        """
        time, position, sigma = np.array(self._seen).T
        now = float(time.max())
        fine = sigma < 2.0 * sigma.min()
        time, position, sigma = time[fine], position[fine], sigma[fine]
        t = time - now
        weight = 1.0 / np.square(sigma)
        trust = np.ones_like(weight)
        for _ in range(_ROUNDS):
            place, speed, spread, speed_spread = _solve(t, position, weight * trust, self._speed)
            residual = np.abs(position - place - speed * t) / sigma
            trust = np.minimum(1.0, _HUBER / np.maximum(residual, _HUBER))
        if abs(speed - 1.0) < _PLAYERS_SIGMAS * speed_spread:
            weight = weight * trust
            place = float((weight * (position - t)).sum() / weight.sum())
            speed, spread = 1.0, float(weight.sum() ** -0.5)
        return Line(now, place, speed, math.hypot(spread, _FLOOR_S), speed_spread)


def _agree(
    one: tuple[float, float, float], other: tuple[float, float, float], speed: float
) -> bool:
    expected = one[1] + (other[0] - one[0]) * speed
    return abs(other[1] - expected) < _AGREE_S


def _solve(
    t: np.ndarray[tuple[int], np.dtype[np.float64]],
    position: np.ndarray[tuple[int], np.dtype[np.float64]],
    weight: np.ndarray[tuple[int], np.dtype[np.float64]],
    speed: float,
) -> tuple[float, float, float, float]:
    """Return place at t = 0 and speed, and the standard deviations of both."""
    prior = _SPEED_SIGMA**-2
    a, b, c = weight.sum(), (weight * t).sum(), (weight * t * t).sum() + prior
    p, q = (weight * position).sum(), (weight * t * position).sum() + prior * speed
    det = a * c - b * b
    return (
        float((c * p - b * q) / det),
        float((a * q - b * p) / det),
        float(math.sqrt(c / det)),
        float(math.sqrt(a / det)),
    )
