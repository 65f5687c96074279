"""`antiphon listen` in the studio: jack-play plays into the virtual microphone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.room import SimulatedRoom
from tests.conftest import Demo, Studio
from tests.programs import Antiphon, into_the_mic

pytestmark = pytest.mark.audio

EXCERPT_S = 9.0
LEAD_IN_S = 1.0
NOISE_DB = 12.0


def excerpt(demo: Demo, name: str, start_s: float, path: Path) -> None:
    """Write a second of silence, then a part of a tune as a noisy room gives it back."""
    audio, rate = soundfile.read(demo.tune(name), dtype="float32", always_2d=True)
    part = audio[round(start_s * rate) :][: round(EXCERPT_S * rate)]
    noise = float(np.sqrt(np.mean(np.square(part)))) * 10 ** (-NOISE_DB / 20)
    heard = SimulatedRoom(rate, len(part), noise, seed=7)(part)
    silence = np.zeros(round(LEAD_IN_S * rate), dtype=np.float32)
    soundfile.write(path, np.concatenate([silence, heard]), rate)


def hear(
    studio: Studio, demo: Demo, folder: Path, name: str, start_s: float
) -> tuple[list[dict[str, Any]], Antiphon]:
    """Play an excerpt to `antiphon listen --json`; return its lines and the program, ended."""
    sound = folder / "excerpt.wav"
    excerpt(demo, name, start_s, sound)
    options = "--library", str(demo.library), "--input", studio.input, "--json"
    with Antiphon(studio, folder, "listen", *options) as program:
        program.says("listening on")
        with into_the_mic(studio, sound) as player:
            player.wait(timeout=60)
        program.says('"state"')
        assert program.interrupt() == 130
    return [json.loads(line) for line in program.out.splitlines()], program


@pytest.mark.parametrize(
    ("name", "title", "start_s"),
    [("the-entertainer", "The Entertainer", 11.0)],
)
def test_a_tune_in_the_room_is_named_with_the_place_in_it(
    studio: Studio, demo: Demo, tmp_path: Path, name: str, title: str, start_s: float
) -> None:
    lines, program = hear(studio, demo, tmp_path, name, start_s)
    known = [line for line in lines if line["state"] == "known"]
    assert known, lines
    assert {line["title"] for line in known} == {title}
    assert known[0]["answered_after_s"] < 5.0
    # Tunes repeat themselves: the place may be corrected when more was heard.
    last = known[-1]
    assert last["confidence"] > 0.5
    assert last["speed"] == pytest.approx(1.0, abs=0.005)
    # Where it is, less how long it has sounded, is where the excerpt began.
    began_s = last["position_s"] - last["answered_after_s"]
    assert began_s == pytest.approx(start_s, abs=0.2)
    assert "Traceback" not in program.err


def test_a_tune_that_was_left_out_is_unknown(studio: Studio, demo: Demo, tmp_path: Path) -> None:
    lines, _ = hear(studio, demo, tmp_path, "sakura", 4.0)
    assert [line["state"] for line in lines if line["state"] != "silence"] == ["unknown"]
    assert lines[0]["track_id"] is None
    assert lines[0]["position_s"] is None
