"""The parts of the state as JSON: what GET /api/state answers and the socket sends."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.library.totals import totals
from engine.web.desk import Desk
from engine.web.numbers import plain, tidy
from engine.web.shelf import shown
from engine.web.status import status

if TYPE_CHECKING:
    from engine.session.adding import AddProgress
    from engine.session.renewing import RenewProgress

_SHOWN = 50  # of the history, the likes and the skips
_STATES = {"heard": "known", "unknown": "unknown", "silence": "silence"}


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
    """What the microphone hears, and heard before."""
    session = desk.session
    events = [one for one in session.history.entries if one.kind in _STATES][-_SHOWN:]
    likes = session.queue.likes
    named = {one.track_id for one in events if one.track_id is not None}
    tracks = [track for track in map(session.track, sorted(named)) if track is not None]
    briefs = {brief["id"]: brief for brief in desk.briefs.many(tracks, likes)}
    deaf = int(session.synth.state[0]["input_channels"]) == 0
    last = events[-1] if events else None
    heard, latest = session.heard, session.listener.latest
    match = latest.match if latest is not None else None
    position_s = None if last is None else last.position_s
    at, speed, confidence = None if last is None else last.time, 1.0, 0.0
    if last is not None and last.confidence is not None:
        confidence = last.confidence
    if latest and match and last and match.track_id == last.track_id:
        position_s, at = latest.position_s, time.time() - session.listener.latest_age_s
        speed, confidence = match.speed, match.confidence
    state = "silence" if last is None else _STATES[last.kind]
    return {
        "state": "off" if deaf else state,
        "track": None if last is None else briefs.get(last.track_id),
        "position_s": tidy(position_s),
        "at": None if at is None else round(1000.0 * at),
        "speed": tidy(speed, 4),
        "confidence": tidy(confidence),
        "answered_after_s": None if heard is None else tidy(heard.answered_after_s),
        "heard_for_s": None if last is None else tidy(max(time.time() - last.time, 0.0)),
        "own": match is not None and session.is_own(match.track_id),
        "history": [
            {
                "time": round(1000.0 * one.time),
                "state": _STATES[one.kind],
                "track": briefs.get(one.track_id),
                "confidence": tidy(one.confidence),
                "seconds": tidy(one.seconds, 1),
            }
            for one in reversed(events)
        ],
    }


def decks(desk: Desk) -> dict[str, Any]:
    """Both decks."""
    now, session = now_ms(), desk.session
    pair = session.decks.status
    return {
        "decks": [
            {
                "track": _brief(desk, one.track_id),
                "state": one.state,
                "position_s": tidy(one.position_s),
                "duration_s": tidy(one.duration_s),
                "at": now,
                "gain_db": tidy(one.gain_db, 2),
                "fade": tidy(one.fade),
            }
            for one in pair
        ],
        "foreground": session.decks.foreground,
        "paused": session.decks.paused,
        "crossfade_s": tidy(session.decks.crossfade_s),
        "target_lufs": tidy(session.decks.target_lufs),
        "auto": session.decks.auto,
    }


def _brief(desk: Desk, track_id: int | None) -> dict[str, Any] | None:
    track = None if track_id is None else desk.session.track(track_id)
    return None if track is None else desk.briefs.of(track, desk.session.queue.likes)


def queue(desk: Desk) -> dict[str, Any]:
    """What comes next, and why."""
    waiting = desk.session.queue
    entries, starts = waiting.entries, waiting.starts_in_s
    likes = waiting.likes
    briefs = desk.briefs.many([entry.track for entry in entries], likes)
    return {
        "entries": [
            {
                "id": entry.id,
                "track": brief,
                "by": entry.by,
                "pinned": entry.pinned,
                "reason": entry.reason,
                "share": tidy(entry.share),
                "voices": [
                    {
                        "kind": voice.kind,
                        "track_id": voice.track_id,
                        "title": voice.title,
                        "share": tidy(voice.share),
                        "moment_s": tidy(voice.moment_s, 1),
                    }
                    for voice in entry.voices
                ],
                "notes": list(entry.notes),
                "starts_in_s": tidy(start, 1),
            }
            # the queue may have moved on between the two
            for entry, brief, start in zip(
                entries, briefs, [*starts, *[None] * len(entries)], strict=False
            )
        ],
        "ends_at": now_ms() + round(1000.0 * waiting.ends_in_s) if entries else None,
        "can_undo": waiting.can_undo,
        "can_redo": waiting.can_redo,
        "rules": plain(asdict(waiting.rules)),
        "likes": _chosen(desk, likes, likes),
        "skips": _chosen(desk, waiting.skips, likes),
    }


def _chosen(desk: Desk, ids: tuple[int, ...], likes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return the briefs of the latest of some tracks, latest first."""
    tracks = map(desk.session.track, reversed(ids[-_SHOWN:]))
    return desk.briefs.many([track for track in tracks if track is not None], likes)


def keys(desk: Desk) -> dict[str, Any]:
    """The patch under the player's hands."""
    found: dict[str, Any] = plain(desk.instrument.state())
    return found


def library(desk: Desk) -> dict[str, Any]:
    """How much music there is, and what is being added."""
    held = totals(desk.session.library.directory)
    adding, renewing = desk.session.adding, desk.session.renewing
    return {
        "tracks": held.tracks,
        "hours": tidy(held.seconds / 3600.0, 2),
        "playlists": held.playlists,
        "waiting": held.waiting,
        "adding": None if adding is None else _adding(adding),
        "renewing": None if renewing is None or renewing.finished else _renewing(renewing),
    }


def _adding(progress: AddProgress) -> dict[str, Any]:
    return {
        "folder": shown(progress.folder),
        "done": progress.done,
        "total": progress.total,
        "added": progress.added,
        "failed": progress.failed,
        "current": progress.current or None,
        "finished": progress.finished,
        "error": progress.error or None,
    }


def _renewing(progress: RenewProgress) -> dict[str, Any]:
    return {"done": progress.done, "total": progress.total}


VIEWS = {
    "status": status,
    "room": room,
    "decks": decks,
    "queue": queue,
    "keys": keys,
    "library": library,
}
