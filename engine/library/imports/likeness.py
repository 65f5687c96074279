"""How sure it is that an entry of a playlist is the track it was matched to."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from engine.library import tags


class Likeness(NamedTuple):
    """An entry and the track it was taken for.

    Attributes
    ----------
    entry, track : str
        Names as the playlist and as the library have them.
    confidence : float
        0..1: 1 where the file or every word is the same.
    """

    entry: str
    track: str
    confidence: float


class Matched(tuple[int, int]):
    """How many entries are tracks of the library and how many are not; and which may be wrong.

    Attributes
    ----------
    unsure : tuple of Likeness
        Matches below a confidence of 1, the least sure first, each once.
    """

    unsure: tuple[Likeness, ...] = ()

    @classmethod
    def of(cls, matched: int, unmatched: int, likenesses: list[Likeness]) -> Matched:
        """Return the counts with the matches that are not sure."""
        counted = cls((matched, unmatched))
        below = {x for x in likenesses if x.confidence < 1.0}
        counted.unsure = tuple(sorted(below, key=lambda x: (x.confidence, x.entry, x.track)))
        return counted


def confidence(entry: tuple[str, str], track: tuple[str, str]) -> float:
    """Return the share of words that two pairs of artist and title have in common, 0..1.

    Case, accents and punctuation make no difference; brackets and featured artists, which the
    match itself passes over, do.

    Examples
    --------
    >>> confidence(("Grieg", "Morning Mood"), ("grieg", "Morning Mood (Live)"))
    0.8571428571428571
    >>> confidence(("The Beatles", "Help!"), ("the beatles", "help"))
    1.0
    """
    a, b = (Counter(tags.fold(f"{who} {what}").split()) for who, what in (entry, track))
    total = a.total() + b.total()
    return 2.0 * (a & b).total() / total if total else 0.0
