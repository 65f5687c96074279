"""Tuning and key of chords whose pitch is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.tonality import find_key, tuning
from engine.analysis.tones import ToneStream

from .conftest import RATE, sounded, steady


def gathered(audio: np.ndarray) -> np.ndarray:
    stream = ToneStream()
    for at in range(0, len(audio), 10_000):
        stream.feed(audio[at : at + 10_000])
    return stream.finish()


@pytest.mark.parametrize("cents", [-48.0, -20.0, 0.0, 7.0, 33.0])
def test_tuning_is_found_within_five_cents(cents: float) -> None:
    found, sure = tuning(gathered(sounded(steady(120, 16), cents=cents)))
    assert abs((found - cents + 50) % 100 - 50) < 5
    assert sure > 0.5


@pytest.mark.parametrize("tonic", [0, 3, 7, 10])
def test_the_key_of_a_band_in_major_is_found(tonic: int) -> None:
    cells = gathered(sounded(steady(120, 34), tonic=tonic, cents=25))
    key = find_key(cells, tuning(cells)[0])
    assert key is not None
    assert (key.tonic, key.mode) == (tonic, "major")


def test_noise_has_no_tuning_and_no_sure_key() -> None:
    noise = np.random.default_rng(1).standard_normal(20 * RATE).astype(np.float32)
    cells = gathered(noise)
    assert tuning(cells)[1] < 0.5
    key = find_key(cells, 0.0)
    assert key is None or key.confidence < 0.6


def test_silence_has_neither() -> None:
    cells = gathered(np.zeros(3 * RATE, np.float32))
    assert tuning(cells) == (0.0, 0.0)
    assert find_key(cells, 0.0) is None
