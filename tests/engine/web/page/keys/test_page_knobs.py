"""Knobs and handles in a browser: what a hand turns, the engine plays."""

from __future__ import annotations

import numpy as np
import pytest
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from engine.parts import ADSR
from tests.engine.web.page.keys.hands import KeysPage, until
from tests.programs import note_hz, strength


def test_a_knob_goes_with_the_hand_and_the_engine_with_the_knob(page: KeysPage) -> None:
    dial = page.dial("filter.cutoff")
    page.hand().click_and_hold(dial).move_by_offset(0, -30).release().perform()
    until(lambda: page.value("filter.cutoff") > 1500.0, "the cutoff has risen")
    page.hand().click_and_hold(dial).move_by_offset(0, 60).release().perform()
    until(lambda: page.value("filter.cutoff") < 700.0, "the cutoff has fallen")
    assert dial.get_attribute("aria-valuetext").endswith("Hz")


def test_shift_makes_a_drag_fine(page: KeysPage) -> None:
    dial = page.dial("filter.cutoff")
    page.hand().key_down(Keys.SHIFT).click_and_hold(dial).move_by_offset(0, -30).release().key_up(
        Keys.SHIFT
    ).perform()
    until(lambda: page.value("filter.cutoff") != 1000.0, "the cutoff has moved")
    assert 1000.0 < page.value("filter.cutoff") < 1250.0


def test_keys_turn_a_knob_and_a_double_click_gives_its_default(page: KeysPage) -> None:
    dial = page.dial("amplitude.sustain")
    dial.send_keys(Keys.HOME)
    until(lambda: page.value("amplitude.sustain") == 0.0, "home is the lowest")
    dial.send_keys(Keys.PAGE_UP, Keys.ARROW_UP)
    until(lambda: page.value("amplitude.sustain") == 0.11, "a page and a step up")
    page.hand().double_click(dial).perform()
    until(lambda: page.value("amplitude.sustain") == ADSR().sustain, "the default")


def test_a_wheel_turns_the_knob_below_it_but_not_one_that_it_scrolls_past(page: KeysPage) -> None:
    dial = page.dial("filter.cutoff")
    wheel = page.hand().scroll_from_origin(ScrollOrigin.from_element(dial), 0, -100)
    wheel.perform()
    higher = until(
        lambda: (now := page.value("filter.cutoff")) > 1000.0 and now, "a notch up is higher"
    )
    assert higher < 1400.0
    page.run("dispatchEvent(new WheelEvent('wheel', {deltaY: 100}))")  # the page is being scrolled
    event = "new WheelEvent('wheel', {deltaY: 100, bubbles: true, cancelable: true})"
    left = page.run(f"return arguments[0].dispatchEvent({event})", dial)
    assert left, "the page may go on scrolling"
    assert page.value("filter.cutoff") == higher


def test_a_value_is_typed_in_its_own_words(page: KeysPage) -> None:
    page.tab("Voice")
    for path, typed, value in (
        ("filter.cutoff", "2.5k", 2500.0),
        ("filter.cutoff", "440 Hz", 440.0),
        ("amplitude.release", "250 ms", 0.25),
        ("amplitude.release", "1.5 s", 1.5),
        ("filter.key_track", "25", 0.25),
        ("pan", "L 30", -0.3),
        ("filter.envelope", "\u221212", -12.0),
        ("filter.drive", "99", 36.0),
    ):
        knob = page.find(f'.knob[data-path="{path}"]')
        knob.find_element("css selector", ".knob-value").click()
        knob.find_element("css selector", ".knob-field").send_keys(typed, Keys.ENTER)
        until(
            lambda path=path, value=value: page.value(path) == pytest.approx(value),
            f"{path} is {value}",
        )


