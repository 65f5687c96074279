"""Slow references in plain Python: each says a formula the obvious way, in float64."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.blep import residuals
from engine.parts import ADSR, Oscillator
from engine.patch import Patch
from engine.rt.state import STEP, WIDE_STEP

Floats = NDArray[np.float64]

# The shortest stages the engine plays, whatever a patch asks for (engine/rt/slots.py).
SHORTEST_ATTACK_S = 0.0005
SHORTEST_FALL_S = 0.004


def hz(note: float) -> float:
    """Return the frequency of a note number."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def stage_way(t: float, curve: float) -> float:
    """Return how far a falling stage has come: a mix of a straight line and 1 - (1 - t)^4."""
    return (1.0 - curve) * t + curve * (1.0 - (1.0 - t) ** 4)


def adsr_held(t: float, attack: float, decay: float, sustain: float, curve: float) -> float:
    """Return the level of an envelope `t` seconds after note-on, the key still down."""
    if t < attack:
        return t / attack
    if t < attack + decay:
        return 1.0 - (1.0 - sustain) * stage_way((t - attack) / decay, curve)
    return sustain


def adsr_at(t: float, duration: float, adsr: ADSR) -> float:
    """Return the level of an envelope whose key goes up after `duration` seconds."""
    held = adsr_held(min(t, duration), adsr.attack, adsr.decay, adsr.sustain, adsr.curve)
    if t < duration:
        return held
    if t >= duration + adsr.release:
        return 0.0
    return held * (1.0 - stage_way((t - duration) / adsr.release, adsr.curve))


def playable(adsr: ADSR) -> ADSR:
    """Return an envelope with the shortest stages that the engine plays."""
    return ADSR(
        max(adsr.attack, SHORTEST_ATTACK_S),
        max(adsr.decay, SHORTEST_FALL_S),
        adsr.sustain,
        max(adsr.release, SHORTEST_FALL_S),
        adsr.curve,
    )


def lfo_at(turns: float, shape: str) -> float:
    """Return an LFO's value, -1..1, after so many turns; every shape starts at or crosses 0."""
    x = turns - math.floor(turns + 0.5)  # -0.5 .. 0.5
    if shape == "sine":
        return math.sin(2.0 * math.pi * x)
    if shape == "triangle":
        return 4.0 * x if abs(x) <= 0.25 else math.copysign(2.0, x) - 4.0 * x
    if shape == "saw":
        return 2.0 * x
    return 1.0 if x >= 0.0 else -1.0


