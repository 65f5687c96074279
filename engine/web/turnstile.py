"""In front of the service that names clips: most of a crowd is sent away here, cheaply.

A refusal that first went through routing, validation and a response of the framework would take
the time in which those who were let in wait for their answer.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.web.admission import Admission, BusyError
from engine.web.metrics import Counts
from engine.web.security import IDENTIFY, RefusedError, drain, headers_of, read_body


@dataclass
class Ticket:
    """A clip that was let in, as the route finds it in the request's state.

    Attributes
    ----------
    body : bytes
    content_type : str
    came_s : float
        By `time.monotonic`.
    service_s : float or None
        How long it was worked on; the route says it.
    """

    body: bytes
    content_type: str
    came_s: float
    service_s: float | None = None


class Turnstile:
    """ASGI middleware behind the door: lets clips in as `Admission` has room, or refuses them."""

    def __init__(self, app: ASGIApp, admission: Admission, counts: Counts, clip_bytes: int) -> None:
        self._app = app
        self._admission = admission
        self._counts = counts
        self._most = clip_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] != "http" or scope["path"] != IDENTIFY or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        came_s = time.monotonic()
        headers = headers_of(scope)
        client = scope["client"][0] if scope.get("client") else ""
        said = headers.get("content-length", "")
        size = min(int(said), self._most) if said.isdigit() and len(said) < 16 else self._most
        try:
            self._admission.enter(client, size)
        except BusyError as busy:
            self._counts.identified("busy", None)
            await drain(receive, self._most)
            await _answer(send, busy.status, busy.why, busy.retry_s)
            return
        ticket = None
        try:
            body = await read_body(headers, receive, self._most)
            ticket = Ticket(body, headers.get("content-type", ""), came_s)
            scope.setdefault("state", {})["ticket"] = ticket
            await self._app(scope, receive, send)
        except RefusedError as refused:
            self._counts.identified("refused", None)
            await drain(receive, self._most)
            await _answer(send, refused.status, refused.why)
        finally:
            self._admission.leave(client, size, None if ticket is None else ticket.service_s)


async def _answer(send: Send, status: int, why: str, retry_s: int | None = None) -> None:
    body = json.dumps({"error": why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if retry_s is not None:
        headers.append((b"retry-after", str(retry_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
