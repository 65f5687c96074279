"""What all routes share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from engine.library import Track
from engine.web.desk import Desk

Answer = dict[str, Any]
DONE: Answer = {"ok": True}

# What may be answered besides 200, for the description of the API.
ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": {"application/json": {"schema": schema}}}
    for schema in [
        {
            "type": "object",
            "properties": {"error": {"type": "string"}},
            "required": ["error"],
        }
    ]
    for code, words in {
        400: "the request is malformed",
        401: "the token is missing or wrong",
        403: "not allowed",
        404: "there is no such thing",
        409: "not in this state",
        413: "the body is too large",
        415: "the content type is another",
        422: "a parameter breaks its rule",
        503: "not now",
    }.items()
}


def desk_of(connection: HTTPConnection) -> Desk:
    """Return the desk of the application."""
    desk: Desk = connection.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]


def track_of(desk: Desk, track_id: int) -> Track:
    """Return a track of the library; NoSuchTrackError if there is none."""
    return desk.session.library.track(track_id)
