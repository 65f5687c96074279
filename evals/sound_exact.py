"""Time, precision and silence: onsets, block sizes, the float64 twin, and what decay leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.parts import ADSR, LFO, Filter, Oscillator
from engine.patch import Patch, builtin_patches
from engine.synth import Synth
from evals.sound_result import Result
from evals.sound_waves import RATE, bare, player
from tests.measure import error_db
from tests.oracles import first_phases, voice_twin

_TWIN_DB = -80.0
_LONGEST_DECAY_S = 45  # a reverb of 20 s, down to -120 dB
_ONSETS = (4800, 4801, 4817, 4833, 4863, 4864)
_RICH = Patch(
    oscillators=(
        Oscillator("saw", 0.6),
        Oscillator("pulse", 0.4, octave=1, detune=7.0, width=0.3),
    ),
    filter=Filter("low", 600.0, 4.0, envelope=30.0, key_track=0.5, velocity=12.0),
    amplitude=ADSR(0.01, 0.2, 0.6, 0.1, 0.8),
    modulation=ADSR(0.02, 0.15, 0.3, 0.1, 0.5),
    lfos=(LFO("sine", 6.0, cutoff=10.0, amplitude=0.4, phase=0.25), LFO()),
    gain=-9.0,
    pan=0.3,
    velocity=0.7,
)


def _onset(frame: int, quality: str) -> int:
    synth = player(bare("sine", 440.0), quality)
    synth.note_on(60, 127, frame=frame)
    out = np.empty((frame + 200, 2), np.float32)
    synth.render_block(out)
    return int(np.flatnonzero(out[:, 0])[0])


def _performance(seed: int) -> list[tuple[int, bytes]]:
    """Return a second of random notes, bends, wheels and pedals with their frames."""
    rng = np.random.default_rng(seed)
    events = []
    for frame in np.sort(rng.integers(0, RATE, 400)):
        channel, kind = int(rng.integers(0, 4)), int(rng.integers(0, 4))
        a, b = (int(value) for value in rng.integers(0, 128, 2))
        controller = int(rng.choice([1, 7, 10, 11, 64, 74]))
        message = (
            bytes([0x90 | channel, 36 + a // 2, b]),
            bytes([0x80 | channel, 36 + a // 2, b]),
            bytes([0xB0 | channel, controller, b]),
            bytes([0xE0 | channel, a, b]),
        )[kind]
        events.append((int(frame), message))
    return events


def _perform(sizes: list[int], quality: str) -> NDArray[np.float32]:
    synth = player(_RICH, quality)
    for frame, message in _performance(7):
        synth.send(message, frame)
    out = np.zeros((RATE, 2), np.float32)
    at = step = 0
    while at < RATE:
        size = sizes[step % len(sizes)]
        synth.render_block(out[at : at + size])
        at, step = at + size, step + 1
    return out


def _twin_db(held_s: float, seconds: float, quality: str) -> float:
    got = player(_RICH, quality).render([(0.0, 57, 90, held_s)], seconds)
    return error_db(got, voice_twin(_RICH, 57, 90, held_s, seconds, RATE, first_phases()))


def _cpu_of_second(synth: Synth) -> float:
    out = np.empty((RATE, 2), np.float32)
    began = time.process_time()
    synth.render_block(out)
    return time.process_time() - began


def silence(quality: str) -> tuple[float, float]:
    """Return the loudest sample after every patch has decayed, and the CPU then, of that before."""
    loudest, dearest = 0.0, 0.0
    for patch in builtin_patches().values():
        synth = player(patch, quality)
        synth.render([], 0.1)
        for key in range(36, 84):
            synth.note_on(key, 127)
        sounding = _cpu_of_second(synth)
        synth.control(123, 0)  # all notes off
        for _ in range(_LONGEST_DECAY_S):
            if not synth.render([], 1.0).any():
                break
        out = np.empty((RATE, 2), np.float32)
        synth.render_block(out)
        loudest = float(np.maximum(loudest, np.abs(out).max()))  # NaN is passed on
        dearest = max(dearest, min(_cpu_of_second(synth) for _ in range(3)) / sounding)
    return loudest, dearest


def results(quality: str) -> Iterator[Result]:
    """Yield onsets, bit-identity over block sizes, distance from the twin, silence."""
    first = _onset(0, quality)
    off = max(abs(_onset(frame, quality) - frame - first) for frame in _ONSETS)
    yield Result("time", "onset of a note, offline", off, 0.0, "samples")
    whole = _perform([RATE], quality)
    cuts = ([1], [37], [64], [512], [5, 300, 64, 1, 1023])
    apart = sum(_perform(cut, quality).tobytes() != whole.tobytes() for cut in cuts)
    yield Result("time", "ways to cut the blocks that change a bit", apart, 0.0, "of 5")
    if quality == "bandlimited":
        for name, held, seconds in (
            ("1 s", 0.9, 1.0),
            ("60 s", 59.9, 60.0),
            ("let go in the attack", 0.005, 0.3),
            ("let go in the decay", 0.1, 0.3),
        ):
            value = _twin_db(held, seconds, quality)
            yield Result("precision", f"against the float64 twin, {name}", value, _TWIN_DB, "dB")
    loudest, dearest = silence(quality)
    yield Result("silence", "loudest sample after every patch's decay", loudest, 0.0, "of 1")
    yield Result("silence", "CPU then, of that with 48 notes", dearest, 1.0, "times")
