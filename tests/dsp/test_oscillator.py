"""Band-limited waves: free of alias, flat, and of the shape they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.blep import DELAY, PHASES, TAPS, residuals
from dsp.oscillator import bandlimited_wave
from tests.measure import lines
from tests.oracles import fourier, hz

_RATE = 48_000
_SPAN = 1 << 16


@pytest.mark.parametrize("note", [84, 96, 108])
@pytest.mark.parametrize(
    ("wave", "width"), [("saw", 0.5), ("triangle", 0.5), ("pulse", 0.5), ("pulse", 0.1)]
)
def test_a_wave_is_free_of_alias_and_flat(wave: str, width: float, note: int) -> None:
    audio = bandlimited_wave(wave, np.full(_SPAN + 100, hz(note)), _RATE, width)[100:]
    found = lines(audio, hz(note), _RATE)
    assert found.alias_db < -100
    count = int(15_000 / hz(note))
    want = np.abs(fourier(wave, count, width))
    there = want > 1e-4
    error = 20 * np.log10(found.level[:count][there] / want[there])
    assert np.abs(error).max() < 0.1


def test_a_moving_width_and_pitch_leave_no_jump_unrounded() -> None:
    t = np.arange(_SPAN) / _RATE
    frequency = 900.0 + 30.0 * np.sin(2 * np.pi * 5.0 * t)
    audio = bandlimited_wave("pulse", frequency, _RATE, 0.5 + 0.4 * np.sin(2 * np.pi * 3.0 * t))
    spectrum = np.abs(np.fft.rfft(audio * np.kaiser(_SPAN, 20.0)))
    freq = np.fft.rfftfreq(_SPAN, 1 / _RATE)
    between = (freq > 100) & (freq < 600)  # below the lowest line, where only alias can be
    assert 20 * np.log10(spectrum[between].max() / spectrum.max()) < -85


def test_a_saw_and_a_triangle_have_no_offset() -> None:
    for wave in ("saw", "triangle"):
        audio = bandlimited_wave(wave, np.full(48_000, 480.0), _RATE)
        assert abs(audio[100 * 100 : 100 * 300].mean()) < 1e-4


def test_residuals_are_gone_at_their_end_and_their_delay_is_the_declared_one() -> None:
    step, corner, delay = residuals()
    assert step.shape == corner.shape == (PHASES + 1, TAPS)
    assert delay == DELAY
    assert np.abs(step[:, -1]).max() < 1e-4
    assert np.abs(corner[:, -1]).max() < 1e-4
    assert step[0, 0] == pytest.approx(-1.0, abs=1e-3)  # minimum phase: nothing before the jump
    np.testing.assert_allclose(step[PHASES, :-1], step[0, 1:], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("square", [100.0]), "wave must be one of saw, pulse, triangle, sine, got 'square'"),
        (("saw", [24_000.0]), r"frequency must be one array inside \[0, 24000"),
        (("saw", [np.nan]), "frequency must be"),
        (("pulse", [100.0], 48_000, 1.5), "width must be between 0 and 1"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bandlimited_wave(*arguments)  # type: ignore[arg-type]
