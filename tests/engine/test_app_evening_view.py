"""The picture of a session in the terminal, read back as the text that a player sees."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from engine.app.evening_view import bar, clock, picture

NOW = 1_000_000.0


def brief(title: str, duration_s: float = 200.0) -> dict[str, Any]:
    return {
        "id": 1, "title": title, "artist": "Somebody", "album": "", "duration_s": duration_s,
        "bpm": 96.02, "key": "A minor", "key_short": "Am", "lufs": -14.0, "liked": False,
    }  # fmt: skip


@pytest.fixture
def state() -> dict[str, dict[str, Any]]:
    deck = {"track": None, "state": "empty", "position_s": 0.0, "at": NOW, "gain_db": 0.0}
    return {
        "status": {
            "callback_ms": 0.11, "budget_ms": 2.67, "voices": 4, "xruns": 0, "latency_ms": 5.3,
            "tempo": {"bpm": 96.0, "source": "room", "locked": True},
            "key": {"name": "A minor", "tonic": 9, "mode": "minor"}, "tuning_cents": -4.0,
            "error": None,
        },
        "room": {
            "state": "known", "track": brief("Greensleeves"), "position_s": 60.0,
            "at": NOW - 2000.0, "speed": 1.0, "confidence": 0.994, "answered_after_s": 1.3,
            "history": [],
        },
        "decks": {"decks": [dict(deck), dict(deck)], "foreground": 0},
        "queue": {"entries": []},
        "library": {"adding": None, "renewing": None},
    }  # fmt: skip


def seen(state: dict[str, Any], width: int = 100, said: str = "") -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(picture(state, said, NOW))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_the_place_in_the_room_s_track_moves_on_with_the_clock(state: dict[str, Any]) -> None:
    assert "1:02 of 3:20" in seen(state)
    assert "99.4 % sure, after 1.3 s" in seen(state)


def test_unknown_music_is_called_unknown(state: dict[str, Any]) -> None:
    state["room"] |= {"state": "unknown", "track": None}
    assert "something unknown" in seen(state)
    assert "Greensleeves" not in seen(state)


def test_a_deck_that_stands_still_does_not_move_on(state: dict[str, Any]) -> None:
    playing = {"track": brief("Sakura"), "state": "playing", "position_s": 10.0, "at": NOW - 5000.0}
    state["decks"]["decks"][1] |= playing
    assert "0:15 of 3:20" in seen(state)
    state["decks"]["decks"][1]["state"] = "paused"
    assert "0:10 of 3:20" in seen(state)


def test_every_entry_stands_with_its_reason_and_what_the_rules_did(state: dict[str, Any]) -> None:
    state["queue"]["entries"] = [
        {"track": brief("Sakura"), "pinned": True, "reason": "sounds like Greensleeves",
         "notes": ["moved up: in A minor"]},
    ]  # fmt: skip
    text = seen(state)
    assert "1*" in text
    assert "96 Am 3:20" in text
    assert "sounds like Greensleeves; moved up: in A minor" in " ".join(text.split())


def test_what_is_done_beside_all_else_has_a_line(state: dict[str, Any]) -> None:
    assert "anew" not in seen(state)
    state["library"]["renewing"] = {"done": 12, "total": 114}
    assert "analysing anew  12 of 114 tracks" in seen(state)
    adding = {"done": 3, "total": 40, "folder": "~/Music", "finished": False}
    state["library"]["adding"] = adding
    assert "adding  3 of 40  ~/Music" in seen(state)
    adding["finished"] = True
    assert "analysing anew" in seen(state)


def test_what_looks_like_markup_in_a_title_is_text(state: dict[str, Any]) -> None:
    state["room"]["track"] = brief("[bold red]not a style[/]")
    assert "[bold red]not a style[/]" in seen(state)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(state: dict[str, Any], width: int) -> None:
    state["queue"]["entries"] = [
        {"track": brief("A " * 60), "pinned": False, "reason": "because " * 20, "notes": []}
    ]
    assert max(map(len, seen(state, width, "liked").splitlines())) <= width


def test_lengths_and_bars_at_their_ends() -> None:
    assert [clock(s) for s in (None, -1.0, 59.9, 3600.0)] == ["-", "0:00", "0:59", "1:00:00"]
    assert [bar(x, 4) for x in (-1.0, 0.0, 1.0, 2.0)] == ["────", "────", "━━━━", "━━━━"]
