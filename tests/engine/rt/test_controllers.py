"""Controllers against the tables of MIDI 1.0, General MIDI 2 and RP-015."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.parts import ADSR, CONTROLS, Filter, Oscillator
from engine.patch import Patch
from engine.synth import Synth

_RATE = 48_000
_SINE = Patch(
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter("notch", 10.0, 0.5),
    amplitude=ADSR(0.001, 0.0, 1.0, 0.05),
    velocity=0.0,
)


def _run(synth: Synth, frames: int = 1) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def _of(synth: Synth, name: str, channel: int = 0) -> float:
    return float(synth.state[0][name][channel])


def _control(synth: Synth, name: str, channel: int = 0) -> float:
    return float(synth.state[0]["control"][channel][CONTROLS.index(name)])


def _rpn(synth: Synth, number: int, value: int, fine: int | None = None, channel: int = 0) -> None:
    synth.control(101, number >> 7, channel)
    synth.control(100, number & 127, channel)
    synth.control(6, value, channel)
    if fine is not None:
        synth.control(38, fine, channel)


_STANDARD = {
    1: "wheel", 7: "volume", 10: "pan", 11: "expression", 71: "resonance", 72: "release",
    73: "attack", 74: "cutoff", 75: "decay", 91: "reverb", 93: "chorus", 94: "delay", 5: "glide",
}  # fmt: skip


@pytest.mark.parametrize(("number", "name"), _STANDARD.items())
def test_a_standard_controller_moves_its_control_on_its_channel(number: int, name: str) -> None:
    synth = Synth(_SINE)
    synth.control(number, 99, channel=3)
    _run(synth)
    assert _control(synth, name, 3) == 99.0
    assert _control(synth, name, 4) != 99.0


def test_untouched_controls_say_so_and_the_rest_are_as_general_midi_says() -> None:
    synth = Synth(_SINE)
    known = {"volume": 100.0, "expression": 127.0, "wheel": 0.0, "pan": 64.0}
    for name in CONTROLS:
        assert _control(synth, name, 5) == known.get(name, -1.0)


def test_a_patch_says_what_a_controller_moves_and_the_next_patch_takes_it_back() -> None:
    synth = Synth(Patch(controls={74: "drive", 20: "cutoff", 64: "resonance"}))
    synth.control(74, 10)
    synth.control(20, 20)
    synth.control(64, 30)
    _run(synth)
    assert [_control(synth, name) for name in ("drive", "cutoff", "resonance")] == [10, 20, 30]
    assert _of(synth, "pedal") == 0
    synth.program("pluck")
    synth.control(74, 40)
    synth.control(20, 50)
    synth.control(64, 127)
    _run(synth)
    assert [_control(synth, name) for name in ("drive", "cutoff", "resonance")] == [10, 40, 30]
    assert _of(synth, "pedal") == 1


def test_the_lower_seven_bits_come_with_a_number_that_is_32_more() -> None:
    synth = Synth(_SINE)
    synth.control(7, 64)
    synth.control(39, 32)
    _run(synth)
    assert _control(synth, "volume") == 64.25
    synth.control(7, 127)
    synth.control(39, 127)
    _run(synth)
    assert _control(synth, "volume") == 127.0
    synth.control(7, 3)  # the upper bits alone begin at the bottom of their step
    _run(synth)
    assert _control(synth, "volume") == 3.0


def test_reset_all_controllers_resets_what_rp_015_names_and_nothing_else() -> None:
    synth = Synth(_SINE)
    synth.bend(1.0)
    synth.pressure(90)
    synth.pressure(80, note=60)
    for number in (1, 11, 64, 65, 66, 67, 7, 10, 74, 91, 5):
        synth.control(number, 100)
    _rpn(synth, 0, 12)
    synth.control(121, 0)
    _run(synth)
    reset = {"bend": 0.0, "pressure": 0.0, "pedal": 0, "sostenuto": 0, "soft": 0, "rpn": -1}
    assert {name: _of(synth, name) for name in reset} == reset
    assert _of(synth, "portamento") == -1
    assert not synth.state[0]["key_pressure"].any()
    assert (_control(synth, "wheel"), _control(synth, "expression")) == (0.0, 127.0)
    assert [_control(synth, name) for name in ("volume", "pan", "cutoff", "reverb", "glide")] == [
        100.0
    ] * 5
    assert _of(synth, "bend_range") == 12.0


def test_a_bend_range_by_rpn_is_semitones_and_cents() -> None:
    synth = Synth(_SINE)
    assert _of(synth, "bend_range") == -1.0  # as the patch says
    _rpn(synth, 0, 12, 50, channel=2)
    _run(synth)
    assert _of(synth, "bend_range", 2) == 12.5
    assert _of(synth, "bend_range", 1) == -1.0
    synth.control(96, 0, channel=2)
    synth.control(96, 0, channel=2)
    synth.control(97, 0, channel=2)
    _run(synth)
    assert _of(synth, "bend_range", 2) == 13.5


@pytest.mark.parametrize(
    ("number", "upper", "lower", "semitones"),
    [(1, 64, 0, 0.0), (1, 0, 0, -1.0), (1, 127, 127, 8191 / 8192), (1, 96, 64, 0.5078125),
     (2, 64, None, 0.0), (2, 52, None, -12.0), (2, 127, None, 63.0)],
)  # fmt: skip
def test_fine_and_coarse_tuning_by_rpn(
    number: int, upper: int, lower: int | None, semitones: float
) -> None:
    synth = Synth(_SINE)
    _rpn(synth, number, upper, lower)
    _run(synth)
    assert _of(synth, "channel_tune") == semitones


def test_data_entry_without_a_registered_parameter_changes_nothing() -> None:
    synth = Synth(_SINE)
    for lead in ([(99, 1), (98, 8)], [(101, 127), (100, 127)], [(101, 0), (100, 0), (99, 0)]):
        for number, value in lead:
            synth.control(number, value)
        for number in (6, 38, 96, 97):
            synth.control(number, 99)
    _run(synth)
    assert _of(synth, "bend_range") == -1.0
    assert _of(synth, "channel_tune") == 0.0
    assert (synth.state[0]["mpe_master"] == -1).all()


def test_aftertouch_is_kept_for_the_channel_and_for_each_key_until_it_is_struck_again() -> None:
    synth = Synth(_SINE)
    synth.note_on(60, channel=1)
    synth.pressure(127, channel=1)
    synth.pressure(64, channel=1, note=60)
    _run(synth)
    assert _of(synth, "pressure", 1) == 1.0
    assert float(synth.state[0]["key_pressure"][1, 60]) == pytest.approx(64 / 127)
    synth.note_on(60, channel=1)
    _run(synth)
    assert synth.state[0]["key_pressure"][1, 60] == 0.0


def test_the_soft_pedal_makes_new_notes_softer_only() -> None:
    synth = Synth(_SINE)
    synth.note_on(60, 90)
    synth.control(67, 127)
    synth.note_on(62, 90)
    synth.note_on(64, 1)
    synth.control(67, 0)
    synth.note_on(65, 90)
    _run(synth)
    held = np.flatnonzero(synth.state[0]["voice_held"])
    velocity = {
        int(synth.state[0]["voice_key"][v]): round(float(synth.state[0]["voice_velocity"][v] * 127))
        for v in held
    }
    assert velocity == {60: 90, 62: 60, 64: 1, 65: 90}


def test_a_tuning_reaches_the_state_within_a_millionth_of_a_semitone() -> None:
    synth = Synth(_SINE)
    assert synth.state[0]["tuning"].tolist() == list(range(128))
    quarter = [69.0 + (key - 69) / 2.0 for key in range(128)]
    assert synth.set_tuning(quarter)
    _run(synth)
    assert np.abs(synth.state[0]["tuning"] - quarter).max() < 1e-6


@pytest.mark.parametrize("bad", [range(127), [float("inf")] * 128, [201.0] * 128, [[0.0] * 128]])
def test_a_tuning_that_is_none_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="pitches must be 128 numbers"):
        Synth(_SINE).set_tuning(bad)  # type: ignore[arg-type]
