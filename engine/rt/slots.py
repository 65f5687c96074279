"""A patch as the numbers a voice starts with: the slots of the state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.filter import MODES
from dsp.lfo import SHAPES
from dsp.units import db_to_amp
from engine.knobs import beats
from engine.parts import ADSR, LFO, PLAYING, SOURCES, TARGETS, WAVES, Oscillator
from engine.patch import Patch
from engine.rt import state as st


def _row(source: str) -> int:
    return st.P_MATRIX + SOURCES.index(source) * len(TARGETS)


def _fill_matrix(p: NDArray[np.float64], patch: Patch) -> None:
    """Add up what the patch's parts and its routes make of each source and target."""
    for number, lfo in enumerate(patch.lfos, 1):
        row = _row(f"lfo-{number}")
        own = (lfo.pitch / 100.0, lfo.cutoff, lfo.amplitude, lfo.pan, lfo.width)
        p[row : row + len(own)] += own
    p[_row("envelope") + TARGETS.index("cutoff")] += patch.filter.envelope
    for route in patch.matrix:
        p[_row(route.source) + TARGETS.index(route.target)] += route.amount


def _uses(p: NDArray[np.float64], patch: Patch) -> int:
    """Return what a voice of the patch needs at all, as bits of st.USES_*."""
    uses = 0
    for second in range(2):
        for kind in range(len(WAVES)):
            if p[st.P_SAW_1 + 6 * second + kind] != 0.0:
                uses |= st.USES_SAW_1 << (4 * second + kind)
    needs = {
        st.USES_NOISE: patch.noise > 0.0,
        st.USES_OTHER: patch.filter.mode != "low",
        st.USES_STEEP: patch.filter.slope == 24,
        st.USES_DRIVE: patch.filter.drive > 0.0,
        st.USES_SENDS: patch.chorus.send + patch.delay.send + patch.reverb.send > 0.0,
        st.USES_LFO_1: p[_row("lfo-1") : _row("lfo-1") + len(TARGETS)].any(),
        st.USES_LFO_2: p[_row("lfo-2") : _row("lfo-2") + len(TARGETS)].any(),
        st.USES_ENVELOPE: p[_row("envelope") : _row("envelope") + len(TARGETS)].any(),
    }
    level = TARGETS.index("amplitude")
    needs[st.USES_TREMOLO] = any(p[_row(name) + level] for name in ("envelope", "lfo-1", "lfo-2"))
    return uses | sum(bit for bit, needed in needs.items() if needed)


def slot_parameters(patch: Patch, sample_rate: float) -> NDArray[np.float64]:
    """Turn a patch into the numbers a voice starts with, shape (st.PARAMETERS,)."""
    p = np.zeros(st.PARAMETERS)

    def oscillator(one: Oscillator, second: int) -> None:
        first = st.P_SAW_1 + 6 * second  # the rows of the second follow those of the first
        p[first + WAVES.index(one.wave)] = one.level
        p[first + 4] = one.width
        p[first + 5] = 12.0 * one.octave + one.detune / 100.0

    oscillator(patch.oscillators[0], 0)
    oscillator(patch.oscillators[1], 1)
    p[st.P_NOISE] = patch.noise
    p[st.P_UNISON] = patch.unison.voices
    p[st.P_UNISON_DETUNE] = patch.unison.detune / 200.0  # semitones to either side
    p[st.P_UNISON_SPREAD] = patch.unison.spread

    p[st.P_LOW + MODES.index(patch.filter.mode)] = 1.0
    p[st.P_STEEP] = float(patch.filter.slope == 24)
    p[st.P_CUTOFF] = np.log2(patch.filter.cutoff / sample_rate)
    p[st.P_DAMPING] = 1.0 / patch.filter.resonance
    p[st.P_DRIVE] = db_to_amp(patch.filter.drive) if patch.filter.drive > 0.0 else 0.0
    p[st.P_KEY_TRACK] = patch.filter.key_track
    p[st.P_CUTOFF_VELOCITY] = patch.filter.velocity / 12.0

    def envelope(adsr: ADSR, first: int) -> None:
        times = (adsr.attack, adsr.decay, adsr.release)
        p[first], p[first + 1], p[first + 3] = (seconds * sample_rate for seconds in times)
        p[first + 2] = adsr.sustain
        p[first + 4] = adsr.curve

    envelope(patch.amplitude, st.P_ATTACK_A)
    envelope(patch.modulation, st.P_ATTACK_M)

    def lfo(one: LFO, second: int) -> None:
        first = st.P_LFO_SHAPE_1 + 6 * second
        p[first] = SHAPES.index(one.shape)
        p[first + 1] = one.rate / sample_rate
        p[first + 2] = one.phase % 1.0
        p[first + 3] = 1.0 / beats(one.sync) if one.sync else 0.0
        p[first + 4] = one.delay * sample_rate
        p[first + 5] = one.fade * sample_rate

    lfo(patch.lfos[0], 0)
    lfo(patch.lfos[1], 1)
    _fill_matrix(p, patch)

    p[st.P_GAIN] = db_to_amp(patch.gain)
    p[st.P_PAN] = patch.pan
    p[st.P_VELOCITY] = patch.velocity
    p[st.P_BEND_RANGE] = patch.bend_range
    p[st.P_PLAYING] = PLAYING.index(patch.playing)
    p[st.P_GLIDE] = patch.glide
    p[st.P_FIXED_NOTE] = -1.0 if patch.fixed_note is None else patch.fixed_note
    p[st.P_CHORUS] = patch.chorus.send
    p[st.P_DELAY] = patch.delay.send
    p[st.P_REVERB] = patch.reverb.send
    p[st.P_USES] = _uses(p, patch)
    return p
