"""The server at a real port: it starts, says goodbye, and gives way to who was there first."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import httpx
import pytest
import websockets

from engine.errors import DeviceError
from engine.web.app import create_app
from engine.web.server import PORT as USUAL
from engine.web.server import Server, listen
from engine.web.settings import WebSettings, is_loopback

from .conftest import TOKEN, Web


def _serve(web: Web, listening: socket.socket) -> tuple[Server, WebSettings, Any]:
    settings = WebSettings(listening.getsockname()[1], TOKEN)
    app = create_app(web.session, settings, web.desk)
    return Server(app, listening), settings, app


def test_it_answers_at_its_port_until_it_is_closed(web: Web) -> None:
    server, settings, _ = _serve(web, listen("127.0.0.1", 0))
    base = f"http://127.0.0.1:{server.port}"
    with server, httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        assert client.get(f"{base}/api/state").json().keys() == web.get("/api/state").keys()
        assert client.get(f"{base}/docs").status_code == 200
        foreign = client.get(f"{base}/api/state", headers={"Host": "evil.example"})
        assert foreign.status_code == 400
    assert settings.url == f"{base}/#token={TOKEN}"
    with pytest.raises(httpx.TransportError):
        httpx.get(base)


def test_a_page_is_told_when_the_session_ends(web: Web) -> None:
    server, _, app = _serve(web, listen("127.0.0.1", 0))

    async def visit() -> list[Any]:
        address = f"ws://127.0.0.1:{server.port}/api/socket"
        said = []
        async with websockets.connect(address, proxy=None) as page:
            await page.send(json.dumps({"type": "hello", "token": TOKEN}))
            await page.recv()
            ending = asyncio.get_running_loop().run_in_executor(None, app.state.hub.farewell)
            async for message in page:
                if isinstance(message, str):
                    said.append(json.loads(message)["type"])
            await ending
        return said

    with server:
        assert asyncio.run(visit())[-1] == "shutdown"


def test_without_a_port_asked_for_another_free_one_does(web: Web) -> None:
    taken = socket.socket()
    try:
        taken.bind(("127.0.0.1", USUAL))
        taken.listen()
    except OSError:
        pass  # by somebody else on this machine: the same
    with taken, listen("127.0.0.1", None) as found:
        assert found.getsockname()[1] != USUAL


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_of_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DeviceError, match=rf"cannot listen at 127.0.0.1:{port}: address"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("192.168.1.5", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_only_this_machines_own_addresses_count_as_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_the_description_on_one_page_names_every_route_and_loads_nothing(web: Web) -> None:
    text = web.client.get("/docs").text
    for path in web.client.get("/openapi.json").json()["paths"]:
        assert path in text
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
