"""A knob that is turned is heard on the notes that sound, without a click and without an end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.parts import ADSR, Arpeggio, Filter, Oscillator
from engine.patch import Patch
from engine.rt import playing_state as ps
from engine.synth import Synth

_RATE = 48_000
_PLAIN = Patch(
    name="plain",
    oscillators=(Oscillator("saw", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=8_000.0),
    amplitude=ADSR(0.001, 0.0, 1.0, 0.05),
)


def _block(synth: Synth, seconds: float) -> NDArray[np.float32]:
    out = np.empty((round(seconds * _RATE), 2), np.float32)
    synth.render_block(out)
    return out


def _level_above(sound: NDArray[np.float32], hz: float) -> float:
    """Power above a frequency, in dB of all."""
    power = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound)))) ** 2
    return float(10 * np.log10(power[int(hz * len(sound) / _RATE) :].sum() / power.sum()))


def _held(patch: Patch = _PLAIN) -> Synth:
    synth = Synth(patch)
    synth.note_on(45, 100)
    _block(synth, 0.2)
    return synth


def test_a_held_note_follows_the_cutoff_as_a_new_note_would_have_it() -> None:
    dark = replace(_PLAIN, filter=Filter(cutoff=300.0))
    synth = _held()
    bright = _level_above(_block(synth, 0.2), 2_000.0)
    assert synth.turn(dark)
    _block(synth, 0.2)
    turned = _level_above(_block(synth, 0.2), 2_000.0)
    fresh = _held(dark)
    _block(fresh, 0.4)
    assert bright > turned + 20.0
    assert turned == pytest.approx(_level_above(_block(fresh, 0.2), 2_000.0), abs=0.5)


@pytest.mark.parametrize(
    "turned",
    [
        replace(_PLAIN, filter=Filter(cutoff=700.0)),
        replace(_PLAIN, filter=Filter(cutoff=8_000.0, resonance=8.0)),
        replace(_PLAIN, gain=-12.0),
        replace(_PLAIN, pan=-0.5),
        replace(_PLAIN, amplitude=ADSR(0.001, 0.0, 0.4, 0.05)),
    ],
    ids=["cutoff", "resonance", "gain", "pan", "sustain"],
)
def test_a_turn_glides_to_where_a_new_note_would_be_and_does_not_click(turned: Patch) -> None:
    # a low sine alone: it moves by 0.002 a frame at most, so that a jump shows
    pure = {"oscillators": (Oscillator("sine", 0.5), Oscillator(level=0.0))}
    synth = _held(replace(_PLAIN, **pure))
    before = _block(synth, 0.1)
    synth.turn(replace(turned, **pure))
    during = _block(synth, 0.2)
    after = _block(synth, 0.1)
    steepest = max(np.abs(np.diff(part, axis=0)).max() for part in (before, after))
    step = np.abs(np.diff(np.concatenate([before, during]), axis=0)).max()
    assert step < steepest + 0.003  # a jump of 6 dB would be 0.05
    fresh = _held(replace(turned, **pure))
    _block(fresh, 0.3)
    wanted = np.sqrt(np.mean(np.square(_block(fresh, 0.1)), axis=0))
    assert np.sqrt(np.mean(np.square(after), axis=0)) == pytest.approx(wanted, rel=0.01)


def test_waves_and_the_kind_of_filter_change_on_the_note_that_sounds() -> None:
    synth = _held()
    synth.turn(
        replace(
            _PLAIN,
            oscillators=(Oscillator("sine", 0.5), Oscillator("sine", 0.3, octave=2)),
        )
    )
    _block(synth, 0.1)
    sound = _block(synth, 1.0)[:, 0]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert sorted(np.argsort(spectrum[:2_000])[-2:].tolist()) == [110, 440]


def test_turning_for_an_evening_takes_no_more_than_one_sound_of_a_channel() -> None:
    synth = _held()
    for cutoff in np.geomspace(50.0, 12_000.0, 2 * ps.SOUNDS):
        assert synth.turn(replace(_PLAIN, filter=Filter(cutoff=float(cutoff))))
        _block(synth, 0.001)
    assert synth.patch().filter.cutoff == pytest.approx(12_000.0)
    assert synth.active_voices == 1
    assert synth.program("glass-keys")
    assert synth.patch().name != "plain"


def test_other_channels_and_later_notes_keep_to_their_own() -> None:
    synth = Synth(_PLAIN)
    synth.note_on(45, 100, channel=1)
    _block(synth, 0.2)
    before = _level_above(_block(synth, 0.2), 2_000.0)
    synth.turn(replace(_PLAIN, filter=Filter(cutoff=300.0)), channel=0)
    _block(synth, 0.2)
    assert _level_above(_block(synth, 0.2), 2_000.0) == pytest.approx(before, abs=0.5)


def test_an_arpeggio_goes_on_while_a_knob_is_turned() -> None:
    patch = replace(_PLAIN, arpeggio=Arpeggio(mode="up", rate="1/8"))

    def played(turns: bool) -> NDArray[np.bool_]:
        synth = Synth(patch)
        for note in (48, 52, 55):
            synth.note_on(note, 100)
        parts = []
        for step in range(100):
            if turns:
                synth.turn(replace(patch, pan=0.001 * (step % 2)))
            parts.append(_block(synth, 0.02))
        sound = np.concatenate(parts)[:, 0].reshape(-1, 480)
        return np.abs(sound).max(axis=1) > 1e-2

    still = played(False)
    assert 0.3 < still.mean() < 0.8  # notes and the gaps between them
    assert np.mean(played(True) != still) < 0.03  # where a note ends, by a breath


def test_a_learned_controller_is_forgotten_with_the_patch_that_learned_it() -> None:
    synth = _held(replace(_PLAIN, controls={}))
    synth.turn(replace(_PLAIN, controls={20: "volume"}))
    synth.turn(_PLAIN)
    loud = np.abs(_block(synth, 0.1)).max()
    synth.control(20, 0)
    _block(synth, 0.1)
    assert np.abs(_block(synth, 0.1)).max() == pytest.approx(loud, rel=0.05)
