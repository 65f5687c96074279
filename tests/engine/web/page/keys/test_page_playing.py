"""The keyboard in a browser: what is played there sounds, and nothing sticks."""

from __future__ import annotations

import dataclasses

import numpy as np
from selenium.webdriver.common.keys import Keys

from engine.analysis import Key
from engine.follow.follower import Following
from engine.parts import LFO, Delay
from tests.engine.web.browser import PHONE, look_as
from tests.engine.web.page.keys.hands import PLAIN, KeysPage, until
from tests.programs import note_hz, strength


def test_a_chord_of_letters_is_the_chord_that_sounds(page: KeysPage) -> None:
    page.hand().key_down("z").key_down("c").key_down("b").perform()
    page.evening.until(lambda: page.held() == {48, 52, 55}, "three keys are down")
    rate = int(page.evening.synth.sample_rate)
    audio = np.concatenate([page.evening.step().copy() for _ in range(100)])
    levels = {note: strength(audio, rate, note_hz(note)) for note in (48, 50, 52, 53, 55, 57)}
    chord = [levels[note] for note in (48, 52, 55)]
    assert min(chord) > 0.02
    assert max(levels[note] for note in (50, 53, 57)) < 0.2 * min(chord)
    until(lambda: len(page.all(".key.lit")) == 3, "they are lit")
    page.hand().key_up("z").key_up("c").key_up("b").send_keys(Keys.NULL).perform()
    page.evening.until(lambda: page.held() == set(), "no key is down")


def test_the_lower_a_key_is_struck_the_louder_it_is(page: KeysPage) -> None:
    velocities = []
    for down in (0.70, 0.95):
        place = page.at(60, down)
        page.mouse("mousePressed", place)
        page.evening.until(lambda: page.held() == {60}, "the key is down")
        velocities.append(int(page.evening.synth.state[0]["key_velocity"][0][60]))
        page.mouse("mouseReleased", place)
        page.evening.until(lambda: page.held() == set(), "the key is up")
    assert 28 < velocities[0] < velocities[1] <= 127


def test_fingers_play_a_chord_and_slide_over_the_keys_of_a_phone(page: KeysPage) -> None:
    look_as(page.chrome, PHONE, touch=True)
    until(lambda: len(page.all(".key")) == 25, "two octaves")
    page.run("document.querySelector('#keyboard').scrollIntoView({block: 'center'})")
    fingers = [page.at(note, 0.8) for note in (48, 52, 55)]
    page.touch("touchStart", *fingers)
    page.evening.until(lambda: page.held() == {48, 52, 55}, "three fingers, three keys")
    page.touch("touchMove", fingers[0], fingers[1], page.at(57, 0.8))
    page.evening.until(lambda: page.held() == {48, 52, 57}, "one slides on")
    page.touch("touchEnd")
    page.evening.until(lambda: page.held() == set(), "no finger, no key")


def test_a_page_that_loses_the_keyboard_or_is_left_holds_no_note(page: KeysPage) -> None:
    page.hand().key_down("z").key_down("x").perform()
    page.evening.until(lambda: page.held() == {48, 50}, "two keys are down")
    page.run("dispatchEvent(new Event('blur'))")
    page.evening.until(lambda: page.held() == set(), "none after the window lost the keyboard")
    page.hand().key_up("z").key_up("x").key_down("c").perform()
    page.evening.until(lambda: page.held() == {52}, "one key is down")
    page.chrome.get("about:blank")
    page.evening.until(lambda: page.held() == set(), "none after the page has gone")
    page.hand().key_up("c").perform()


def test_a_page_that_is_torn_away_with_the_pedal_down_leaves_no_note(page: KeysPage) -> None:
    page.run("""
        const socket = new WebSocket(`ws://${location.host}/api/socket`);
        socket.onopen = () => {
            socket.send(JSON.stringify({type: "hello", token: sessionStorage["antiphon.token"]}));
            socket.send(JSON.stringify({type: "control", number: 64, value: 127}));
            socket.send(JSON.stringify({type: "note_on", note: 70, velocity: 90}));
            window.torn = socket;
        };
    """)
    page.evening.until(lambda: page.held() == {70}, "a key is down, and the pedal")
    page.run("torn.close()")
    page.evening.until(lambda: page.held() == set(), "nothing is held")


