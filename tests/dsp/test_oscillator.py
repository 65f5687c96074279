"""Wave tables against the Fourier series, by FFT of what a lookup gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.oscillator import LEVELS, LOWEST_NOTE, NOTES_PER_LEVEL, WAVES, WaveTables, wave_tables
from dsp.units import midi_to_hz
from tests.measure import lines
from tests.oracles import fourier

_RATE = 48_000.0
_FRAMES = 1 << 16


@pytest.fixture(scope="module")
def tables() -> WaveTables:
    return wave_tables(_RATE)


def _look_up(tables: WaveTables, wave: str, hz: float) -> NDArray[np.float64]:
    """Read a wave at a pitch as the engine does: 32-bit phase, linear interpolation."""
    note = 69 + 12 * np.log2(hz / 440)
    level = int((note - LOWEST_NOTE) / NOTES_PER_LEVEL)
    w = WAVES.index(wave)
    phase = (np.arange(_FRAMES) * int(hz / _RATE * 2**32)) % 2**32
    shift = int(tables.shift[w, level])
    i = (phase >> shift) + int(tables.offset[w, level])
    t = (phase % (1 << shift)) / (1 << shift)
    table = tables.samples.astype(np.float64)
    return np.asarray(table[i] + t * (table[i + 1] - table[i]))


@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize(
    ("hz", "limit_db"), [(110.3, -80), (1046.9, -96), (2093.7, -96), (4186.1, -96)]
)
def test_a_lookup_gives_the_harmonics_and_nothing_else(
    tables: WaveTables, wave: str, hz: float, limit_db: float
) -> None:
    found = lines(_look_up(tables, wave, hz), hz, _RATE)
    assert found.alias_db < limit_db  # low notes: the images of 200 harmonics add up
    count = int(15_000 / hz)
    want = np.abs(fourier(wave, count))
    there = want > 0
    error = 20 * np.log10(found.level[:count][there] / want[there])
    assert np.abs(error).max() < 0.1
    assert found.level[:count][~there].max(initial=0.0) < 1e-4


def test_no_table_holds_a_harmonic_above_half_the_sample_rate(tables: WaveTables) -> None:
    for w, wave in enumerate(WAVES):
        for level in range(LEVELS):
            at, size = tables.offset[w, level], 1 << (32 - tables.shift[w, level])
            spectrum = np.abs(np.fft.rfft(tables.samples[at : at + size])) / size
            harmonics = int(np.flatnonzero(spectrum > 1e-7).max())
            highest = float(midi_to_hz(LOWEST_NOTE + NOTES_PER_LEVEL * (level + 1)))
            assert harmonics == 1 or harmonics * highest <= _RATE / 2, (wave, level)


def test_every_table_ends_with_its_first_point(tables: WaveTables) -> None:
    ends = tables.offset + (1 << (32 - tables.shift.astype(np.int64)))
    assert np.array_equal(tables.samples[tables.offset], tables.samples[ends])
    assert ends.max() == tables.samples.size - 1


@pytest.mark.parametrize("sample_rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_sample_rate_that_is_none_is_refused(sample_rate: float) -> None:
    with pytest.raises(ValueError, match=f"sample_rate must be above 0, got {sample_rate}"):
        wave_tables(sample_rate)
