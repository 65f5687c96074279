"""The application: routes, sockets and the page behind one door."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from engine.errors import (
    AntiphonError,
    AudioFileError,
    DeckError,
    LibraryLockedError,
    NoSuchTrackError,
    PatchError,
    RecordingError,
)
from engine.library.piece import sound_of
from engine.web import docs, views
from engine.web.desk import Desk
from engine.web.identifier import Identifier
from engine.web.metrics import CONTENT_TYPE, Counts
from engine.web.routes import decks, identify, keys, library, queue, tracks
from engine.web.routes.common import ERRORS, Answer, AtDesk
from engine.web.security import Door
from engine.web.settings import WebSettings
from engine.web.socket import Hub
from engine.web.streams import Streams
from engine.web.turnstile import Turnstile

if TYPE_CHECKING:
    from engine.session import Session

PAGE = Path(__file__).with_name("page")
_STATUS: dict[type[Exception], int] = {
    NoSuchTrackError: 404,
    PatchError: 422,
    AudioFileError: 422,
    DeckError: 409,
    RecordingError: 409,
    LibraryLockedError: 409,
    AntiphonError: 503,
    LookupError: 404,
    PermissionError: 403,
    ValueError: 422,
}


def create_app(session: Session, settings: WebSettings, desk: Desk | None = None) -> FastAPI:
    """Return the application of a session.

    Parameters
    ----------
    session : Session
    settings : WebSettings
    desk : Desk, optional
        Of that session, where its owner has more to say of devices.
    """
    at = desk or Desk(session)
    hub = Hub(at, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.start()
        try:
            yield
        finally:
            await hub.stop()
            ear.close()

    app = FastAPI(
        title="Antiphon",
        description="A session: what the room plays, what you play, and what comes next.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=ERRORS,
    )
    # FastAPI hides it itself, by a context that another thread may end in the middle
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
    ear = Identifier(lambda: session.library.index, sound=sound_of(session.library))
    streams = Streams(at, ear, settings)
    app.state.desk = at
    app.state.hub = hub
    app.state.settings = settings
    app.state.identifier = ear
    app.state.counts = Counts(at, ear.admission, lambda: hub.count, lambda: streams.count)
    for routes in (decks, queue, tracks, library, keys, identify):
        app.include_router(routes.router)

    @app.get("/api/state", tags=["state"])
    def state(desk: AtDesk) -> Answer:
        """Everything the page shows, part by part."""
        return views.state(desk)

    @app.get("/docs", include_in_schema=False)
    def describe() -> HTMLResponse:
        return HTMLResponse(docs.page(app.openapi()))

    @app.get("/metrics", tags=["state"], response_class=Response)
    def metrics(request: Request) -> Response:
        """Numbers for Prometheus."""
        return Response(request.app.state.counts.text(), media_type=CONTENT_TYPE)

    @app.websocket("/api/socket")
    async def socket(websocket: WebSocket) -> None:
        await hub.serve(websocket)

    @app.websocket("/api/identify/stream")
    async def stream(websocket: WebSocket) -> None:
        await streams.serve(websocket)

    for kind, code in _STATUS.items():
        app.add_exception_handler(kind, _answer(code))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.mount("/", StaticFiles(directory=PAGE, html=True, check_dir=False), name="page")
    app.add_middleware(
        Turnstile,
        admission=ear.admission,
        counts=app.state.counts,
        clip_bytes=settings.clip_bytes,
    )
    app.add_middleware(Door, settings=settings)
    return app


def _answer(code: int):  # type: ignore[no-untyped-def]
    async def answer(_: Request, error: Exception) -> JSONResponse:
        text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        return JSONResponse({"error": " ".join(text.split())[:500]}, code)

    return answer


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    got = "" if first["type"] == "missing" else f", got {str(first.get('input'))[:60]!r}"
    message = first["msg"][:1].lower() + first["msg"][1:]
    return JSONResponse({"error": f"{where or 'body'}: {message}{got}"}, 422)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
