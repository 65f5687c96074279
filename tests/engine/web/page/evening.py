"""An evening to open the page on: a library, playlists, a microphone; and a hand for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.io.device import HandStream
from engine.library import Library, analyser
from engine.library.tags import Tags
from engine.listener import Heard
from engine.synth import Synth
from fingerprint.peaks import extract
from recommend import HandmadeEmbedding
from tests.engine.conftest import RATE, tune
from tests.engine.made import Made, made_library, sound_of
from tests.engine.web.browser import DESKTOP, Stage, complaints, look_as, stage
from tests.programs import until as until_

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

COUNT = 120  # a test that clears the queue leaves enough for those after it
SCRIPT = "<script>document.title='owned'</script>"
IMAGE = "<img src=x onerror=\"document.title='owned'\">"
HOSTILE = 4  # the id of the track whose tags are markup
REAL = COUNT + 1  # the id of the one that the microphone can hear
_REAL_S = 8.0


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition of a page, which answers at once or not at all."""
    return until_(condition, what, limit_s=15.0)


class Microphone:
    """What the microphone hears: nothing, until a tune is played to it."""

    def __init__(self) -> None:
        self._sound: NDArray[np.float32] = np.zeros(0, np.float32)
        self._at = 0

    def play(self, sound: NDArray[np.float32]) -> None:
        """Let it hear a sound, once."""
        self._sound, self._at = sound, 0

    def __call__(self, played: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the next block, whatever was played."""
        block = np.zeros(len(played), np.float32)
        part = self._sound[self._at : self._at + len(block)]
        block[: len(part)] = part
        self._at += len(part)
        return block


MICROPHONE = Microphone()


def _made(folder: Path) -> None:
    tracks = [
        Made(f"Tune {i + 1}", f"Artist {i % 7}", 180.0 + i % 40, bpm=90.0 + i % 50, lufs=-14.0)
        for i in range(COUNT)
    ]
    tracks[HOSTILE - 1] = Made(SCRIPT, IMAGE, 200.0, bpm=100.0)
    sides = list(range(0, COUNT, 2)), list(range(1, COUNT, 2))
    playlists = [side[start : start + 12] for side in sides for start in range(0, 50, 2)]
    library = made_library(folder, tracks, playlists)
    _store_real(library, folder)
    library.close()
    (folder / "music").mkdir()
    for track_id in range(
        1, COUNT + 1
    ):  # short ones: they are drawn, and their beginning is played
        soundfile.write(folder / "music" / f"{track_id}.wav", tune(track_id, 0.3), RATE)
    soundfile.write(folder / "music" / "real.wav", real_tune(), RATE)


def _store_real(library: Library, folder: Path) -> None:
    made = Made("Real Tune", "The Oscillators", _REAL_S, bpm=120.0)
    embedding = HandmadeEmbedding()
    found = analyser.Analysis(
        Tags(made.title, made.artist),
        made.seconds,
        RATE,
        False,
        analyser.pack(extract(real_tune(), RATE)),
        np.ones(embedding.dimensions, "<f4").tobytes(),
        embedding.name,
        embedding.version,
        sound_of(made).to_json(),
        b"",
    )
    library.store(folder / "music" / "real.wav", 1, 1, b"r" * 16, found)
    library.commit()


def real_tune() -> NDArray[np.float32]:
    """Return the one track that has a sound, at `RATE`."""
    return tune(7, _REAL_S)


@contextmanager
def serve(folder: Path) -> Iterator[Stage]:
    """Serve it, with a microphone and a stream whose pace the test makes."""
    _made(folder)

    def stream(synth: Synth) -> HandStream:
        return HandStream(synth, room=MICROPHONE)

    with stage(folder / "library", stream) as served:
        yield served


def hear(evening: Stage, track_id: int | None, state: Any = None) -> None:
    """Let the session believe that the room plays a track, or something unknown."""
    said = state or ("unknown" if track_id is None else "known")
    evening.session._take(Heard(said, track_id, 3.0, 0.97, 1.0, 1_000, 1.5))


class Page:
    """The page in the browser, and what a hand does on it."""

    def __init__(self, chrome: Chrome, evening: Stage) -> None:
        self.chrome = chrome
        self.evening = evening

    def find(self, selector: str) -> WebElement:
        """Return the first element of a selector."""
        return self.chrome.find_element("css selector", selector)

    def all(self, selector: str) -> list[WebElement]:
        """Return all elements of a selector."""
        return self.chrome.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        """Return the text of the first element of a selector."""
        return str(
            self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.chrome.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def press(self, label: str, within: str = "body") -> None:
        """Click the first button whose name begins so."""
        self.find(f'{within} button[aria-label^="{label}"]').click()

    def titles(self) -> list[str]:
        """Return the titles of the queue as the page shows them."""
        script = "return [...document.querySelectorAll('.entry h3')].map((it) => it.textContent)"
        return list(self.run(script))

    def queued(self) -> list[str]:
        """Return the titles of the queue as the session has them."""
        return [entry.track.title for entry in self.evening.session.queue.entries]

    def shows_the_queue(self) -> bool:
        """Whether page and session agree."""
        return self.titles() == self.queued()


@contextmanager
def opened(chrome: Chrome, evening: Stage, size: tuple[int, int] = DESKTOP) -> Iterator[Page]:
    """Open the page; nothing may have gone wrong in it afterwards."""
    look_as(chrome, size, touch=size != DESKTOP)
    chrome.get("about:blank")
    complaints(chrome)
    chrome.get(evening.url)
    page = Page(chrome, evening)
    until(lambda: page.run("return document.body.dataset.link") == "open", "the page is connected")
    until(page.shows_the_queue, "the queue is shown")
    yield page
    assert complaints(chrome) == []
