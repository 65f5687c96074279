"""The server: uvicorn in a thread of its own, at a port that is free."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

import uvicorn

from engine.errors import DeviceError

if TYPE_CHECKING:
    from fastapi import FastAPI

PORT = 8899
_START_S = 10.0
_STOP_S = 3.0
_LARGEST_MESSAGE = 1 << 20  # of a socket, bytes: a second of raw sound
_CONNECTIONS = 2048


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at a port; None: at 8899, or any other that is free.

    Raises
    ------
    DeviceError
        If the port is taken or the address is none of this machine.
    """
    wanted = PORT if port is None else port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in (wanted, 0) if port is None else (wanted,):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            return listening
        except OSError as error:
            listening.close()
            why = error.strerror or str(error)
    raise DeviceError(f"cannot listen at {host}:{wanted}: {why.lower()}")


class _Announced(uvicorn.Server):
    """Says when it has started."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


class Server:
    """Serves an application until closed.

    Parameters
    ----------
    app : FastAPI
    listening : socket.socket
        As of `listen`; closed with the server.
    """

    def __init__(self, app: FastAPI, listening: socket.socket) -> None:
        self._socket = listening
        self.port: int = listening.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=_LARGEST_MESSAGE,
            ws_per_message_deflate=False,  # frames are small and do not wait
            limit_concurrency=_CONNECTIONS,
            backlog=_CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=2,
        )
        self._ready = threading.Event()
        self._server = _Announced(config, self._ready)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S) or not self._server.started:
            self.close()
            raise DeviceError(f"the web server did not start at port {self.port}")

    def _run(self) -> None:
        try:
            with contextlib.suppress(SystemExit):  # uvicorn's way to say that it cannot start
                self._server.run(sockets=[self._socket])
        finally:
            self._ready.set()

    def close(self) -> None:
        """Finish what is being answered, say goodbye to the pages, and end."""
        self._server.should_exit = True
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_STOP_S)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
