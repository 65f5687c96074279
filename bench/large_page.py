"""Measure how long the page takes to open, to search and to draw the map of a large library.

    python -m bench.large_page [--tracks 100000] [--folder DIR] [--repeats 10] [--out FILE.json]

The library is that of `bench.library`: made in a folder for temporary files, unless DIR holds one
from an earlier run. All times are taken in headless Chromium by the page's own clock.

`open`: from asking for the address until the queue with its reasons is shown. `search`: from a
letter typed to its results. `map`: from opening the library until the map is drawn, when the
server knows it already, and `zoom`: between two pictures while the wheel turns.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.library import make
from bench.studio import machine
from tests.engine.web.browser import DESKTOP, look_as, open_chromium, stage
from tests.programs import until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

OPENED = """
const done = arguments[0];
const look = () => {
  const shown = document.querySelector(".entry") && document.querySelector("#key-name").textContent;
  if (shown) requestAnimationFrame(() => done(performance.now()));
  else setTimeout(look, 2);
};
look();
"""
TYPED = """
const [letter, done] = arguments;
const field = document.querySelector("#library input[type=search]");
const list = document.querySelector(".results-list");
const start = performance.now();
new MutationObserver((_, self) => {
  self.disconnect();
  requestAnimationFrame(() => done(performance.now() - start));
}).observe(list, { childList: true });
field.value = letter;
field.dispatchEvent(new Event("input"));
"""
MAPPED = """
const done = arguments[0];
const start = performance.now();
document.querySelector("#open-library").click();
const look = () => {
  if (document.querySelectorAll("#library select option").length > 1)
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  else setTimeout(look, 2);
};
look();
"""
TURNED = """
const done = arguments[0];
const map = document.querySelector(".map-marks");
const box = map.getBoundingClientRect();
const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, cancelable: true };
const times = [];
const turn = (now) => {
  times.push(now);
  if (times.length > 60) return done(times);
  map.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: times.length % 20 < 10 ? -30 : 30 }));
  requestAnimationFrame(turn);
};
requestAnimationFrame(turn);
"""


def summary(times: Sequence[float]) -> dict[str, float]:
    """Return median and worst, in ms."""
    return {
        "median_ms": round(float(np.median(times)), 1),
        "worst_ms": round(float(np.max(times)), 1),
    }


def measure(chrome: Chrome, url: str, repeats: int) -> dict[str, Any]:
    """Return the figures of one browser."""
    ask: Any = chrome.execute_async_script
    chrome.set_script_timeout(120)
    opened = []
    for _ in range(repeats + 1):
        chrome.get("about:blank")
        chrome.get(url)
        opened.append(ask(OPENED))
    ask(MAPPED)  # the server draws it for the first time
    mapped = []
    for _ in range(repeats):
        chrome.get("about:blank")
        chrome.get(url)
        ask(OPENED)
        mapped.append(ask(MAPPED))
    until(lambda: chrome.find_elements("css selector", ".result"), "the library is listed")
    typed = [ask(TYPED, letter) for letter in "aersti"]
    gaps = np.diff(ask(TURNED))
    return {
        "open": summary(opened[1:]),  # the first one starts Chromium's own
        "map": summary(mapped),
        "search": summary(typed),
        "zoom": summary(gaps),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not folder.is_dir() or not any(folder.iterdir()):
            make(folder, options.tracks)
        evening = stack.enter_context(stage(folder))
        chrome = stack.enter_context(open_chromium())
        look_as(chrome, DESKTOP)
        told = {
            "what": f"the page, {len(evening.session.library)} tracks",
            "machine": machine(),
            **measure(chrome, evening.url, options.repeats),
        }
    text = json.dumps(told, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
