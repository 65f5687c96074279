"""The room of the keys, in a browser: what hands do reaches the engine, and nothing sticks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.analysis import Key
from engine.follow.follower import Following
from engine.parts import ADSR, LFO, Delay, Filter, Oscillator
from engine.patch import Patch, builtin_patches
from tests.engine.web.browser import DESKTOP, PHONE, Stage, chromium, complaints, look_as, stage
from tests.programs import note_hz, strength
from tests.programs import until as until_

if TYPE_CHECKING:
    from selenium.webdriver import ActionChains, Chrome
    from selenium.webdriver.remote.webelement import WebElement

__all__ = ["chromium"]


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition of a page, which answers at once or not at all."""
    return until_(condition, what, limit_s=15.0)


PLAIN = Patch(
    name="plain",
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=1000.0),
    amplitude=ADSR(0.0, 0.05, 0.9, 0.01),
    velocity=0.0,
)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve one session to all tests; its patches are kept apart from the user's."""
    folder = tmp_path_factory.mktemp("evening")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTIPHON_PATCHES", str(folder / "patches"))
        with stage(folder / "library") as served:
            yield served


class Page:
    """The page in the browser, and what a hand does on it."""

    def __init__(self, chrome: Chrome, evening: Stage) -> None:
        self.chrome = chrome
        self.evening = evening

    def find(self, selector: str) -> WebElement:
        """Return the first element of a selector."""
        return self.chrome.find_element("css selector", selector)

    def dial(self, path: str) -> WebElement:
        """Return the knob of a parameter."""
        return self.find(f'.knob[data-path="{path}"] .knob-dial')

    def hand(self) -> ActionChains:
        """Return a new chain of what a hand does."""
        from selenium.webdriver import ActionChains

        return ActionChains(self.chrome, duration=0)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.chrome.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def at(self, note: int, down: float) -> tuple[int, int]:
        """Return the place on the screen of a key, `down` of its length from the top."""
        box = self.run("return document.querySelector(arguments[0]).getBoundingClientRect()",
                       f'.key[data-note="{note}"]')  # fmt: skip
        return round(box["x"] + box["width"] / 2), round(box["y"] + down * box["height"])

    def touch(self, kind: str, *places: tuple[int, int]) -> None:
        """Touch the screen with several fingers at once: touchStart, touchMove or touchEnd."""
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        self.chrome.execute_cdp_cmd(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )

    def held(self) -> set[int]:
        """Return the keys that the engine holds, by finger or pedal, after another block."""
        self.evening.step()
        bits = self.evening.synth.state[0]["key_bits"][0]
        return {int(note) for note in np.flatnonzero(bits)}


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[Page]:
    """Open the page, playing a plain sound; nothing may have gone wrong in it afterwards."""
    look_as(chromium, DESKTOP)
    evening.synth.panic()
    evening.desk.instrument.replace(PLAIN)
    chromium.get("about:blank")
    chromium.get(evening.url)
    one = Page(chromium, evening)
    until(
        lambda: chromium.find_elements("css selector", ".bench .plot .line[d]"), "curves are drawn"
    )
    until(lambda: one.find(".patch-name").text == "plain", "the patch is shown")
    yield one
    assert complaints(chromium) == []


def _value(evening: Stage, path: str) -> Any:
    value: Any = evening.desk.instrument.patch.to_dict()
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def test_a_knob_goes_with_the_hand_and_the_engine_with_the_knob(page: Page) -> None:
    dial = page.dial("filter.cutoff")
    page.hand().click_and_hold(dial).move_by_offset(0, -30).release().perform()
    until(lambda: _value(page.evening, "filter.cutoff") > 1500.0, "the cutoff has risen")
    page.hand().click_and_hold(dial).move_by_offset(0, 60).release().perform()
    until(lambda: _value(page.evening, "filter.cutoff") < 700.0, "the cutoff has fallen")
    assert dial.get_attribute("aria-valuetext").endswith("Hz")


