"""Queues over made libraries, without sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.library import Library
from engine.session.chooser import Chooser
from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.play_queue import PlayQueue

from ..made import Made, made_library


class Desk:
    """A queue with what lies behind it; the clock stands still unless it is moved."""

    def __init__(self, library: Library) -> None:
        self.now = self.left_s = self.overlap_s = 0.0
        self.told = 0
        self.library = library
        self.facts = Facts(library)
        self.evening = Evening(lambda: self.now)
        self.chooser = Chooser(self.facts, library.recommender())
        self.queue = PlayQueue(
            self.chooser, self.evening, self._count, lambda: self.left_s, lambda: self.overlap_s
        )
        self.queue.renew()

    @property
    def ids(self) -> list[int]:
        return [entry.track.id for entry in self.queue]

    def hear(self, track_id: int) -> None:
        self.evening.hear(track_id)
        self.queue.renew()

    def _count(self) -> None:
        self.told += 1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Return a function that makes a desk over made tracks and playlists."""
    with ExitStack() as ending:

        def make(tracks: Sequence[Made], playlists: Sequence[Sequence[int]] = ()) -> Desk:
            return Desk(ending.enter_context(made_library(tmp_path, tracks, playlists)))

        yield make
