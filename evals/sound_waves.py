"""How clean the oscillators are: alias against tone, and the level of each harmonic up to 15 kHz.

A long steady note is taken apart by an FFT behind a Kaiser window of -180 dB: energy on the lines
that the wave ought to have, and energy anywhere else below 20 kHz.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

import dsp
from engine.parts import ADSR, LFO, Filter, Oscillator, Unison
from engine.patch import Patch
from engine.synth import Synth
from evals.sound_result import Result
from tests.oracles import fourier

Floats = NDArray[np.float64]

RATE = 48_000
PITCHES_HZ = (1046.5, 2093.0, 4186.0)
OFF = Oscillator(level=0.0)
OPEN = Filter("notch", 10.0, 0.5)  # passes everything a note has
_FRAMES = 1 << 17
_SETTLED = RATE // 2
_BETA = 24.0  # Kaiser window: side lobes below -180 dB
_LOBE = 10  # bins to either side of a line
_HIGHEST_HZ = 20_000.0
_FLAT_HZ = 15_000.0
_ALIAS_DB = -90.0
_FLAT_DB = 0.1
_SWINGS = (
    (4.97, 1 << 19),
    (19.88, 1 << 18),
    (49.7, 1 << 17),
)  # of a width: Hz, whose multiples miss every alias


def bare(wave: str, f0: float, width: float = 0.5, **more: object) -> Patch:
    """Return a patch that is one oscillator at `f0` Hz, open filter, no effects."""
    return Patch(
        oscillators=(Oscillator(wave, 1.0, width=width), OFF),
        filter=OPEN,
        amplitude=ADSR(0.0, 0.0, 1.0, 0.01),
        velocity=0.0,
        gain=-20.0,
        fixed_note=float(dsp.hz_to_midi(f0)),
        **more,  # type: ignore[arg-type]
    )


def player(patch: Patch, quality: str, voices: int = 64) -> Synth:
    """Return a synth of the quality that is measured; the default is not asked for."""
    asked = {} if quality == "bandlimited" else {"quality": quality}
    return Synth(patch, RATE, voices=voices, **asked)


def steady(patch: Patch, quality: str, frames: int = _FRAMES) -> Floats:
    """Return `frames` of a held note, its beginning left out."""
    seconds = (_SETTLED + frames) / RATE
    audio = player(patch, quality).render([(0.0, 60, 127, seconds + 1)], seconds)
    return audio[_SETTLED:, 0].astype(np.float64)


def spectrum(audio: Floats) -> Floats:
    """Return the power of each bin; a sine of amplitude 1 gives 1 on its bin."""
    window = np.kaiser(audio.size, _BETA)
    return np.asarray(np.abs(np.fft.rfft(audio * window) / window.sum() * 2.0) ** 2)


def alias_db(audio: Floats, expected_hz: ArrayLike) -> float:
    """Return what is off the expected lines, below 20 kHz, against what is on them.

    The part of the spectrum that the lines' own lobes hide is taken to be like the rest.
    """
    power = spectrum(audio)
    bin_hz = RATE / audio.size
    below = int(_HIGHEST_HZ / bin_hz)
    on = np.zeros(power.size, bool)
    on[: _LOBE + 1] = True  # DC is not counted
    for at in np.rint(np.asarray(expected_hz) / bin_hz).astype(int):
        on[max(at - _LOBE, 0) : at + _LOBE + 1] = True
    tone = power[:below][on[:below]].sum()
    off = power[:below][~on[:below]].sum() * below / max(1, (~on[:below]).sum())
    return float(10.0 * np.log10(np.maximum(off, 1e-60) / tone))


def levels(audio: Floats, f0: float, count: int) -> Floats:
    """Return the amplitudes of harmonics 1..count."""
    power = spectrum(audio)
    window = np.kaiser(audio.size, _BETA)
    spread = audio.size * (window**2).sum() / window.sum() ** 2
    at = np.rint(np.arange(1, count + 1) * f0 * audio.size / RATE).astype(int)
    return np.array([np.sqrt(power[i - _LOBE : i + _LOBE + 1].sum() / spread) for i in at])


def flatness_db(audio: Floats, f0: float, wave: str, width: float) -> float:
    """Return the largest error of a harmonic up to 15 kHz, the first taken as right."""
    count = int(_FLAT_HZ / f0)
    want = np.abs(fourier(wave, count, width))
    got = levels(audio, f0, count)
    there = want > 1e-6
    error = 20.0 * np.log10(got[there] / got[0] * want[0] / want[there])
    return float(np.abs(error).max())


def _harmonics(f0: float) -> Floats:
    return f0 * np.arange(1.0, int(_HIGHEST_HZ / f0) + 2)


def results(quality: str) -> Iterator[Result]:
    """Measure every wave at every pitch; the cheap oscillators have no bar."""
    alias_bar = _ALIAS_DB if quality == "bandlimited" else None
    flat_bar = _FLAT_DB if quality == "bandlimited" else None
    for wave, width in (
        ("saw", 0.5),
        ("triangle", 0.5),
        ("pulse", 0.5),
        ("pulse", 0.25),
        ("pulse", 0.1),
    ):
        alias, error = [], []
        for f0 in PITCHES_HZ:
            audio = steady(bare(wave, f0, width), quality)
            alias.append(alias_db(audio, _harmonics(f0)))
            error.append(flatness_db(audio, f0, wave, width))
        name = wave if wave != "pulse" else f"pulse of width {width:g}"
        for f0, value in zip(PITCHES_HZ, alias, strict=True):
            yield Result("aliasing", f"{name} at {f0:.0f} Hz", value, alias_bar, "dB")
        yield Result(
            "aliasing", f"{name}: level up to 15 kHz", float(np.max(error)), flat_bar, "dB"
        )
    for swing_hz, frames in _SWINGS:
        for f0 in (round(pitch / swing_hz) * swing_hz for pitch in PITCHES_HZ):
            lfos = (LFO(rate=swing_hz, width=0.2), LFO())
            audio = steady(bare("pulse", f0, 0.4, lfos=lfos), quality, frames)
            value = alias_db(audio, _harmonics(swing_hz))  # every sideband is on one of them
            what = f"pulse at {f0:.0f} Hz, width swung at {swing_hz:g} Hz"
            yield Result("aliasing", what, value, alias_bar, "dB")
    detune = 30.0
    for f0 in PITCHES_HZ:
        audio = steady(bare("saw", f0, unison=Unison(3, detune)), quality)
        each = [f0 * 2.0 ** (cents / 1200) for cents in (-detune / 2, 0.0, detune / 2)]
        value = alias_db(audio, np.concatenate([_harmonics(f) for f in each]))
        yield Result("aliasing", f"saw at {f0:.0f} Hz, unison of 3", value, alias_bar, "dB")
