"""Measure the page in a real browser: spectrum frames a second, and a key press to its sound.

    python -m bench.browser [--seconds 30] [--presses 200] [--block 128] [--out FILE.json]

The page of a served session runs in headless Chromium; the callback is called by a thread of this
process at the pace of a sound card, so that it shares the interpreter with the server, which a
sound card's does not.

`frames`: times between the binary frames as the page's script meets them, while a chord sounds and
everything is drawn. `press`: from the browser's time stamp of a key press to the start of the
callback that makes the first sample of its note, by the one clock of the machine. To it belong, on
average, half a block of waiting for the callback.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.studio import machine
from engine.io.device import NullStream
from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.synth import Synth
from tests.engine.web.browser import DESKTOP, look_as, open_chromium, stage
from tests.programs import until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

TICK = Patch(
    name="tick",
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=20_000.0),
    amplitude=ADSR(0.0, 0.0, 1.0, 0.005),
)
KEYS = {"KeyZ": "z", "KeyC": "c", "KeyB": "b"}
# The page's own handlers come after these.
WATCH = """
window.benchFrames = [];
window.benchPresses = [];
const Native = WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") benchFrames.push(performance.now());
    });
  }
};
addEventListener("keydown", (event) => {
  if (!event.repeat) benchPresses.push(performance.timeOrigin + event.timeStamp);
}, true);
"""
WARM_UP_S = 3.0
QUIET_BLOCKS = 8


class Ear(NullStream):
    """A stream that notes when sound begins after silence, by the clock the browser uses."""

    def __init__(self, synth: Synth, block: int) -> None:
        self.began_ms = 0.0
        self.quiet = 0
        self.sounds = threading.Event()
        super().__init__(synth, block)

    def step(self) -> NDArray[np.float32]:
        """Make one block; remember when the first one that is not silent was begun."""
        entered = time.time()
        out = super().step()
        if not out.any():
            self.quiet += 1
        else:
            if self.quiet >= QUIET_BLOCKS and not self.sounds.is_set():
                self.began_ms = entered * 1e3
                self.sounds.set()
            self.quiet = 0
        return out


def key(chrome: Chrome, kind: str, code: str) -> None:
    """Press or let go of a key of the computer."""
    letter = KEYS[code]
    event = {"type": kind, "code": code, "key": letter, "windowsVirtualKeyCode": ord(letter) - 32}
    chrome.execute_cdp_cmd("Input.dispatchKeyEvent", event)


def frames(chrome: Chrome, seconds: float) -> dict[str, float]:
    """Return how regularly frames come while a chord sounds."""
    for code in KEYS:
        key(chrome, "keyDown", code)
    time.sleep(WARM_UP_S)
    chrome.execute_script("benchFrames.length = 0")
    time.sleep(seconds)
    times = np.array(chrome.execute_script("return benchFrames"))
    for code in KEYS:
        key(chrome, "keyUp", code)
    gaps = np.diff(times)
    return {
        "frames": len(times),
        "per_s": round(1e3 * len(gaps) / (times[-1] - times[0]), 2),
        "gap_median_ms": round(float(np.median(gaps)), 2),
        "gap_p99_ms": round(float(np.quantile(gaps, 0.99)), 2),
        "gap_worst_ms": round(float(gaps.max()), 2),
    }


def presses(chrome: Chrome, ear: Ear, count: int) -> dict[str, float]:
    """Return how long after a key press its note begins to be made."""
    chance = random.Random(0)
    chrome.execute_script("benchPresses.length = 0")
    begun = []
    for _ in range(count):
        until(lambda: ear.quiet >= QUIET_BLOCKS, "silence", limit_s=10.0)
        ear.sounds.clear()
        time.sleep(chance.uniform(0.02, 0.06))
        key(chrome, "keyDown", "KeyZ")
        if not ear.sounds.wait(5.0):
            raise SystemExit("a key was pressed and nothing sounded")
        begun.append(ear.began_ms)
        key(chrome, "keyUp", "KeyZ")
    pressed = np.array(chrome.execute_script("return benchPresses"))
    delays = np.array(begun) - pressed
    return {
        "presses": count,
        "median_ms": round(float(np.median(delays)), 2),
        "p90_ms": round(float(np.quantile(delays, 0.9)), 2),
        "p99_ms": round(float(np.quantile(delays, 0.99)), 2),
        "worst_ms": round(float(delays.max()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ears: list[Ear] = []

    def listening(synth: Synth) -> Ear:
        ears.append(Ear(synth, options.block))
        return ears[-1]

    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), listening) as evening,
        open_chromium() as chrome,
    ):
        evening.desk.instrument.replace(TICK)
        look_as(chrome, DESKTOP)
        chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        chrome.get(evening.url)
        until(lambda: chrome.execute_script("return benchFrames.length > 30"), "frames come")
        told = {
            "what": f"the page in headless Chromium, block {options.block}",
            "machine": machine(),
            "frames": frames(chrome, options.seconds),
            "press": presses(chrome, ears[0], options.presses),
            "late_callbacks": evening.session.stream.report().late,
        }
    text = json.dumps(told, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
