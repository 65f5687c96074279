"""What a queue observes beside taste; each rule can be switched off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Energy = Literal["steady", "rise", "fall", "arc"]

_CURVES = ("steady", "rise", "fall", "arc")


@dataclass(frozen=True)
class Rules:
    """The rules of a queue.

    Attributes
    ----------
    artist_spacing : int or None
        At least so many tracks between two of one artist, 1 to 50; None: off.
    no_versions : bool
        No second version of a song that stands in the queue or was played.
    tempo_percent : float or None
        Prefer tracks whose tempo, or its half or double, is within this of the one before, 0.5 to
        50; None: off.
    key_near : bool
        Prefer the key of the track before, its relative and the fifths above and below.
    energy : "steady", "rise", "fall", "arc" or None
        How loudness and tempo go on through the evening; 'arc' rises for the first half of
        `evening_h` and falls after it.
    familiarity : float
        0: never heard, 1: what stands in many playlists or was often played; 0.5: off.
    evening_h : float
        Length of the evening in hours, 0.5 to 24.

    Raises
    ------
    ValueError
        If a value is out of its range; names it.

    Examples
    --------
    >>> Rules(artist_spacing=None, tempo_percent=6.0).tempo_percent
    6.0
    """

    artist_spacing: int | None = 3
    no_versions: bool = True
    tempo_percent: float | None = None
    key_near: bool = False
    energy: Energy | None = None
    familiarity: float = 0.5
    evening_h: float = 4.0

    def __post_init__(self) -> None:
        for name in ("no_versions", "key_near"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, got {getattr(self, name)!r}")
        spacing = self.artist_spacing
        if spacing is not None and (
            isinstance(spacing, bool) or not isinstance(spacing, int) or not 1 <= spacing <= 50
        ):
            raise ValueError(f"artist_spacing must be 1 to 50 tracks or None, got {spacing!r}")
        if self.tempo_percent is not None:
            _require_number("tempo_percent", self.tempo_percent, 0.5, 50.0)
        if self.energy is not None and self.energy not in _CURVES:
            raise ValueError(f"energy must be {', '.join(_CURVES)} or None, got {self.energy!r}")
        _require_number("familiarity", self.familiarity, 0.0, 1.0)
        _require_number("evening_h", self.evening_h, 0.5, 24.0)

    @classmethod
    def off(cls) -> Rules:
        """Return no rules at all: the plain ranking."""
        return cls(artist_spacing=None, no_versions=False)

    @property
    def sound(self) -> bool:
        """Whether any rule asks how a track sounds."""
        return self.tempo_percent is not None or self.key_near or self.energy is not None


def _require_number(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low:g} to {high:g}, got {value!r}")
