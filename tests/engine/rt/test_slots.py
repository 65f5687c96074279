"""Patches as the numbers of a slot."""

from __future__ import annotations

import numpy as np
import pytest

from engine.parts import ADSR, LFO, SOURCES, TARGETS, Filter, Oscillator, Reverb, Route, Unison
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.slots import slot_parameters

_RATE = 48_000.0


def _route(p: np.ndarray[tuple[int], np.dtype[np.float64]], source: str, target: str) -> float:
    return float(p[st.P_MATRIX + SOURCES.index(source) * len(TARGETS) + TARGETS.index(target)])


def test_both_envelopes_are_stored_in_frames_in_the_same_order() -> None:
    adsr = ADSR(0.1, 0.2, 0.3, 0.4, 0.5)
    p = slot_parameters(Patch(amplitude=adsr, modulation=adsr), _RATE)
    for first in (st.P_ATTACK_A, st.P_ATTACK_M):
        assert p[first : first + 5] == pytest.approx([4800.0, 9600.0, 0.3, 19200.0, 0.5])


def test_pitches_become_semitones_and_cutoffs_octaves() -> None:
    patch = Patch(
        oscillators=(Oscillator("pulse", 0.4, octave=-1, detune=50.0, width=0.25), Oscillator()),
        unison=Unison(5, 30.0, 0.6),
        filter=Filter("band", 12_000.0, 4.0, key_track=0.5, velocity=12.0, slope=24, drive=6.0),
        gain=-6.0,
        fixed_note=36.0,
    )
    p = slot_parameters(patch, _RATE)
    assert p[st.P_SAW_1 : st.P_SAW_1 + 6] == pytest.approx([0.0, 0.4, 0.0, 0.0, 0.25, -11.5])
    assert p[st.P_SAW_2 : st.P_SAW_2 + 4] == pytest.approx([0.5, 0.0, 0.0, 0.0])
    assert (p[st.P_UNISON], p[st.P_UNISON_DETUNE], p[st.P_UNISON_SPREAD]) == (5, 0.15, 0.6)
    assert p[st.P_LOW : st.P_LOW + 5].tolist() == [0.0, 1.0, 0.0, 0.0, 1.0]
    assert p[st.P_CUTOFF] == pytest.approx(-2.0)  # octaves from the sample rate
    assert p[st.P_CUTOFF_VELOCITY] == pytest.approx(1.0)
    assert p[st.P_DAMPING] == pytest.approx(0.25)
    assert p[st.P_DRIVE] == pytest.approx(10 ** (6 / 20))
    assert p[st.P_GAIN] == pytest.approx(10 ** (-6 / 20))
    assert p[st.P_FIXED_NOTE] == 36.0


def test_an_lfo_is_stored_with_its_note_value_delay_and_fade() -> None:
    second = LFO("sample-and-hold", 6.0, sync="1/8.", phase=0.5, delay=0.25, fade=1.0)
    p = slot_parameters(Patch(lfos=(LFO(), second)), _RATE)
    first = st.P_LFO_SHAPE_2
    assert p[first : first + 6] == pytest.approx(
        [4.0, 6.0 / _RATE, 0.5, 1 / 0.75, 12_000.0, 48_000.0]
    )
    assert p[st.P_LFO_BEATS_1] == 0.0


def test_the_matrix_holds_what_parts_and_routes_add_up_to() -> None:
    patch = Patch(
        filter=Filter(envelope=24.0),
        lfos=(LFO(pitch=30.0, cutoff=6.0, amplitude=0.2, pan=0.4, width=0.1), LFO()),
        matrix=(
            Route("lfo-1", "cutoff", 6.0),
            Route("envelope", "cutoff", -4.0),
            Route("wheel", "lfo-2", 0.5),
        ),
    )
    p = slot_parameters(patch, _RATE)
    assert _route(p, "lfo-1", "pitch") == pytest.approx(0.3)
    assert _route(p, "lfo-1", "cutoff") == pytest.approx(12.0)
    assert _route(p, "lfo-1", "amplitude") == pytest.approx(0.2)
    assert _route(p, "lfo-1", "pan") == pytest.approx(0.4)
    assert _route(p, "lfo-1", "width") == pytest.approx(0.1)
    assert _route(p, "envelope", "cutoff") == pytest.approx(20.0)
    assert _route(p, "wheel", "lfo-2") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("patch", "bit"),
    [
        (Patch(noise=0.1), st.USES_NOISE),
        (Patch(filter=Filter("notch")), st.USES_OTHER),
        (Patch(filter=Filter(slope=24)), st.USES_STEEP),
        (Patch(filter=Filter(drive=1.0)), st.USES_DRIVE),
        (Patch(filter=Filter(envelope=1.0)), st.USES_ENVELOPE),
        (Patch(lfos=(LFO(), LFO(pan=0.1))), st.USES_LFO_2),
        (Patch(matrix=(Route("lfo-1", "width", 0.1),)), st.USES_LFO_1),
        (Patch(reverb=Reverb(send=0.1)), st.USES_SENDS),
        (Patch(oscillators=(Oscillator(), Oscillator("sine", 0.1))), st.USES_SINE_2),
    ],
)
def test_a_voice_is_asked_for_what_its_patch_uses_and_no_more(patch: Patch, bit: int) -> None:
    plain = int(slot_parameters(Patch(), _RATE)[st.P_USES])
    assert plain == st.USES_SAW_1
    assert int(slot_parameters(patch, _RATE)[st.P_USES]) == plain | bit