def fourier(wave: str, count: int, width: float = 0.5) -> list[complex]:
    """Return c[1..count] of a wave sum(imag(c[h] * exp(2 pi i h t))); saw falls, jumping at 0."""
    saw = [-2.0 / (math.pi * h) for h in range(1, count + 1)]
    if wave == "saw":
        return [complex(a) for a in saw]
    if wave == "pulse":  # a saw less the same saw `width` ahead
        turn = 2j * math.pi * width
        return [a * (1.0 - np.exp(turn * h)) for h, a in enumerate(saw, 1)]
    if wave == "triangle":
        return [
            complex((-1) ** (h // 2) * 8.0 / (math.pi * h) ** 2 if h % 2 else 0.0)
            for h in range(1, count + 1)
        ]
    return [complex(1.0 if h == 1 else 0.0) for h in range(1, count + 1)]


def additive(coefficients: Sequence[complex], turns: Floats) -> Floats:
    """Return the sum of the harmonics at each phase, by Horner's rule on exp(2 pi i turns)."""
    unit = np.exp(2j * np.pi * turns)
    total = np.zeros_like(unit)
    for c in reversed(coefficients):
        total = (total + c) * unit
    return np.asarray(total.imag)


def svf_plain(
    x: Sequence[float], cutoff: Sequence[float], q: float, sample_rate: float, mode: str
) -> Floats:
    """Filter by the trapezoidal rule on Zavalishin's structure: solve for the high-pass first."""
    s1 = s2 = 0.0
    r2 = 1.0 / q  # 2 R in the book
    out = []
    for sample, corner in zip(x, cutoff, strict=True):
        g = math.tan(math.pi * corner / sample_rate)
        high = (sample - r2 * s1 - g * s1 - s2) / (1.0 + r2 * g + g * g)
        band = g * high + s1
        low = g * band + s2
        s1 = g * high + band
        s2 = g * band + low
        out.append({"low": low, "band": r2 * band, "high": high, "notch": low + high}[mode])
    return np.array(out)


def low_pass(turns_per_frame: Floats) -> NDArray[np.complex128]:
    """Return the response of the low-pass that steps are rounded by, from its step response."""
    step, _, _ = residuals()
    missing = step[:-1].T.ravel().astype(float)  # 1 - the step, at 1 / PHASES frames
    missing = np.append(missing, 0.0)
    at = np.arange(missing.size) / (step.shape[0] - 1)
    omega = 2 * np.pi * turns_per_frame
    turning = np.exp(-1j * omega[:, None] * at)
    return np.asarray(1.0 + 1j * omega * np.trapezoid(missing * turning, at, axis=1))


def rounded_wave(one: Oscillator, pitch: float, turns: Floats, sample_rate: float) -> Floats:
    """Return an oscillator's wave as the sum of its harmonics, those past Nyquist too."""
    if one.wave == "sine":
        return additive([1.0 + 0j], turns)
    count = int(0.6 * sample_rate / hz(pitch))
    response = low_pass(np.arange(1, count + 1) * hz(pitch) / sample_rate)
    return additive(list(np.array(fourier(one.wave, count, one.width)) * response), turns)


def matched_plain(corner: float, q: float, mode: str) -> tuple[float, float, float, float]:
    """Return gain, damping and the weights of input and band of the matched filter.

    From the poles of the analogue filter by z = exp(sT), with complex numbers; `corner` is in turns
    a frame.
    """
    omega, k = 2 * math.pi * corner, 1.0 / q
    pole = omega * complex(-k / 2, math.sqrt(max(0.0, 1 - k * k / 4)))
    warped = cmath.tanh(pole / 2)  # (z - 1) / (z + 1)
    gain = abs(warped) if k < 2 else math.sqrt(abs(warped) ** 2)
    damping = -2 * warped.real / gain

    def there(part: float) -> float:
        """Return where the integrators see a part of the corner, squared."""
        return (math.tan(part * omega / 2) / gain) ** 2

    def below(s2: float) -> float:
        return (1 - s2) ** 2 + damping * damping * s2

    s2 = there(1.0)
    beta2 = 0.0
    if mode == "low":  # the analogue filter's gain at half the sample rate
        r2 = (math.pi / omega) ** 2
        weight = 1.0 / math.sqrt((1 - r2) ** 2 + k * k * r2)
        beta2 = (below(s2) / k**2 - (1 - weight * s2) ** 2) / s2
    elif mode == "band":  # its gain at half the corner
        half = there(0.5)
        want = (k / 2) ** 2 / (0.75**2 + (k / 2) ** 2)
        squared = (below(s2) / s2 - want * below(half) / half) / (s2 - half)
        weight = math.sqrt(max(0.0, squared))
        beta2 = below(s2) / s2 - weight**2 * s2
    elif mode == "high":
        weight = math.sqrt(below(s2)) / (k * s2)
    else:
        weight = 1.0 / s2
    return gain, damping, weight, math.sqrt(max(0.0, beta2)) - weight * damping


def svf_matched(x: Floats, coefficients: NDArray[np.float64], mode: str) -> Floats:
    """Filter with coefficients (n, 4) of `matched_plain`, on Zavalishin's structure."""
    s1 = s2 = 0.0
    rest = 1.0 if mode in ("low", "notch") else 0.0
    out = []
    for sample, (g, k, of_input, of_band) in zip(x, coefficients, strict=True):
        high = (sample - k * s1 - g * s1 - s2) / (1.0 + k * g + g * g)
        band = g * high + s1
        low = g * band + s2
        s1 = g * high + band
        s2 = g * band + low
        out.append(of_input * sample + of_band * band + (rest - of_input) * low)
    return np.array(out)


def voice_twin(
    patch: Patch,
    note: int,
    velocity: int,
    held_s: float,
    seconds: float,
    sample_rate: float,
    turns: tuple[float, float] = (0.0, 0.0),
) -> Floats:
    """Render one note of a patch without noise or vibrato, shape (n, 2), channel volume 100.

    Oscillators are sums of their harmonics from their phases `turns` on; envelopes, LFO and filter
    follow their formulas at points STEP (the filter WIDE_STEP) frames apart, with straight lines
    between.
    """
    count = round(seconds * sample_rate)
    frames = np.arange(count)
    points = np.arange(0, count + STEP, STEP) / sample_rate
    wide_points = np.arange(0, count + WIDE_STEP, WIDE_STEP) / sample_rate

    def oscillator(one: Oscillator, turn: float) -> Floats:
        pitch = note + 12 * one.octave + one.detune / 100.0
        at = turn + frames / sample_rate * hz(pitch)
        return one.level * rounded_wave(one, pitch, at, sample_rate)

    def lines(values: Sequence[float], step: int) -> Floats:
        return np.asarray(np.interp(frames, np.arange(len(values)) * step, values))

    def swing(at: float) -> float:
        return lfo_at(lfo.phase + lfo.rate * at, lfo.shape)

    starts = zip(patch.oscillators, turns, strict=True)
    signal = sum(oscillator(one, turn) for one, turn in starts if one.level)
    amplitude, modulation = playable(patch.amplitude), playable(patch.modulation)
    lfo = patch.lfos[0]
    loudness = velocity / 127.0
    semitones = patch.filter.key_track * (note - 60) + patch.filter.velocity * (loudness - 1.0)
    coefficients = []
    for at in wide_points:
        moved = semitones + patch.filter.envelope * adsr_at(at, held_s, modulation)
        moved += lfo.cutoff * swing(at)
        corner = patch.filter.cutoff * 2.0 ** (moved / 12.0) / sample_rate
        corner = min(max(corner, 2.0**-13), 0.45)
        coefficients.append(matched_plain(corner, patch.filter.resonance, patch.filter.mode))
    moving = np.stack([lines(one, WIDE_STEP) for one in zip(*coefficients, strict=True)], axis=1)
    filtered = svf_matched(np.asarray(signal), moving, patch.filter.mode)
    level = [
        adsr_at(at, held_s, amplitude) * (1.0 - lfo.amplitude * (0.5 - 0.5 * swing(at)))
        for at in points
    ]
    gain = 10.0 ** (patch.gain / 20.0) * (100.0 / 127.0) ** 2
    gain *= 1.0 - patch.velocity * (1.0 - loudness**2)
    sides = [math.sqrt(0.5 - 0.5 * patch.pan), math.sqrt(0.5 + 0.5 * patch.pan)]
    return (filtered * lines(level, STEP))[:, None] * gain * np.array(sides)


def first_phases(note_number: int = 1) -> tuple[float, float]:
    """Return the phases, in turns, at which the oscillators of the n-th note start.

    Multiples of the golden ratio, so that phases spread evenly.
    """
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    return (2 * note_number * golden) % 1.0, ((2 * note_number + 1) * golden) % 1.0


class Keyboard:
    """Which notes ought to sound: keys that are down, that sustain keeps, or sostenuto caught."""

    def __init__(self) -> None:
        self._down: set[tuple[int, int]] = set()
        self._kept: set[tuple[int, int]] = set()
        self._caught: set[tuple[int, int]] = set()
        self._sustain: set[int] = set()
        self._sostenuto: set[int] = set()

    def take(self, message: bytes) -> None:
        """Act on a channel message."""
        kind, channel = message[0] >> 4, message[0] & 15
        key = (channel, message[1])
        if kind == 9 and message[2] > 0:
            self._kept.discard(key)
            self._down.add(key)
        elif kind in (8, 9):
            self._lift({key})
        elif kind == 11:
            self._controller(channel, message[1], message[2])

    def _lift(self, keys: set[tuple[int, int]]) -> None:
        self._kept |= {key for key in keys & self._down if key[0] in self._sustain}
        self._down -= keys

    def _controller(self, channel: int, number: int, value: int) -> None:
        own = {key for key in self._down | self._kept | self._caught if key[0] == channel}
        if number == 64 and value >= 64:
            self._sustain.add(channel)
        elif number == 66 and value >= 64:
            if channel not in self._sostenuto:
                self._caught |= self._down & own
            self._sostenuto.add(channel)
        if (number in (64, 66) and value < 64) or number == 121:
            if number in (64, 121):
                self._sustain.discard(channel)
                self._kept -= own
            if number in (66, 121):
                self._sostenuto.discard(channel)
                self._caught -= own
        elif number == 120:
            self._down, self._kept, self._caught = (
                keys - own for keys in (self._down, self._kept, self._caught)
            )
        elif number >= 123:
            self._lift(own)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(sorted(self._down | self._kept | self._caught))
