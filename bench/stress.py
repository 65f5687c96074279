"""Wear the synthesizer out: random messages, and an hour of music with its worst block.

    python -m bench.stress [--messages 100000] [--seconds 3600] [--voices 64] [--block 64]
                           [--out FILE.json]

First, random MIDI messages on all channels through the callback; then every key and pedal is let
go: what still sounds is a stuck note. Second, an hour of random notes, the built-in patches on the
sixteen channels; the worst block by the thread's processor time, and by the clock, which counts
what else the machine did meanwhile.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.native_loop import time_blocks
from bench.studio import machine
from tests.stress import CHANNELS, all_released, crowded, random_messages, render_messages

_RATE = 48_000
_NOTES_PER_SECOND = 40
_LONGEST_NOTE_S = 3.0


def shower(messages: int, voices: int, block: int) -> dict[str, float]:
    """Send random messages; return what came of them."""
    synth = crowded(voices)
    infinite, loudest, most = 0, 0.0, 0
    for out in render_messages(synth, random_messages(0, messages), block):
        infinite += not np.isfinite(out).all()
        loudest = max(loudest, float(np.abs(out).max()))
        most = max(most, synth.active_voices)
    played_s = synth.frame / _RATE
    for message in all_released():
        synth.send(message)
    waited = 0
    while waited < 60 and (synth.render([], 1.0).any() or synth.active_voices):
        waited += 1
    one = synth.state[0]
    return {
        "messages": messages,
        "seconds": round(played_s, 1),
        "most_voices": most,
        "infinite_blocks": infinite,
        "loudest": round(loudest, 4),
        "dropped": int(one["event_dropped"]) + int(one["command_dropped"]),
        "stuck_voices": synth.active_voices,
        "seconds_to_silence": waited,
    }


def marathon(seconds: int, voices: int, block: int) -> tuple[NDArray[np.int64], float, bool]:
    """Render random notes; return what blocks took (n, 2), mean voices, and if all was finite."""
    synth = crowded(voices)
    rng = np.random.default_rng(1)
    out = np.zeros((block, 2), np.float32)
    per_second = _RATE // block
    spent = np.zeros((seconds, per_second, 2), np.int64)
    sounding, finite = 0, True
    offs: list[tuple[int, int, int]] = []
    for second in range(seconds):
        start = synth.frame
        for at in np.sort(rng.integers(0, _RATE, _NOTES_PER_SECOND)):
            channel, key = int(rng.integers(0, CHANNELS)), int(rng.integers(28, 100))
            frame = start + int(at)
            synth.note_on(key, int(rng.integers(20, 128)), channel=channel, frame=frame)
            held = int(rng.uniform(0.05, _LONGEST_NOTE_S) * _RATE)
            offs.append((frame + held, key, channel))
        due = [one for one in offs if one[0] < start + _RATE]
        offs = [one for one in offs if one[0] >= start + _RATE]
        for frame, key, channel in due:
            synth.note_off(key, channel=channel, frame=frame)
        time_blocks(synth.state, out, spent[second])
        sounding += synth.active_voices
        finite = finite and bool(np.isfinite(out).all())
    return spent.reshape(-1, 2), sounding / max(seconds, 1), finite


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--voices", type=int, default=64)
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    options = parser.parse_args()
    result: dict[str, object] = {"machine": machine()}
    result["shower"] = shower(options.messages, options.voices, options.block)
    print(json.dumps(result["shower"]), flush=True)
    spent, voices, finite = marathon(options.seconds, options.voices, options.block)
    clock, processor = spent.T / 1e3
    period_us = options.block / _RATE * 1e6
    result["marathon"] = {
        "seconds": options.seconds,
        "mean_voices": round(voices, 1),
        "finite": finite,
        "period_us": round(period_us, 1),
        "median_us": round(float(np.median(processor)), 1),
        "p9999_us": round(float(np.quantile(processor, 0.9999)), 1),
        "worst_us": round(float(processor.max()), 1),
        "worst_of_period": round(float(processor.max() / period_us), 3),
        "over_the_period": int((processor > period_us).sum()),
        "worst_by_the_clock_us": round(float(clock.max()), 1),
        "times_real_time": round(options.seconds / (processor.sum() * 1e-6), 1),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
