"""The parts of the state as JSON: what GET /api/state answers and the socket sends."""

from __future__ import annotations

import time
from typing import Any

from engine.web.desk import Desk
from engine.web.numbers import plain, tidy
from engine.web.status import status

_SHOWN = 50  # entries of the history


def state(desk: Desk) -> dict[str, Any]:
    """Return all parts."""
    return {name: view(desk) for name, view in VIEWS.items()}


def part(desk: Desk, name: str) -> dict[str, Any]:
    """Return one part; KeyError if there is none of that name."""
    return VIEWS[name](desk)


def now_ms() -> int:
    """Return the time of day as JavaScript has it."""
    return round(time.time() * 1000.0)


def room(desk: Desk) -> dict[str, Any]:
    """What the microphone hears."""
    session = desk.session
    rows = [
        {
            "time": now_ms(),
            "state": heard.state,
            "track": None if track is None else desk.briefs.of(track),
            "confidence": tidy(heard.confidence),
            "seconds": None,
        }
        for heard, track in reversed(session.history[-_SHOWN:])
    ]
    deaf = int(session.synth.state[0]["input_channels"]) == 0
    heard, track = session.history[-1] if session.history else (None, None)
    return {
        "state": "off" if deaf else "silence" if heard is None else heard.state,
        "track": None if track is None else desk.briefs.of(track),
        "position_s": None if heard is None else tidy(heard.position_s),
        "at": now_ms(),
        "speed": 1.0 if heard is None else tidy(heard.speed, 4),
        "confidence": 0.0 if heard is None else tidy(heard.confidence),
        "answered_after_s": None if heard is None else tidy(heard.answered_after_s),
        "heard_for_s": tidy(session.listener.heard_s),
        "own": False,
        "history": rows,
    }


def decks(desk: Desk) -> dict[str, Any]:
    """Both decks."""
    empty = {"track": None, "state": "empty", "position_s": 0.0, "at": now_ms(), "gain_db": 0.0}
    return {
        "decks": [{**empty, "fade": 1.0}, {**empty, "fade": 0.0}],
        "foreground": 0,
        "paused": False,
        "crossfade_s": 4.0,
        "target_lufs": -16.0,
        "auto": True,
    }


def queue(desk: Desk) -> dict[str, Any]:
    """What comes next, and why."""
    entries = []
    for number, entry in enumerate(desk.session.queue):
        entries.append(
            {
                "id": number,
                "track": desk.briefs.of(entry.track),
                "by": "suggested",
                "pinned": False,
                "reason": entry.reason,
                "share": 0.0,
                "voices": [],
                "notes": [],
                "starts_in_s": None,
            }
        )
    return {
        "entries": entries,
        "ends_at": None,
        "can_undo": False,
        "can_redo": False,
        "rules": {},
        "likes": [],
        "skips": [],
    }


def keys(desk: Desk) -> dict[str, Any]:
    """The patch under the player's hands."""
    found: dict[str, Any] = plain(desk.instrument.state())
    return found


def library(desk: Desk) -> dict[str, Any]:
    """How much music there is, and what is being added."""
    music = desk.session.library
    tracks = music.tracks()
    return {
        "tracks": len(tracks),
        "hours": tidy(sum(track.duration_s for track in tracks) / 3600.0, 2),
        "playlists": len(music.playlists()),
        "waiting": len(music.waiting_for_analysis()),
        "adding": None,
    }


VIEWS = {
    "status": status,
    "room": room,
    "decks": decks,
    "queue": queue,
    "keys": keys,
    "library": library,
}
