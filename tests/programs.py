"""What end-to-end tests share: a running `antiphon`, JACK's wiring, and what a recording holds."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.io import midi_child
from tests.conftest import Studio
from tests.sound_server import SCRIPTS

ANTIPHON = [sys.executable, "-m", "engine.app.cli"]
ROOT = Path(__file__).resolve().parent.parent


def until(condition: Callable[[], Any], what: str, limit_s: float = 120.0) -> Any:
    """Return the first true value of a condition; the limit only ends a test that has failed."""
    pause = threading.Event()
    for _ in range(round(limit_s / 0.02)):
        value = condition()
        if value:
            return value
        pause.wait(0.02)
    return pytest.fail(f"it did not happen within {limit_s:.0f} s: {what}")


class Antiphon:
    """The command `antiphon`, running in the studio; ended when the `with` is left.

    Standard input is a terminal when `keys` is asked for, and nothing otherwise.
    """

    def __init__(self, studio: Studio, folder: Path, *arguments: str, keys: bool = False) -> None:
        self._paths = folder / "antiphon.out", folder / "antiphon.err"
        self._terminal: int | None = None
        stdin: int = subprocess.DEVNULL
        if keys:
            self._terminal, stdin = pty.openpty()
        with self._paths[0].open("wb") as out, self._paths[1].open("wb") as err:
            self.process = subprocess.Popen(
                [*ANTIPHON, *arguments],
                env=studio.environment | {"COLUMNS": "200"},
                cwd=ROOT,
                stdin=stdin,
                stdout=out,
                stderr=err,
            )
        if keys:
            os.close(stdin)

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._paths[0].read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """What it has printed on standard error so far."""
        return self._paths[1].read_text(encoding="utf-8")

    def says(self, text: str) -> None:
        """Wait until it has printed a text; fail when it ends before."""

        def said() -> bool:
            ended = self.process.poll() is not None
            found = text in self.out + self.err
            assert found or not ended, f"ended without saying {text!r}:\n{self.out}\n{self.err}"
            return found

        until(said, f"antiphon says {text!r}")

    def press(self, key: str) -> None:
        """Press a key on its terminal."""
        assert self._terminal is not None, "started without keys"
        os.write(self._terminal, key.encode())

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Not killed if it can be helped: a JACK server may hang after a client that was.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._terminal is not None:
            os.close(self._terminal)


def wiring(studio: Studio) -> dict[str, list[str]]:
    """Return every JACK port with those it is connected to."""

    def ask() -> str:
        asked = subprocess.run(
            ["jack_lsp", "-c"],
            env=studio.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,  # a server that lost a client may be deaf for some seconds
            check=False,
        )
        return asked.stdout if asked.returncode == 0 else ""

    # A machine that is very busy may refuse a client; there are always ports.
    said = until(ask, "the server tells of its ports")
    ports: dict[str, list[str]] = {}
    for line in said.splitlines():
        if line.startswith(" "):
            ports[list(ports)[-1]].append(line.strip())
        else:
            ports[line.strip()] = []
    return ports


@contextmanager
def into_the_mic(studio: Studio, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Play a sound file into the microphone while the `with` lasts; nothing plays after it."""
    until(lambda: not wiring(studio)["mic:input_1"], "nobody else plays into the microphone")
    player = studio.popen(["bash", SCRIPTS / "mic_play.sh", path])
    try:
        yield player
    finally:
        player.terminate()
        player.wait(timeout=60)
        until(lambda: not wiring(studio)["mic:input_1"], "the microphone is free again")


@contextmanager
def plugged(studio: Studio, name: str, length: int, *events: int) -> Iterator[None]:
    """Plug in a keyboard that plays events (start, note, frames) again and again."""
    process = studio.popen(["jack_midiseq", name, str(length), *map(str, events)])
    try:
        until(lambda: f"{name}:out" in wiring(studio), f"the keyboard {name} is there")
        yield
    finally:
        unplug(process)


def unplug(process: subprocess.Popen[str]) -> None:
    """End a keyboard. It takes leave of its server, which may hang after a client that did not."""
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Desk:
    """A MIDI keyboard named `desk` that plays what it is told, by RtMidi; ended with the `with`."""

    _PROGRAM = """
import sys, rtmidi
port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="desk")
port.open_virtual_port("out")
for line in sys.stdin:
    port.send_message(list(bytes.fromhex(line)))
"""

    def __init__(self, studio: Studio) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", self._PROGRAM],
            env=studio.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def send(self, *messages: str) -> None:
        """Send messages, each as hexadecimal bytes."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(message + "\n" for message in messages))
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


def midi_children(parent: int) -> list[int]:
    """Return the processes that read MIDI for a program."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            above = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            line = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if above == parent and midi_child.__file__.encode() in line and b"\0read\0" in line:
            found.append(int(entry.name))
    return found


def record(studio: Studio, path: Path, seconds: int) -> tuple[NDArray[np.float32], int]:
    """Record what plays, shape (frames, 2), with a program that is not ours."""
    recorder = studio.record(path, seconds)
    assert recorder.wait(timeout=seconds + 20) == 0, "jack_rec failed"
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return audio, rate


def strength(audio: NDArray[np.float32], rate: int, hz: float) -> float:
    """Return the level of the strongest partial within 3 % of a frequency; 1 is full scale."""
    mono = audio.reshape(len(audio), -1).mean(axis=1)
    window = np.hanning(len(mono))
    spectrum = np.abs(np.fft.rfft(mono * window)) / window.sum() * 2
    near = np.abs(np.fft.rfftfreq(len(mono), 1 / rate) / hz - 1) < 0.03
    return float(spectrum[near].max())


def note_hz(note: int) -> float:
    """Return the frequency of a MIDI note."""
    return float(440.0 * 2 ** ((note - 69) / 12))
