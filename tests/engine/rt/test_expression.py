"""What playing does to the sound: glides, ties, unison, tunings, bends and pressure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.parts import ADSR, Filter, Oscillator, Route, Unison
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.state import TILE
from engine.synth import Synth
from tests.measure import cents, frequency
from tests.oracles import hz

_RATE = 48_000
_SINE = Patch(
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter("notch", 10.0, 0.5),
    amplitude=ADSR(0.001, 0.0, 1.0, 0.05),
    velocity=0.0,
)


def _run(synth: Synth, frames: int) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def _pitch(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the pitch between the upward zero crossings of a sine, in semitones."""
    x = audio[:, 0].astype(np.float64)
    up = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    cross = up - x[up] / (x[up + 1] - x[up])
    return np.asarray(69 + 12 * np.log2(_RATE / np.diff(cross) / 440.0))


def _off_cents(synth: Synth, note: float) -> float:
    """Return how far what sounds now is off a pitch."""
    _run(synth, 4_800)
    return cents(frequency(_run(synth, _RATE)[:, 0], hz(note), _RATE), hz(note))


def _sounding(synth: Synth) -> int:
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    stages = np.asarray(synth.state[0]["words"][:, rows])
    return int(((stages != st.IDLE) & (stages != st.KILL)).sum())


@pytest.mark.parametrize("playing", ["mono", "legato"])
def test_a_glide_takes_its_seconds_from_one_key_to_the_next(playing: str) -> None:
    synth = Synth(replace(_SINE, playing=playing, glide=0.5))
    synth.note_on(57)
    _run(synth, 9_600)
    synth.note_on(69)
    pitch = _pitch(_run(synth, _RATE))
    when = np.cumsum(1.0 / (440.0 * 2.0 ** ((pitch - 69) / 12)))
    middle = float(np.interp(0.25, when, pitch))
    assert middle == pytest.approx(63.0, abs=0.3)
    assert float(np.interp(0.45, when, pitch)) < 68.5
    assert float(np.interp(0.56, when, pitch)) == pytest.approx(69.0, abs=0.02)


def test_portamento_off_plays_the_next_pitch_at_once() -> None:
    synth = Synth(replace(_SINE, playing="mono", glide=0.5))
    synth.control(65, 0)
    synth.note_on(57)
    _run(synth, 9_600)
    synth.note_on(69)
    assert _pitch(_run(synth, 9_600))[10:].min() == pytest.approx(69.0, abs=0.05)


def test_a_note_can_glide_from_a_key_that_a_controller_names() -> None:
    synth = Synth(replace(_SINE, glide=0.2))
    synth.control(84, 81)
    synth.note_on(69)
    pitch = _pitch(_run(synth, _RATE))
    assert pitch[0] == pytest.approx(81.0, abs=0.5)
    assert pitch[-1] == pytest.approx(69.0, abs=0.01)


@pytest.mark.parametrize(("playing", "dips"), [("mono", True), ("legato", False)])
def test_a_tied_note_keeps_the_envelope_of_a_legato_patch_only(playing: str, dips: bool) -> None:
    # at a sustain level under the peak a new attack is heard as a swell
    synth = Synth(replace(_SINE, amplitude=ADSR(0.01, 0.05, 0.25, 0.05), playing=playing))
    synth.note_on(69)
    steady = np.abs(_run(synth, 14_400)[9_600:]).max()
    synth.note_on(72)
    assert (np.abs(_run(synth, 4_800)).max() > 2.0 * steady) == dips
    synth.note_off(72)  # and going back is tied, too
    assert (np.abs(_run(synth, 4_800)).max() > 2.0 * steady) == dips
    assert _off_cents(synth, 69.0) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("playing", ["mono", "legato"])
def test_a_mono_note_after_a_pause_sounds_for_as_long_as_it_is_held(playing: str) -> None:
    synth = Synth(replace(_SINE, playing=playing, amplitude=ADSR(0.001, 0.0, 1.0, 0.2)))
    synth.note_on(60)
    _run(synth, 4_800)
    synth.note_off(60)
    _run(synth, 2_400)  # still being released
    synth.note_on(67)
    audio = _run(synth, _RATE)
    assert np.abs(audio[-4_800:]).max() > 0.05
    assert _sounding(synth) == 1


