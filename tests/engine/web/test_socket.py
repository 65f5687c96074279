"""The page's socket: parts and frames out, notes and knobs in."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from engine.web.desk import PARTS

from .conftest import TOKEN, Web

_FRAME_BYTES = 16 + 96 + 96 + 256 + 10 + 16


@contextmanager
def _greeted(web: Web) -> Iterator[Any]:
    with web.socket() as socket:
        socket.send_json({"type": "hello", "token": TOKEN})
        yield socket


def _messages(socket: Any, count: int) -> list[Any]:
    """Return the next messages: JSON decoded, frames as bytes."""
    found = []
    for _ in range(count):
        message = socket.receive()
        text = message.get("text")
        found.append(json.loads(text) if text is not None else message["bytes"])
    return found


def _until(socket: Any, wanted: Any) -> Any:
    """Return the first message that is wanted, within some hundred."""
    for _ in range(300):
        (message,) = _messages(socket, 1)
        if wanted(message):
            return message
    raise AssertionError("it did not come")


def _is_part(name: str) -> Any:
    return lambda message: isinstance(message, dict) and message.get("part") == name


def _is_error(message: Any) -> bool:
    return isinstance(message, dict) and message["type"] == "error"


def test_every_part_is_sent_first_as_the_state_has_it(web: Web) -> None:
    with _greeted(web) as socket:
        first = [m for m in _messages(socket, 3 * len(PARTS)) if not isinstance(m, bytes)]
        first = first[: len(PARTS)]
    state = web.get("/api/state")
    assert [message["part"] for message in first] == list(PARTS)
    for message in first:
        assert message["type"] == "state"
        assert message["data"].keys() == state[message["part"]].keys()
    assert first[4]["data"] == state["keys"]


def test_frames_come_in_the_layout_that_was_promised_and_are_counted(web: Web) -> None:
    web.session.synth.note_on(61)
    web.step(20)
    now = web.desk.synth.beat
    with _greeted(web) as socket:
        frames = [m for m in _messages(socket, 30) if isinstance(m, bytes)]
    web.session.synth.panic()
    web.step(20)
    assert len(frames) > 10
    counters = []
    for frame in frames:
        assert len(frame) == _FRAME_BYTES
        kind, _, bins, scope, meters, counter, beat = struct.unpack("<BBHHHIf", frame[:16])
        assert (kind, bins, scope, meters) == (1, 96, 256, 10)
        assert beat == pytest.approx(now % 1024, abs=1e-4)
        counters.append(counter)
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    keys = frames[-1][-16:]
    assert [n for n in range(128) if keys[n // 8] >> n % 8 & 1] == [61]


def test_a_page_that_does_not_watch_gets_no_frames(web: Web) -> None:
    with _greeted(web) as socket:
        socket.send_json({"type": "watch", "frames": False})
        _messages(socket, len(PARTS) + 3)  # one may have been on its way
        later = [_until(socket, _is_part("status")), *_messages(socket, 3)]
    assert not any(isinstance(message, bytes) for message in later)


def test_notes_sound_and_end_with_the_page_that_plays_them(web: Web) -> None:
    with _greeted(web) as socket:
        socket.send_json({"type": "note_on", "note": 60, "velocity": 90})
        socket.send_json({"type": "note_on", "note": 64})
        socket.send_json({"type": "note_off", "note": 64})
        socket.send_json({"type": "nothing"})
        _until(socket, _is_error)  # all before it was obeyed
        web.step(4)
        held = web.desk.synth.state[0]["key_bits"][0] != 0
        assert held.nonzero()[0].tolist() == [60]
    web.step(4)
    assert not (web.desk.synth.state[0]["key_bits"] != 0).any()


def test_bend_controls_and_pressure_reach_the_synthesizer(web: Web) -> None:
    with _greeted(web) as socket:
        socket.send_json({"type": "bend", "amount": -0.5})
        socket.send_json({"type": "control", "number": 1, "value": 127})
        socket.send_json({"type": "pressure", "amount": 127})
        socket.send_json({"type": "nothing"})
        _until(socket, _is_error)
        web.step(2)
        one = web.desk.synth.state[0]
        assert one["bend"][0] == pytest.approx(-0.5)
        assert one["control"][0, 0] == 127.0
        assert one["pressure"][0] == 1.0
        for number, value in ((1, 0), (121, 0)):
            socket.send_json({"type": "control", "number": number, "value": value})
        socket.send_json({"type": "nothing"})
        _until(socket, _is_error)
    web.step(2)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"type": "note_on", "note": 128}, "note must be between 0 and 127, got 128"),
        ({"type": "note_on", "note": 60.5}, "note must be a whole number"),
        ({"type": "note_on", "note": True}, "note must be a whole number"),
        ({"type": "note_on"}, "note must be a whole number"),
        ({"type": "note_on", "note": 10**30}, "note must be between 0 and 127"),
        ({"type": "note_on", "note": 60, "channel": 16}, "channel must be between 0 and 15"),
        ({"type": "bend", "amount": 1.5}, "amount must be between -1 and 1"),
        ({"type": "bend", "amount": "x"}, "amount must be a number"),
        ({"type": "control", "number": 1, "value": 128}, "value must be between 0 and 127"),
        ({"type": "set", "path": "filter.cutoff", "value": 1e9}, "filter.cutoff must be between"),
        ({"type": "set", "path": "filter.none", "value": 1}, "path must be one of those"),
        ({"type": "set", "path": ["filter"], "value": 1}, "path must be a text"),
        ({"type": "fly"}, "type must be one of note_on"),
        ({"type": {}}, "type must be one of"),
        ([], "message must be a JSON object"),
    ],
)
def test_a_wrong_message_is_answered_with_its_rule_and_the_page_stays(
    web: Web, message: Any, error: str
) -> None:
    with _greeted(web) as socket:
        socket.send_json(message)
        assert error in _until(socket, _is_error)["error"]
        socket.send_json({"type": "panic"})
        _until(socket, _is_part("status"))


@pytest.mark.parametrize("text", ["{", "x" * 4097, "\x00", "[" * 4000, '{"type":NaN}'])
def test_what_is_no_message_is_answered_too(web: Web, text: str) -> None:
    with _greeted(web) as socket:
        socket.send_text(text)
        assert _until(socket, _is_error)["error"]


def test_a_knob_that_is_dragged_ends_where_it_was_left(web: Web) -> None:
    with _greeted(web) as socket:
        before = web.desk.synth.state[0]["command_head"][0]
        for cutoff in range(500, 1500):
            socket.send_json({"type": "set", "path": "filter.cutoff", "value": cutoff})
        _until(
            socket,
            lambda m: _is_part("keys")(m) and m["data"]["patch"]["filter"]["cutoff"] == 1499,
        )
        sent = web.desk.synth.state[0]["command_head"][0] - before
    assert sent < 1000  # a turn sends six commands; a thousand turns would be 6000
    web.step(2)
    assert web.desk.synth.patch().filter.cutoff == 1499
    assert web.get("/api/state")["keys"]["changed"]


def test_a_part_is_sent_again_when_it_changed(web: Web) -> None:
    with _greeted(web) as socket:
        _messages(socket, len(PARTS))
        web.post("/api/tracks/3/like")
        queue = _until(socket, _is_part("queue"))["data"]
        assert [track["id"] for track in queue["likes"]] == [3]
        web.post("/api/tracks/3/unlike")
        assert _until(socket, _is_part("queue"))["data"]["likes"] == []


def test_no_more_pages_are_let_in_than_the_settings_say(web: Web) -> None:
    hub = web.client.app.state.hub  # type: ignore[attr-defined]
    with _greeted(web) as first:
        _messages(first, 1)
        most, hub._settings = hub._settings, type(web.settings)(8899, TOKEN, sockets=1)
        try:
            with _greeted(web) as second, pytest.raises(WebSocketDisconnect) as closed:
                second.receive_text()
            assert closed.value.code == 4429
        finally:
            hub._settings = most
