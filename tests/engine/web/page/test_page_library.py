"""The library on the page: search as you type, folders to add, and the way by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.web.shelf import Shelf
from tests.engine.web.browser import Stage, stage
from tests.engine.web.page.evening import Page, hear, opened, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    hear(evening, 6)
    evening.session.queue.clear()
    with opened(chromium, evening) as page:
        page.find("#open-library").click()
        until(lambda: page.text(".results-words") == "121 tracks", "all tracks are counted")
        yield page


def _found(page: Page) -> list[str]:
    script = "return [...document.querySelectorAll('.result b')].map((it) => it.textContent)"
    return list(page.run(script))


def test_search_finds_while_one_types(page: Page) -> None:
    field = page.find("#library input[type=search]")
    assert page.run("return document.activeElement.type") == "search"
    field.send_keys("tune 11")
    begun = {"Tune 11"} | {f"Tune 11{i}" for i in range(10)}
    until(lambda: set(_found(page)) == begun, "words that begin so")
    field.send_keys("7")
    until(lambda: _found(page) == ["Tune 117"], "one is left")
    field.send_keys(" no such thing")
    until(lambda: _found(page) == [], "none is left")
    assert "Nothing is called" in page.text(".results-words")


def test_a_found_track_is_queued_and_liked(page: Page) -> None:
    page.find("#library input[type=search]").send_keys("tune 17")
    until(lambda: _found(page) == ["Tune 17"], "it is found")
    page.press("Queue Tune 17 by", "#library")
    queue = page.evening.session.queue
    until(
        lambda: any(
            entry.track.title == "Tune 17" and entry.by == "user" for entry in queue.entries
        ),
        "it is queued",
    )
    page.press("Like Tune 17 by", "#library")
    until(lambda: 17 in queue.likes, "it is liked")
    page.press("Like Tune 17 by", "#library")
    until(lambda: 17 not in queue.likes, "it is liked no longer")


def test_arrow_keys_go_through_what_is_found(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    def focused() -> str:
        return str(page.run("return document.activeElement.getAttribute('aria-label')"))

    titles = _found(page)
    page.find("#library input[type=search]").send_keys(Keys.ARROW_DOWN)
    assert focused().startswith(f"Play {titles[0]}")
    page.chrome.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert focused().startswith(f"Play {titles[1]}")
    page.chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not page.find("#library").is_displayed()
    assert page.run("return document.activeElement.id") == "open-library"


def test_the_map_is_walked_by_arrow_keys_and_plays_by_enter(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    until(lambda: len(page.all("#library select option")) > 1, "the map is drawn")
    marks = page.find(".map-marks")
    marks.send_keys(Keys.ARROW_RIGHT)
    until(lambda: " by Artist" in page.text("#announce"), "a track is named")
    until(page.find(".map-tip").is_displayed, "it is named on the map too")
    title = page.text("#announce").split(" by ")[0]
    marks.send_keys(Keys.ENTER)
    decks = page.evening.session.decks
    playing = page.evening.until(lambda: decks.playing, "it plays")
    assert page.evening.session.track(playing.track_id).title == title
    decks.stop()
    page.evening.until(lambda: decks.playing is None, "it is over")


def test_a_path_between_two_songs_is_found_and_queued_in_its_order(page: Page) -> None:
    until(lambda: len(page.all("#library select option")) > 1, "the map is drawn")
    ends = page.all('.result button[aria-label^="Path"]')
    names = _found(page)
    ends[0].click()
    until(lambda: page.text(".path-ends") == f"From {names[0]} to \u2026", "it has a beginning")
    ends[5].click()
    until(lambda: len(page.all(".path-list li")) >= 2, "it is found")
    path = [one.text for one in page.all(".path-list li > span:first-child")]
    assert (path[0], path[-1]) == (names[0], names[5])
    page.find(".path .strong").click()
    until(lambda: page.queued()[: len(path)] == path, "it is queued")
    assert all(entry.by == "user" for entry in page.evening.session.queue.entries[: len(path)])
    assert page.evening.session.queue.undo()
    until(lambda: page.queued()[0] != path[0], "one undo takes it all back")


def test_an_empty_library_invites_to_add_a_folder(
    chromium: Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    music = tmp_path / "My <b>Music"
    music.mkdir()
    with stage(tmp_path / "library") as empty, opened(chromium, empty) as page:
        asked: list[Path] = []
        monkeypatch.setattr(empty.session, "add_folder", asked.append)
        empty.desk.shelf = Shelf(empty.session, home=tmp_path)
        until(page.find("#empty-add").is_displayed, "there is a button")
        assert "Add a folder" in page.text("#queue-empty")
        page.find("#empty-add").click()
        until(lambda: "My <b>Music" in page.text(".folder-list"), "the folders are listed")
        next(one for one in page.all(".folder") if one.text == music.name).click()
        field = page.find('.folders input[type="text"]')
        until(lambda: field.get_attribute("value") == str(music), "it is entered")
        page.find(".folders .strong").click()
        until(lambda: asked == [music], "the session is asked to add it")
