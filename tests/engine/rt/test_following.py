"""The transport on a line that is followed, and the tuning of everything."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.parts import ADSR, Arpeggio, Filter, Oscillator
from engine.patch import Patch
from engine.synth import Synth

_RATE = 48_000
_SINE = Patch(
    name="sine",
    oscillators=(Oscillator(wave="sine"), Oscillator(level=0.0)),
    filter=Filter(cutoff=20_000.0),
    amplitude=ADSR(attack=0.0, decay=0.0, sustain=1.0, release=0.01),
)


def _render(synth: Synth, frames: int, block: int = 480) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    for at in range(0, frames, block):
        synth.render_block(out[at : at + block])
    return out[:, 0]


def _beat(synth: Synth) -> float:
    """Return the beat at the frame that comes next."""
    ahead = synth.frame - synth.beat_frame
    return synth.beat + ahead * float(synth.state[0]["beats_per_frame"])


def test_asked_at_once_the_beat_is_on_the_line_with_the_next_block() -> None:
    synth = Synth()
    _render(synth, 4_800)
    assert synth.follow_beat(17.3, 1_000, 97.0, at_once=True)
    _render(synth, 4_800)
    assert _beat(synth) == pytest.approx(17.3 + (synth.frame - 1_000) * 97 / 60 / _RATE, abs=1e-9)
    assert synth.tempo == pytest.approx(97.0)


@pytest.mark.parametrize("bpm", [60.0, 120.0, 180.0])
def test_a_small_error_is_made_good_by_less_than_two_milliseconds_a_beat(bpm: float) -> None:
    synth = Synth()
    synth.follow_beat(0.0, 0, bpm, at_once=True)
    _render(synth, 480)
    off = 0.012 * bpm / 60.0
    synth.follow_beat(off, 0, bpm)
    period = 60.0 / bpm * _RATE
    errors_s = []
    for _ in range(16):
        _render(synth, round(period))
        errors_s.append(60.0 / bpm * (off + synth.frame / period - _beat(synth)))
    assert np.diff([0.012, *errors_s]).min() >= -0.002
    assert abs(errors_s[-1]) < 0.001


def test_an_arpeggio_falls_on_the_beats_that_are_followed() -> None:
    click = Patch(
        name="click",
        oscillators=_SINE.oscillators,
        amplitude=ADSR(attack=0.0, decay=0.02, sustain=0.0, release=0.01),
        arpeggio=Arpeggio(mode="up", rate="1/4", gate=0.1),
    )
    synth = Synth(click)
    synth.follow_beat(0.25, 0, 120.0, at_once=True)
    _render(synth, 4_800)
    synth.note_on(72)
    loud = np.flatnonzero(np.abs(_render(synth, 4 * _RATE)) > 1e-4) + 4_800
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-_RATE) > 0.1 * _RATE)]
    beats = 0.25 + starts / (0.5 * _RATE)
    assert len(beats) > 6
    assert np.abs(beats[1:] - np.rint(beats[1:])).max() * 0.5 < 0.0005  # the first: with its key


def test_a_tempo_that_is_set_ends_the_following() -> None:
    synth = Synth()
    synth.follow_beat(0.0, 0, 97.0, at_once=True)
    _render(synth, 4_800)
    synth.set_tempo(140.0)
    _render(synth, 4_800)
    assert synth.tempo == pytest.approx(140.0)
    assert synth.state[0]["aim_follows"] == 0


def test_a_midi_clock_goes_first() -> None:
    synth = Synth()
    for tick in range(48):
        synth.send(b"\xf8", tick * 1_000)
    _render(synth, 30_000)
    synth.follow_beat(500.0, 0, 60.0, at_once=True)
    _render(synth, 17_000)
    assert synth.tempo == pytest.approx(120.0, abs=0.1)
    assert _beat(synth) < 10.0


@pytest.mark.parametrize(("beat", "bpm"), [(0.0, 5.0), (0.0, 2_000.0), (float("nan"), 120.0)])
def test_a_line_that_is_none_is_refused(beat: float, bpm: float) -> None:
    with pytest.raises(ValueError, match=r"bpm must be|beat must be"):
        Synth().follow_beat(beat, 0, bpm)


def _pitch_cents(sound: NDArray[np.float32]) -> float:
    """Return by how much a tone lies above A = 440 Hz, by the phase of a long transform."""
    length, hop = 3_600, 480
    turn = np.exp(-2j * np.pi * 440.0 / _RATE * np.arange(length + hop))
    still = sound[: length + hop] * turn  # a tone of 440 Hz stands still
    window = np.hanning(length)
    first, second = (still[:length] * window).sum(), (still[hop:] * window).sum()
    hz = 440.0 + np.angle(second / first) / (2 * np.pi) * _RATE / hop
    return float(1200 * np.log2(hz / 440.0))


@pytest.mark.parametrize("cents", [-40.0, 12.5, 33.0])
def test_the_master_tuning_moves_notes_that_sound_and_those_to_come(cents: float) -> None:
    synth = Synth(_SINE)
    synth.note_on(69)
    _render(synth, 4_800)
    assert synth.set_master_tuning(cents)
    _render(synth, 480)
    assert _pitch_cents(_render(synth, 4_800)) == pytest.approx(cents, abs=0.1)
    synth.note_off(69)
    _render(synth, 4_800)
    synth.note_on(69)
    _render(synth, 480)
    assert _pitch_cents(_render(synth, 4_800)) == pytest.approx(cents, abs=0.1)


def test_a_master_tuning_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="cents must be between -100 and 100, got 101"):
        Synth().set_master_tuning(101.0)
