"""Measure how late notes arrive while the interpreter is busy, and how soon trouble is mended.

    python -m bench.midi [--rounds 5] [--seconds 4] [--out FILE.json]

Starts a JACK server without a sound card (tests/virtual_audio). `jack_midiseq`, a program that is
not ours, plays a note every 2411 frames; two Python threads and one NumPy thread keep this process
busy. `stamp` is the distance of the stamps from an even grid, after its median: JACK hands notes
over once a period (2.67 ms), so up to half of that is its own. Milliseconds; in turn, by rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.studio import machine, studio
from engine.io import midi
from engine.io.midi import MidiInput
from engine.io.midiring import MidiRing

STEP_FRAMES = 2411
STEP_US = STEP_FRAMES / 48_000 * 1e6
PERIOD = 128
SEQUENCER = ["jack_midiseq", "keys", str(STEP_FRAMES), "0", "60", "1200"]


def wait(condition: Callable[[], bool]) -> float:
    """Return after how many milliseconds the condition holds."""
    start = time.perf_counter()
    while not condition():
        time.sleep(0.0005)
    return 1e3 * (time.perf_counter() - start)


def keep_busy(stop: threading.Event) -> list[threading.Thread]:
    """Start the threads that compete for the interpreter."""

    def count() -> None:
        total = 0
        while not stop.is_set():
            total = sum(range(2000))
        assert total

    def multiply() -> None:
        matrix = np.ones((200, 200))
        while not stop.is_set():
            matrix @ matrix

    threads = [threading.Thread(target=work) for work in (count, count, multiply)]
    for thread in threads:
        thread.start()
    return threads


def stamps(ring: MidiRing, seconds: float) -> dict[str, float]:
    """Return how far the stamps of the notes lie from their grid."""
    while ring.pop():
        pass
    time.sleep(seconds)
    times = np.array([e.time_us for e in iter(ring.pop, None) if e.status == 0x90], dtype=float)
    place = np.round((times - times[0]) / STEP_US)
    error_ms = np.abs(times - place * STEP_US - np.median(times - place * STEP_US)) / 1e3
    p50, p99 = np.percentile(error_ms, [50, 99])
    return {"notes": len(times), "p50": p50, "p99": p99, "worst": error_ms.max()}


def child_of(parent: int) -> int:
    """Return the process that reads MIDI for this one."""
    done = subprocess.run(
        ["pgrep", "-P", str(parent), "-f", "midi_child.py .* read "],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[0])


def one_round(seconds: float) -> dict[str, Any]:
    """Measure the child, then the thread that stands in for it."""
    found: dict[str, Any] = {}
    with MidiRing.create() as ring, MidiInput("keys", ring) as keys:
        found["open"] = wait(lambda: keys.state == "open")
        found["stamp, process"] = stamps(ring, seconds)
        os.kill(child_of(os.getpid()), signal.SIGKILL)
        found["death noticed"] = wait(lambda: keys.state != "open")
        found["death mended"] = found["death noticed"] + wait(lambda: keys.state == "open")
    command = midi.child_command
    midi.child_command = lambda *_: ["/nonexistent"]  # as where no process can be started
    try:
        with MidiRing.create() as ring, MidiInput("keys", ring) as keys:
            wait(lambda: keys.state == "open")
            found["stamp, thread"] = stamps(ring, seconds)
    finally:
        midi.child_command = command
    return found


def summary(values: list[Any]) -> Any:
    """Return median, lowest and highest of numbers, or of each number of dictionaries."""
    if isinstance(values[0], dict):
        return {key: summary([value[key] for value in values]) for key in values[0]}
    shown = [
        round(float(value), 3) for value in (statistics.median(values), min(values), max(values))
    ]
    return dict(zip(("median", "low", "high"), shown, strict=True))


def measure(rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Return what so many rounds give, with a sequencer that plays and threads that are busy."""
    stop = threading.Event()
    player = subprocess.Popen(SEQUENCER, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait(lambda: "keys:out" in midi.input_ports())
        threads = keep_busy(stop)
        found = [one_round(seconds) for _ in range(rounds)]
        stop.set()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        player.terminate()
        player.wait()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with studio(PERIOD):
        rounds = measure(options.rounds, options.seconds)
    report = {
        "what": "notes under load, milliseconds",
        "machine": machine(),
        "rounds": options.rounds,
        "result": summary(rounds),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
