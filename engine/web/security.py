"""The door: every request and every handshake passes here before anything else looks at it.

Host and Origin are compared with fixed lists, never with each other: a page that rebinds its own
name to 127.0.0.1 sends the same foreign name in both. A request without an Origin comes from no
page; it needs the token like everyone.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.web.settings import WebSettings, is_loopback

IDENTIFY = "/api/identify"  # its body is read once it is known that there is room for it
_BODY_S = 15.0  # in which a body has to arrive
_DRAIN_S = 1.0
_DRAINING = asyncio.Semaphore(16)  # what is refused must not hold up what is let in
_CHANGES = ("POST", "PUT", "PATCH", "DELETE")
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class RefusedError(Exception):
    """A request that gets no further: its status, and why in one line."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Door:
    """ASGI middleware that lets in who may come in, and bounds what they bring."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings
        self._hosts = settings.hosts
        self._origins = settings.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            headers = headers_of(scope)
            self._check_sender(headers)
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            self._check_token(scope, headers)
            if scope["method"] in _CHANGES and scope["path"] != IDENTIFY:
                receive = await self._read(headers, receive)
        except RefusedError as refused:
            if scope["type"] == "http":
                await drain(receive, self._settings.json_bytes)
            await _refuse(refused, scope, send)
            return
        await self._app(scope, receive, _with_headers(scope, send))

    def _check_sender(self, headers: Mapping[str, str]) -> None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host.lower() not in self._hosts:
            raise RefusedError(400, f"host must be this server's own, got {host[:100]!r}")
        if origin is not None and origin.lower() not in self._origins:
            raise RefusedError(403, f"origin must be this server's own, got {origin[:100]!r}")

    def _check_token(self, scope: Scope, headers: Mapping[str, str]) -> None:
        path = scope["path"]
        guarded = path == "/api" or path.startswith("/api/")
        if not guarded and (path != "/metrics" or is_loopback(self._settings.host)):
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not same_token(given.strip(), self._settings.token):
            raise RefusedError(401, "token must be given: Authorization: Bearer TOKEN")

    async def _read(self, headers: Mapping[str, str], receive: Receive) -> Receive:
        """Read the body here, so that nobody behind waits for it or is flooded by it."""
        most = self._settings.json_bytes
        body = await read_body(headers, receive, most)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and kind != "application/json":
            raise RefusedError(415, f"content-type must be application/json, got {kind[:60]!r}")
        if body:
            _check_json(body)
        waiting = [body]

        async def replay() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await receive()

        return replay


async def read_body(headers: Mapping[str, str], receive: Receive, most: int) -> bytes:
    """Return a body of at most `most` bytes that arrives in good time.

    Raises
    ------
    RefusedError
        413 if it is longer, 408 if it is late, 400 if its sender has gone.
    """
    said = headers.get("content-length", "0")
    if not said.isdigit():
        raise RefusedError(400, f"content-length must be a number, got {said[:40]!r}")
    if int(said[:20]) > most:
        raise RefusedError(413, f"body must have at most {most} bytes, got {said[:20]}")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RefusedError(400, "body must be whole, its sender has gone")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise RefusedError(413, f"body must have at most {most} bytes, got more")
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise RefusedError(408, f"body must arrive within {_BODY_S:g} s") from None


async def drain(receive: Receive, most: int) -> None:
    """Take what a refused request still sends, up to `most` bytes and a second, and drop it.

    Closed while it sends, it would never see the answer: the system resets the connection.
    """
    try:
        async with _DRAINING, asyncio.timeout(_DRAIN_S):
            while most > 0:
                message = await receive()
                most -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def same_token(given: str, token: str) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _check_json(body: bytes) -> None:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"body must be JSON ({str(error)[:100]})") from None


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers; one that decides, given twice, is none that can be trusted."""
    found: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        if name in found and name in ("host", "origin", "authorization", "content-length"):
            raise RefusedError(400, f"{name} must be given once")
        found[name] = value.decode("latin-1")
    return found


def _with_headers(scope: Scope, send: Send) -> Send:
    keeps = scope["path"].startswith("/api") or scope["path"] == "/metrics"
    cache = (b"cache-control", b"no-store" if keeps else b"no-cache")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS, cache]}
        await send(message)

    return sending


async def _refuse(refused: RefusedError, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":  # closing before accepting answers the handshake with 403
        await send({"type": "websocket.close", "code": 4403, "reason": refused.why[:100]})
        return
    body = json.dumps({"error": refused.why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    answer = _with_headers(scope, send)
    await answer({"type": "http.response.start", "status": refused.status, "headers": headers})
    await answer({"type": "http.response.body", "body": body})
