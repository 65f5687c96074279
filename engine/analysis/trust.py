"""How far the chosen beats can be trusted: numbers from which a probability is learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.features import Features
from engine.analysis.lattice import Candidate
from engine.analysis.network import Network, softmax
from engine.analysis.refine import snap

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_FIXED_S = 0.015  # beats nearer than this are the same
_SPAN_S = 10.0
_ENOUGH = 16  # beats: of fewer, too many things can be made; half of them with an onset
_HEARD = 6  # the number in the row that says which share of the beats has an onset


def trust_evidence(
    settled: Candidate, ranked: list[Candidate], scores: Doubles, row: Floats, features: Features
) -> Floats:
    """Return the row of numbers that speaks for or against following the beats.

    Parameters
    ----------
    settled : Candidate
        The chosen one, refined.
    ranked, scores
        All candidates, best first, and their scores.
    row : ndarray
        The evidence of the chosen one.
    features : Features
    """
    fine = features.fine
    chance = softmax(scores)
    agreeing = [agrees(settled.beats_s, other.beats_s) for other in ranked]
    agreed = float(np.clip(chance[np.array(agreeing)].sum(), 1e-4, 1 - 1e-4))
    times, strength = snap(settled.beats_s, fine, 0.045)
    off = np.abs(times - settled.beats_s)
    weight = strength + 1e-9
    mean = float(fine.mean()) + 1e-9
    between = (settled.beats_s[:-1] + settled.beats_s[1:]) / 2
    rivals = snap(between, fine, 0.045)[1]
    periods = np.diff(settled.beats_s)
    bend = np.abs(np.diff(periods)) / periods[1:]
    heard = settled.beats_s[strength > mean]
    gaps = np.diff(np.concatenate([[0.0], heard, [features.duration_s]]))
    return np.array(
        [
            np.log(agreed / (1 - agreed)),
            np.log(max(float(chance[0]), 1e-4)),
            float((weight * (off < 0.010)).sum() / weight.sum()),
            float((weight * (off < 0.020)).sum() / weight.sum()),
            np.log(float(strength.mean()) / mean + 1e-3),
            np.log((float(strength.mean()) + 0.01) / (float(rivals.mean()) + 0.01)),
            float((strength > 2 * mean).mean()),
            float(np.median(bend)),
            float(np.quantile(bend, 0.9)),
            float(settled.steady),
            np.log(len(settled.beats_s)),
            float(np.clip(gaps.max() / _SPAN_S, 0.0, 2.0)),
            *row,
        ],
        dtype=np.float32,
    )


def agrees(beats: Doubles, other: Doubles) -> bool:
    """Tell whether two readings have the same pulse: the same beats, or every second one."""
    few, many = sorted((beats, other), key=len)
    if len(many) > 2.4 * len(few) or len(few) < 2:
        return False
    right = many[np.clip(np.searchsorted(many, few), 0, len(many) - 1)]
    left = many[np.clip(np.searchsorted(many, few) - 1, 0, len(many) - 1)]
    near = np.minimum(np.abs(right - few), np.abs(left - few)) < _FIXED_S
    ratio = np.median(np.diff(few)) / np.median(np.diff(many))
    return bool(near.mean() > 0.85 and min(abs(ratio - 1), abs(ratio - 2)) < 0.05)


def trust(row: Floats, beats: int, network: Network) -> float:
    """Return the probability, 0 to 1, that the beats are right; below 0.5 for a few onsets."""
    chance = 1.0 / (1.0 + np.exp(-network(row[None])[0]))
    heard = beats * float(row[_HEARD])
    return float(chance * min(1.0, beats / _ENOUGH, 2 * heard / _ENOUGH) ** 2)
