"""`antiphon play` in the studio: a sequencer that is not ours plays it, jack_rec records it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from tests.conftest import Studio
from tests.programs import (
    Antiphon,
    Desk,
    midi_children,
    note_hz,
    plugged,
    record,
    strength,
    until,
    wiring,
)

pytestmark = pytest.mark.audio

NOTES = (60, 67)
OTHERS = (55, 63, 72)
PERIODS_BETWEEN = 24


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    """Write a patch that starts at once and ends in digital silence."""
    path = tmp_path / "tick.json"
    Patch(
        name="tick",
        oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
        filter=Filter(cutoff=20_000.0),
        amplitude=ADSR(0.0, 0.0, 1.0, 0.005),
    ).save(path)
    return path


@pytest.fixture
def keyboard(studio: Studio) -> Iterator[int]:
    """Plug in a keyboard that plays by itself; yield the frames from one note to the next."""
    with playing_keyboard(studio) as step:
        yield step


@pytest.fixture
def player(studio: Studio, keyboard: int, patch: Path, tmp_path: Path) -> Iterator[Antiphon]:
    """Play: `antiphon play` with the keyboard connected."""
    with player_of_keyboard(studio, patch, tmp_path) as program:
        yield program


@contextmanager
def playing_keyboard(studio: Studio) -> Iterator[int]:
    """Plug in a keyboard that plays by itself; give the frames from one note to the next.

    Notes lie on the server's periods: RtMidi's JACK backend does not tell where in its period an
    event was, which would hide what is measured here.
    """
    step = PERIODS_BETWEEN * studio.block_size
    events = [n for i, note in enumerate(NOTES) for n in (i * step, note, step // 2)]
    with plugged(studio, "keys", len(NOTES) * step, *events):
        yield step


@contextmanager
def player_of_keyboard(studio: Studio, patch: Path, folder: Path) -> Iterator[Antiphon]:
    """Run `antiphon play`, and wait until it is connected with the keyboard."""
    options = "--midi", "keys", "--output", studio.output, "--block", str(studio.block_size)
    with Antiphon(studio, folder, "play", "--patch", str(patch), *options) as program:
        program.says("Ctrl-C ends")
        until(lambda: wiring(studio)["keys:out"], "the MIDI port is connected")
        yield program


def test_the_notes_of_the_keyboard_are_heard_and_no_others(
    studio: Studio, player: Antiphon, tmp_path: Path
) -> None:
    audio, rate = record(studio, tmp_path / "played.wav", 3)
    levels = {note: strength(audio, rate, note_hz(note)) for note in NOTES + OTHERS}
    assert min(levels[note] for note in NOTES) > 0.01
    assert max(levels[note] for note in OTHERS) < 0.3 * min(levels[note] for note in NOTES)
    assert player.interrupt() == 130


def test_notes_keep_the_time_of_the_keyboard_to_a_fraction_of_a_period(
    studio: Studio, keyboard: int, player: Antiphon, tmp_path: Path, record_property: Callable
) -> None:
    audio, _ = record(studio, tmp_path / "grid.wav", 6)
    sounding = audio[:, 0] != 0
    starts = np.flatnonzero(sounding[1:] & ~sounding[:-1]) + 1
    gaps = np.diff(starts)
    # A machine that stops for a while loses notes; whole steps are counted, not their number.
    errors = gaps - keyboard * np.round(gaps / keyboard)
    assert len(errors) > 20
    median, p90 = np.median(np.abs(errors)), np.quantile(np.abs(errors), 0.9)
    record_property("median_error_frames", float(median))
    print(f"error between notes: median {median:.1f}, p90 {p90:.1f}, "
          f"worst {np.abs(errors).max()} frames of {len(errors)}")  # fmt: skip
    assert median <= studio.block_size / 8


def test_control_c_ends_with_130_one_word_and_no_traceback(player: Antiphon) -> None:
    assert player.interrupt() == 130
    assert "Traceback" not in player.err
    assert "xruns" in player.err  # how it went
    assert player.err.splitlines()[-1] == "interrupted"
    assert not midi_children(player.process.pid)


def test_notes_sound_again_after_the_midi_process_was_killed(
    own_studio: Studio, patch: Path, tmp_path: Path
) -> None:
    with (
        playing_keyboard(own_studio),
        player_of_keyboard(own_studio, patch, tmp_path) as player,
    ):
        (child,) = midi_children(player.process.pid)
        os.kill(child, signal.SIGKILL)
        until(
            lambda: (
                [p for p in midi_children(player.process.pid) if p != child]
                and wiring(own_studio)["keys:out"]
            ),
            "another process reads the port",
        )
        audio, rate = record(own_studio, tmp_path / "after.wav", 2)
        assert min(strength(audio, rate, note_hz(note)) for note in NOTES) > 0.01
        assert player.interrupt() == 130


def test_a_keyboard_unplugged_in_a_note_leaves_silence_and_may_come_back(
    studio: Studio, patch: Path, tmp_path: Path
) -> None:
    options = "--wait", "--midi", "held", "--output", studio.output
    with Antiphon(studio, tmp_path, "play", "--patch", str(patch), *options) as program:
        program.says("Ctrl-C ends")
        for number in (1, 2):
            with plugged(studio, "held", 48_000, 0, 69, 47_000):
                until(lambda: wiring(studio)["held:out"], "the MIDI port is connected")
                during, rate = record(studio, tmp_path / f"held-{number}.wav", 2)
            until(lambda: "held:out" not in wiring(studio), "the port is gone")
            after, _ = record(studio, tmp_path / f"gone-{number}.wav", 1)
            assert strength(during, rate, 440.0) > 0.01
            assert not after[rate // 2 :].any()


def test_sound_off_from_the_keyboard_is_silence_though_keys_and_pedal_are_down(
    studio: Studio, patch: Path, tmp_path: Path
) -> None:
    options = "--wait", "--midi", "desk", "--output", studio.output
    with (
        Desk(studio) as desk,
        Antiphon(studio, tmp_path, "play", "--patch", str(patch), *options) as program,
    ):
        program.says("Ctrl-C ends")
        until(lambda: wiring(studio).get("desk:out"), "the MIDI port is connected")
        desk.send("b0 40 7f", "90 45 64", "90 48 64")
        before, rate = record(studio, tmp_path / "before.wav", 1)
        desk.send("b0 78 00")
        after, _ = record(studio, tmp_path / "after.wav", 1)
        assert strength(before, rate, 440.0) > 0.01
        assert not after[rate // 2 :].any()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_whoever_ends_it_nothing_is_left_behind(player: Antiphon, number: signal.Signals) -> None:
    maps = Path(f"/proc/{player.process.pid}/maps").read_text(encoding="utf-8")
    (ring,) = {Path(line.split()[5]) for line in maps.splitlines() if "antiphon-midi-" in line}
    assert ring.exists()
    player.process.send_signal(number)
    assert player.process.wait(timeout=60) == 128 + number
    assert not ring.exists()
    until(lambda: not midi_children(player.process.pid), "the MIDI process has ended")
    assert "Traceback" not in player.err


def test_a_sound_server_that_dies_ends_it_in_one_line(own_studio: Studio, tmp_path: Path) -> None:
    options = "play", "--wait", "--output", own_studio.output
    with Antiphon(own_studio, tmp_path, *options) as program:
        program.says("Ctrl-C ends")
        os.kill(own_studio.server, signal.SIGKILL)
        assert program.process.wait(timeout=60) == 1
    assert program.err.splitlines()[-1].startswith("antiphon: the sound device has stopped")
    assert "Traceback" not in program.err
