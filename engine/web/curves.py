"""The curves the page draws of a patch, by the functions that make the sound."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import dsp
from dsp._math import f32
from dsp.filter import svf_mix
from dsp.lfo import SHAPES, lfo_value
from engine.parts import ADSR, LFO, Filter
from engine.patch import Patch

_WAVE_POINTS, _LFO_POINTS, _FILTER_POINTS, _ENVELOPE_POINTS = 256, 128, 160, 200
_RATE = 48_000.0
_PERIODS = 2
_LEAST_DB = -96.0
_NYQUIST_PART = 0.49
_HELD_DRAWS = 8  # numbers that a drawn sample-and-hold shows


def curves(patch: Patch, sample_rate: float = _RATE) -> dict[str, Any]:
    """Return oscillators, filter, envelopes and LFOs of a patch as numbers to draw."""
    return {
        "oscillators": {"y": _list(_wave(patch))},
        "filter": _filter(patch, sample_rate),
        "amplitude": _envelope(patch.amplitude),
        "modulation": _envelope(patch.modulation),
        "lfos": [{"y": _list(_lfo(lfo)), "synced": bool(lfo.sync)} for lfo in patch.lfos],
    }


def _list(values: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = np.round(values, 4).tolist()
    return rounded


def _wave(patch: Patch) -> NDArray[np.float64]:
    """Return two periods of the first oscillator with the second as it lies to it, peak 1."""
    settle = _WAVE_POINTS  # band-limited steps reach back: drawn from where all have begun
    count = settle + _WAVE_POINTS
    first = _PERIODS * _RATE / _WAVE_POINTS
    total = np.zeros(count)
    for one in patch.oscillators:
        if one.level > 0.0:
            ratio = 2.0 ** (one.octave + one.detune / 1200.0)
            hz = np.full(count, min(first * ratio, _NYQUIST_PART * _RATE))
            total += one.level * dsp.bandlimited_wave(one.wave, hz, _RATE, one.width)
    drawn = total[settle:]
    return drawn / max(1.0, float(np.abs(drawn).max()))


def _filter(patch: Patch, sample_rate: float) -> dict[str, Any]:
    """Return the magnitude at rest and at both ends of the LFOs' swing of the cutoff."""
    one = patch.filter
    hz = np.geomspace(20.0, min(20_000.0, _NYQUIST_PART * sample_rate), _FILTER_POINTS)
    swing = sum(lfo.cutoff for lfo in patch.lfos)
    swing += sum(
        abs(route.amount)
        for route in patch.matrix
        if route.target == "cutoff" and route.source in ("lfo-1", "lfo-2")
    )
    cutoffs = [one.cutoff * 2.0 ** (shift * swing / 12.0) for shift in (0.0, -1.0, 1.0)]
    return {
        "hz": [round(float(f), 2) for f in hz],
        "db": [_list(magnitude_db(one, cutoff, hz, sample_rate)) for cutoff in cutoffs],
    }


def magnitude_db(
    one: Filter, cutoff: float, hz: NDArray[np.float64], sample_rate: float
) -> NDArray[np.float64]:
    """Return the filter's magnitude in dB at frequencies below half the sample rate.

    The trapezoidal integrators warp frequency f to g(f) = tan(pi f / sample_rate); with the
    cutoff's own g they are the analogue filter at s = j g(f) / g (Zavalishin, section 3.10). Not
    below -96 dB.
    """
    edge = min(max(cutoff, 10.0), _NYQUIST_PART * sample_rate)
    k = 1.0 / one.resonance
    g = float(dsp.svf_coefficients(edge, sample_rate))
    s = 1j * dsp.svf_coefficients(hz, sample_rate) / g
    whole, band, low = svf_mix(one.mode, k)
    response = whole + (band * s + low) / (s * s + k * s + 1.0)
    if one.slope == 24:
        response = response * response
    return np.asarray(np.maximum(20.0 * np.log10(np.abs(response) + 1e-9), _LEAST_DB))


def _envelope(one: ADSR) -> dict[str, Any]:
    """Return a note's envelope: held until it has settled, and a little longer."""
    gate = (one.attack + one.decay) * 1.25 + 0.02
    total = gate + one.release
    rate = _ENVELOPE_POINTS / total
    y = dsp.adsr_envelope(gate, one.attack, one.decay, one.sustain, one.release, rate, one.curve)
    t = np.arange(y.size) / rate
    return {"t": _list(t), "y": _list(y), "gate_s": round(gate, 4)}


def _lfo(one: LFO) -> NDArray[np.float64]:
    """Return one swing from the phase at which it starts; of sample-and-hold, some draws."""
    x = (one.phase + np.arange(_LFO_POINTS) / _LFO_POINTS) % 1.0
    shape = SHAPES.index(one.shape)
    held = np.repeat(
        np.random.default_rng(1).uniform(-1.0, 1.0, _HELD_DRAWS), _LFO_POINTS // _HELD_DRAWS
    )
    half_turns = np.where(x < 0.5, 2.0 * x, 2.0 * x - 2.0)
    return np.array(
        [
            float(lfo_value(f32(turn), shape, f32(hold)))
            for turn, hold in zip(half_turns, held, strict=True)
        ]
    )