def test_what_comes_from_elsewhere_moves_a_knob_but_not_under_the_hand(page: KeysPage) -> None:
    dial = page.dial("filter.cutoff")
    page.evening.desk.instrument.set("filter.cutoff", 3000.0)
    until(lambda: dial.get_attribute("aria-valuetext") == "3 kHz", "the knob shows it")
    page.hand().click_and_hold(dial).move_by_offset(0, 10).perform()
    shown = until(
        lambda: (now := dial.get_attribute("aria-valuetext")) != "3 kHz" and now,
        "the hand moves it",
    )
    page.evening.desk.instrument.set("filter.cutoff", 200.0)
    page.evening.desk.instrument.set("filter.resonance", 5.0)
    resonance = page.dial("filter.resonance")
    until(lambda: resonance.get_attribute("aria-valuetext") == "Q 5", "the news has arrived")
    assert dial.get_attribute("aria-valuetext") == shown
    page.hand().release().perform()
    until(lambda: dial.get_attribute("aria-valuetext") == "200 Hz", "then it shows what holds")


def test_the_handle_of_the_filter_moves_its_cutoff_and_resonance(page: KeysPage) -> None:
    handle = page.find(".k-filter .plot-handle")
    page.hand().click_and_hold(handle).move_by_offset(40, -20).release().perform()
    until(
        lambda: page.value("filter.cutoff") > 1500.0 and page.value("filter.resonance") > 1.0,
        "both have risen",
    )


def test_the_handles_of_an_envelope_stretch_its_stages(page: KeysPage) -> None:
    attack, decay, release = page.all(".k-envelopes .plot-handle")[:3]
    page.hand().click_and_hold(attack).move_by_offset(30, 0).release().perform()
    until(lambda: page.value("amplitude.attack") > 0.0, "the attack is longer")
    decay.send_keys(*[Keys.ARROW_DOWN] * 10)
    until(lambda: page.value("amplitude.sustain") < 0.85, "the sustain is lower")
    release.send_keys(*[Keys.ARROW_RIGHT] * 5)
    until(lambda: page.value("amplitude.release") > 0.011, "the release is longer")


def test_an_lfo_in_step_says_so_and_its_rate_rests(page: KeysPage) -> None:
    Select(page.find(".k-lfos select")).select_by_visible_text("1/8 T")
    until(lambda: page.value("lfos.0.sync") == "1/8t", "it is in step")
    rate = page.dial("lfos.0.rate")
    until(lambda: rate.get_attribute("aria-valuetext") == "1/8 T", "its rate is the note value")
    assert page.find(".k-lfos .k-now").text == "on the beat"
    assert page.find(".k-lfos .plot-now").is_displayed()


def test_a_switch_lets_the_patch_keep_its_own_tuning(page: KeysPage) -> None:
    page.tab("Voice")
    switch = page.find("input[aria-label='in the tuning of the room']")
    assert switch.is_selected()
    switch.click()
    until(lambda: page.value("follow.tuning") is False, "the patch knows")
    assert page.value("follow.beat") is True


def test_a_note_that_is_held_hears_the_knob(page: KeysPage) -> None:
    evening = page.evening
    evening.synth.note_on(60, 100)
    try:
        rate = int(evening.synth.sample_rate)

        def level() -> float:
            blocks = [evening.step().copy() for _ in range(40)]
            return strength(np.concatenate(blocks), rate, note_hz(60))

        loud = evening.until(lambda: (now := level()) > 0.02 and now, "the note sounds")
        page.dial("filter.cutoff").send_keys(Keys.HOME)
        evening.until(lambda: level() < 0.05 * loud, "the filter has closed on it")
    finally:
        evening.synth.note_off(60)


def test_a_knob_that_is_whirled_is_told_once_a_frame_and_last_where_it_stopped(
    page: KeysPage,
) -> None:
    page.run(
        """
        window.told = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
            if (text.includes('"set"')) told.push(JSON.parse(text).value);
            send.call(this, text);
        };
        for (let i = 0; i < 30; i++) {
            const key = new KeyboardEvent("keydown", {key: "ArrowUp", cancelable: true});
            arguments[0].dispatchEvent(key);
        }
        """,
        page.dial("filter.key_track"),
    )
    told = until(lambda: page.run("return told"), "the knob is told")
    assert told == [pytest.approx(0.3)]
    until(lambda: page.value("filter.key_track") == pytest.approx(0.3), "the engine has it")