def test_shift_makes_a_drag_fine(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    dial = page.dial("filter.cutoff")
    page.hand().key_down(Keys.SHIFT).click_and_hold(dial).move_by_offset(0, -30).release().key_up(
        Keys.SHIFT
    ).perform()
    until(lambda: _value(page.evening, "filter.cutoff") != 1000.0, "the cutoff has moved")
    assert 1000.0 < _value(page.evening, "filter.cutoff") < 1250.0


def test_keys_turn_a_knob_and_a_double_click_gives_its_default(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    dial = page.dial("amplitude.sustain")
    dial.send_keys(Keys.HOME)
    until(lambda: _value(page.evening, "amplitude.sustain") == 0.0, "home is the lowest")
    dial.send_keys(Keys.PAGE_UP, Keys.ARROW_UP)
    until(lambda: _value(page.evening, "amplitude.sustain") == 0.11, "a page and a step up")
    page.hand().double_click(dial).perform()
    until(lambda: _value(page.evening, "amplitude.sustain") == ADSR().sustain, "the default")


def test_a_value_is_typed_in_its_own_words(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.chrome.find_elements("css selector", ".k-more .k-tab")[2].click()
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
            lambda path=path, value=value: _value(page.evening, path) == pytest.approx(value),
            f"{path} is {value}",
        )


def test_what_comes_from_elsewhere_moves_a_knob_but_not_under_the_hand(page: Page) -> None:
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


def test_the_handle_of_the_filter_moves_its_cutoff_and_resonance(page: Page) -> None:
    handle = page.find(".k-filter .plot-handle")
    page.hand().click_and_hold(handle).move_by_offset(40, -20).release().perform()
    until(
        lambda: (
            _value(page.evening, "filter.cutoff") > 1500.0
            and _value(page.evening, "filter.resonance") > 1.0
        ),
        "both have risen",
    )


def test_the_handles_of_an_envelope_stretch_its_stages(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    attack, decay, release = page.chrome.find_elements("css selector", ".k-envelopes .plot-handle")[
        :3
    ]
    page.hand().click_and_hold(attack).move_by_offset(30, 0).release().perform()
    until(lambda: _value(page.evening, "amplitude.attack") > 0.0, "the attack is longer")
    decay.send_keys(*[Keys.ARROW_DOWN] * 10)
    until(lambda: _value(page.evening, "amplitude.sustain") < 0.85, "the sustain is lower")
    release.send_keys(*[Keys.ARROW_RIGHT] * 5)
    until(lambda: _value(page.evening, "amplitude.release") > 0.011, "the release is longer")


def test_a_chord_of_letters_is_the_chord_that_sounds(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.hand().key_down("z").key_down("c").key_down("b").perform()
    page.evening.until(lambda: page.held() == {48, 52, 55}, "three keys are down")
    rate = int(page.evening.synth.sample_rate)
    audio = np.concatenate([page.evening.step().copy() for _ in range(100)])
    levels = {note: strength(audio, rate, note_hz(note)) for note in (48, 50, 52, 53, 55, 57)}
    chord = [levels[note] for note in (48, 52, 55)]
    assert min(chord) > 0.02
    assert max(levels[note] for note in (50, 53, 57)) < 0.2 * min(chord)
    until(lambda: len(page.chrome.find_elements("css selector", ".key.lit")) == 3, "they are lit")
    page.hand().key_up("z").key_up("c").key_up("b").send_keys(Keys.NULL).perform()
    page.evening.until(lambda: page.held() == set(), "no key is down")


def test_the_lower_a_key_is_struck_the_louder_it_is(page: Page) -> None:
    velocities = []
    for down in (0.70, 0.95):
        x, y = page.at(60, down)
        page.hand().move_to_element(page.find("body")).perform()
        page.chrome.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": "mousePressed", "x": x, "y": y, "button": "left", "clickCount": 1},
        )
        page.evening.until(lambda: page.held() == {60}, "the key is down")
        velocities.append(int(page.evening.synth.state[0]["key_velocity"][0][60]))
        page.chrome.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": "mouseReleased", "x": x, "y": y, "button": "left", "clickCount": 1},
        )
        page.evening.until(lambda: page.held() == set(), "the key is up")
    assert 28 < velocities[0] < velocities[1] <= 127


def test_fingers_play_a_chord_and_slide_over_the_keys_of_a_phone(page: Page) -> None:
    look_as(page.chrome, PHONE, touch=True)
    until(lambda: len(page.chrome.find_elements("css selector", ".key")) == 25, "two octaves")
    page.run("document.querySelector('#keyboard').scrollIntoView({block: 'center'})")
    fingers = [page.at(note, 0.8) for note in (48, 52, 55)]
    page.touch("touchStart", *fingers)
    page.evening.until(lambda: page.held() == {48, 52, 55}, "three fingers, three keys")
    page.touch("touchMove", fingers[0], fingers[1], page.at(57, 0.8))
    page.evening.until(lambda: page.held() == {48, 52, 57}, "one slides on")
    page.touch("touchEnd")
    page.evening.until(lambda: page.held() == set(), "no finger, no key")


def test_a_page_that_loses_the_keyboard_or_is_left_holds_no_note(page: Page) -> None:
    page.hand().key_down("z").key_down("x").perform()
    page.evening.until(lambda: page.held() == {48, 50}, "two keys are down")
    page.run("dispatchEvent(new Event('blur'))")
    page.evening.until(lambda: page.held() == set(), "none after the window lost the keyboard")
    page.hand().key_up("z").key_up("x").key_down("c").perform()
    page.evening.until(lambda: page.held() == {52}, "one key is down")
    page.chrome.get("about:blank")
    page.evening.until(lambda: page.held() == set(), "none after the page has gone")
    page.hand().key_up("c").perform()


def test_a_page_that_is_torn_away_with_the_pedal_down_leaves_no_note(page: Page) -> None:
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


def test_what_the_room_drives_takes_its_colour_and_its_key_is_dotted(page: Page) -> None:
    follower = page.evening.session.follower
    page.evening.desk.instrument.replace(
        dataclasses.replace(PLAIN, lfos=(LFO(sync="1/4"), LFO()), delay=Delay(sync="1/8"))
    )
    lfo, time = ".k-lfos .k-sheet.driven", '.knob.driven[data-path="delay.time"]'
    assert not page.chrome.find_elements("css selector", f"{lfo}, {time}, .key.in-scale")
    key = Key(9, "minor", 0.9)
    follower.following = Following(state="locked", track_id=1, bpm=96.0, key=key)
    try:
        until(lambda: page.chrome.find_elements("css selector", lfo), "the LFO is the room's")
        assert page.chrome.find_elements("css selector", time)
        dotted = page.chrome.find_elements("css selector", ".key.in-scale")
        assert {int(one.get_attribute("data-note")) % 12 for one in dotted} == set(key.scale())
        roots = page.chrome.find_elements("css selector", ".key.root")
        assert [int(one.get_attribute("data-note")) for one in roots] == [45, 57, 69, 81]
        assert page.find(".kb-scale").text == "notes of A minor, the room's key"
    finally:
        follower.following = Following()
    until(lambda: not page.chrome.find_elements("css selector", ".driven"), "its own again")


def test_space_is_the_sustain_pedal(page: Page) -> None:
    page.hand().key_down(" ").key_down("z").key_up("z").perform()
    page.evening.until(lambda: page.held() == {48}, "the pedal holds the key")
    assert page.run("return scrollY") == 0
    page.hand().key_up(" ").perform()
    page.evening.until(lambda: page.held() == set(), "the pedal is up")


def test_a_letter_typed_into_a_field_is_no_note(page: Page) -> None:
    page.find(".patch-open").click()
    search = until(lambda: page.find(".patch-sheet .field"), "the list is open")
    search.send_keys("zcb")
    until(lambda: search.get_attribute("value") == "zcb", "it was typed")
    assert page.held() == set()


def test_octaves_shift_the_keys_and_what_letters_play(page: Page) -> None:
    page.hand().send_keys("]").key_down("z").perform()
    page.evening.until(lambda: page.held() == {60}, "an octave higher")
    page.hand().send_keys("[").key_up("z").perform()
    page.evening.until(lambda: page.held() == set(), "the note ends as it began")


def test_bend_springs_back_and_the_wheel_stays(page: Page) -> None:
    bend, wheel = page.chrome.find_elements("css selector", ".upright")
    page.hand().click_and_hold(wheel).move_by_offset(0, -30).release().perform()
    until(lambda: float(wheel.get_attribute("aria-valuenow")) > 0.5, "the wheel has moved")
    page.hand().click_and_hold(bend).move_by_offset(0, -40).perform()
    channel = page.evening.synth.state[0]
    page.evening.until(lambda: channel["bend"][0] > 0.5, "the pitch is bent")
    page.hand().release().perform()
    page.evening.until(lambda: channel["bend"][0] == 0.0, "the pitch is as it was")
    assert float(wheel.get_attribute("aria-valuenow")) > 0.5


def test_routes_of_the_matrix_are_added_changed_and_removed(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.select import Select

    page.chrome.find_elements("css selector", ".k-more .k-tab")[3].click()
    add = page.find(".route-add")
    add.click()
    until(lambda: len(page.evening.desk.instrument.patch.matrix) == 1, "one route")
    source, target = page.chrome.find_elements("css selector", ".route select")
    Select(source).select_by_visible_text("wheel")
    Select(target).select_by_visible_text("pitch")
    page.find(".route .knob-dial").send_keys(Keys.ARROW_UP)

    def changed() -> bool:
        (route,) = page.evening.desk.instrument.patch.matrix
        return (route.source, route.target) == ("wheel", "pitch") and route.amount > 12.0

    until(changed, "the route is another")
    page.find(".route .icon-button").click()
    until(lambda: not page.evening.desk.instrument.patch.matrix, "no route")


def test_an_lfo_in_step_says_so_and_its_rate_rests(page: Page) -> None:
    from selenium.webdriver.support.select import Select

    Select(page.find(".k-lfos select")).select_by_visible_text("1/8 T")
    until(lambda: _value(page.evening, "lfos.0.sync") == "1/8t", "it is in step")
    rate = page.dial("lfos.0.rate")
    until(lambda: rate.get_attribute("aria-valuetext") == "1/8 T", "its rate is the note value")
    assert page.find(".k-lfos .k-now").text == "on the beat"
    assert page.find(".k-lfos .plot-now").is_displayed()


def test_arrow_keys_play_through_the_patches_that_a_search_leaves(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.find(".patch-open").click()
    search = until(lambda: page.find(".patch-sheet .field"), "the list is open")
    search.send_keys("bass")
    names = [row.text.splitlines()[0] for row in
             page.chrome.find_elements("css selector", ".patch-row")]  # fmt: skip
    expected = [n for n, p in builtin_patches().items() if "bass" in f"{n} {' '.join(p.tags)}"]
    assert sorted(names) == sorted(expected)
    search.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    until(lambda: page.evening.desk.instrument.patch.name == names[1], "the second is played")
    search.send_keys(Keys.ESCAPE)
    until(lambda: not search.is_displayed(), "the list is closed")
    until(lambda: page.evening.desk.instrument.patch == PLAIN, "and what was played is back")


def test_a_changed_patch_is_marked_compared_saved_and_reverted(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    instrument = page.evening.desk.instrument
    instrument.choose("warm-pad")
    stored = builtin_patches()["warm-pad"].filter.cutoff
    until(lambda: page.find(".patch-name").text == "warm-pad", "another patch")
    assert not page.find(".patch-changed").is_displayed()
    page.dial("filter.cutoff").send_keys(Keys.END)
    until(lambda: page.find(".patch-changed").is_displayed(), "it is marked")
    compare, revert, save = page.chrome.find_elements(
        "css selector", "#keys .head-tools > .button"
    )[1:]
    compare.click()
    until(lambda: instrument.patch.filter.cutoff == stored, "the stored one is heard")
    until(lambda: compare.get_attribute("aria-pressed") == "true", "and it says so")
    compare.click()
    until(lambda: instrument.patch.filter.cutoff == 24_000.0, "one's own again")
    revert.click()
    until(lambda: instrument.patch.filter.cutoff == stored, "as it was stored")
    page.dial("filter.cutoff").send_keys(Keys.END)
    until(lambda: instrument.patch.filter.cutoff == 24_000.0, "changed again")
    save.click()
    name = page.find(".save-sheet .field")
    name.clear()
    name.send_keys("my pad", Keys.ENTER)
    until(lambda: page.find(".patch-name").text == "my pad", "kept under its own name")
    assert not page.find(".patch-changed").is_displayed()
