"""From evidence to a probability, and from that to the decision 'known' or 'unknown'."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .search import Candidate

SLOPE = 1.3
MIDDLE = 5.5
KNOWN_FROM = 0.85


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the probability that the first of `candidates` (best first) is right."""
    logit = SLOPE * (candidates[0].score - MIDDLE)
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
