"""Measure what `antiphon --help` costs, and how soon `antiphon play` can sound its first note.

    python -m bench.startup [--rounds 7] [--library DIR] [--out FILE.json]

Caches are warm: one start of each comes first and does not count. `first` is the exception: a
synthesizer that renders one block where nothing has been compiled yet. For `play` a JACK server
without a sound card runs (tests/virtual_audio), and `jack_midiseq`, a program that is not ours,
sends a note every hundredth of a second; the clock stops when the audio callback has taken the
first one. With a library, of `bench.library` or of one's own, also `session`: until `antiphon
session` says where its page is.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.studio import ROOT, machine, studio
from engine.io.midi_child import TAIL

ANTIPHON = [sys.executable, "-m", "engine.app.cli"]
FIRST = "from engine.synth import Synth; Synth().render([(0.0, 60, 100, 0.001)], 0.001)"
FIRST_ROUNDS = 3  # at most: each compiles everything
LIMIT_S = 120.0
LOOK_S = 0.002


def run_once(command: list[str], **variables: str) -> tuple[float, float]:
    """Return the CPU and wall seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    environment = os.environ | variables
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def help_once() -> tuple[float, float]:
    """Return the CPU and wall seconds of `antiphon --help`."""
    return run_once([*ANTIPHON, "--help"])


def first_once() -> tuple[float, float]:
    """Return the CPU and wall seconds of the first sound, all kernels compiled for it."""
    with tempfile.TemporaryDirectory() as empty:
        return run_once([sys.executable, "-c", FIRST], XDG_CACHE_HOME=empty)


def ring_of(process: int) -> Path | None:
    """Return the MIDI ring that a process has mapped, once it has."""
    try:
        maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    names = {line.split(None, 5)[5] for line in maps.splitlines() if "antiphon-midi-" in line}
    return Path(names.pop()) if names else None


def cpu_of(process: int) -> float:
    """Return the CPU seconds a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def play_once(output: str) -> tuple[float, float]:
    """Return CPU and wall seconds from the start of `antiphon play` to the first note it takes."""
    began = time.monotonic()
    play = subprocess.Popen(
        [*ANTIPHON, "play", "--midi", "keys", "--output", output, "--block", "128"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while (path := ring_of(play.pid)) is None:
            wait(play, began)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as ring:
            words = memoryview(ring).cast("Q")
            while words[TAIL] == 0:
                wait(play, began)
            words.release()
        return cpu_of(play.pid), time.monotonic() - began
    finally:
        play.send_signal(signal.SIGINT)
        play.wait()


def session_once(output: str, library: Path) -> tuple[float, float]:
    """Return CPU and wall seconds from the start of `antiphon session` until its page is there."""
    began = time.monotonic()
    session = subprocess.Popen(
        [*ANTIPHON, "session", "--no-open", "--library", str(library), "--output", output],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert session.stdout is not None
    try:
        for line in session.stdout:
            if "http://" in line:
                return cpu_of(session.pid), time.monotonic() - began
        sys.exit("antiphon session did not open its page")
    finally:
        session.send_signal(signal.SIGINT)
        session.communicate()


def wait(play: subprocess.Popen[bytes], began: float) -> None:
    """Let a moment pass, unless there is nothing more to wait for."""
    if play.poll() is not None or time.monotonic() - began > LIMIT_S:
        sys.exit("antiphon play did not sound a note")
    time.sleep(LOOK_S)


def summary(runs: list[tuple[float, float]]) -> dict[str, float]:
    """Return medians and worst of CPU and wall seconds."""
    cpu, wall = zip(*runs, strict=True)
    return {
        "cpu_s": round(statistics.median(cpu), 3),
        "cpu_worst_s": round(max(cpu), 3),
        "wall_s": round(statistics.median(wall), 3),
        "wall_worst_s": round(max(wall), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    help_once()
    told = {
        "what": "start-up with warm caches; first: with none",
        "machine": machine(),
        "first": summary([first_once() for _ in range(min(options.rounds, FIRST_ROUNDS))]),
        "help": summary([help_once() for _ in range(options.rounds)]),
    }
    with studio(128) as variables:
        keys = ["jack_midiseq", "keys", "480", "0", "60", "240"]
        keyboard = subprocess.Popen(
            keys, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while (
                "keys:out"
                not in subprocess.run(
                    ["jack_lsp"], capture_output=True, text=True, check=False
                ).stdout
            ):
                time.sleep(LOOK_S)
            play_once(variables["STUDIO_OUTPUT"])
            runs = [play_once(variables["STUDIO_OUTPUT"]) for _ in range(options.rounds)]
            told["play_to_first_note"] = summary(runs)
            if options.library is not None:
                session_once(variables["STUDIO_OUTPUT"], options.library)
                told["session_to_page"] = summary(
                    [
                        session_once(variables["STUDIO_OUTPUT"], options.library)
                        for _ in range(options.rounds)
                    ]
                )
        finally:
            keyboard.kill()
            keyboard.wait()
    text = json.dumps(told, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
