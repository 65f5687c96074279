"""The library: search, folders, adding; and its map."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query

from engine.web import bodies
from engine.web.numbers import tidy
from engine.web.routes.common import DONE, Answer, AtDesk, track_of

router = APIRouter(prefix="/api", tags=["library"])


@router.get("/library/search")
def search(
    desk: AtDesk,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Answer:
    """Tracks whose artist, album and title hold all words; all tracks for none."""
    began = time.perf_counter()
    found = desk.session.library.search(q, limit, offset)
    return {
        "tracks": desk.briefs.many(found.tracks, desk.session.queue.likes),
        "total": found.total,
        "ms": tidy(1000.0 * (time.perf_counter() - began), 2),
    }


@router.get("/library/folders")
def folders(desk: AtDesk, path: Annotated[str, Query(max_length=4096)] = "") -> Answer:
    """Folders below one: where music may be added from."""
    return desk.shelf.folders(path)


@router.post("/library/add")
def add(body: bodies.Folder, desk: AtDesk) -> Answer:
    """Begin to add the music of a folder; the library part tells how it goes."""
    desk.session.add_folder(desk.shelf.allowed(body.folder))
    return DONE


@router.get("/map")
def atlas(desk: AtDesk) -> Answer:
    """Where each track lies among the others."""
    return desk.shelf.map()


@router.post("/map/path")
def path(body: bodies.MapPath, desk: AtDesk) -> Answer:
    """Tracks on the way from one to another."""
    start, end = track_of(desk, body.start), track_of(desk, body.end)
    tracks = desk.shelf.path(start.id, end.id, body.n)
    return {"tracks": desk.briefs.many(tracks, desk.session.queue.likes)}
