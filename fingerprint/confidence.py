"""From evidence to a probability, and from that to the decision 'known' or 'unknown'.

SLOPE and MIDDLE are printed by `python -m evals.fit_confidence`, which also counts false accepts
by cross-validation over packages of music. KNOWN_FROM lies by the threshold that it finds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .candidate import Candidate

SLOPE = 1.135
MIDDLE = 10.61
KNOWN_FROM = 0.67  # strength 11.2: 0.4 % of 3240 foreign clips by cross-validation
MOST_MARGIN = 6.0  # a lead over the second recording counts up to this
RIVALS = 10  # tracks the lead must be over to count in full; to lead one or two says little


def strength(candidates: Sequence[Candidate]) -> float:
    """Return the score of the first candidate plus its lead over the best other recording."""
    first = candidates[0]
    others = sorted((c.score for c in candidates[1:] if not c.copy), reverse=True)
    if first.copy:
        others = others[1:]  # the best is what it is a copy of
    if not others:
        return first.score
    lead = min(MOST_MARGIN, max(0.0, first.score - others[0]))
    return first.score + lead * min(1.0, (len(candidates) - 1) / RIVALS)


def confidence(candidates: Sequence[Candidate]) -> float:
    """Return the probability that the first of `candidates` is right; the others in any order."""
    logit = SLOPE * (strength(candidates) - MIDDLE)
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
