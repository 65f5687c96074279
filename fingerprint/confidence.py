"""From evidence to a probability, and from that to the decision 'known' or 'unknown'."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .search import Candidate

WEIGHTS = {"z": 1.2, "margin": 0.8, "votes": 0.3, "bias": -8.0}
KNOWN_FROM = 0.9


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the probability that the first of `candidates` (best first) is right."""
    best = candidates[0]
    margin = best.z - (candidates[1].z if len(candidates) > 1 else 0.0)
    logit = (
        WEIGHTS["z"] * best.z
        + WEIGHTS["margin"] * margin
        + WEIGHTS["votes"] * math.log2(1 + best.votes)
        + WEIGHTS["bias"]
    )
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
