"""Units: fixed points, inverses, and the formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.units import (
    amp_to_db,
    cents_to_ratio,
    db_to_amp,
    hz_to_midi,
    midi_to_hz,
    seconds_to_frames,
)


def test_notes_have_the_frequencies_of_equal_temperament() -> None:
    # from the table of the international pitch standard, ISO 16
    assert midi_to_hz([21, 60, 69, 108]) == pytest.approx([27.5, 261.6256, 440.0, 4186.009])
    assert float(midi_to_hz(69, tuning_hz=432.0)) == 432.0


def test_frequency_and_note_are_inverse_to_each_other() -> None:
    notes = np.linspace(0, 127, 500)
    assert np.allclose(hz_to_midi(midi_to_hz(notes)), notes, rtol=0, atol=1e-10)


def test_decibels_and_amplitudes_are_inverse_to_each_other_down_to_the_floor() -> None:
    levels = np.linspace(-190, 60, 50)
    assert np.allclose(amp_to_db(db_to_amp(levels)), levels, rtol=0, atol=1e-9)
    assert db_to_amp(-6.0) == pytest.approx(0.501187)
    assert amp_to_db([0.0, 1e-30], floor_db=-120.0) == pytest.approx([-120.0, -120.0])


def test_one_level_gives_a_float_and_many_give_an_array() -> None:
    assert isinstance(db_to_amp(-3.0), float)
    assert db_to_amp(np.float32([-20, 0])).dtype == np.float64


def test_a_hundred_cents_are_a_semitone() -> None:
    assert float(cents_to_ratio(100)) == pytest.approx(float(midi_to_hz(70)) / 440.0)


def test_seconds_become_the_nearest_whole_frame() -> None:
    assert [seconds_to_frames(s, 48_000) for s in (0.0, 1e-5, 1.1e-5, 2.0)] == [0, 0, 1, 96_000]
