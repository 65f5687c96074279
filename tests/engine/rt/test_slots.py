"""Slots: the numbers of a patch, by their units."""

from __future__ import annotations

import math

import pytest

from engine.parts import ADSR, LFO, Filter, Oscillator
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.slots import SHORTEST_ATTACK_S, SHORTEST_FALL_S, slot_parameters

_RATE = 48_000.0
_WHOLE = 2.0**32


def test_times_become_steps_of_a_whole_stage_per_frame() -> None:
    adsr = ADSR(1.0, 2.0, 0.3, 4.0, 0.5)
    p = slot_parameters(Patch(amplitude=adsr, modulation=adsr), _RATE)
    for attack in (st.P_ATTACK_A, st.P_ATTACK_M):
        frames = [_WHOLE / p[attack + i] for i in (0, 1, 3)]
        assert frames == pytest.approx([48_000, 96_000, 192_000], rel=1e-4)
        assert p[attack + 2] == 0.3
        assert p[attack + 4] == 0.5


def test_a_stage_of_no_time_is_made_long_enough_not_to_click() -> None:
    p = slot_parameters(Patch(amplitude=ADSR(0.0, 0.0, 1.0, 0.0)), _RATE)
    assert _WHOLE / p[st.P_ATTACK_A] == pytest.approx(SHORTEST_ATTACK_S * _RATE, rel=1e-6)
    assert _WHOLE / p[st.P_RELEASE_A] == pytest.approx(SHORTEST_FALL_S * _RATE, rel=1e-6)


def test_the_longest_stage_still_ends_within_a_tenth_of_a_percent() -> None:
    p = slot_parameters(Patch(amplitude=ADSR(60.0, 60.0, 0.5, 60.0)), _RATE)
    assert p[st.P_RELEASE_A] >= 1
    assert _WHOLE / p[st.P_RELEASE_A] == pytest.approx(60 * _RATE, rel=1e-3)


def test_pitches_become_semitones_and_cutoffs_octaves() -> None:
    patch = Patch(
        oscillators=(Oscillator("pulse", 0.4, octave=-1, detune=50.0, width=0.25), Oscillator()),
        filter=Filter("band", 12_000.0, 4.0, envelope=24.0, key_track=0.5, velocity=12.0),
        lfos=(LFO("square", 6.0, pitch=30.0, cutoff=6.0, amplitude=0.2, phase=0.5), LFO()),
        gain=-6.0,
        fixed_note=36.0,
    )
    p = slot_parameters(patch, _RATE)
    assert p[st.P_TUNE_1] == pytest.approx(-11.5)
    assert p[st.P_LEVEL_1] == p[st.P_PULSE_1] == 0.4
    assert p[st.P_PULSE_2] == 0.0
    assert p[st.P_WIDTH_1] == _WHOLE / 4
    assert p[st.P_CUTOFF] == pytest.approx(-2.0)  # octaves from the sample rate
    assert p[st.P_CUTOFF_ENV] == pytest.approx(2.0)
    assert p[st.P_CUTOFF_VELOCITY] == pytest.approx(1.0)
    assert p[st.P_K] == pytest.approx(0.25)
    assert (p[st.P_MIX_X], p[st.P_MIX_BAND], p[st.P_MIX_LOW]) == (0.0, 0.25, 0.0)
    assert p[st.P_LFO_INC] == pytest.approx(6.0 / _RATE * _WHOLE, abs=0.5)
    assert p[st.P_LFO_PHASE] == _WHOLE / 2
    assert p[st.P_LFO_PITCH] == pytest.approx(0.3)
    assert p[st.P_GAIN] == pytest.approx(10 ** (-6 / 20))
    assert p[st.P_FIXED_NOTE] == 36.0


def test_no_setting_leaves_the_range_of_the_words_it_is_stored_in() -> None:
    patch = Patch(
        oscillators=(Oscillator("pulse", width=0.98), Oscillator("pulse", width=0.02)),
        lfos=(LFO(rate=200.0, phase=1.0), LFO()),
    )
    p = slot_parameters(patch, 8_000.0)
    for row in (st.P_WIDTH_1, st.P_WIDTH_2, st.P_LFO_INC, st.P_LFO_PHASE, st.P_ATTACK_A):
        assert 0 <= p[row] < _WHOLE
    assert all(math.isfinite(value) for value in p)
