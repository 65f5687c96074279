"""The decks in a browser: play, seek, pause, cross over; the page shows what the engine does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from engine.decks import Cue
from tests.engine.web.browser import Stage
from tests.engine.web.page.evening import REAL, Page, opened, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    evening.session.queue.add(REAL, 0)
    with opened(chromium, evening) as page:
        page.press("Play Real Tune by", "#entries")
        decks = evening.session.decks
        evening.until(lambda: decks.playing and decks.playing.position_s > 0.1, "it plays")
        until(lambda: page.text(".deck.front .deck-title") == "Real Tune", "its deck is in front")
        yield page
        decks.stop()
        evening.until(lambda: decks.playing is None, "it is over")
    evening.session.queue.clear()


def _position(page: Page) -> float:
    playing = page.evening.session.decks.playing
    return -1.0 if playing is None else playing.position_s


def test_a_click_into_the_waveform_seeks_there(page: Page) -> None:
    page.find(".deck.front canvas").click()  # in its middle
    page.evening.until(lambda: 3.8 <= _position(page) < 4.6, "half of the eight seconds")
    wave = page.find(".deck.front canvas")
    assert wave.get_attribute("role") == "slider"
    until(
        lambda: wave.get_attribute("aria-valuetext") in ("0:04 of 0:08", "0:05 of 0:08"), "it says"
    )


def test_arrow_keys_on_the_waveform_seek_too(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    wave = page.find(".deck.front canvas")
    wave.send_keys(Keys.ARROW_RIGHT)
    page.evening.until(lambda: 4.9 <= _position(page) < 6.5, "five seconds on")
    wave.send_keys(Keys.HOME)
    page.evening.until(lambda: 0.0 <= _position(page) < 1.0, "back at its beginning")


def test_pause_holds_the_music_and_says_so(page: Page) -> None:
    button = page.find("#pause")
    until(lambda: button.get_attribute("aria-label") == "Pause", "it plays")
    button.click()
    page.evening.until(lambda: page.evening.session.decks.paused, "the engine holds")
    until(lambda: button.get_attribute("aria-label") == "Play", "the button would go on")
    until(lambda: page.text(".deck.front .deck-state") == "paused", "the deck says so")
    button.click()
    page.evening.until(lambda: not page.evening.session.decks.paused, "the engine goes on")


def test_the_crossfade_goes_over_to_what_is_cued(page: Page) -> None:
    decks = page.evening.session.decks
    front = decks.foreground
    track = page.evening.session.track(5)
    assert track is not None
    decks.crossfade_s = 0.1
    decks.cue(Cue(track.id, track.path))
    page.evening.until(lambda: decks.status[1 - front].state == "cued", "it is loaded")
    page.find("#crossfade").click()
    page.evening.until(lambda: decks.foreground == 1 - front, "the engine has crossed over")
    until(
        lambda: "front" in page.find(f"#deck-{1 - front}").get_attribute("class").split(),
        "the page shows it",
    )
    decks.crossfade_s = 4.0


def test_settings_of_the_decks_reach_the_engine(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    decks = page.evening.session.decks
    page.find("#deck-settings").click()
    page.find("#crossfade-s").send_keys(Keys.HOME)
    until(lambda: decks.crossfade_s == 0.0, "no crossfade")
    until(lambda: page.text("#crossfade-words") == "gapless", "in words")
    page.find("#match-loudness").click()
    until(lambda: decks.target_lufs is None, "loudness as it is")
    page.find("#match-loudness").click()
    until(lambda: decks.target_lufs == -16.0, "and matched again")
    decks.crossfade_s = 4.0
