"""Measure what the effects cost: processor time of chorus, delay and reverb for a second of sound.

    python -m bench.rack [--seconds 20] [--rounds 7] [--sample-rate 48000] [--out FILE.json]

The rack alone, cell by cell from native code as the audio callback runs it, noise going into one
effect or into all; `asleep` is what it costs when nothing is sent. Prints JSON: percent of a core,
median and least of the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from bench.studio import machine
from dsp._jit import kernel
from engine.rt import rack_state as rs
from engine.rt._native import flush_denormals, restore_denormals
from engine.rt.rack import run_rack
from engine.rt.state import CELL, new_state

_NOISE = 1 << 16
_WHAT = {
    "all": (rs.CHORUS, rs.DELAY, rs.REVERB),
    "chorus": (rs.CHORUS,),
    "delay": (rs.DELAY,),
    "reverb": (rs.REVERB,),
    "asleep": (),
}


@kernel(realtime=True)
def _cells(state, noise, used, cells):  # type: ignore[no-untyped-def]
    """Run the rack; used (EFFECTS,) says which effects hear the noise."""
    word = flush_denormals()
    for cell in range(cells):
        for effect in range(rs.EFFECTS):
            if used[effect]:
                row = state.sends[effect]
                for f in range(CELL):
                    row[f] = noise[(cell * CELL + f) & (_NOISE - 1)]
                state.sends_used = 1
        run_rack(state)
    restore_denormals(word)


def measure(effects: tuple[int, ...], sample_rate: float, seconds: float) -> float:
    """Return the percentage of a core that the rack takes with noise in some effects."""
    state = new_state(sample_rate)
    noise = np.random.default_rng(1).normal(0.0, 0.1, _NOISE).astype(np.float32)
    used = np.isin(np.arange(rs.EFFECTS), effects)
    _cells(state[0], noise, used, 1000)  # compiled, and its memory touched
    cells = round(seconds * sample_rate / CELL)
    began = time.process_time()
    _cells(state[0], noise, used, cells)
    return (time.process_time() - began) / (cells * CELL / sample_rate) * 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sample-rate", type=float, default=48_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rounds: dict[str, list[float]] = {name: [] for name in _WHAT}
    for _ in range(options.rounds):
        for name, effects in _WHAT.items():
            rounds[name].append(measure(effects, options.sample_rate, options.seconds))
    result = {
        "machine": machine(),
        "sample_rate": options.sample_rate,
        "percent_of_a_core": {
            name: {"median": round(statistics.median(each), 4), "least": round(min(each), 4)}
            for name, each in rounds.items()
        },
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
