"""Beats as a function of time, and time as a function of beats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_DECIMALS = 6  # of stored times: a microsecond


@dataclass(frozen=True)
class Grid:
    """The beats of a track, numbered from 0; between two beats the number grows evenly.

    A track of constant tempo is two numbers, `first_s` and `period_s`. Any other is a list of
    beats, `beats_s`; before the first and after the last one, the nearest tempo goes on.

    Attributes
    ----------
    first_s : float
        Time of beat 0, seconds from the first sample of the track.
    period_s : float
        Seconds from beat to beat; of a list, the median.
    count : int
        Beats heard, at least 2: beat 0 to `count` - 1. The functions go on beyond both ends.
    beats_s : tuple of float
        Times of all beats in increasing order; empty where the tempo is constant.
    beats_per_bar : int
        2 to 12.
    downbeat : int
        Number of the first beat that begins a bar, 0 to `beats_per_bar` - 1.
    confidence : float
        0 to 1: how probably the beats are right, level (or its half or double) and phase. Below
        0.5 nothing should follow them.
    bar_confidence : float
        0 to 1: how probably `beats_per_bar` and `downbeat` are right, if the beats are.

    Examples
    --------
    >>> grid = Grid(first_s=0.25, period_s=0.5, count=8)
    >>> float(grid.beat_at(1.5))
    2.5
    >>> float(grid.bpm_at(1.5))
    120.0
    """

    first_s: float
    period_s: float
    count: int
    beats_s: tuple[float, ...] = ()
    beats_per_bar: int = 4
    downbeat: int = 0
    confidence: float = 0.0
    bar_confidence: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.first_s):
            raise ValueError(f"first_s must be finite, got {self.first_s!r}")
        if not (math.isfinite(self.period_s) and self.period_s > 0):
            raise ValueError(f"period_s must be above 0, got {self.period_s!r}")
        if self.count < 2:
            raise ValueError(f"count must be at least 2, got {self.count}")
        if self.beats_s:
            if len(self.beats_s) != self.count or self.beats_s[0] != self.first_s:
                raise ValueError("beats_s must hold count times, the first of them first_s")
            if not (np.isfinite(self._times).all() and (np.diff(self._times) > 0).all()):
                raise ValueError("beats_s must be finite and increase")
        if not 2 <= self.beats_per_bar <= 12:
            raise ValueError(f"beats_per_bar must be 2 to 12, got {self.beats_per_bar}")
        if not 0 <= self.downbeat < self.beats_per_bar:
            raise ValueError(f"downbeat must be 0 to {self.beats_per_bar - 1}, got {self.downbeat}")
        for name in ("confidence", "bar_confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name)!r}")

    @classmethod
    def from_beats(
        cls,
        beats_s: ArrayLike,
        beats_per_bar: int = 4,
        downbeat: int = 0,
        confidence: float = 0.0,
        bar_confidence: float = 0.0,
    ) -> Grid:
        """Return the grid of a list of beats, at least 2, in seconds and in increasing order."""
        beats = np.round(np.asarray(beats_s, dtype=np.float64), _DECIMALS)
        if beats.ndim != 1 or len(beats) < 2:
            raise ValueError(f"beats_s must hold at least 2 times, got shape {beats.shape}")
        return cls(
            first_s=float(beats[0]),
            period_s=float(np.median(np.diff(beats))),
            count=len(beats),
            beats_s=tuple(beats.tolist()),
            beats_per_bar=beats_per_bar,
            downbeat=downbeat,
            confidence=confidence,
            bar_confidence=bar_confidence,
        )

    @property
    def steady(self) -> bool:
        """Whether the tempo is constant."""
        return not self.beats_s

    @property
    def bpm(self) -> float:
        """Beats per minute; where the tempo changes, the median."""
        return 60.0 / self.period_s

    @property
    def last_s(self) -> float:
        """Time of the last beat that was heard."""
        return float(self.time_at(self.count - 1))

    @cached_property
    def _times(self) -> Floats:
        return np.array(self.beats_s, dtype=np.float64)

    def beat_at(self, time_s: ArrayLike) -> Floats:
        """Return the beat number at times: 3.25 is a quarter of a beat after beat 3.

        Parameters
        ----------
        time_s : float or ndarray of any shape
            Seconds from the start of the track; any finite value.

        Returns
        -------
        ndarray of float64, shape of `time_s`
        """
        time = np.asarray(time_s, dtype=np.float64)
        if self.steady:
            return np.asarray((time - self.first_s) / self.period_s)
        before = self._before(time)
        start, length = self._times[before], self._lengths[before]
        return np.asarray(before + (time - start) / length)

    def time_at(self, beat: ArrayLike) -> Floats:
        """Return the times, in seconds, of beat numbers: the inverse of `beat_at`."""
        number = np.asarray(beat, dtype=np.float64)
        if self.steady:
            return np.asarray(self.first_s + number * self.period_s)
        before = np.clip(np.floor(number), 0, self.count - 2).astype(np.int64)
        return np.asarray(self._times[before] + (number - before) * self._lengths[before])

    def bpm_at(self, time_s: ArrayLike) -> Floats:
        """Return the tempo at times: the slope of `beat_at`, in beats per minute."""
        time = np.asarray(time_s, dtype=np.float64)
        if self.steady:
            return np.full(time.shape, self.bpm)
        return np.asarray(60.0 / self._lengths[self._before(time)])

    def bar_phase_at(self, time_s: ArrayLike) -> Floats:
        """Return where in the bar times lie: 0 on a downbeat, below `beats_per_bar`; in beats."""
        return np.asarray(np.mod(self.beat_at(time_s) - self.downbeat, self.beats_per_bar))

    def beats(self) -> Floats:
        """Return the times of all beats that were heard, shape (count,)."""
        return self.time_at(np.arange(self.count))

    def downbeats(self) -> Floats:
        """Return the times of the beats that begin a bar, shape (n,)."""
        return self.beats()[self.downbeat :: self.beats_per_bar]

    def to_dict(self) -> dict[str, Any]:
        """Return the grid as JSON takes it."""
        return {
            "first_s": round(self.first_s, _DECIMALS),
            "period_s": round(self.period_s, 9),
            "count": self.count,
            "beats_s": list(self.beats_s),
            "beats_per_bar": self.beats_per_bar,
            "downbeat": self.downbeat,
            "confidence": round(self.confidence, 4),
            "bar_confidence": round(self.bar_confidence, 4),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Grid:
        """Return the grid that `to_dict` described.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is none.
        """
        return cls(**{**data, "beats_s": tuple(data["beats_s"])})

    @cached_property
    def _lengths(self) -> Floats:
        return np.diff(self._times)

    def _before(self, time: Floats) -> NDArray[np.int64]:
        found = np.searchsorted(self._times, time, side="right") - 1
        return np.asarray(np.clip(found, 0, self.count - 2), dtype=np.int64)
