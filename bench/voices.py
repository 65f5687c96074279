"""Measure what a voice costs: CPU microseconds per second of one sounding voice.

    python -m bench.voices [--voices 64] [--block 64] [--seconds 10] [--out FILE.json]

The voice: a band-limited saw, a resonant low-pass whose cutoff an LFO swings every sample, an
ADSR and pan, rendered offline by the same `render_block` as live. Processor time of this process,
the median and spread of five rounds; compiled before the first.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from engine.parts import ADSR, LFO, Filter, Oscillator
from engine.patch import Patch
from engine.synth import Synth

_SAMPLE_RATE = 48_000
_ROUNDS = 5
_PATCH = Patch(
    name="bench",
    oscillators=(Oscillator("saw", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=1500.0, resonance=3.0),
    amplitude=ADSR(0.01, 0.2, 0.8, 0.2),
    lfos=(LFO(rate=5.0, cutoff=12.0), LFO()),
)


def measure(voices: int, block: int, seconds: float) -> float:
    """Return CPU microseconds per voice-second of one round."""
    synth = Synth(_PATCH, _SAMPLE_RATE, voices=voices)
    out = np.zeros((block, 2), dtype=np.float32)
    synth.render_block(out)
    for voice in range(voices):
        synth.note_on(30 + voice % 64, 100, channel=voice // 64)
    synth.render_block(out)
    blocks = round(seconds * _SAMPLE_RATE / block)
    began = time.process_time()
    for _ in range(blocks):
        synth.render_block(out)
    spent = time.process_time() - began
    if synth.active_voices != voices:
        raise RuntimeError(f"{synth.active_voices} voices sounded, not {voices}")
    return spent / (blocks * block / _SAMPLE_RATE) / voices * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--voices", type=int, default=64, help="1 to 240")
    parser.add_argument("--block", type=int, default=64, help="frames per call")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sound per round")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    options = parser.parse_args()
    measure(options.voices, options.block, 0.1)
    rounds = [measure(options.voices, options.block, options.seconds) for _ in range(_ROUNDS)]
    result = {
        "what": "CPU microseconds per voice-second",
        "voices": options.voices,
        "block": options.block,
        "median": round(statistics.median(rounds), 1),
        "low": round(min(rounds), 1),
        "high": round(max(rounds), 1),
        "machine": platform.processor() or platform.machine(),
    }
    text = json.dumps(result)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
