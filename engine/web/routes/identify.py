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
from engine.web.security import RefusedError, drain, read_body

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
    began = time.monotonic()
    client = request.client.host if request.client else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    most = request.app.state.settings.clip_bytes
    said = headers.get("content-length", "")
    size = min(int(said), most) if said.isdigit() and len(said) < 16 else most
    service_s = None
    try:
        ear.admission.enter(client, size)
    except BusyError as busy:
        await drain(request.receive, most)
        return _busy(busy, counts)
    try:
        body = await read_body(headers, request.receive, most)
        kind = headers.get("content-type", "")
        future = ear.submit(lambda: ear.clip(body, kind, time.monotonic()))
        match, service_s = await asyncio.wrap_future(future)
    except BusyError as busy:
        return _busy(busy, counts)
    except RefusedError as refused:
        await drain(request.receive, most)
        counts.identified("refused", None)
        return JSONResponse({"error": refused.why}, refused.status)
    except AudioFileError as error:
        counts.identified("unreadable", None)
        return JSONResponse({"error": str(error)}, 422)
    finally:
        ear.admission.leave(client, size, service_s)
    seconds = time.monotonic() - began
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


def _busy(busy: BusyError, counts: Counts) -> Response:
    counts.identified("busy", None)
    return JSONResponse(
        {"error": busy.why}, busy.status, headers={"Retry-After": str(busy.retry_s)}
    )