def test_the_copies_of_a_note_begin_end_and_give_way_together() -> None:
    patch = replace(_SINE, unison=Unison(5, 30.0, 1.0))
    synth = Synth(patch, voices=12)
    synth.note_on(60)
    _run(synth, 480)
    assert _sounding(synth) == 5
    synth.note_on(64)
    _run(synth, 480)
    assert _sounding(synth) == 10
    synth.note_on(67)  # three of its five find no room but that of the oldest
    _run(synth, 480)
    one = synth.state[0]
    held = one["voice_key"][one["voice_held"] > 0].tolist()
    assert {key: held.count(key) for key in set(held)} == {60: 2, 64: 5, 67: 5}
    for key in (60, 64, 67):
        synth.note_off(key)
    _run(synth, 9_600)
    assert synth.active_voices == 0


def test_unison_never_asks_for_more_voices_than_may_sound() -> None:
    synth = Synth(replace(_SINE, unison=Unison(8)), voices=3)
    for key in (60, 64, 67):
        synth.note_on(key)
        _run(synth, 480)
        assert _sounding(synth) == 3
    assert set(synth.state[0]["voice_key"][synth.state[0]["voice_held"] > 0]) == {67}


def test_a_key_sounds_at_the_pitch_it_is_tuned_to() -> None:
    synth = Synth(_SINE)
    synth.set_tuning([69.0 + (key - 69) / 2.0 for key in range(128)])
    synth.note_on(74)
    assert _off_cents(synth, 71.5) == pytest.approx(0.0, abs=0.05)


def test_fine_and_coarse_tuning_add_up() -> None:
    synth = Synth(_SINE)
    for number, value in ((101, 0), (100, 1), (6, 96), (38, 0), (100, 2), (6, 57)):
        synth.control(number, value)
    synth.note_on(69)
    assert _off_cents(synth, 69 + 0.5 - 7) == pytest.approx(0.0, abs=0.05)


def test_a_bend_range_by_rpn_replaces_that_of_the_patch() -> None:
    synth = Synth(_SINE)
    for number, value in ((101, 0), (100, 0), (6, 12)):
        synth.control(number, value)
    synth.bend(-0.5)
    synth.note_on(69)
    assert _off_cents(synth, 63.0) == pytest.approx(0.0, abs=0.05)


def test_the_bends_of_a_member_and_of_its_master_add_up() -> None:
    synth = Synth(_SINE)
    for number, value in ((101, 0), (100, 6), (6, 5)):
        synth.control(number, value)
    synth.bend(0.25, channel=1)  # of 48 semitones
    synth.bend(-0.5)  # of 2
    synth.note_on(57, channel=1)
    assert _off_cents(synth, 57 + 12 - 1) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("note", [None, 69])
def test_pressure_of_a_channel_or_of_a_key_moves_what_the_matrix_says(note: int | None) -> None:
    synth = Synth(replace(_SINE, matrix=(Route("pressure", "pitch", 2.0),)))
    synth.note_on(69)
    _run(synth, 480)
    synth.pressure(127, note=note)
    assert _off_cents(synth, 71.0) == pytest.approx(0.0, abs=0.1)
    if note is not None:
        synth.pressure(0, note=note)
        synth.pressure(127, note=60)  # of another key
        assert _off_cents(synth, 69.0) == pytest.approx(0.0, abs=0.1)


def test_timbre_of_a_member_moves_its_own_note_only() -> None:
    synth = Synth(replace(_SINE, matrix=(Route("timbre", "pitch", 3.0),)))
    for number, value in ((101, 0), (100, 6), (6, 5)):
        synth.control(number, value)
    synth.note_on(69, channel=2)
    synth.control(74, 127, channel=1)
    assert _off_cents(synth, 69.0) == pytest.approx(0.0, abs=0.05)
    synth.control(74, 0, channel=2)
    assert _off_cents(synth, 66.0) == pytest.approx(0.0, abs=0.1)
