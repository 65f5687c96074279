"""From evidence to a probability, and from that to the decision 'known' or 'unknown'.

SLOPE and MIDDLE are printed by `python -m evals.fit_confidence`, which also counts false accepts
by cross-validation over packages of music. KNOWN_FROM lies by the threshold that it finds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .search import Candidate

SLOPE = 1.060
MIDDLE = 11.363
KNOWN_FROM = 0.79  # strength 12.6: 0.4 % of 2160 foreign clips by cross-validation
MOST_MARGIN = 3.0  # a lead over the second track counts up to this; copies must not hide each other
RIVALS = 10  # tracks the lead must be over to count in full; to lead one or two says little


def strength(candidates: Sequence[Candidate]) -> float:
    """Return the score of the first candidate plus its lead over the second track."""
    first, rivals = candidates[0].score, len(candidates) - 1
    if rivals == 0:
        return first
    lead = min(MOST_MARGIN, max(0.0, first - candidates[1].score))
    return first + lead * min(1.0, rivals / RIVALS)


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the probability that the first of `candidates` (best first) is right."""
    logit = SLOPE * (strength(candidates) - MIDDLE)
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
