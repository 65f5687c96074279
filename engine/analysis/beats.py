"""From onsets to beats: candidates, the choice among them, and the beats to the millisecond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis import network
from engine.analysis.bars import choose_bars
from engine.analysis.evidence import evidence, fold, streams
from engine.analysis.features import HOP_S, Features
from engine.analysis.grid import Grid
from engine.analysis.lattice import Candidate, distinct, readings
from engine.analysis.pulse import follow, likelihood, periods
from engine.analysis.refine import LATENCY_S, refine
from engine.analysis.repeats import straighten
from engine.analysis.smooth import smooth
from engine.analysis.trust import trust, trust_evidence

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

# BPM; one search over all, then three over an octave each, which see other levels.
_RANGES = ((55.0, 215.0), (50.0, 105.0), (90.0, 190.0), (150.0, 300.0))
_COST = 0.3  # of a beat, in standard deviations of the onsets about it
_FEWEST = 8  # beats: fewer say nothing


def candidates(features: Features) -> list[Candidate]:
    """Return the readings of the beats that are worth a comparison; may be empty."""
    score = likelihood(features.onset[:, 3], HOP_S) - np.float32(_COST)
    found: list[Candidate] = []
    for slow, fast in _RANGES:
        ladder = periods(60.0 / fast / HOP_S, 60.0 / slow / HOP_S)
        beats = follow(score, ladder).astype(np.float64) * HOP_S
        if len(beats) >= _FEWEST:
            found += readings(*settle(beats, features.fine))
    return [c for c in distinct(found, features.duration_s) if len(c.beats_s) >= _FEWEST]


@dataclass(frozen=True)
class Choice:
    """The candidates with their evidence, best first."""

    ranked: list[Candidate]
    rows: Floats
    scores: NDArray[np.float64]


def choose(features: Features, stream: Floats) -> Choice | None:
    """Return the candidates in the order of their probability; None without any."""
    found = candidates(features)
    if not found:
        return None
    rows = np.stack([evidence(candidate, stream) for candidate in found])
    scores = network.load("beats")(rows)
    order = np.argsort(-scores)
    return Choice([found[k] for k in order], rows[order], scores[order])


def settle(beats_s: Doubles, fine: Floats) -> tuple[Doubles, bool]:
    """Return what `refine` does; the beats as they were where that would bring two into one.

    Of speech, or notes that hardly sound, two beats may be drawn to the same onset.
    """
    beats, steady = refine(beats_s, fine)
    return (beats, steady) if (np.diff(beats) > 0.0).all() else (beats_s, False)


def find_grid(features: Features) -> Grid | None:
    """Return the beat grid of a track; None if there is nothing to number."""
    if not features.onset[:, 3].any():
        return None
    stream = streams(features)
    choice = choose(features, stream)
    if choice is None:
        return None
    best = choice.ranked[0]
    beats, steady = settle(best.beats_s, features.fine)
    beats = (straighten if steady else smooth)(beats, features.fine)
    settled = Candidate(beats, steady)
    meter, downbeat, sure = choose_bars(fold(settled, stream), settled.bpm, network.load("bars"))
    told = trust_evidence(settled, choice.ranked, choice.scores, choice.rows[0], features)
    confidence = round(trust(told, len(beats), network.load("trust")), 4)
    beats = beats + LATENCY_S
    if steady:
        period = float((beats[-1] - beats[0]) / (len(beats) - 1))
        return Grid(
            first_s=round(float(beats[0]), 6),
            period_s=round(period, 9),
            count=len(beats),
            beats_per_bar=meter,
            downbeat=downbeat,
            confidence=confidence,
            bar_confidence=round(sure, 4),
        )
    return Grid.from_beats(beats, meter, downbeat, confidence, round(sure, 4))
