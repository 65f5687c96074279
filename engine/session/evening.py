"""What happened so far: the part of a session that nobody can take back."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_HEARD_KEPT = 20


class Evening:
    """What was heard and played, in order.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.

    Attributes
    ----------
    heard : deque of int
        The latest tracks that the room or our decks played; what suggestions go on from.
    heard_count : int
        How many there were in all.
    met : dict of int to int
        For each track that was heard or played, how often our decks played it; the one met the
        longest ago first.
    events : int
        Grows with everything that happens.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.heard: deque[int] = deque(maxlen=_HEARD_KEPT)
        self.heard_count = 0
        self.met: dict[int, int] = {}
        self.events = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the evening began."""
        return self._clock() - self._began

    def hear(self, track_id: int) -> bool:
        """Note a track of the room; return False if it is the one that was heard last."""
        if self.heard and self.heard[-1] == track_id:
            return False
        self.heard.append(track_id)
        self.met[track_id] = self.met.pop(track_id, 0)
        self.heard_count += 1
        self.events += 1
        return True

    def play(self, track_id: int) -> None:
        """Note a track of our decks."""
        self.hear(track_id)
        self.met[track_id] += 1
        self.events += 1

    def seeds(self, since: int = 0) -> list[int]:
        """Return the tracks heard since the count was `since`, the latest first, each once."""
        left = min(self.heard_count - since, len(self.heard))
        return list(dict.fromkeys(list(self.heard)[::-1][: max(left, 0)]))
