"""What there is to be seen of the decks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Playing:
    """What the decks play: the track's id, and the second of it that is being sent out."""

    track_id: int
    position_s: float


@dataclass(frozen=True)
class DeckStatus:
    """One deck.

    Attributes
    ----------
    track_id : int or None
    state : str
        "empty", "loading", "cued", "playing", "paused" or "ending" (it is faded out).
    position_s : float
    duration_s : float or None
        Of the file.
    gain_db : float
        By which the track is made as loud as the others.
    fade : float
        What the crossfade gives it, 0..1.
    peak : float
        Amplitude of late, 0..1 and over.
    """

    track_id: int | None
    state: str
    position_s: float
    duration_s: float | None
    gain_db: float
    fade: float
    peak: float
