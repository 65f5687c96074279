"""From evidence to a probability, and from that to the decision 'known' or 'unknown'."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .search import Candidate

SLOPE = 0.9
MIDDLE = 7.0
KNOWN_FROM = 0.9


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the probability that the first of `candidates` (best first) is right."""
    logit = SLOPE * (candidates[0].advantage - MIDDLE)
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
