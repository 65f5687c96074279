"""Measure what a voice costs: CPU microseconds per second of one sounding voice.

    python -m bench.voices [--voices 64] [--block 64] [--seconds 10] [--rounds 5] [--peers]
                           [--quality cheap|bandlimited] [--effects] [--out FILE.json]

The voice: a saw, a resonant low-pass whose cutoff an LFO swings, an ADSR and pan, rendered by the
audio callback, called from native code as a sound card would. `--peers` renders the same notes of
the same patch with SuperCollider and FluidSynth, where they are installed, in turn with ours:
processor time of the child process less that of a run without voices. Every engine's voices are
counted in what it rendered. `--effects` turns chorus, delay and reverb of ours on, and lets go and
strikes every note once a second: with voice allocation and the rack.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.native_loop import render_blocks
from bench.peers import fluidsynth, pitches, supercollider
from bench.playing import PATCH, SAMPLE_RATE, SETTLED_S, WITH_EFFECTS, playing
from bench.studio import machine
from engine.patch import Patch

_PEERS: dict[str, tuple[str, Callable[[Path, int, float, int, int], float]]] = {
    "supercollider": (
        supercollider.PROGRAM,
        partial(supercollider.render, cutoff_rate=supercollider.EVERY_BLOCK),
    ),
    "supercollider, cutoff every sample": (
        supercollider.PROGRAM,
        partial(supercollider.render, cutoff_rate=supercollider.EVERY_SAMPLE),
    ),
    "fluidsynth": (fluidsynth.PROGRAM, fluidsynth.render),
}


def measure(patch: Patch, voices: int, block: int, seconds: float, quality: str) -> float:
    """Return CPU microseconds per voice-second of one round of held notes."""
    synth = playing(patch, voices, quality)
    out = np.zeros((block, 2), dtype=np.float32)
    count = round(seconds * SAMPLE_RATE / block)
    began = time.process_time()
    render_blocks(synth.state, out, count)
    lasted = count * block / SAMPLE_RATE
    return (time.process_time() - began) / lasted / voices * 1e6


def measure_played(patch: Patch, voices: int, block: int, seconds: float, quality: str) -> float:
    """Return the same while each note is let go and struck anew once a second."""
    synth = playing(patch, voices, quality)
    out = np.zeros((block, 2), dtype=np.float32)
    count = round(0.05 * SAMPLE_RATE / block)
    worked, voice_seconds = 0.0, 0.0
    while voice_seconds < seconds * voices * 0.9:
        start, length = synth.frame, count * block
        for voice in range(voices):
            channel, key = pitches.place(voice)
            off = voice * SAMPLE_RATE // voices  # of every second
            for velocity, of_second in ((0, off), (100, off + SAMPLE_RATE // 4)):
                late = (of_second - start) % SAMPLE_RATE
                if late < length:
                    synth.note_on(key, velocity, channel=channel, frame=start + late)
        began = time.process_time()
        render_blocks(synth.state, out, count)
        worked += time.process_time() - began
        voice_seconds += synth.active_voices * length / SAMPLE_RATE
    return worked / voice_seconds * 1e6


def measure_peer(name: str, voices: int, block: int, seconds: float) -> float:
    """Return CPU microseconds per voice-second of one round of another engine."""
    render = _PEERS[name][1]
    with tempfile.TemporaryDirectory() as folder:
        idle = render(Path(folder), 0, seconds, block, SAMPLE_RATE)
        busy = render(Path(folder), voices, seconds, block, SAMPLE_RATE)
        audio = _read(Path(folder) / "out.wav")[: round(seconds * SAMPLE_RATE)]
    _all_sound(name, audio[round(SETTLED_S * SAMPLE_RATE) :], voices)
    return (busy - idle) / seconds / voices * 1e6


def _read(path: Path) -> Any:
    import soundfile

    return soundfile.read(path)[0][:, 0]


def _all_sound(name: str, audio: Any, voices: int) -> None:
    heard = pitches.sounding(audio, voices, SAMPLE_RATE)
    if heard != voices:
        raise RuntimeError(f"{heard} voices of {name} sounded, not {voices}")


def _check(patch: Patch, voices: int, seconds: float, quality: str) -> None:
    out = np.zeros((round(seconds * SAMPLE_RATE), 2), dtype=np.float32)
    playing(patch, voices, quality).render_block(out)
    _all_sound("ours", out[:, 0], voices)


def _told(rounds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(rounds), 1),
        "low": round(min(rounds), 1),
        "high": round(max(rounds), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--voices", type=int, default=64, help="1 to 240")
    parser.add_argument("--block", type=int, default=64, help="frames per call")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sound per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quality", choices=("bandlimited", "cheap"), default="bandlimited")
    parser.add_argument("--effects", action="store_true", help="and every note struck each second")
    parser.add_argument("--peers", action="store_true", help="SuperCollider and FluidSynth as well")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    options = parser.parse_args()
    here = {name for name in _PEERS if shutil.which(_PEERS[name][0])} if options.peers else set()
    size = (options.voices, options.block, options.seconds)
    patch, one_round = (WITH_EFFECTS, measure_played) if options.effects else (PATCH, measure)
    one_round(patch, options.voices, options.block, 0.1, options.quality)  # compiled before
    _check(PATCH, options.voices, max(8.0, options.seconds), options.quality)
    ours: list[float] = []
    peers: dict[str, list[float]] = {name: [] for name in _PEERS if name in here}
    for _ in range(options.rounds):
        ours.append(one_round(patch, *size, options.quality))
        for name, rounds in peers.items():
            rounds.append(measure_peer(name, *size))
    result: dict[str, Any] = {
        "what": "CPU microseconds per voice-second",
        "voices": options.voices,
        "block": options.block,
        "quality": options.quality,
        "effects": options.effects,
        **_told(ours),
        "machine": machine(),
    }
    if options.peers:
        result["peers"] = {
            name: _told(peers[name]) if name in here else "not installed" for name in _PEERS
        }
        result["ratios"] = {
            name: round(statistics.median(rounds) / statistics.median(ours), 2)
            for name, rounds in peers.items()
        }
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
