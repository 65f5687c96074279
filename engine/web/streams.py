"""Streams of other microphones: raw samples in by a socket, what changes out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.errors import AudioFileError
from engine.listener import Heard, Tracker
from engine.web.clips import RawFormat, checked_format, raw_samples
from engine.web.desk import Desk
from engine.web.identifier import Identifier
from engine.web.numbers import tidy
from engine.web.security import same_token
from engine.web.settings import WebSettings

MOST_STREAMS = 32
_GREETING_S = 5.0
_KEPT_S = 5.0  # of sound that waits its turn; what is older is dropped and told
NO_TOKEN, TOO_MANY, NOT_RAW = 4401, 4429, 4415


class Streams:
    """Serves streams.

    Parameters
    ----------
    desk : Desk
    ear : Identifier
    settings : WebSettings
    """

    def __init__(self, desk: Desk, ear: Identifier, settings: WebSettings) -> None:
        self._desk = desk
        self._ear = ear
        self._settings = settings
        self.count = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one microphone from its handshake to its end."""
        await socket.accept()
        try:
            async with asyncio.timeout(_GREETING_S):
                hello = json.loads(await socket.receive_text())
        except (TimeoutError, ValueError, KeyError, RecursionError, WebSocketDisconnect):
            hello = None
        code, why, form = self._welcome(hello)
        if form is None:
            with contextlib.suppress(RuntimeError):
                await socket.close(code, why)
            return
        self.count += 1
        stream = _Stream(socket, self._desk, self._ear, form)
        try:
            await stream.run()
        finally:
            self.count -= 1

    def _welcome(self, hello: Any) -> tuple[int, str, RawFormat | None]:
        token = hello.get("token") if isinstance(hello, dict) else None
        if not isinstance(token, str) or not same_token(token, self._settings.token):
            return NO_TOKEN, "the first message must be hello with the token", None
        if self.count >= MOST_STREAMS:
            return TOO_MANY, f"{MOST_STREAMS} streams are served already", None
        try:
            form = checked_format(
                hello.get("format", "s16le"), hello.get("rate"), hello.get("channels", 1)
            )
        except AudioFileError as error:
            return NOT_RAW, str(error)[:120], None
        return 0, "", form


class _Stream:
    def __init__(self, socket: WebSocket, desk: Desk, ear: Identifier, form: RawFormat) -> None:
        self._socket = socket
        self._desk = desk
        self._ear = ear
        self._form = form
        self._waiting = bytearray()
        self._came = asyncio.Event()
        self._dropped = 0
        self._taken = 0
        width = 4 if form.form == "f32le" else 2
        self._frame_bytes = width * form.channels
        self._most = round(_KEPT_S * form.sample_rate) * self._frame_bytes

    async def run(self) -> None:
        hearing = asyncio.create_task(self._hear())
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                self._waiting += message.get("bytes") or b""
                over = len(self._waiting) - self._most
                if over > 0:  # whole frames, or what follows would be noise
                    over += -over % self._frame_bytes
                    del self._waiting[:over]
                    self._dropped += over // self._frame_bytes
                self._came.set()
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await hearing

    async def _hear(self) -> None:
        rate = self._form.sample_rate
        tracker, began, before = Tracker(self._ear.index, rate), 0, 0
        while True:
            await self._came.wait()
            self._came.clear()
            whole = len(self._waiting) - len(self._waiting) % self._frame_bytes
            data = bytes(self._waiting[:whole])
            del self._waiting[:whole]
            if not data:
                continue
            if self._dropped > before:  # what comes does not follow what was heard
                tracker, before = Tracker(self._ear.index, rate), self._dropped
                began = before + self._taken
            self._taken += len(data) // self._frame_bytes
            work = self._ear.submit(partial(_feed, tracker, data, self._form))
            for heard in await asyncio.wrap_future(work):
                await self._socket.send_text(json.dumps(self._words(heard, began, before)))

    def _words(self, heard: Heard, began: int, dropped: int) -> dict[str, Any]:
        rate = self._form.sample_rate
        track = None if heard.track_id is None else self._desk.session.track(heard.track_id)
        return {
            "type": "heard",
            "state": heard.state,
            "track": None if track is None else self._desk.briefs.of(track),
            "position_s": tidy(heard.position_s),
            "at_s": tidy((began + heard.frame) / rate),
            "confidence": tidy(heard.confidence, 4),
            "speed": tidy(heard.speed, 4),
            "answered_after_s": tidy(heard.answered_after_s),
            "dropped_s": tidy(dropped / rate),
        }


def _feed(tracker: Tracker, data: bytes, form: RawFormat) -> list[Heard]:
    samples = raw_samples(data, form)
    step = max(1, form.sample_rate // 4)  # as often as the stream itself looks
    heard = [tracker.feed(samples[at : at + step]) for at in range(0, len(samples), step)]
    return [one for one in heard if one is not None]
