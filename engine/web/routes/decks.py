"""The decks: play, cue, pause, seek, cross over."""

from __future__ import annotations

from fastapi import APIRouter

from engine.decks import Cue
from engine.web import bodies, views
from engine.web.desk import Desk
from engine.web.routes.common import DONE, Answer, AtDesk, track_of

router = APIRouter(prefix="/api/decks", tags=["decks"])


@router.post("/play")
def play(body: bodies.Play, desk: AtDesk) -> Answer:
    """Play a track now."""
    track = track_of(desk, body.track_id)
    desk.session.play(track.id, min(body.start_s, track.duration_s))
    return DONE


@router.post("/cue")
def cue(body: bodies.CueTrack, desk: AtDesk) -> Answer:
    """Load a track on the idle deck, paused at its start."""
    session, track = desk.session, track_of(desk, body.track_id)
    found = session.library.analysis(track.id)
    trim = session.decks.crossfade_s > 0.0
    session.decks.cue(Cue.of(track.id, track.path, found, trim=trim))
    return _told(desk)


@router.post("/pause")
def pause(desk: AtDesk) -> Answer:
    """Hold the music."""
    desk.session.decks.pause()
    return _told(desk)


@router.post("/resume")
def resume(desk: AtDesk) -> Answer:
    """Go on."""
    desk.session.decks.resume()
    return _told(desk)


@router.post("/next")
def following(desk: AtDesk) -> Answer:
    """Go over to the head of the queue; play it, if nothing plays."""
    desk.go_on()
    return DONE


@router.post("/stop")
def stop(desk: AtDesk) -> Answer:
    """Stop both decks."""
    desk.session.decks.stop()
    return _told(desk)


@router.post("/seek")
def seek(body: bodies.Seek, desk: AtDesk) -> Answer:
    """Go to a second of what plays."""
    desk.session.decks.seek(body.position_s)
    return _told(desk)


@router.post("/crossfade")
def crossfade(body: bodies.Crossfade, desk: AtDesk) -> Answer:
    """Go over to the other deck, or to the head of the queue if that is empty."""
    desk.session.decks.crossfade(body.seconds)
    return _told(desk)


@router.put("/settings")
def settings(body: bodies.DeckSettings, desk: AtDesk) -> Answer:
    """Say how the decks change over."""
    decks = desk.session.decks
    if body.crossfade_s is not None:
        decks.crossfade_s = body.crossfade_s
    if "target_lufs" in body.model_fields_set:
        decks.target_lufs = body.target_lufs
    if body.auto is not None:
        decks.auto = body.auto
    return views.decks(_tell(desk))


def _told(desk: Desk) -> Answer:
    _tell(desk)
    return DONE


def _tell(desk: Desk) -> Desk:
    desk.tell("decks")
    return desk
