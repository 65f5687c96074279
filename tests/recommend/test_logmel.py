"""The picture that the network looks at, against librosa's mel spectrogram."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest

from recommend.logmel import log_mel

from .musicnn_signals import SIGNALS, quantised

REFERENCE = Path(__file__).with_name("musicnn_reference.npz")


@pytest.mark.parametrize("name", SIGNALS)
def test_it_is_the_compressed_mel_power_of_librosa(name: str) -> None:
    audio, _ = quantised(name)
    power = librosa.feature.melspectrogram(
        y=audio, sr=16_000, n_fft=512, hop_length=256, n_mels=96
    ).T
    wanted = np.log10(10_000.0 * power.astype(np.float16).astype(np.float64) + 1)
    found = log_mel(audio)
    assert found.shape == wanted.shape
    # half precision has eleven bits: a value on the edge may be rounded to either side
    assert np.abs(found - wanted).max() < np.log10(1 + 2**-10)
    assert np.abs(found - wanted).mean() < 1e-6


def test_power_is_that_of_the_original_program() -> None:
    stored = np.load(REFERENCE)["beat/mel"].astype(np.float64)
    found = log_mel(quantised("beat")[0])[:187]
    assert np.abs(found - np.log10(10_000 * stored + 1)).max() < np.log10(1 + 2**-10)


def test_what_is_loud_stays_finite_and_silence_is_zero() -> None:
    audio = quantised("loud")[0]
    found = log_mel(1000 * audio)
    assert np.isfinite(found).all()
    assert (found[:100] == 0).all()
