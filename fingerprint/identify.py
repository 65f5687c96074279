"""The ear: runs of an index, a clip's picture in, matches out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .candidate import Candidate
from .confidence import KNOWN_FROM, confidence
from .match import Match
from .peaks import Picture
from .place import rivals
from .run import Run
from .search import AS_RECORDED, offset_s, search
from .sweep import MOST
from .waves import Waves

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

    def identify(self, picture: Picture, waves: Waves | None = None) -> list[Match]:
        """Return matches, best first, at most one a track.

        With the clip's `waves`, they say which place of a known track it is.
        """
        candidates = self.candidates(picture)
        if waves is not None and candidates:
            candidates[0] = self.heard(candidates, picture, waves)
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

    def heard(self, candidates: Sequence[Candidate], picture: Picture, waves: Waves) -> Candidate:
        """Return the first of `candidates` at the place of its track that sounds like the clip.

        As it is, where it is not known; nothing but its place changes.
        """
        candidate = candidates[0]
        if confidence(candidates) < KNOWN_FROM:
            return candidate
        speed = candidate.tempo
        if max(abs(candidate.pitch - 1.0), abs(speed - 1.0)) <= AS_RECORDED:
            speed = 1.0
        elif abs(candidate.pitch / speed - 1.0) > AS_RECORDED:
            return candidate  # tempo or pitch alone were changed: no wave is left as it was
        run = self.runs[candidate.run]
        places = rivals(run, candidate, picture)
        if len(places) == 1:
            return candidate
        offsets = [offset_s(at, candidate.tempo) for at in places]
        chosen = waves.likeliest(int(run.track_id[candidate.row]), offsets, speed)
        return replace(candidate, align=float(places[chosen])) if chosen else candidate
