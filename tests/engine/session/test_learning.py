"""The default model is trained beside the session, which then suggests by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.io.device import Stream
from engine.library.taste import Taste
from engine.session import Session, session
from engine.session.learning import Learning
from engine.synth import Synth
from recommend import models
from recommend.models import Kind, Model, Taught
from recommend.neighbours import Neighbours, item_neighbours

from ..made import Made, made_library

TRACKS = [Made(f"Tune {i}") for i in range(6)]


def quick(taught: Taught, _: Path | None) -> Model:
    return item_neighbours().fit(taught.interactions)


def test_the_child_trains_the_library_it_is_told_and_tells_when_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.MODELS, "default", Kind("", quick, Neighbours.load))  # type: ignore[misc]
    monkeypatch.setattr("recommend.blend.LEAST_PLAYLISTS", 1)
    with made_library(tmp_path, TRACKS, [[0, 1]]) as library:
        library.taste.train()  # so that the child has nothing left to do
        told = threading.Event()
        learning = Learning(library.directory, told.set)
        assert learning.wait(60.0)
        assert told.is_set()
        assert not learning.running
    failed = Learning(tmp_path / "no library", told.clear)
    assert failed.wait(60.0)
    assert told.is_set()  # nothing was called


def test_closing_ends_the_child_and_calls_nobody(tmp_path: Path) -> None:
    told = threading.Event()
    with made_library(tmp_path, TRACKS, [[0, 1]]) as library:
        learning = Learning(library.directory, told.set)
        learning.close()
    assert not learning.running
    assert not told.is_set()


def test_a_session_learns_once_where_it_is_due_and_then_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Callable[[], None]] = []

    class Fake:
        running = True

        def __init__(self, _: Path, finished: Callable[[], None]) -> None:
            begun.append(finished)

        def close(self) -> None:
            self.running = False

    monkeypatch.setattr(session, "Learning", Fake)
    monkeypatch.setattr(Taste, "is_due", lambda _: True)
    synth = Synth()
    (tmp_path / "music").mkdir()
    with (
        made_library(tmp_path, TRACKS, [[0, 1], [0, 1], [2, 3]]) as library,
        Session(library, synth, Stream(synth, 128)) as opened,
    ):
        opened._learn()
        assert len(begun) == 1
        before = opened.queue._chooser
        begun[0]()
        assert opened.queue._chooser is not before
        assert opened._learning is not None
    assert not opened._learning.running
