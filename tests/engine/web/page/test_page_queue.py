"""The queue in a browser: every button changes the session's own queue, and the page follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from engine.session import Rules
from tests.engine.web.browser import PHONE, Stage
from tests.engine.web.page.evening import Page, hear, opened, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    session = evening.session
    session.queue.clear()
    session.rules = Rules()
    hear(evening, 6)
    until(lambda: len(session.queue.entries) >= 4, "there are suggestions")
    with opened(chromium, evening) as page:
        yield page


def test_a_like_and_a_skip_change_the_ranking_at_once(page: Page) -> None:
    queue = page.evening.session.queue
    liked, skipped = (entry.track for entry in queue.entries[:2])
    page.press(f"Like {liked.title} by", "#entries")
    until(lambda: liked.id in queue.likes, "the session knows the like")
    until(page.shows_the_queue, "the page follows")
    page.press(f"Not this one: {skipped.title} by", "#entries")
    until(lambda: skipped.id in queue.skips, "the session knows the skip")
    until(page.shows_the_queue, "the page follows")
    assert skipped.title not in page.titles()


def test_arrow_keys_on_the_grip_move_an_entry_and_keep_the_focus(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    first, second, *_ = page.queued()
    grip = page.find(".entry .grip")
    grip.send_keys(Keys.ARROW_DOWN)
    until(lambda: page.queued()[:2] == [second, first], "the session has moved it")
    until(page.shows_the_queue, "the page shows it")
    focused = page.run("return document.activeElement.getAttribute('aria-label')")
    assert focused.startswith(f"Move {first}")
    assert "number 2 of" in page.text("#announce")
    page.find("#undo").click()
    until(lambda: page.queued()[:2] == [first, second], "undo takes it back")
    until(page.find("#redo").is_enabled, "it can be made again")
    page.find("#redo").click()
    until(lambda: page.queued()[:2] == [second, first], "redo makes it again")
    until(page.shows_the_queue, "the page follows")


def test_an_entry_is_dragged_by_its_grip(page: Page) -> None:
    from selenium.webdriver import ActionChains

    first, second, third, *_ = page.queued()
    grips = page.all(".entry .grip")
    hand = ActionChains(page.chrome, duration=10)
    hand.click_and_hold(grips[0]).move_to_element(grips[1]).move_to_element(grips[2])
    hand.move_by_offset(0, 4).release().perform()
    until(lambda: page.queued()[:3] == [second, third, first], "the session has moved it")
    until(page.shows_the_queue, "the page shows it")


def test_escape_lets_a_dragged_entry_go_back(page: Page) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    before = page.queued()
    grips = page.all(".entry .grip")
    hand = ActionChains(page.chrome, duration=10)
    hand.click_and_hold(grips[0]).move_to_element(grips[2]).send_keys(Keys.ESCAPE).release()
    hand.perform()
    page.press("Pin", "#entries")  # what is asked for after it is answered after it
    until(lambda: page.evening.session.queue.entries[0].pinned, "the pin has arrived")
    assert page.queued() == before == page.titles()


def test_pin_and_remove_do_what_they_say_and_the_focus_goes_on(page: Page) -> None:
    queue = page.evening.session.queue
    first, second = queue.entries[:2]
    page.press(f"Pin {second.track.title} by", "#entries")
    until(lambda: queue.entries[1].pinned, "the session has pinned it")
    pin = page.find('#entries .entry:nth-child(2) button[aria-label^="Pin"]')
    until(lambda: pin.get_attribute("aria-pressed") == "true", "the pin is shown")
    page.press(f"Remove {first.track.title} by", "#entries")
    until(lambda: first.id not in [entry.id for entry in queue.entries], "it has gone")
    until(page.shows_the_queue, "the page follows")
    focused = page.run("return document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Remove ")


def test_the_reasons_of_an_entry_unfold(page: Page) -> None:
    entry = page.evening.session.queue.entries[0]
    why = page.find(".entry-why")
    assert entry.reason in why.get_attribute("aria-label")
    assert not page.find(".voices").is_displayed()
    why.click()
    assert why.get_attribute("aria-expanded") == "true"
    shown = page.run("return document.querySelector('.voices').innerText")
    assert page.find(".voices").is_displayed()
    for voice in entry.voices:
        assert voice.title in shown
    # A renewed entry keeps what was unfolded.
    page.press(f"Pin {entry.track.title} by", "#entries")
    until(lambda: page.evening.session.queue.entries[0].pinned, "the session has pinned it")
    assert page.find(".voices").is_displayed()


def test_rules_and_wishes_reach_the_session(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    session = page.evening.session
    page.find("#rules").click()
    switches = page.all("#rules-sheet [role=switch]")
    assert [one.is_selected() for one in switches] == [True, True, False, False]
    switches[2].click()
    until(lambda: session.rules.tempo_percent == 8.0, "tempo is a rule")
    switches[0].click()
    until(lambda: session.rules.artist_spacing is None, "the artist is none")
    switches[0].send_keys(Keys.ESCAPE)
    until(lambda: not page.find("#rules-sheet").is_displayed(), "escape closes the rules")
    page.find("#familiarity").send_keys(Keys.ARROW_RIGHT)
    until(lambda: session.rules.familiarity == pytest.approx(0.45), "a step towards new")


def test_the_queue_is_fitted_to_a_time(page: Page) -> None:
    queue = page.evening.session.queue
    page.find("#fit").click()
    minutes = page.find("#fit-minutes")
    minutes.clear()
    minutes.send_keys("40")
    page.find("#fit-sheet button").click()
    until(lambda: abs(queue.ends_in_s - 2400.0) < 120.0, "the queue ends in 40 minutes")
    until(page.shows_the_queue, "the page follows")


def test_a_phone_shows_one_column_and_nothing_beyond_its_edge(
    chromium: Chrome, evening: Stage
) -> None:
    with opened(chromium, evening, PHONE) as page:
        wide = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide == [PHONE[0], PHONE[0]]
        tops = page.run(
            "return ['#strip', '#room', '#keyboard', '#queue', '#keys']"
            ".map((it) => document.querySelector(it).getBoundingClientRect().top)"
        )
        assert tops == sorted(tops)
        page.find(".entry .entry-number")
