"""OSC from another program of this machine: notes, knobs, transport; nonsense is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pythonosc.udp_client import SimpleUDPClient

from engine.errors import DeviceError
from engine.web.osc import Osc

from .conftest import Web


class _Link:
    """A sender, and what was complained of."""

    def __init__(self, web: Web) -> None:
        self.errors: list[str] = []
        self._told = threading.Semaphore(0)
        self.osc = Osc(web.desk, 0, self._error)
        self._client = SimpleUDPClient("127.0.0.1", self.osc.port)

    def _error(self, text: str) -> None:
        self.errors.append(text)
        self._told.release()

    def send(self, address: str, *values: Any) -> None:
        self._client.send_message(f"/antiphon/{address}", list(values))

    def close(self) -> None:
        self.osc.close()
        self._client._sock.close()

    def settle(self) -> list[str]:
        """Return what was wrong, once all that was sent is obeyed."""
        self.send("end")
        while not self.errors or "/antiphon/end" not in self.errors[-1]:
            assert self._told.acquire(timeout=60.0)
        found, self.errors = self.errors[:-1], []
        return found


@pytest.fixture
def link(web: Web) -> Iterator[_Link]:
    made = _Link(web)
    yield made
    made.close()


def test_notes_and_controls_are_played_whole_numbers_or_floats(web: Web, link: _Link) -> None:
    link.send("note_on", 60, 100)
    link.send("note_on", 64.0, 90.0, 1.0)
    link.send("note_on", 67)
    link.send("note_off", 67)
    link.send("bend", 0.25)
    link.send("control", 1, 64)
    assert link.settle() == []
    web.step(4)
    one = web.desk.synth.state[0]
    assert (one["key_bits"] != 0).nonzero()[0].tolist() == [0, 1]
    assert (one["key_bits"] != 0).nonzero()[1].tolist() == [60, 64]
    assert one["bend"][0] == pytest.approx(0.25, abs=1e-3)
    assert one["control"][0, 0] == 64.0
    link.send("panic")
    link.send("control", 121, 0)
    assert link.settle() == []
    web.step(20)
    assert web.desk.synth.active_voices == 0


def test_knobs_patches_and_tempo_are_set(web: Web, link: _Link) -> None:
    link.send("patch", "glass-keys")
    link.send("set", "filter.cutoff", 432.0)
    link.send("tempo", 93)
    link.send("master", -3.0)
    assert link.settle() == []
    web.step(2)
    assert web.desk.synth.patch().name == "glass-keys"
    assert web.desk.synth.patch().filter.cutoff == 432.0
    assert web.desk.synth.tempo == pytest.approx(93.0)
    assert web.desk.master_db == -3.0
    link.send("master", 0.0)
    link.settle()


def test_the_queue_and_the_decks_are_steered(web: Web, link: _Link) -> None:
    head = web.session.queue.entries[0].track.id
    link.send("skip")
    link.send("pause")
    link.send("resume")
    link.send("stop")
    assert link.settle() == []
    assert head in web.session.queue.skips


def test_what_is_wrong_is_told_and_the_next_message_is_obeyed(web: Web, link: _Link) -> None:
    link.send("note_on", 200)
    link.send("note_on", "x")
    link.send("note_on")
    link.send("set", "filter.cutoff", 1e9)
    link.send("tempo")
    link.send("tempo", float("nan"))
    link.send("play", 999)
    link.send("patch", "../../etc/passwd")
    said = link.settle()
    assert len(said) == 8
    assert "note must be between 0 and 127, got 200" in said[0]
    assert all("\n" not in line for line in said)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        for junk in (
            b"",
            b"junk",
            b"/antiphon/note_on\x00\x00\x00,i",
            b"#bundle\x00" + b"\xff" * 20,
        ):
            raw.sendto(junk, ("127.0.0.1", link.osc.port))
    assert link.settle() == []


def test_a_port_that_is_taken_is_one_line(web: Web, link: _Link) -> None:
    with pytest.raises(DeviceError, match=f"cannot listen to OSC at 127.0.0.1:{link.osc.port}"):
        Osc(web.desk, link.osc.port, print)
