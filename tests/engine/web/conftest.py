"""A session without a device behind a server without a port."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from engine.analysis import Key
from engine.io.device import HandStream
from engine.session import Session
from engine.synth import Synth
from engine.web.app import create_app
from engine.web.desk import Desk
from engine.web.settings import WebSettings
from tests.engine.made import Made, made_library

with warnings.catch_warnings():  # it would rather have httpx2, and works with httpx
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

TOKEN = "a-token-for-tests-0123456789"
PORT = 8899
BASE = f"http://127.0.0.1:{PORT}"
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Web:
    """A server's insides: what a test calls, and what it looks at."""

    client: TestClient
    desk: Desk
    stream: HandStream
    settings: WebSettings

    @property
    def session(self) -> Session:
        return self.desk.session

    def step(self, blocks: int = 1) -> None:
        """Let the sound go on."""
        for _ in range(blocks):
            self.stream.step()

    def socket(self, path: str = "/api/socket", **headers: str) -> Any:
        """Connect a socket, without a greeting."""
        return self.client.websocket_connect(f"ws://127.0.0.1:{PORT}{path}", headers=headers)

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(path, json={} if body is None else body)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _tracks() -> list[Made]:
    minor = Key(9, "minor", 0.9)
    plain = [Made(f"Tune {n}", f"Artist {n % 4}", 60.0 + n, bpm=90.0 + n) for n in range(2, 12)]
    return [Made(SCRIPT, "Mallory", 100.0), Made("One", "Ann", 61.0, 96.0, minor, -14.2), *plain]


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Web]:
    """Return a server of a library of twelve tracks, for all tests of a file."""
    folder = tmp_path_factory.mktemp("web")
    environment = pytest.MonkeyPatch()
    environment.setenv("ANTIPHON_PATCHES", str(folder / "patches"))
    lists = [[n % 12 for n in range(start, start + 5)] for start in range(12)]
    synth = Synth()
    stream = HandStream(synth)
    settings = WebSettings(PORT, TOKEN)
    with (
        made_library(folder, _tracks(), lists) as library,
        Session(library, synth, stream) as session,
    ):
        desk = Desk(session, takes=folder / "takes")
        app = create_app(session, settings, desk)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with TestClient(app, BASE, headers=headers) as client:
            yield Web(client, desk, stream, settings)
        desk.close()
    environment.undo()
