"""The round trip: known delays found again finer than a sample, and silence told as such."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.io.device import NullStream
from engine.io.latency import burst_synth, lag, measure

_RATE = 48_000
_BLOCK = 256


def late(x: NDArray[np.float64], samples: float) -> NDArray[np.float64]:
    """Delay band-limited sound by a fraction of samples, by its spectrum."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(len(x)) * samples)
    return np.fft.irfft(np.fft.rfft(x) * turn, len(x))


@pytest.mark.parametrize("delay", [0.0, 0.5, 37.25, 1234.6789])
def test_a_delay_is_found_to_a_hundredth_of_a_sample(
    rng: np.random.Generator, delay: float
) -> None:
    sent = np.zeros(2400)
    sent[100:2300] = rng.normal(size=2200) * np.hanning(2200)
    sent = np.convolve(sent, np.hanning(5) / 3, "same")  # nothing near half the sample rate
    heard = late(np.pad(sent, (0, 8000)), delay) * -0.2 + rng.normal(size=10_400) * 0.01
    samples, level = lag(sent, heard) or (np.nan, np.nan)
    assert samples == pytest.approx(delay, abs=0.01)
    assert level == pytest.approx(0.2, rel=0.02)


def test_noise_and_hum_and_silence_are_no_burst(rng: np.random.Generator) -> None:
    sent = rng.normal(size=2400)
    hum = np.sin(2 * np.pi * 50 / _RATE * np.arange(40_000))
    for heard in (rng.normal(size=40_000), hum, np.zeros(40_000)):
        assert lag(sent, heard) is None
    assert lag(np.zeros(2400), rng.normal(size=40_000)) is None


class Cable:
    """A room that gives back what was played, some whole samples later, over a hum."""

    def __init__(self, delay: int, level: float) -> None:
        self._line = np.zeros(delay + _BLOCK, dtype=np.float32)
        self._level = level

    def __call__(self, played: NDArray[np.float32]) -> NDArray[np.float32]:
        self._line[:-_BLOCK] = self._line[_BLOCK:]
        self._line[-_BLOCK:] = played.mean(axis=1)
        return self._line[:_BLOCK] * np.float32(self._level)


def test_a_cable_of_a_known_delay_is_measured_and_taken_apart() -> None:
    synth = burst_synth(_RATE)
    with NullStream(synth, _BLOCK, Cable(777, 0.25), pace=8.0) as stream:
        trip = measure(stream)
    # the stream gives a block back with the next one
    assert trip.seconds * _RATE == pytest.approx(777 + _BLOCK, abs=0.01)
    assert trip.bursts == 5
    assert trip.spread * _RATE < 0.02
    assert trip.level == pytest.approx(-12.04, abs=0.1)
    assert trip.block == _BLOCK / _RATE
    assert trip.output + trip.input + trip.rest == pytest.approx(trip.seconds)


def test_where_nothing_comes_back_it_says_so_and_what_to_do() -> None:
    synth = burst_synth(_RATE)
    with (
        NullStream(synth, _BLOCK, Cable(0, 0.0), pace=8.0) as stream,
        pytest.raises(DeviceError, match=r"no burst came back: join .* sample was silence\)"),
    ):
        measure(stream, seconds=0.5)
