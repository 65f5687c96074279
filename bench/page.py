"""Measure what a page costs and how fast a key on it is heard.

    python -m bench.page LIBRARY_DIR [--notes 200] [--pages 50] [--json OUT]

Starts a session with its server at loopback, inside a JACK server without a sound card (block 128).
Another process is the pages: one sends notes, and counts the gaps between frames meanwhile; then
many watch. A note's time runs from just before it is sent to the callback that makes its first
frame: the callback's own clock, and the frame of the first sound after silence on the record ring.
The time until the device plays that frame is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from bench.studio import machine, studio

_BLOCK = 128
_TOKEN = "a-token-for-the-bench-0123"
_WATCH_S = 6.0
_NOTE_S, _REST_S = 0.06, 0.14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--client", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.client:
        print(json.dumps(asyncio.run(visit(given.client, given.notes, given.pages))), flush=True)
        return
    with ExitStack() as stack:
        stack.enter_context(studio(_BLOCK))
        report = {"machine": machine(), **serve(given, stack)}
    print(json.dumps(report, indent=1))
    if given.json:
        given.json.write_text(json.dumps(report, indent=1))


def serve(given: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    """Run the session here and the pages in another process."""
    from engine.io.device import open_stream
    from engine.library import Library
    from engine.parts import ADSR, Oscillator
    from engine.patch import Patch
    from engine.session import Session
    from engine.synth import Synth
    from engine.web.app import create_app
    from engine.web.server import Server, listen
    from engine.web.settings import WebSettings

    library = stack.enter_context(Library.open(given.library, create=False, writable=False))
    sharp = Patch(oscillators=(Oscillator(), Oscillator(level=0.0)), amplitude=ADSR(0, 0, 1, 0))
    synth = Synth(sharp)
    stream = stack.enter_context(open_stream(synth, listen=True, block=_BLOCK))
    session = stack.enter_context(Session(library, synth, stream))
    listening = listen("127.0.0.1", 0)
    settings = WebSettings(listening.getsockname()[1], _TOKEN)
    server = stack.enter_context(Server(create_app(session, settings), listening))
    time.sleep(1.0)
    onsets = Onsets(synth)
    before, idle = stream.report(), share(2.0)
    command = [sys.executable, "-m", "bench.page", str(given.library)]
    command += ["--notes", str(given.notes), "--pages", str(given.pages)]
    command += ["--client", str(server.port)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert client.stdout is not None
    assert client.stdin is not None
    sent = json.loads(client.stdout.readline())
    onsets.close()
    client.stdout.readline()  # all pages are there
    crowd = share(_WATCH_S)
    client.stdin.write("\n")
    client.stdin.flush()
    found = json.loads(client.stdout.readline())
    client.wait()
    after = stream.report()
    return {
        "note_ms": quantiles(match(sent["sent_s"], onsets.times_s)),
        "one_page": sent["frames"],
        "pages": {"n": given.pages, "cores": round(crowd - idle, 3), **found},
        "idle_cores": round(idle, 3),
        "audio": {
            "late": after.late - before.late,
            "xruns": after.xruns - before.xruns,
            "worst_us": round(after.worst_us),
            "period_us": round(after.period_us),
        },
    }


def share(seconds: float) -> float:
    """Return which part of a core this process takes."""
    cpu, began = time.process_time(), time.monotonic()
    time.sleep(seconds)
    return (time.process_time() - cpu) / (time.monotonic() - began)


class Onsets:
    """Notes the callback's time of every first sound after silence."""

    def __init__(self, synth: Any) -> None:
        from engine.rt.record import switch_record

        self._one = synth.state[0]
        self._state = synth.state
        self.times_s: list[float] = []
        self._ending = threading.Event()
        switch_record(synth.state, True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        from engine.rt.record import read_record

        block = np.zeros((48_000, 2), np.float32)
        silent = True
        while not self._ending.wait(0.05):
            one = self._one
            end, at = int(one["frame"]), int(one["clock_at"])
            start_us, step_us = float(one["clock_start_us"]), float(one["clock_frame_us"])
            count = read_record(self._state, block)
            # the callback may have gone on by a block between the two: 2.7 ms at most
            first = int(one["frame"]) - count if int(one["frame"]) == end else end - count
            loud = np.abs(block[:count]).max(axis=1) > 1e-5
            was = np.concatenate([[not silent], loud[:-1]]) if count else loud
            for index in np.flatnonzero(loud & ~was):
                if not loud[max(0, index - 480) : index].any():
                    self.times_s.append((start_us + (first + index - at) * step_us) * 1e-6)
            if count:
                silent = not loud[-1]

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        self._thread.join()


def match(sent_s: list[float], heard_s: list[float]) -> list[float]:
    """Return milliseconds from each note to the first sound after it, within its turn."""
    heard = np.array(heard_s)
    found = []
    for at in sent_s:
        after = heard[(heard > at - 0.003) & (heard < at + _NOTE_S + _REST_S)]
        if after.size:
            found.append(1000.0 * float(after[0] - at))
    return found


def quantiles(values: list[float]) -> dict[str, float]:
    ones = sorted(values)
    if not ones:
        return {"n": 0}
    p99 = ones[min(len(ones) - 1, round(0.99 * len(ones)))]
    return {"n": len(ones), "median": round(statistics.median(ones), 2), "p99": round(p99, 2)}


async def visit(port: int, notes: int, pages: int) -> dict[str, Any]:
    """Play notes on one page, then let many watch; runs in the other process."""
    from websockets.asyncio.client import connect

    address = f"ws://127.0.0.1:{port}/api/socket"
    gaps: list[float] = []
    sent: list[float] = []

    async def watch(page: Any) -> None:
        last = None
        async for message in page:
            if isinstance(message, bytes):
                now = time.monotonic()
                if last is not None:
                    gaps.append(1000.0 * (now - last))
                last = now

    hello = json.dumps({"type": "hello", "token": _TOKEN})
    async with connect(address, proxy=None) as page:
        await page.send(hello)
        watching = asyncio.create_task(watch(page))
        await asyncio.sleep(1.0)
        gaps.clear()
        for number in range(notes):
            sent.append(time.monotonic())
            await page.send(json.dumps({"type": "note_on", "note": 72, "velocity": 127}))
            await asyncio.sleep(_NOTE_S)
            await page.send(json.dumps({"type": "note_off", "note": 72}))
            await asyncio.sleep(_REST_S + 0.0007 * (number % 7))
        watching.cancel()
    frames = {"per_s": round(1000.0 * len(gaps) / sum(gaps), 2), "gap_ms": quantiles(gaps)}
    print(json.dumps({"sent_s": sent, "frames": frames}), flush=True)
    gaps.clear()
    many = [await connect(address, proxy=None) for _ in range(pages)]
    for one in many:
        await one.send(hello)
    tasks = [asyncio.create_task(watch(one)) for one in many]
    await asyncio.sleep(1.0)
    gaps.clear()
    print("there", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    for one in many:
        await one.close()
    return {"gap_ms": quantiles(gaps)}


if __name__ == "__main__":
    main()
