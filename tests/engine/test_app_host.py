"""The host's keys in a session without a device, and the picture that they change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from engine.app import host as hosts
from engine.app.host import Host, show_picture
from engine.app.in_time import InTime
from engine.follow.harmony import Harmony
from engine.io.device import HandStream
from engine.session import Session
from engine.synth import Synth
from engine.web.desk import Desk
from tests.engine.made import Made, made_library


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    synth = Synth(voices=4)
    tracks = [Made(f"Tune {n}", f"Artist {n}", 100.0 + n) for n in range(8)]
    with (
        made_library(tmp_path, tracks) as library,
        Session(library, synth, HandStream(synth)) as session,
    ):
        yield Host(session, InTime(session.follower, synth, Harmony(synth)))


def waiting(host: Host) -> list[str]:
    return [entry.track.title for entry in host.session.queue.entries]


def test_a_skipped_track_leaves_its_place_and_undo_brings_it_back(host: Host) -> None:
    before, first = waiting(host), host.session.queue.entries[0].track
    assert host.press("s") == f"skipped {first.name}"
    assert waiting(host)[0] != before[0]
    assert host.press("u") == "undone"
    assert waiting(host) == before
    assert host.press("u") == "nothing to undo"


def test_like_and_more_speak_of_what_was_heard_last(host: Host) -> None:
    assert host.press("l") == "nothing plays that could be liked"
    assert host.press("m") == "nothing plays to go on from"
    track = host.session.track(3)
    host.session.history.note("heard", track, 1.0, 0.9)
    assert host.press("l") == "liked   Artist 2 - Tune 2"
    assert host.session.queue.likes == (3,)
    assert host.press("m") == "more like Artist 2 - Tune 2"


def test_space_holds_the_decks_and_lets_them_go_on(host: Host) -> None:
    assert host.press(" ") == "paused"
    assert host.session.decks.paused
    assert host.press(" ") == "playing"
    assert not host.session.decks.paused


def test_a_key_that_means_nothing_says_nothing(host: Host) -> None:
    assert host.press("x") is None


class _Keys:
    """A hand that presses what was given, then q."""

    def __init__(self, pressed: str) -> None:
        self._left = [*pressed, "q"]

    def __call__(self) -> _Keys:
        return self

    def __enter__(self) -> _Keys:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, _timeout_s: float) -> str:
        return self._left.pop(0)


def test_the_picture_shows_the_queue_and_what_a_key_did(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hosts, "Keys", _Keys("s"))
    first = host.session.queue.entries[0].track
    desk = Desk(host.session, takes=tmp_path)
    with (tmp_path / "screen").open("w+") as file:
        console = Console(file=file, force_terminal=True, width=100, height=40)
        show_picture(host, desk, time.monotonic() + 60.0, console)
        file.seek(0)
        shown = file.read()
    desk.close()
    assert f"skipped {first.name}" in shown
    assert waiting(host)[0] in shown
    assert shown.endswith("\x1b[?25h\x1b[?1049l")  # the screen is given back, cursor and all
