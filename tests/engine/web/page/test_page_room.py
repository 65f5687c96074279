"""The room in a browser: what the session hears stands on the card, honestly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.engine.conftest import RATE
from tests.engine.web.browser import Stage
from tests.engine.web.page.evening import (
    HOSTILE,
    IMAGE,
    MICROPHONE,
    REAL,
    SCRIPT,
    Page,
    hear,
    opened,
    real_tune,
    until,
)

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    hear(evening, None, "silence")
    with opened(chromium, evening) as page:
        yield page


def test_what_is_heard_stands_on_the_card_with_its_place_and_certainty(page: Page) -> None:
    assert page.text("#heard-title") == "Silence"
    hear(page.evening, 7)
    until(lambda: page.text("#heard-title") == "Tune 7", "the card names it")
    assert page.text("#confidence") == "97.0 % sure"
    assert page.text("#answered") == "1.5 s"
    assert page.text("#heard-position").endswith(" of 3:06")
    assert "Tune 7" in page.text("#announce")
    page.press("Like what is heard")
    until(lambda: 7 in page.evening.session.queue.likes, "the like has arrived")


def test_unknown_music_and_silence_are_said_and_remembered(page: Page) -> None:
    hear(page.evening, 8)
    hear(page.evening, None)
    until(lambda: page.text("#heard-title") == "Unknown music", "the card does not guess")
    assert not page.find("#heard-like").is_displayed()
    hear(page.evening, None, "silence")
    until(lambda: page.text("#heard-title") == "Silence", "the card says so")
    lines = page.run(
        "return [...document.querySelectorAll('.heard .cut')].map((it) => it.textContent)"
    )
    assert [line.split(",")[0] for line in lines[:3]] == ["silence", "unknown music", "Tune 8"]


def test_the_position_moves_between_messages(page: Page) -> None:
    hear(page.evening, 9)
    until(lambda: page.text("#heard-title") == "Tune 9", "the card names it")
    first = page.text("#heard-position")
    until(lambda: page.text("#heard-position") != first, "the second hand moves by itself")


def test_a_title_of_markup_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    hear(page.evening, HOSTILE)
    until(lambda: page.text("#heard-title") == SCRIPT, "the title is shown as it is")
    assert page.text("#heard-artist") == IMAGE
    until(lambda: SCRIPT in page.run("return document.body.innerText"), "it is in the history too")
    page.evening.session.queue.add(HOSTILE, 0)
    until(lambda: SCRIPT in page.titles(), "it is in the queue too")
    page.find("#open-library").click()
    page.find("#library input[type=search]").send_keys("script")
    until(lambda: page.text(".result b") == SCRIPT, "it is in the library too")
    assert page.run("return document.title") == "Antiphon"
    assert (
        page.run("return document.querySelectorAll('main img, dialog img, main script').length")
        == 0
    )
    page.press("Close the library")
    page.evening.session.queue.clear()


def test_a_tune_in_the_room_is_recognised_on_the_page(page: Page) -> None:
    rate = page.evening.synth.sample_rate
    sound = np.interp(
        np.arange(int(len(real_tune()) * rate / RATE)) * RATE / rate,
        np.arange(len(real_tune())),
        real_tune(),
    )
    MICROPHONE.play(sound.astype(np.float32))
    page.evening.until(lambda: page.text("#heard-title") == "Real Tune", "the card names the tune")
    assert page.evening.session.history.entries[-1].track_id == REAL
