"""How near the filter is to its analogue prototype, and that it stays finite.

A saw of 500 Hz, rendered through the filter and without it: the ratio of the harmonics' levels is
the response at multiples of 500 Hz, of which the cutoffs asked for are some.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp.filter import MODES
from dsp.lfo import SHAPES
from engine.parts import ADSR, LFO, SLOPES, Filter, Oscillator
from engine.patch import Patch
from evals.sound_result import Result
from evals.sound_waves import OFF, OPEN, bare, levels, player, steady

Floats = NDArray[np.float64]

_F0 = 500.0
_COUNT = 39  # harmonics up to 19.5 kHz
_CUTOFFS_HZ = (1000.0, 5000.0, 10_000.0, 15_000.0)
_QS = (0.7071, 2.0, 10.0)
_AT_CUTOFF_DB = 0.01
_AT_HALF_DB = 0.3
_DULL = 0.5 / math.cos(math.pi / 8)  # Q of the two pairs of a Butterworth filter of order 4
_SHARPER = 0.5 / math.sin(math.pi / 8) * math.sqrt(2.0)
_AUDIBLE_DB = -60.0  # of the prototype: below it a ratio of levels says nothing


def prototype(mode: str, q: float, slope: int, hz: Floats, cutoff: float) -> Floats:
    """Return the gain of the analogue state-variable filter.

    24 dB: two in a row, the first as dull as a Butterworth filter's duller pair of poles, the
    second sharper than `q` by as much, so that q = 0.7071 gives a Butterworth filter of order 4.
    """
    s = 1j * hz / cutoff
    gain = np.ones(hz.size, np.complex128)
    for each in (q,) if slope == 12 else (_DULL, q * _SHARPER):
        above = {"low": 1.0 + 0 * s, "band": s / each, "high": s * s, "notch": s * s + 1.0}[mode]
        gain *= above / (s * s + s / each + 1.0)
    return np.asarray(np.abs(gain))


def response_db(filter_: Filter, quality: str, plain: Floats) -> Floats:
    """Return the filter's gain in dB at the multiples of 500 Hz."""
    audio = steady(replace(bare("saw", _F0), filter=filter_), quality)
    return np.asarray(20.0 * np.log10(np.maximum(levels(audio, _F0, _COUNT), 1e-12) / plain))


def results(quality: str) -> Iterator[Result]:
    """Yield the worst error over the resonances, by mode, slope and cutoff; then the extremes."""
    hz = np.arange(1.0, _COUNT + 1) * _F0
    open_ = prototype(OPEN.mode, OPEN.resonance, OPEN.slope, hz, OPEN.cutoff)
    plain = levels(steady(bare("saw", _F0), quality), _F0, _COUNT) / open_
    for slope in SLOPES:
        for mode in MODES:
            for cutoff in _CUTOFFS_HZ:
                errors = []
                for q in _QS:
                    exact = prototype(mode, q, slope, hz, cutoff)
                    want = 20.0 * np.log10(np.maximum(exact, 1e-12))
                    got = response_db(Filter(mode, cutoff, q, slope=slope), quality, plain)
                    errors.append(np.where(want > _AUDIBLE_DB, np.abs(got - want), 0.0))
                error = np.max(errors, axis=0)  # NaN is passed on
                at = error[round(cutoff / _F0) - 1]
                half = error[round(cutoff / 2 / _F0) - 1]
                what = f"{mode} {slope} dB, {cutoff / 1000:g} kHz"
                if mode != "notch":
                    yield Result("filter", f"{what}: at the cutoff", at, _AT_CUTOFF_DB, "dB")
                yield Result("filter", f"{what}: an octave below", half, _AT_HALF_DB, "dB")
                yield Result("filter", f"{what}: worst up to 19.5 kHz", error.max(), None, "dB")
    yield Result("filter", "infinite or NaN under any modulation", wild(quality), 0.0, "renders")


def wild(quality: str) -> float:
    """Return how many renders at full modulation and resonance were not finite, or over 1."""
    bad = 0
    for slope in SLOPES:
        for mode in MODES:
            for shape in SHAPES:
                for rate in (0.1, 5.0, 50.0, 111.0, 200.0):
                    patch = Patch(
                        oscillators=(Oscillator("saw", 1.0), OFF),
                        filter=Filter(mode, 1000.0, 50.0, slope=slope, envelope=60.0),
                        amplitude=ADSR(0.0, 0.0, 1.0, 0.01),
                        lfos=(LFO(shape, rate, cutoff=120.0), LFO("sine", 200.0, cutoff=120.0)),
                        gain=12.0,
                        velocity=0.0,
                    )
                    notes = [(0.0, 36, 127, 0.2), (0.05, 81, 127, 0.2)]
                    audio = player(patch, quality).render(notes, 0.25)
                    bad += not (np.isfinite(audio).all() and np.abs(audio).max() <= 1.0)
    return float(bad)
