"""A cue: which part of which file, and how loud it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from engine.analysis import Analysis


@dataclass(frozen=True)
class Cue:
    """What a deck is to play.

    Attributes
    ----------
    track_id : int
    path : Path
    start_s : float
        Second of the file to begin at.
    end_s : float or None
        Second of the file to end at; None for its end.
    loudness_lufs : float or None
        Integrated loudness (ITU-R BS.1770); None where it is not known.
    true_peak_db : float or None
        Highest true peak, in dBTP; None where it is not known.

    Raises
    ------
    ValueError
        If `start_s` is negative, or `end_s` not after it.
    """

    track_id: int
    path: Path
    start_s: float = 0.0
    end_s: float | None = None
    loudness_lufs: float | None = None
    true_peak_db: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and self.start_s >= 0):
            raise ValueError(f"start_s must be at least 0, got {self.start_s}")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise ValueError(f"end_s must be more than start_s, {self.start_s}, got {self.end_s}")

    @classmethod
    def of(
        cls,
        track_id: int,
        path: Path,
        analysis: Analysis | None,
        start_s: float | None = None,
        trim: bool = True,
    ) -> Self:
        """Return the cue of a track as its analysis has it.

        Parameters
        ----------
        track_id : int
        path : Path
        analysis : Analysis or None
        start_s : float, optional
            Where to begin; the analysis' cue-in if not given.
        trim : bool
            Leave out the silence before the cue-in and after the cue-out; not for gapless albums.
        """
        if analysis is None:
            return cls(track_id, path, start_s or 0.0)
        begin = start_s if start_s is not None else analysis.cue_in_s if trim else 0.0
        end = analysis.cue_out_s if trim and analysis.cue_out_s > begin else None
        return cls(track_id, path, begin, end, analysis.loudness_lufs, analysis.true_peak_db)
