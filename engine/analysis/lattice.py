"""From a pulse to every beat it may stand for: other levels, other phases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

SLOWEST_BPM, FASTEST_BPM = 48.0, 230.0

# Of a pulse cut into `cut` parts, every `take`-th part, from each of the first `take`.
_WAYS = ((4, 4), (3, 3), (2, 1), (2, 4), (3, 2), (2, 3), (4, 3), (3, 4), (3, 1), (2, 6), (1, 4))


@dataclass(frozen=True)
class Candidate:
    """Beats that a pulse may stand for.

    Attributes
    ----------
    beats_s : ndarray, shape (n,)
    steady : bool
    """

    beats_s: Doubles
    steady: bool

    @property
    def bpm(self) -> float:
        """Median tempo."""
        return 60.0 / float(np.median(np.diff(self.beats_s)))


def readings(beats_s: Doubles, steady: bool) -> Iterator[Candidate]:
    """Yield the candidates of one refined pulse, at least 4 beats."""
    bpm = 60.0 / float(np.median(np.diff(beats_s)))
    n = len(beats_s)
    for cut, take in _WAYS:
        if not SLOWEST_BPM <= bpm * cut / take <= FASTEST_BPM:
            continue
        for phase in range(take):
            places = np.arange(phase - take, (n - 1) * cut + take + 1, take) / cut
            yield Candidate(_at(beats_s, places), steady)


def distinct(candidates: list[Candidate], duration_s: float) -> list[Candidate]:
    """Return the candidates cut to the track, each only once (within 15 ms)."""
    kept: list[Candidate] = []
    for candidate in candidates:
        beats = candidate.beats_s
        beats = beats[(beats > -0.02) & (beats < duration_s)]
        if len(beats) < 4:
            continue
        if not any(_same(beats, other.beats_s) for other in kept):
            kept.append(Candidate(np.maximum(beats, 0.0), candidate.steady))
    return kept


def _at(beats_s: Doubles, places: Doubles) -> Doubles:
    before = np.clip(np.floor(places), 0, len(beats_s) - 2).astype(np.int64)
    return np.asarray(beats_s[before] + (places - before) * (beats_s[before + 1] - beats_s[before]))


def _same(a: Doubles, b: Doubles) -> bool:
    if abs(len(a) - len(b)) > 0.03 * len(b) + 3:
        return False
    near = b[np.clip(np.searchsorted(b, a), 1, len(b) - 1)]
    before = b[np.clip(np.searchsorted(b, a) - 1, 0, len(b) - 1)]
    distance = np.minimum(np.abs(near - a), np.abs(before - a))
    return bool((distance < 0.015).mean() > 0.9)
