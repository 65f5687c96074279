"""What is this? A clip, or a stream from another microphone."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import HTTPConnection

from engine.errors import AudioFileError
from engine.web.admission import BusyError
from engine.web.identifier import Identifier
from engine.web.metrics import Counts
from engine.web.numbers import tidy
from engine.web.routes.common import Answer, AtDesk
from engine.web.turnstile import Ticket

router = APIRouter(prefix="/api", tags=["identify"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (
                "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/l16",
                "audio/x-s16le", "audio/x-f32le", "application/octet-stream",
            )
        },
    },
    "responses": {
        "200": {"description": "what it is, as far as it is known"},
        "408": {"description": "the body did not arrive in time"},
        "429": {"description": "too many at once from this address; see Retry-After"},
    },
}  # fmt: skip


def identifier_of(connection: HTTPConnection) -> Identifier:
    """Return the ear of the application."""
    found: Identifier = connection.app.state.identifier
    return found


@router.post("/identify", openapi_extra=_BODY)
async def identify(
    request: Request, desk: AtDesk, ear: Annotated[Identifier, Depends(identifier_of)]
) -> Response:
    """Name a clip: an audio file as the body, or raw samples (see docs/api.md)."""
    counts: Counts = request.app.state.counts
    ticket: Ticket = request.state.ticket
    try:
        future = ear.submit(lambda: ear.clip(ticket.body, ticket.content_type, ticket.came_s))
        match, took_s = await asyncio.wrap_future(future)
        ticket.service_s = took_s
    except BusyError as busy:
        counts.identified("busy", None)
        return JSONResponse(
            {"error": busy.why}, busy.status, headers={"Retry-After": str(busy.retry_s)}
        )
    except AudioFileError as error:
        counts.identified("unreadable", None)
        return JSONResponse({"error": str(error)}, 422)
    seconds = time.monotonic() - ticket.came_s
    counts.identified("unknown" if match is None else "known", seconds)
    track = None if match is None else desk.session.track(match.track_id)
    answer: Answer = {
        "state": "unknown" if match is None else "known",
        "track": None if track is None else desk.briefs.of(track),
        "offset_s": None if match is None else tidy(match.offset_s),
        "confidence": 0.0 if match is None else tidy(match.confidence, 4),
        "speed": None if match is None else tidy(match.speed, 4),
        "ms": tidy(1000.0 * seconds, 1),
    }
    return JSONResponse(answer)
