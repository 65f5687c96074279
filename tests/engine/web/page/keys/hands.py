"""What a hand does in the room of the keys, and what the engine has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from tests.engine.web.page.evening import Page
from tests.engine.web.page.evening import until as until

if TYPE_CHECKING:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.remote.webelement import WebElement

PLAIN = Patch(
    name="plain",
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=1000.0),
    amplitude=ADSR(0.0, 0.05, 0.9, 0.01),
    velocity=0.0,
)


class KeysPage(Page):
    """The page, for hands that play."""

    def dial(self, path: str) -> WebElement:
        """Return the knob of a parameter."""
        return self.find(f'.knob[data-path="{path}"] .knob-dial')

    def tab(self, name: str) -> None:
        """Turn to a sheet of the last panel."""
        next(tab for tab in self.all(".k-more .k-tab") if tab.text.startswith(name)).click()

    def hand(self) -> ActionChains:
        """Return a new chain of what a hand does."""
        from selenium.webdriver import ActionChains

        return ActionChains(self.chrome, duration=0)

    def value(self, path: str) -> Any:
        """Return what the engine's patch has for a parameter."""
        value: Any = self.evening.desk.instrument.patch.to_dict()
        for part in path.split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        return value

    def at(self, note: int, down: float) -> tuple[int, int]:
        """Return the place on the screen of a key, `down` of its length from the top."""
        script = "return document.querySelector(arguments[0]).getBoundingClientRect()"
        box = self.run(script, f'.key[data-note="{note}"]')
        return round(box["x"] + box["width"] / 2), round(box["y"] + down * box["height"])

    def mouse(self, kind: str, place: tuple[int, int]) -> None:
        """Press or release the mouse at a place: mousePressed, mouseReleased."""
        event = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        self.chrome.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def touch(self, kind: str, *places: tuple[int, int]) -> None:
        """Touch the screen with several fingers at once: touchStart, touchMove or touchEnd."""
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        event = {"type": kind, "touchPoints": points}
        self.chrome.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    def held(self) -> set[int]:
        """Return the keys that the engine holds, by finger or pedal, after another block."""
        self.evening.step()
        bits = self.evening.synth.state[0]["key_bits"][0]
        return {int(note) for note in np.flatnonzero(bits)}
