"""One track of the queue: why it stands there, in words and in numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from engine.library import Track
from recommend import Suggestion


@dataclass(frozen=True)
class Voice:
    """What speaks for a track.

    Attributes
    ----------
    kind : str
        As of `recommend.Reason`: 'playlists', 'artist', 'artists', 'sound', 'cold' or 'popular'.
    track_id : int
        The track that was heard or liked (or, unlike it, skipped) and now speaks.
    title : str
        Its artist and title.
    share : float
        0 to 1, of all that speaks for the track.
    moment_s : float or None
        Second of the speaking track from which it sounds most alike; None while that is not known.
    """

    kind: str
    track_id: int
    title: str
    share: float
    moment_s: float | None = None


@dataclass(frozen=True)
class Entry:
    """A track of the queue.

    Attributes
    ----------
    id : int
        Of the entry; one track may be queued twice.
    track : Track
    by : "user" or "suggested"
    pinned : bool
        Stays where it is when suggestions are renewed; the user's own entries do so anyway.
    suggestion : Suggestion or None
        With the scores; None for the user's own.
    reason : str
        Why it stands here, in words.
    share : float
        How much speaks for it, 0 to 1: 1 like the best of all candidates, 0 like the middle one.
    notes : tuple of str
        What the rules did to it.
    voices : tuple of Voice
        Who speaks for it, strongest first.
    """

    id: int
    track: Track
    by: Literal["user", "suggested"] = "user"
    pinned: bool = False
    suggestion: Suggestion | None = None
    reason: str = "your choice"
    share: float = 1.0
    notes: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = ()

    @property
    def fixed(self) -> bool:
        """Whether it stays when suggestions are renewed."""
        return self.pinned or self.by == "user"

    def with_moment(self, speaker: int, moment_s: float) -> Entry:
        """Return this entry with the moment at which a voice's track sounds most like it."""
        voices = tuple(
            replace(voice, moment_s=moment_s)
            if voice.kind == "sound" and voice.track_id == speaker
            else voice
            for voice in self.voices
        )
        return replace(self, voices=voices)
