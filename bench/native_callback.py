"""Measure whether the native audio callback is on time where a Python one is not.

    python -m bench.native_callback [--seconds 6] [--rounds 3] [--voices 32] [--effects]
                                    [--kinds native python] [--out FILE.json]

Starts a JACK server without a sound card (tests/virtual_audio): 64 frames at 48 kHz, 1333 us a
block. Both callbacks run the same compiled kernel and sound the same voices, in turn, while two
Python threads and one NumPy thread keep this process busy. The same native meter stands around
both: it takes the time before and after the call, so that waiting for the interpreter lock counts.
`late` calls took longer than a block; `missing` ones never came. `work` is the processor time that
a native call took: the time by the clock also has what else the machine did meanwhile.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, cfunc, types

from bench.playing import PATCH, WITH_EFFECTS, playing
from bench.studio import machine, studio
from bench.thread_clock import processor_ns
from engine.io import device
from engine.rt import callback
from engine.rt._native import address_of, monotonic_ns
from engine.synth import Synth

BLOCK = 64
RATE = 48_000
PERIOD_US = BLOCK / RATE * 1e6
CALLS = 1 << 16
KINDS = ("native", "python")
TYPE = types.int32(
    types.voidptr, types.voidptr, types.int64, types.voidptr, types.int64, types.voidptr
)
ROW = 3  # begin and end in ns, processor ns
LOG = np.zeros(8 + ROW * CALLS, dtype=np.int64)  # [0] calls, [1] flagged, from 8: rows


def metered(inner: Any) -> Any:
    """Return a native callback that calls another and writes down when it began and ended."""
    log_address = address_of(LOG)
    as_pointer = callback._as_pointer

    def meter(indata, outdata, frames, time_info, flags, table):  # type: ignore[no-untyped-def]
        begin = monotonic_ns()
        worked = processor_ns()
        result = inner(indata, outdata, frames, time_info, flags, table)
        log = carray(as_pointer(log_address), (8 + ROW * CALLS,), np.int64)
        if log[0] < CALLS:
            log[8 + ROW * log[0]] = begin
            log[9 + ROW * log[0]] = monotonic_ns()
            log[10 + ROW * log[0]] = processor_ns() - worked
            log[0] += 1
        if flags != 0:
            log[1] += 1
        return result

    return cfunc(TYPE, nopython=True)(meter)


def python_callback(synth: Synth) -> Any:
    """Return a callback in Python that renders with the same kernel."""
    state = synth.state

    def call(indata: int, outdata: int, frames: int, time_info: int, flags: int, table: int) -> int:
        samples = (ctypes.c_float * (2 * frames)).from_address(outdata)
        out = np.frombuffer(samples, dtype=np.float32).reshape(frames, 2)
        synth.render_block(out)
        state[0]["calls"] += 1
        return 0

    return callback.SIGNATURE(call)


def load(stopping: threading.Event) -> list[threading.Thread]:
    """Keep the interpreter busy."""

    def spin() -> None:
        total = 0
        while not stopping.is_set():
            for i in range(1000):
                total += i * i

    def multiply() -> None:
        matrix = np.random.default_rng(0).standard_normal((120, 120))
        while not stopping.is_set():
            np.tanh(matrix @ matrix)

    threads = [threading.Thread(target=work) for work in (spin, spin, multiply)]
    for thread in threads:
        thread.start()
    return threads


def xruns(log: Path) -> int:
    """Count the missed deadlines that the server has written down."""
    return log.read_text(encoding="utf-8", errors="replace").lower().count("xrun")


def measure(
    kind: str, variables: dict[str, str], voices: int, effects: bool, seconds: float
) -> dict[str, float]:
    """Play for a while with one of the callbacks and return what the meter saw."""
    synth = playing(WITH_EFFECTS if effects else PATCH, voices, "bandlimited")
    if synth.active_voices != voices:
        raise RuntimeError(f"{synth.active_voices} voices sound, not {voices}")
    native = callback.SIGNATURE(callback.callback_address())
    inner = native if kind == "native" else python_callback(synth)
    shim = metered(inner)
    before = device.callback_address
    device.callback_address = lambda: int(shim.address)
    stopping = threading.Event()
    threads = load(stopping)
    try:
        stream = device.open_stream(synth, variables["STUDIO_OUTPUT"], block=BLOCK)
        time.sleep(1.0)  # the start of a stream is not what is asked
        seen = xruns(Path(variables["STUDIO_LOG"]))
        LOG[:2] = 0
        began = time.monotonic_ns()
        time.sleep(seconds)
        calls, flagged = int(LOG[0]), int(LOG[1])
        lasted = time.monotonic_ns() - began
        seen = xruns(Path(variables["STUDIO_LOG"])) - seen
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
        device.callback_address = before
    stream.close()
    rows = LOG[8 : 8 + ROW * calls].reshape(-1, ROW)
    spent = (rows[:, 1] - rows[:, 0]) / 1e3
    work = rows[:, 2] / 1e3
    return {
        "p50_us": round(float(np.median(spent)), 1),
        "p99_us": round(float(np.quantile(spent, 0.99)), 1),
        "worst_us": round(float(spent.max()), 1),
        "p99_of_period": round(float(np.quantile(spent, 0.99)) / PERIOD_US, 3),
        "worst_of_period": round(float(spent.max()) / PERIOD_US, 3),
        "work_p50_us": round(float(np.median(work)), 1),
        "work_p99_us": round(float(np.quantile(work, 0.99)), 1),
        "work_worst_us": round(float(work.max()), 1),
        "work_worst_of_period": round(float(work.max()) / PERIOD_US, 3),
        "work_late": int((work > PERIOD_US).sum()),
        "late": int((spent > PERIOD_US).sum()),
        "missing": max(0, round(lasted / 1e3 / PERIOD_US) - calls),
        "flagged": flagged,
        "xruns": seen,
        "calls": calls,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--voices", type=int, default=32)
    parser.add_argument("--effects", action="store_true", help="chorus, delay and reverb as well")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in options.kinds}
    with studio(BLOCK) as variables:
        for number in range(options.rounds):
            for kind, results in rounds.items():
                told = measure(kind, variables, options.voices, options.effects, options.seconds)
                results.append(told)
                print(f"round {number + 1}  {kind:6}  {results[-1]}", flush=True)
    median = {
        kind: {what: statistics.median(one[what] for one in results) for what in results[0]}
        for kind, results in rounds.items()
    }
    written = {
        "what": "audio callback under load: 2 Python threads, 1 NumPy thread",
        "machine": machine(),
        "block": BLOCK,
        "sample_rate": RATE,
        "voices": options.voices,
        "effects": options.effects,
        "median": median,
        "rounds": rounds,
    }
    print(json.dumps(median, indent=1))
    if options.out:
        options.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
