"""Single tracks: likes, how they sound, how they look."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from engine.web.bodies import MOST_ID
from engine.web.numbers import plain, tidy
from engine.web.routes.common import DONE, Answer, AtDesk, track_of

router = APIRouter(prefix="/api/tracks", tags=["tracks"])
TrackNumber = Annotated[int, Path(ge=0, le=MOST_ID)]


@router.get("/{track_id}")
def get(track_id: TrackNumber, desk: AtDesk) -> Answer:
    """All that is known of a track."""
    track = track_of(desk, track_id)
    found = desk.session.library.analysis(track_id)
    grid = None if found is None else found.grid
    return desk.briefs.of(track, desk.session.queue.likes) | {
        "cue_in_s": None if found is None else tidy(found.cue_in_s),
        "cue_out_s": None if found is None else tidy(found.cue_out_s),
        "energy_db": [] if found is None else [tidy(level, 1) for level in found.energy_db],
        "beats_per_bar": None if grid is None else int(grid.beats_per_bar),
        "tuning_cents": None if found is None else tidy(found.tuning_cents, 1),
        "damaged": track.damaged,
    }


@router.get("/{track_id}/waveform")
def waveform(
    track_id: TrackNumber,
    desk: AtDesk,
    bars: Annotated[int, Query(ge=16, le=2000)] = 400,
) -> Answer:
    """Peaks and levels of a track, to be drawn."""
    found = desk.shelf.overview(track_of(desk, track_id), bars)
    return {
        "peak": plain(found.peak),
        "rms": plain(found.rms),
        "duration_s": tidy(found.duration_s),
    }


@router.post("/{track_id}/like")
def like(track_id: TrackNumber, desk: AtDesk) -> Answer:
    """More like this."""
    desk.session.like(track_of(desk, track_id).id)
    return DONE


@router.post("/{track_id}/unlike")
def unlike(track_id: TrackNumber, desk: AtDesk) -> Answer:
    """Take a like back."""
    desk.session.unlike(track_of(desk, track_id).id)
    return DONE


@router.post("/{track_id}/skip")
def skip(track_id: TrackNumber, desk: AtDesk) -> Answer:
    """Not this one, and less like it."""
    desk.session.skip(track_of(desk, track_id).id)
    return DONE


@router.post("/{track_id}/more")
def more(track_id: TrackNumber, desk: AtDesk) -> Answer:
    """Go on from this one."""
    desk.session.more_like(track_of(desk, track_id).id)
    return DONE
