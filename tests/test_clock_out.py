"""`antiphon play --clock-out`: another program receives the beat."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Studio
from tests.programs import Antiphon, until, wiring

pytestmark = pytest.mark.audio

BPM = 150


def test_another_program_receives_the_clock_and_where_the_song_is(
    studio: Studio, tmp_path: Path
) -> None:
    received = tmp_path / "received.txt"
    with received.open("w") as out:
        dump = studio.popen(["stdbuf", "-oL", "jack_midi_dump", "-a", "dump"], stdout=out)
    try:
        until(lambda: "dump:input" in wiring(studio), "the other program is there")
        options = "--output", studio.output, "--wait", "--tempo", str(BPM), "--clock-out", "dump"
        with Antiphon(studio, tmp_path, "play", *options) as program:
            program.says("clock   goes out by dump")
            until(lambda: received.read_text().count(" f8") > 240, "ten beats of clock")
            assert program.interrupt() == 130
        until(lambda: " fc" in received.read_text(), "the clock stops with the program")
    finally:
        dump.send_signal(signal.SIGINT)  # a server may hang after a client that was killed
        dump.wait(timeout=60)
    lines = [line.split() for line in received.read_text().splitlines() if ":" in line]
    events = [(float(words[0].rstrip(":")), words[1]) for words in lines if len(words) > 1]
    assert "Traceback" not in program.err
    assert [kind for _, kind in events if kind in ("fa", "fb")] != []
    frames = np.array([frame for frame, kind in events if kind == "f8"])
    steps = np.diff(frames[24:])
    even = studio.sample_rate * 60 / BPM / 24
    assert np.mean(steps) == pytest.approx(even, rel=0.01)
    # JACK's MIDI through this library comes at the start of a period
    assert np.quantile(np.abs(steps - even), 0.9) < 1.5 * studio.block_size


def test_an_output_that_is_not_there_is_named_in_one_line(studio: Studio, tmp_path: Path) -> None:
    options = "--output", studio.output, "--wait", "--clock-out", "nowhere"
    with Antiphon(studio, tmp_path, "play", *options) as program:
        program.says("no MIDI output 'nowhere'")
        assert program.process.wait(timeout=60) == 1
    assert "Traceback" not in program.err
