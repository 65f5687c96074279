"""The page's socket: what is played comes in, parts that changed and frames go out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from engine.errors import AntiphonError
from engine.web import views
from engine.web.desk import PARTS, Desk
from engine.web.edits import Edits
from engine.web.frames import Frames
from engine.web.messages import Player
from engine.web.security import same_token
from engine.web.settings import WebSettings

FRAMES_PER_S = 30.0
_STATUS_EVERY = 8  # frames
_GREETING_S = 5.0
_FAREWELL_S = 1.0
_LARGEST_MESSAGE = 4096
NO_TOKEN, TOO_MANY, TOO_LARGE = 4401, 4429, 4409


class Page:
    """One connection: the latest of everything it has not been sent yet, never a queue."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.watches = True
        self.parts: dict[str, str] = {}
        self.notes: list[str] = []
        self.frame: bytes | None = None
        self.due = asyncio.Event()

    def give(self, frame: bytes) -> None:
        """Take the newest frame in place of one that was not sent in time."""
        self.frame = frame
        self.due.set()

    def say(self, part: str, text: str) -> None:
        """Take the newest state of a part in place of an older one."""
        self.parts[part] = text
        self.due.set()

    async def write(self) -> None:
        """Send what there is, for as long as the connection lasts."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._write()

    async def _write(self) -> None:
        while True:
            await self.due.wait()
            self.due.clear()
            notes, self.notes = self.notes, []
            parts, self.parts = self.parts, {}
            frame, self.frame = self.frame, None
            for text in (*notes, *parts.values()):
                await self.socket.send_text(text)
            if frame is not None:
                await self.socket.send_bytes(frame)


class Hub:
    """All pages of a server, and the clock that feeds them."""

    def __init__(self, desk: Desk, settings: WebSettings) -> None:
        self._desk = desk
        self._settings = settings
        self._pages: set[Page] = set()
        self._changed: set[str] = set()
        self._frames = Frames(desk)
        self._ticker: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def count(self) -> int:
        """Pages connected now."""
        return len(self._pages)

    def start(self) -> None:
        """Begin to tick; called from the server's loop."""
        self._loop = asyncio.get_running_loop()
        self._desk.listen(self._told)
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Tell every page that this is the end."""
        self._desk.unlisten(self._told)
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        for page in list(self._pages):
            with contextlib.suppress(Exception):  # whoever has gone needs no goodbye
                await page.socket.send_text(json.dumps({"type": "shutdown"}))
                await page.socket.close(1001)

    def farewell(self) -> None:
        """Tell every page that this is the end, before the server closes; from another thread."""
        if self._loop is not None and self._loop.is_running():
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self.stop(), self._loop).result(_FAREWELL_S)

    def _told(self, part: str) -> None:
        """Note that a part has changed; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, part)

    # Looks up the set when it runs: the one of a moment ago may have been taken away to be sent.
    def _note(self, part: str) -> None:
        self._changed.add(part)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due, count = loop.time(), 0
        while True:
            due = max(due + 1.0 / FRAMES_PER_S, loop.time() - 0.1)
            await asyncio.sleep(due - loop.time())
            count += 1
            if not self._pages:
                self._changed.clear()
                continue
            if any(page.watches for page in self._pages):
                frame = self._frames.make()
                for page in self._pages:
                    if page.watches:
                        page.give(frame)
            if count % _STATUS_EVERY == 0:
                self._changed.add("status")
            if self._changed:
                await self._send_parts()

    async def _send_parts(self) -> None:
        names, self._changed = [name for name in PARTS if name in self._changed], set()
        for name in names:
            text = await run_in_threadpool(self._text, name)
            for page in self._pages:
                page.say(name, text)

    def _text(self, part: str) -> str:
        return json.dumps({"type": "state", "part": part, "data": views.part(self._desk, part)})

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page from its handshake to its end."""
        await socket.accept()
        if not await self._greeted(socket):
            await _close(socket, NO_TOKEN, "the first message must be hello with the token")
            return
        if len(self._pages) >= self._settings.sockets:
            await _close(socket, TOO_MANY, "too many pages are open")
            return
        page = Page(socket)
        edits = Edits(self._desk)
        player = Player(self._desk, edits.set)
        self._pages.add(page)
        self._changed.update(PARTS)  # told by the ticker, after which nothing older can come
        writer = asyncio.create_task(page.write())
        reader = asyncio.create_task(self._read(page, player))
        try:
            await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._pages.discard(page)
            edits.close()
            player.close()
            for task in (writer, reader):
                task.cancel()
            await asyncio.wait((writer, reader))
            await _close(socket, 1000, "")

    async def _greeted(self, socket: WebSocket) -> bool:
        try:
            async with asyncio.timeout(_GREETING_S):
                hello = _parse(await socket.receive_text())
        except (TimeoutError, WebSocketDisconnect, ValueError, KeyError):
            return False
        given = hello.get("token")
        right = isinstance(given, str) and same_token(given, self._settings.token)
        return hello.get("type") == "hello" and right

    async def _read(self, page: Page, player: Player) -> None:
        while True:
            try:
                text = await page.socket.receive_text()
            except (WebSocketDisconnect, KeyError, RuntimeError):  # gone, or sends no text
                return
            try:
                message = _parse(text)
                if message.get("type") == "watch":
                    page.watches = bool(message.get("frames"))
                else:
                    player.take(message)
            except (AntiphonError, ValueError, TypeError) as error:
                page.notes.append(json.dumps({"type": "error", "error": str(error)}))
                page.notes = page.notes[-8:]
                page.due.set()


def _parse(text: str) -> dict[str, Any]:
    if len(text) > _LARGEST_MESSAGE:
        raise ValueError(f"message must have at most {_LARGEST_MESSAGE} characters")
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("message must be a JSON object") from None
    if not isinstance(message, dict):
        raise ValueError("message must be a JSON object")
    return message


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        if socket.application_state is not WebSocketState.DISCONNECTED:
            await socket.close(code, reason)
