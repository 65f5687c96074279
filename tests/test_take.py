"""`antiphon play`: a take on the disk, a controller learned, and the keys of the terminal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from tests.conftest import Studio
from tests.programs import Antiphon, Desk, note_hz, record, strength, until, wiring

pytestmark = pytest.mark.audio


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, studio: Studio) -> Path:
    """Use a folder of patches that is not the user's."""
    folder = tmp_path / "own"
    monkeypatch.setitem(studio.environment, "ANTIPHON_PATCHES", str(folder))
    return folder


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    path = tmp_path / "plain.json"
    Patch(
        name="plain",
        oscillators=(Oscillator("saw", 0.5), Oscillator(level=0.0)),
        filter=Filter(cutoff=500.0, slope=12),
        amplitude=ADSR(0.0, 0.0, 1.0, 0.02),
    ).save(path)
    return path


def test_a_take_holds_what_another_program_records(
    studio: Studio, patch: Path, tmp_path: Path
) -> None:
    take = tmp_path / "take.wav"
    options = "--wait", "--midi", "desk", "--output", studio.output, "--float"
    with (
        Desk(studio) as desk,
        Antiphon(studio, tmp_path, "play", "--patch", str(patch), "--record", str(take), *options)
        as program,
    ):  # fmt: skip
        program.says("Ctrl-C ends")
        until(lambda: wiring(studio).get("desk:out"), "the MIDI port is connected")
        desk.send("90 39 64")
        heard, rate = record(studio, tmp_path / "heard.wav", 1)
        desk.send("80 39 00")
        assert program.interrupt() == 130
    audio, _ = soundfile.read(take, dtype="float32")
    assert f"{take}: recorded {len(audio) / rate:.1f} s" in program.err
    assert len(audio) > rate
    # the middle of what jack_rec heard is somewhere in the take, but for rounding
    middle = heard[rate // 2 : rate // 2 + 2000, 0]
    assert np.abs(middle).max() > 0.01
    windows = np.lib.stride_tricks.sliding_window_view(audio[:, 0], len(middle))
    close = np.flatnonzero(np.abs(windows[:, 0] - middle[0]) <= 2**-22)
    assert min(np.abs(windows[at] - middle).max() for at in close) <= 2**-22


def test_a_controller_is_learned_heard_and_kept(
    studio: Studio, patch: Path, tmp_path: Path, own: Path
) -> None:
    options = "--wait", "--midi", "desk", "--output", studio.output, "--learn", "cutoff"
    with (
        Desk(studio) as desk,
        Antiphon(studio, tmp_path, "play", "--patch", str(patch), *options) as program,
    ):
        program.says("Ctrl-C ends")
        until(lambda: wiring(studio).get("desk:out"), "the MIDI port is connected")
        desk.send("b0 40 00", "b0 15 40")  # a pedal is not learned
        program.says("controller 21 moves cutoff of plain")
        desk.send("90 39 64")
        dull, rate = record(studio, tmp_path / "dull.wav", 1)
        desk.send("b0 15 7f")
        bright, _ = record(studio, tmp_path / "bright.wav", 1)
    assert Patch.load(own / "plain.json").controls == {21: "cutoff"}
    partial = 12 * note_hz(57)
    late = slice(rate // 2, None)
    change = strength(bright[late], rate, partial) / strength(dull[late], rate, partial)
    assert change > 3.0


def test_keys_of_the_terminal_choose_a_control_and_silence_everything(
    studio: Studio, patch: Path, tmp_path: Path, own: Path
) -> None:
    options = "--wait", "--midi", "desk", "--output", studio.output
    with (
        Desk(studio) as desk,
        Antiphon(studio, tmp_path, "play", "--patch", str(patch), *options, keys=True) as program,
    ):
        program.says("Ctrl-C ends")
        until(lambda: wiring(studio).get("desk:out"), "the MIDI port is connected")
        program.press("l")
        program.press("l")
        desk.send("b0 16 40")
        program.says("controller 22 moves resonance of plain")
        desk.send("b0 40 7f", "90 45 64")
        before, rate = record(studio, tmp_path / "before.wav", 1)
        program.press("p")
        after, _ = record(studio, tmp_path / "after.wav", 1)
    assert strength(before, rate, 440.0) > 0.01
    assert not after[rate // 2 :].any()
    assert Patch.load(own / "plain.json").controls == {22: "resonance"}


def test_a_take_is_never_overwritten(studio: Studio, tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    take.write_bytes(b"an earlier take")
    options = "--wait", "--output", studio.output, "--record", str(take)
    with Antiphon(studio, tmp_path, "play", *options) as program:
        assert program.process.wait(timeout=60) == 1
    assert program.err.splitlines()[-1] == (
        f"antiphon: {take}: exists already; a take is never overwritten"
    )
    assert take.read_bytes() == b"an earlier take"
