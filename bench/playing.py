"""The sound that the benches of the instrument play: one patch, many held notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.native_loop import render_blocks
from bench.peers import pitches
from engine.parts import ADSR, LFO, Chorus, Delay, Filter, Oscillator, Reverb
from engine.patch import Patch
from engine.synth import Synth

SAMPLE_RATE = 48_000
SETTLED_S = 0.5
PATCH = Patch(
    name="bench",
    oscillators=(Oscillator("saw", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=1500.0, resonance=3.0),
    amplitude=ADSR(0.01, 0.2, 0.8, 0.2),
    lfos=(LFO(rate=5.0, cutoff=12.0), LFO()),
    gain=-30.0,
)
WITH_EFFECTS = replace(PATCH, chorus=Chorus(0.3), delay=Delay(0.3), reverb=Reverb(0.3))


def playing(patch: Patch, voices: int, quality: str) -> Synth:
    """Return a synth with all its voices held, past their attack; each has a pitch of its own."""
    asked = {} if quality == "bandlimited" else {"quality": quality}  # the default is not asked for
    synth = Synth(patch, SAMPLE_RATE, voices=voices, **asked)
    for channel in pitches.CHANNELS:
        synth.bend(pitches.bend(channel), channel=channel)
    out = np.zeros((64, 2), dtype=np.float32)
    synth.render_block(out)
    for voice in range(voices):
        channel, key = pitches.place(voice)
        synth.note_on(key, 100, channel=channel)
    render_blocks(synth.state, out, round(SETTLED_S * SAMPLE_RATE / 64))
    return synth
