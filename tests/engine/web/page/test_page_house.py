"""The page keeps house: to itself, within reach of the keyboard, readable, and it comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from engine.web.app import create_app
from engine.web.server import Server, listen
from engine.web.settings import WebSettings
from tests.engine.web.browser import Stage, complaints
from tests.engine.web.page import audit
from tests.engine.web.page.evening import Page, hear, opened, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    hear(evening, 6)
    with opened(chromium, evening) as page:
        yield page


def _scheme(page: Page, name: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": name}]
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everything_has_a_name_and_is_readable(page: Page, scheme: str) -> None:
    _scheme(page, scheme)
    until(lambda: page.run("return document.documentElement.dataset.theme") == scheme, "it turns")
    sheets = ["rules-sheet", "fit-sheet", "deck-sheet", "queue-menu", "history-menu"]
    for sheet in sheets:
        page.run("document.getElementById(arguments[0]).showPopover()", sheet)
        assert audit.nameless(page.chrome) == []
        assert audit.pale(page.chrome) == []
        page.run("document.getElementById(arguments[0]).hidePopover()", sheet)
    page.find("#open-library").click()
    until(lambda: page.all(".result"), "the library is shown")
    assert audit.nameless(page.chrome) == []
    assert audit.pale(page.chrome) == []
    _scheme(page, "")


def test_the_tab_key_reaches_every_control_and_shows_where_it_is(page: Page) -> None:
    until(lambda: page.all(".knob-dial") and page.all(".key"), "the keys are there")
    missed, unseen = audit.unreached(page.chrome)
    assert missed == []
    assert unseen == []


def test_nothing_is_asked_of_any_other_host(page: Page) -> None:
    page.chrome.get_log("performance")  # of pages before
    page.chrome.get("about:blank")
    page.chrome.get(page.evening.url)
    until(page.shows_the_queue, "the page is open")
    page.find("#open-library").click()
    until(lambda: page.all(".result"), "the library is shown")
    messages = [
        json.loads(entry["message"])["message"] for entry in page.chrome.get_log("performance")
    ]
    asked = [
        message["params"].get("url") or message["params"]["request"]["url"]
        for message in messages
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated")
    ]
    assert len(asked) > 20
    home = urlsplit(page.evening.url).netloc
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {home}


def test_the_token_leaves_the_address_and_no_one_else_has_it(page: Page) -> None:
    token = page.evening.settings.token
    assert token not in page.run("return location.href")
    assert page.run("return document.cookie") == ""
    assert token not in page.run("return JSON.stringify({...localStorage})")


def test_a_lost_connection_is_said_and_comes_back_by_itself(
    chromium: Chrome, evening: Stage
) -> None:
    first = listen("127.0.0.1", 0)
    settings = WebSettings(port=first.getsockname()[1])
    server = Server(create_app(evening.session, settings, evening.desk), first)
    page = Page(chromium, evening)
    chromium.get("about:blank")
    chromium.get(settings.url)
    until(lambda: page.run("return document.body.dataset.link") == "open", "the page is connected")
    server.close()
    until(lambda: page.find("#standing").is_displayed(), "the page says that it is alone")
    assert page.run("return document.body.dataset.link") in ("lost", "ended")
    again = Server(
        create_app(evening.session, settings, evening.desk), listen("127.0.0.1", settings.port)
    )
    with again:
        until(lambda: page.run("return document.body.dataset.link") == "open", "it is back")
        assert not page.find("#standing").is_displayed()
        hear(evening, 12)
        until(lambda: page.text("#heard-title") == "Tune 12", "and shows what happens")
        chromium.get("about:blank")
    complaints(chromium)  # that nobody answered for a while is no fault of the page


def test_a_wrong_token_is_explained(chromium: Chrome, evening: Stage) -> None:
    page = Page(chromium, evening)
    chromium.get("about:blank")
    chromium.get(evening.url.split("#")[0] + "#token=not-the-token")
    until(lambda: page.find("#standing").is_displayed(), "the page says what is wrong")
    assert "antiphon session" in page.text("#standing")
    chromium.get("about:blank")
    complaints(chromium)
