"""The ear: runs of an index, a clip's picture in, matches out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .candidate import Candidate
from .confidence import KNOWN_FROM, confidence
from .match import Match
from .peaks import Picture
from .run import Run
from .search import offset_s, search
from .sweep import MOST

SHORTEST_FRAMES = int(0.5 * s.FRAMES_PER_SECOND) - 3  # half a second, less what a window takes


class Ear:
    """Answers from an unchanging set of runs; safe to use from several threads.

    Parameters
    ----------
    runs : sequence of Run
    alive : sequence of ndarray of bool
        For each run, which rows of its table take part.
    """

    def __init__(self, runs: Sequence[Run], alive: Sequence[NDArray[np.bool_]]) -> None:
        self.runs = runs
        self.alive = alive

    def identify(self, picture: Picture) -> list[Match]:
        """Return matches, best first, at most one a track."""
        candidates = self.candidates(picture)
        return [
            self.match([c, *candidates[:k], *candidates[k + 1 :]], c.align)
            for k, c in enumerate(candidates)
        ]

    def candidates(
        self, picture: Picture, scaled: bool = True, additions: int = MOST
    ) -> list[Candidate]:
        """Return the evidence behind the matches; none for less than half a second."""
        if len(picture.level) < SHORTEST_FRAMES:
            return []
        return search(self.runs, self.alive, picture, scaled, additions)

    def match(self, candidates: Sequence[Candidate], align: float) -> Match:
        """Return the first of `candidates` as a match of a clip that starts at frame `align`."""
        best = candidates[0]
        sure = confidence(candidates)
        return Match(
            track_id=int(self.runs[best.run].track_id[best.row]),
            offset_s=offset_s(align, best.tempo),
            confidence=sure,
            speed=best.tempo,
            pitch_cents=1200.0 * math.log2(best.pitch),
            known=sure >= KNOWN_FROM,
        )