def test_what_the_room_drives_takes_its_colour_and_its_key_is_dotted(page: KeysPage) -> None:
    follower = page.evening.session.follower
    page.evening.desk.instrument.replace(
        dataclasses.replace(PLAIN, lfos=(LFO(sync="1/4"), LFO()), delay=Delay(sync="1/8"))
    )
    lfo, time = ".k-lfos .k-sheet.driven", '.knob.driven[data-path="delay.time"]'
    assert not page.all(f"{lfo}, {time}, .key.in-scale")
    key = Key(9, "minor", 0.9)
    follower.following = Following(state="locked", track_id=1, bpm=96.0, key=key)
    try:
        until(lambda: page.all(lfo), "the LFO is the room's")
        assert page.all(time)
        dotted = page.all(".key.in-scale")
        assert {int(one.get_attribute("data-note")) % 12 for one in dotted} == set(key.scale())
        roots = page.all(".key.root")
        assert [int(one.get_attribute("data-note")) for one in roots] == [45, 57, 69, 81]
        assert page.find(".kb-scale").text == "notes of A minor, the room's key"
    finally:
        follower.following = Following()
    until(lambda: not page.all(".driven"), "its own again")


def test_space_is_the_sustain_pedal(page: KeysPage) -> None:
    page.hand().key_down(" ").key_down("z").key_up("z").perform()
    page.evening.until(lambda: page.held() == {48}, "the pedal holds the key")
    assert page.run("return scrollY") == 0
    page.hand().key_up(" ").perform()
    page.evening.until(lambda: page.held() == set(), "the pedal is up")


def test_space_is_the_pedal_after_a_click_and_a_press_after_the_tab_key(page: KeysPage) -> None:
    octave = page.find('#keyboard button[aria-label^="An octave higher"]')
    octave.click()
    page.hand().key_down(" ").perform()
    until(lambda: page.find("#keyboard .button").get_attribute("aria-pressed") == "true", "down")
    page.hand().key_up(" ").perform()
    assert page.text(".kb-range") == "C3\u2013C7"
    octave.send_keys(" ")
    until(lambda: page.text(".kb-range") == "C4\u2013C8", "it was pressed")


def test_a_letter_typed_into_a_field_is_no_note(page: KeysPage) -> None:
    page.find(".patch-open").click()
    search = until(lambda: page.find(".patch-sheet .field"), "the list is open")
    search.send_keys("zcb")
    until(lambda: search.get_attribute("value") == "zcb", "it was typed")
    assert page.held() == set()


def test_octaves_shift_the_keys_and_what_letters_play(page: KeysPage) -> None:
    page.hand().send_keys("]").key_down("z").perform()
    page.evening.until(lambda: page.held() == {60}, "an octave higher")
    page.hand().send_keys("[").key_up("z").perform()
    page.evening.until(lambda: page.held() == set(), "the note ends as it began")


def test_bend_springs_back_and_the_wheel_stays(page: KeysPage) -> None:
    bend, wheel = page.all(".upright")
    page.hand().click_and_hold(wheel).move_by_offset(0, -30).release().perform()
    until(lambda: float(wheel.get_attribute("aria-valuenow")) > 0.5, "the wheel has moved")
    page.hand().click_and_hold(bend).move_by_offset(0, -40).perform()
    channel = page.evening.synth.state[0]
    page.evening.until(lambda: channel["bend"][0] > 0.5, "the pitch is bent")
    page.hand().release().perform()
    page.evening.until(lambda: channel["bend"][0] == 0.0, "the pitch is as it was")
    assert float(wheel.get_attribute("aria-valuenow")) > 0.5
