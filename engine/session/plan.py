"""What the user has decided, as one value: to undo is to put an older one back."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.session.entry import Entry
from engine.session.rules import Rules


@dataclass(frozen=True)
class Plan:
    """The queue with all that shapes it.

    Attributes
    ----------
    entries : tuple of Entry
        Next first.
    likes, skips : tuple of int
        Tracks, the latest last.
    removed : tuple of int
        Tracks that were taken out of the queue: they are not suggested again, without judgement.
    focus : int or None
        The track of the latest 'more like this': suggestions go on from it, and from what was
        heard and liked after it.
    heard_before, liked_before : int
        How many tracks were heard and liked before `focus`.
    closed : bool
        The queue was made to end at a given time: nothing is suggested behind it.
    rules : Rules
    """

    entries: tuple[Entry, ...] = ()
    likes: tuple[int, ...] = ()
    skips: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    focus: int | None = None
    heard_before: int = 0
    liked_before: int = 0
    closed: bool = False
    rules: Rules = field(default_factory=Rules)
