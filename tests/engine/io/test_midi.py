"""MIDI input, played by jack_midiseq (a program that is not ours) through a real JACK server."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.io import midi, midi_child
from engine.io.midi import MidiInput
from engine.io.midiring import MidiEvent, MidiRing
from tests.conftest import Studio
from tests.programs import unplug

# 60 and 63 in turn, a tenth of a second each, one every eighth of a second.
SEQUENCER = ["jack_midiseq", "keys", "12000", "0", "60", "4800", "6000", "63", "4800"]
SILENCE = [(0xB0 + c, control, 0) for c in range(16) for control in (64, 66, 123)]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere; the limit only ends a test that has failed."""
    pause = threading.Event()
    for _ in range(12_000):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("it did not happen within a minute")


@pytest.fixture
def ring() -> Iterator[MidiRing]:
    with MidiRing.create() as ring:
        yield ring


@pytest.fixture
def in_studio(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Let children of this process find the studio's MIDI."""
    for name, value in studio.environment.items():
        monkeypatch.setenv(name, value)
    return studio


@pytest.fixture
def in_own_studio(own_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Let children of this process find a server that may be harmed."""
    for name, value in own_studio.environment.items():
        monkeypatch.setenv(name, value)
    return own_studio


@pytest.fixture
def keyboard(in_studio: Studio) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Give a function that plugs in a keyboard which plays by itself."""
    plugged = []

    def plug() -> subprocess.Popen[str]:
        plugged.append(in_studio.popen(SEQUENCER))
        until(lambda: "keys:out" in midi.input_ports())
        return plugged[-1]

    yield plug
    for process in plugged:
        unplug(process)


def children() -> list[int]:
    """Return the numbers of the children of this process that read MIDI."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            line = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and midi_child.__file__.encode() in line and b"\0read\0" in line:
            found.append(int(entry.name))
    return found


def take(ring: MidiRing, count: int) -> list[MidiEvent]:
    """Return the next events, waiting for them."""
    events: list[MidiEvent] = []

    def enough() -> bool:
        events.extend(iter(ring.pop, None))
        return len(events) >= count

    until(enough)
    return events[:count]


@pytest.mark.audio
def test_what_a_sequencer_plays_arrives_whole_and_in_order(
    keyboard: Callable[[], subprocess.Popen[str]], ring: MidiRing
) -> None:
    keyboard()
    with MidiInput("keys", ring) as keys:
        events = take(ring, 12)
        assert (keys.state, keys.port, keys.mode) == ("open", "keys:out", "process")
    first = next(i for i, event in enumerate(events) if (event.status, event.data1) == (0x90, 60))
    played = [(event.status, event.data1) for event in events[first:]]
    turn = [(0x90, 60), (0x80, 60), (0x90, 63), (0x80, 63)]
    assert played == (turn * 4)[: len(played)]
    assert len(played) >= 8


@pytest.mark.audio
def test_stamps_keep_the_sequencers_time_however_late_they_are_read(
    keyboard: Callable[[], subprocess.Popen[str]], ring: MidiRing
) -> None:
    keyboard()
    with MidiInput(None, ring):
        until(lambda: len(ring) >= 24)
    starts = [event.time_us for event in iter(ring.pop, None) if event.status == 0x90]
    gaps_ms = sorted((b - a) / 1000 for a, b in itertools.pairwise(starts))
    # One late wake-up of a busy machine may spoil a gap or two: the middle one is the claim. JACK
    # delivers once a period (5.3 ms), so a gap of 125 ms is seen as one of the multiples near it.
    assert gaps_ms[len(gaps_ms) // 2] == pytest.approx(125, abs=5.4)


@pytest.mark.audio
def test_a_killed_child_is_replaced_and_no_note_hangs(
    in_own_studio: Studio, ring: MidiRing
) -> None:
    player = in_own_studio.popen(SEQUENCER)
    with MidiInput("keys", ring) as keys:
        take(ring, 4)
        (victim,) = children()
        os.kill(victim, signal.SIGKILL)
        until(lambda: keys.restarts == 1 and keys.state == "open")
        assert children() != [victim]
        events = take(ring, len(SILENCE) + 4)
    unplug(player)
    said = [(event.status, event.data1, event.data2) for event in events]
    start = said.index(SILENCE[0])
    assert said[start : start + len(SILENCE)] == SILENCE
    assert ring.dropped == 0


@pytest.mark.audio
def test_the_child_takes_leave_of_the_server_while_notes_arrive(
    in_studio: Studio, ring: MidiRing
) -> None:
    period = str(in_studio.block_size)  # one note in each: closing never finds a quiet moment
    player = in_studio.popen(["jack_midiseq", "keys", period, "0", "60", "100"])
    until(lambda: "keys:out" in midi.input_ports())
    child = subprocess.Popen(
        midi.child_command(midi_child.__file__, "read", str(ring.path), "keys"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    take(ring, 8)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=60) == 0  # ended by an alarm it would be -SIGALRM
    unplug(player)


@pytest.mark.audio
def test_the_child_runs_ahead_of_ordinary_threads_where_it_may(
    in_studio: Studio, ring: MidiRing
) -> None:
    with MidiInput(None, ring) as keys:
        until(lambda: keys.state == "waiting")
        (child,) = children()
        policy = {"fifo": os.SCHED_FIFO, "normal": os.SCHED_OTHER}[str(keys.priority)]
        assert os.sched_getscheduler(child) == policy


@pytest.mark.audio
def test_a_child_that_hangs_is_replaced(in_own_studio: Studio, ring: MidiRing) -> None:
    player = in_own_studio.popen(SEQUENCER)
    with MidiInput("keys", ring) as keys:
        take(ring, 2)
        (victim,) = children()
        os.kill(victim, signal.SIGSTOP)
        until(lambda: keys.restarts == 1 and keys.state == "open")
        assert victim not in children()
    unplug(player)


@pytest.mark.audio
def test_an_unplugged_keyboard_falls_silent_and_is_heard_when_it_comes_back(
    keyboard: Callable[[], subprocess.Popen[str]], ring: MidiRing
) -> None:
    with MidiInput("keys", ring) as keys:
        until(lambda: keys.state == "waiting")
        plugged = keyboard()
        until(lambda: keys.state == "open")
        take(ring, 2)
        unplug(plugged)
        until(lambda: keys.state == "waiting")
        assert keys.port is None
        left = [(event.status, event.data1, event.data2) for event in iter(ring.pop, None)]
        assert left[-len(SILENCE) :] == SILENCE
        keyboard()
        until(lambda: keys.state == "open")
        assert take(ring, 4)


@pytest.mark.audio
def test_a_midi_system_that_dies_is_replaced_by_the_next_there_is(
    studio: Studio, in_own_studio: Studio, monkeypatch: pytest.MonkeyPatch, ring: MidiRing
) -> None:
    player = in_own_studio.popen(SEQUENCER)
    with MidiInput("keys", ring) as keys:
        until(lambda: keys.state == "open")
        take(ring, 2)
        os.kill(in_own_studio.server, signal.SIGKILL)
        player.kill()
        player.wait()
        until(lambda: keys.state == "no midi")
        monkeypatch.setenv("JACK_DEFAULT_SERVER", studio.environment["JACK_DEFAULT_SERVER"])
        until(lambda: keys.state == "waiting")


@pytest.mark.audio
def test_closing_ends_the_child(
    keyboard: Callable[[], subprocess.Popen[str]], ring: MidiRing
) -> None:
    keyboard()
    keys = MidiInput("keys", ring)
    until(lambda: keys.state == "open")
    keys.close()
    keys.close()
    assert keys.state == "closed"
    assert children() == []


@pytest.mark.audio
def test_the_child_ends_and_tidies_up_when_its_parent_is_killed(in_studio: Studio) -> None:
    program = (
        "from engine.io.midi import MidiInput\nfrom engine.io.midiring import MidiRing\n"
        "ring = MidiRing.create()\nkeys = MidiInput(None, ring)\n"
        "while keys.state == 'starting': pass\n"
        "print(ring.path, flush=True)\ninput()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(midi.__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    path = Path(parent.stdout.readline().strip())
    assert path.exists()
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    until(lambda: not path.exists())


@pytest.mark.audio
def test_where_no_child_can_run_a_thread_reads_the_port(
    keyboard: Callable[[], subprocess.Popen[str]], studio: Studio
) -> None:
    keyboard()
    said = studio.run(
        "import json, subprocess, time\n"
        "from engine.io.midi import MidiInput, input_ports\n"
        "from engine.io.midiring import MidiRing\n"
        "def refuse(*_, **__): raise PermissionError('no more processes')\n"
        "subprocess.Popen = refuse\n"
        "ports = input_ports()\n"
        "with MidiRing.create() as ring, MidiInput('keys', ring) as keys:\n"
        "    while len(ring) < 4: time.sleep(0.01)\n"
        "    events = [ring.pop()[1:3] for _ in range(4)]\n"
        "    print(json.dumps([ports, keys.mode, keys.port, events]))"
    )
    assert said[:3] == [["keys:out"], "thread", "keys:out"]
    assert {tuple(event) for event in said[3]} == {(0x90, 60), (0x80, 60), (0x90, 63), (0x80, 63)}


@pytest.mark.audio
def test_ports_are_listed_and_an_empty_room_is_explained(
    in_studio: Studio, keyboard: Callable[[], subprocess.Popen[str]]
) -> None:
    assert midi.input_ports() == []
    assert midi.why_no_midi() == "no MIDI keyboard is connected"
    keyboard()
    assert midi.input_ports() == ["keys:out"]
    assert midi.output_ports() == []
    assert midi.why_no_midi() is None


def test_without_a_midi_system_the_reason_is_given_and_the_input_keeps_trying(
    monkeypatch: pytest.MonkeyPatch, ring: MidiRing
) -> None:
    monkeypatch.setenv("ANTIPHON_MIDI", "gramophone")
    why = midi.why_no_midi()
    assert why is not None
    assert why.startswith("ANTIPHON_MIDI must be one of")
    with MidiInput(None, ring) as keys:
        until(lambda: keys.restarts >= 2)
        assert (keys.state, keys.mode, keys.port) == ("no midi", "process", None)
    assert len(ring) == 0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, "Keystation:Keystation MIDI 1 24:0"),
        ("Keystation:Keystation MIDI 1 24:0", "Keystation:Keystation MIDI 1 24:0"),
        ("Keystation:Keystation MIDI 1 28:0", "Keystation:Keystation MIDI 1 24:0"),
        ("Keystation:Keystation MIDI 2", "Keystation:Keystation MIDI 2 24:1"),
        ("midi 2", "Keystation:Keystation MIDI 2 24:1"),
        ("through", "Midi Through:Midi Through Port-0 14:0"),
        ("organ", None),
    ],
)
def test_a_port_is_found_by_name_old_number_or_part(wanted: str | None, found: str | None) -> None:
    names = [
        "Midi Through:Midi Through Port-0 14:0",
        "antiphon:clock 128:0",
        "Keystation:Keystation MIDI 1 24:0",
        "Keystation:Keystation MIDI 2 24:1",
    ]
    index = midi_child.pick(names, wanted)
    assert (None if index is None else names[index]) == found


def test_a_port_that_is_no_name_is_refused(ring: MidiRing) -> None:
    with pytest.raises(TypeError, match="port must be a name or None, got 3"):
        MidiInput(3, ring)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="port must not be blank, got ' '"):
        MidiInput(" ", ring)


def test_importing_midi_brings_in_neither_rtmidi_nor_mido() -> None:
    program = (
        "import sys, engine.io.midi; print({'rtmidi', 'mido', 'sounddevice'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(midi.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
