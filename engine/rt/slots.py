"""A patch as the numbers a voice starts with: the slots of the state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.filter import svf_mix
from dsp.lfo import SHAPES
from dsp.oscillator import WAVES
from dsp.units import db_to_amp
from engine.parts import ADSR, Oscillator
from engine.patch import Patch
from engine.rt import state as st

# Shortest stages, so that nothing clicks whatever a patch asks for.
SHORTEST_ATTACK_S = 0.0005
SHORTEST_FALL_S = 0.004


def _rate(seconds: float, sample_rate: float) -> float:
    return min(float(np.ceil(2.0**32 / max(1.0, seconds * sample_rate))), 2.0**32 - 1)


def slot_parameters(patch: Patch, sample_rate: float) -> NDArray[np.float64]:
    """Turn a patch into the numbers a voice starts with, shape (st.PARAMETERS,)."""
    p = np.zeros(st.PARAMETERS)

    def oscillator(one: Oscillator, second: int) -> None:
        is_pulse = one.wave == "pulse"
        # the rows of the second oscillator follow those of the first
        p[st.P_LEVEL_1 + second] = one.level
        p[st.P_PULSE_1 + second] = one.level if is_pulse else 0.0
        p[st.P_WAVE_1 + second] = WAVES.index("saw" if is_pulse else one.wave)
        p[st.P_WIDTH_1 + second] = round(one.width * 2.0**32)
        p[st.P_TUNE_1 + second] = 12.0 * one.octave + one.detune / 100.0

    oscillator(patch.oscillators[0], 0)
    oscillator(patch.oscillators[1], 1)
    p[st.P_NOISE] = patch.noise

    p[st.P_CUTOFF] = np.log2(patch.filter.cutoff / sample_rate)
    p[st.P_CUTOFF_ENV] = patch.filter.envelope / 12.0
    p[st.P_KEY_TRACK] = patch.filter.key_track
    p[st.P_CUTOFF_VELOCITY] = patch.filter.velocity / 12.0
    p[st.P_K] = 1.0 / patch.filter.resonance
    p[st.P_MIX_X], p[st.P_MIX_BAND], p[st.P_MIX_LOW] = svf_mix(patch.filter.mode, p[st.P_K])

    def envelope(adsr: ADSR, first: int) -> None:
        p[first] = _rate(max(adsr.attack, SHORTEST_ATTACK_S), sample_rate)
        p[first + 1] = _rate(max(adsr.decay, SHORTEST_FALL_S), sample_rate)
        p[first + 3] = _rate(max(adsr.release, SHORTEST_FALL_S), sample_rate)
        p[first + 2] = adsr.sustain
        p[first + 4] = adsr.curve

    envelope(patch.amplitude, st.P_ATTACK_A)
    envelope(patch.modulation, st.P_ATTACK_M)

    p[st.P_LFO_SHAPE] = SHAPES.index(patch.lfos[0].shape)
    p[st.P_LFO_INC] = round(patch.lfos[0].rate / sample_rate * 2.0**32)
    p[st.P_LFO_PHASE] = round(patch.lfos[0].phase * 2.0**32) % 2**32
    p[st.P_LFO_PITCH] = patch.lfos[0].pitch / 100.0
    p[st.P_LFO_CUTOFF] = patch.lfos[0].cutoff / 12.0
    p[st.P_LFO_AMPLITUDE] = patch.lfos[0].amplitude

    p[st.P_GAIN] = db_to_amp(patch.gain)
    p[st.P_PAN] = patch.pan
    p[st.P_VELOCITY] = patch.velocity
    p[st.P_BEND_RANGE] = patch.bend_range
    p[st.P_FIXED_NOTE] = -1.0 if patch.fixed_note is None else patch.fixed_note
    return p
