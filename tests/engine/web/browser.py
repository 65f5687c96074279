"""A real browser, and a real session behind a real server for it to open."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.io.device import HandStream, Stream
from engine.library import Library
from engine.session import Session
from engine.synth import Synth
from engine.web.app import create_app
from engine.web.desk import Desk
from engine.web.server import Server, listen
from engine.web.settings import WebSettings
from tests.programs import until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

DESKTOP = 1440, 900
PHONE = 390, 844
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@contextmanager
def open_chromium() -> Iterator[Chrome]:
    """Start Chromium with a fresh profile; without it, skip (but fail in CI)."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        reason = "no Chromium here: apt-get install chromium chromium-driver (Debian)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, "--window-size={},{}".format(*DESKTOP)):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    """One browser for all tests of the page."""
    with open_chromium() as chrome:
        yield chrome


def look_as(chrome: Chrome, size: tuple[int, int], touch: bool = False) -> None:
    """Give the page the size of a screen; with `touch`, a phone's."""
    width, height = size
    screen = {"width": width, "height": height, "deviceScaleFactor": 2 if touch else 1}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**screen, "mobile": touch})
    chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})


def complaints(chrome: Chrome) -> list[str]:
    """Return the errors that the page has written to its console since this was asked last."""
    return [entry["message"] for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]


@dataclass(frozen=True)
class Stage:
    """A session that is served: what a test of the page drives and asks."""

    session: Session
    desk: Desk
    settings: WebSettings

    @property
    def synth(self) -> Synth:
        """The synthesizer that the page plays."""
        return self.session.synth

    @property
    def url(self) -> str:
        """Address of the page, with its token."""
        return self.settings.url

    def step(self) -> Any:
        """Let a stream without a clock make a block, and return it."""
        assert isinstance(self.session.stream, HandStream)
        return self.session.stream.step()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Make blocks until a condition is true, and return what it gave."""

        def stepped() -> Any:
            self.step()
            return condition()

        return until(stepped, what, limit_s=20.0)


@contextmanager
def stage(
    folder: Path, stream: Callable[[Synth], Stream] = HandStream, patch: str = "soft-lead"
) -> Iterator[Stage]:
    """Serve a session with the library of a folder, at a port that is free."""
    with ExitStack() as stack:
        library = stack.enter_context(Library.open(folder))
        synth = Synth(patch)
        opened = stack.enter_context(stream(synth))
        session = stack.enter_context(Session(library, synth, opened))
        listening = listen("127.0.0.1", 0)
        settings = WebSettings(port=listening.getsockname()[1])
        desk = Desk(session)
        stack.callback(desk.close)
        stack.enter_context(Server(create_app(session, settings, desk), listening))
        yield Stage(session, desk, settings)
