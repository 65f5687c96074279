"""`antiphon session` in the studio: its page is played in a browser, jack_rec records it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import ActionChains

from tests.conftest import Studio
from tests.engine.web.browser import DESKTOP, complaints, look_as
from tests.engine.web.page.keys.hands import PLAIN
from tests.programs import Antiphon, note_hz, record, strength, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.audio

CHORD = {"z": 48, "c": 52, "b": 55}
OTHERS = (50, 53, 57)


def test_a_chord_played_on_the_page_is_what_the_sound_server_records(
    studio: Studio, chromium: Chrome, tmp_path: Path
) -> None:
    patch = tmp_path / "plain.json"
    PLAIN.save(patch)
    options = "--no-open", "--output", studio.output, "--block", str(studio.block_size)
    library = "--library", str(tmp_path / "library")
    with Antiphon(
        studio, tmp_path, "session", "--patch", str(patch), *library, *options
    ) as program:
        program.says("#token=")
        found = re.search(r"http://\S+#token=\S+", program.out + program.err)
        assert found is not None
        look_as(chromium, DESKTOP)
        chromium.get(found[0])
        until(lambda: chromium.find_elements("css selector", ".bench .plot .line[d]"), "the page")
        hand = ActionChains(chromium, duration=0)
        for letter in CHORD:
            hand.key_down(letter)
        hand.perform()
        until(
            lambda: len(chromium.find_elements("css selector", ".key.lit")) == len(CHORD),
            "the keys that sound are lit",
        )
        audio, rate = record(studio, tmp_path / "chord.wav", 1)
        chord = [strength(audio, rate, note_hz(note)) for note in CHORD.values()]
        assert min(chord) > 0.01
        assert max(strength(audio, rate, note_hz(note)) for note in OTHERS) < 0.3 * min(chord)
        chromium.get("about:blank")
        assert complaints(chromium) == []
        ActionChains(chromium, duration=0).key_up("z").key_up("c").key_up("b").perform()
        assert program.interrupt() == 130
