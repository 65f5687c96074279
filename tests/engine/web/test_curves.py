"""The drawn curves are the sound's: against what the synthesizer itself renders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dsp
from dsp.filter import MODES
from dsp.lfo import SHAPES
from engine.parts import ADSR, LFO, SLOPES, Filter, Oscillator, Route
from engine.patch import Patch
from engine.synth import Synth
from engine.web.curves import curves, magnitude_db

_RATE = 48_000


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("mode", MODES)
def test_the_magnitude_is_that_of_the_filters_impulse_response(mode: str, slope: int) -> None:
    one = Filter(mode=mode, cutoff=900.0, resonance=4.0, slope=slope)
    impulse = np.zeros(1 << 15)
    impulse[0] = 1.0
    response = dsp.svf(impulse, 900.0, 4.0, _RATE, mode)
    if slope == 24:
        response = dsp.svf(response, 900.0, 4.0, _RATE, mode)
    hz = np.fft.rfftfreq(len(impulse), 1 / _RATE)[1:-1]
    wanted = np.maximum(20 * np.log10(np.abs(np.fft.rfft(response))[1:-1] + 1e-9), -96.0)
    assert magnitude_db(one, 900.0, hz, _RATE) == pytest.approx(wanted, abs=0.05)


def test_the_three_filters_are_rest_and_the_ends_of_the_swing() -> None:
    patch = Patch(
        filter=Filter(cutoff=1_000.0, resonance=8.0),
        lfos=(LFO(cutoff=7.0), LFO()),
        matrix=(Route("lfo-2", "cutoff", -5.0),),
    )
    drawn = curves(patch)["filter"]
    hz = np.array(drawn["hz"])
    peaks = [hz[int(np.argmax(db))] for db in drawn["db"]]
    assert peaks == pytest.approx([1_000.0, 500.0, 2_000.0], rel=0.04)


def test_the_envelope_is_the_level_of_a_note() -> None:
    one = ADSR(attack=0.05, decay=0.2, sustain=0.4, release=0.3, curve=0.8)
    drawn = curves(Patch(amplitude=one))["amplitude"]
    pure = Patch(
        oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
        filter=Filter(cutoff=20_000.0),
        amplitude=one,
    )
    gate = drawn["gate_s"]
    sound = Synth(pure).render([(0.0, 96, 127, gate)], gate + 0.4)[:, 0]
    window = 96  # two periods of that note and a bit
    level = np.array([np.abs(sound[i : i + window]).max() for i in range(0, len(sound), window)])
    level /= level.max()
    at = np.interp(drawn["t"], np.arange(len(level)) * window / _RATE, level)
    assert np.abs(at - drawn["y"]).max() < 0.06
    assert max(drawn["t"]) == pytest.approx(gate + 0.3, abs=0.01)


@pytest.mark.parametrize("wave", ["saw", "pulse", "triangle", "sine"])
def test_the_oscillator_is_two_periods_within_bounds(wave: str) -> None:
    patch = Patch(oscillators=(Oscillator(wave, 0.8), Oscillator(level=0.0)))
    y = np.array(curves(patch)["oscillators"]["y"])
    assert len(y) == 256
    assert np.abs(y).max() <= 1.0
    assert y[:128] == pytest.approx(y[128:], abs=0.02)
    if wave != "saw":
        assert y[:64] == pytest.approx(-y[64:128], abs=0.05)
    doubled = replace(patch, oscillators=(Oscillator(wave, 0.8, octave=1), Oscillator(level=0.0)))
    twice = np.array(curves(doubled)["oscillators"]["y"])
    assert twice[:64] == pytest.approx(twice[64:128], abs=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_lfo_is_one_swing_from_its_phase_on(shape: str) -> None:
    y = np.array(curves(Patch(lfos=(LFO(shape=shape), LFO(sync="1/4"))))["lfos"][0]["y"])
    assert len(y) == 128
    assert np.abs(y).max() <= 1.0
    t = np.arange(128) / 128
    wanted = {
        "sine": np.sin(2 * np.pi * t),
        "triangle": 1 - 4 * np.abs((t + 0.25) % 1 - 0.5),
        "saw": np.where(t < 0.5, 2 * t, 2 * t - 2),
        "square": np.where(t < 0.5, 1.0, -1.0),
    }
    if shape in wanted:
        assert y == pytest.approx(wanted[shape], abs=0.03)
        later = np.array(curves(Patch(lfos=(LFO(shape=shape, phase=0.25), LFO())))["lfos"][0]["y"])
        assert later == pytest.approx(np.roll(y, -32), abs=1e-3)
    else:
        assert len(set(y.tolist())) > 4
    assert [one["synced"] for one in curves(Patch(lfos=(LFO(), LFO(sync="1/4"))))["lfos"]] == [
        False,
        True,
    ]
