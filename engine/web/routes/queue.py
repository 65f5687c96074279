"""The queue: what comes next, its rules, and its files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from engine.library.playlist_files import write_playlist
from engine.web import bodies, views
from engine.web.routes.common import DONE, Answer, AtDesk, track_of

router = APIRouter(prefix="/api", tags=["queue"])

_TYPES = {
    "m3u8": "audio/x-mpegurl",
    "jspf": "application/json",
    "xspf": "application/xspf+xml",
}


@router.post("/queue")
def add(body: bodies.QueueAdd, desk: AtDesk) -> Answer:
    """Queue a track."""
    track = track_of(desk, body.track_id)
    return {"id": desk.session.queue.add(track.id, _place(desk, body.place)).id}


@router.post("/queue/all")
def add_all(body: bodies.QueueAddAll, desk: AtDesk) -> Answer:
    """Queue several tracks."""
    ids = [track_of(desk, track_id).id for track_id in body.track_ids]
    entries = desk.session.queue.add_all(ids, _place(desk, body.place))
    return {"ids": [entry.id for entry in entries]}


@router.delete("/queue/{entry}")
def remove(entry: bodies.EntryId, desk: AtDesk) -> Answer:
    """Take an entry out."""
    desk.session.queue.remove(_known(desk, entry))
    return DONE


@router.post("/queue/undo")
def undo(desk: AtDesk) -> Answer:
    """Take the last change back."""
    return {"done": desk.session.queue.undo()}


@router.post("/queue/redo")
def redo(desk: AtDesk) -> Answer:
    """Make it again."""
    return {"done": desk.session.queue.redo()}


@router.post("/queue/renew")
def renew(desk: AtDesk) -> Answer:
    """Suggest anew."""
    desk.session.renew()
    return DONE


@router.post("/queue/clear")
def clear(desk: AtDesk) -> Answer:
    """Take everything out; suggestions come anew."""
    desk.session.queue.clear()
    return DONE


@router.post("/queue/fit")
def fit(body: bodies.QueueFit, desk: AtDesk) -> Answer:
    """Fill the time that remains."""
    desk.session.queue.fit(body.seconds)
    return views.queue(desk)


@router.put("/queue/rules")
def rules(body: dict[str, Any], desk: AtDesk) -> Answer:
    """Change some of the rules; each can be switched off."""
    try:
        desk.session.rules = replace(desk.session.rules, **body)
    except TypeError:
        known = ", ".join(views.queue(desk)["rules"])
        raise ValueError(f"rules must be some of {known}, got {', '.join(body)[:100]}") from None
    return DONE


@router.post("/queue/{entry}/move")
def move(entry: bodies.EntryId, body: bodies.QueueMove, desk: AtDesk) -> Answer:
    """Move an entry."""
    desk.session.queue.move(_known(desk, entry), body.place)
    return DONE


@router.post("/queue/{entry}/pin")
def pin(entry: bodies.EntryId, body: bodies.QueuePin, desk: AtDesk) -> Answer:
    """Keep an entry where it stands, or no longer."""
    desk.session.queue.pin(_known(desk, entry), body.pinned)
    return DONE


@router.get("/queue.{kind}", response_class=Response)
def save(kind: str, desk: AtDesk) -> Response:
    """The queue as a playlist: queue.m3u8, queue.jspf or queue.xspf."""
    if kind not in _TYPES:
        raise LookupError(f"queue can be had as {', '.join(_TYPES)}, not as {kind[:20]!r}")
    tracks = [entry.track for entry in desk.session.queue.entries]
    return Response(write_playlist(tracks, kind, "Antiphon"), media_type=_TYPES[kind])


@router.get("/history.csv", response_class=Response)
def history_csv(desk: AtDesk) -> Response:
    """What was heard and played, as a table."""
    return Response(desk.session.history.to_csv(), media_type="text/csv")


@router.get("/history.json")
def history_json(desk: AtDesk) -> Response:
    """What was heard and played."""
    return Response(desk.session.history.to_json(), media_type="application/json")


def _place(desk: Any, place: int | None) -> int | None:
    """Return a place that the queue has."""
    return None if place is None else min(place, len(desk.session.queue.entries))


def _known(desk: Any, entry: int) -> int:
    if all(one.id != entry for one in desk.session.queue.entries):
        raise LookupError(f"the queue has no entry {entry}")
    return entry
