"""Mel spectra as the embeddings look at them: SciPy's spectra through librosa's filters."""

from __future__ import annotations

from pathlib import Path

import librosa.filters
import numpy as np
import pytest
import scipy.signal

from recommend import handmade
from recommend.logmel import log_mel

from .musicnn_signals import SIGNALS, quantised

REFERENCE = Path(__file__).with_name("musicnn_reference.npz")


@pytest.mark.parametrize("name", SIGNALS)
def test_it_is_the_compressed_mel_power(name: str) -> None:
    audio, _ = quantised(name)
    # librosa.feature.melspectrogram, without the quarter of a minute that compiling it takes
    spectrum = scipy.signal.stft(audio, nperseg=512, noverlap=256, padded=False)[2].T
    power = np.abs(256.0 * spectrum) ** 2 @ librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96).T
    wanted = np.log10(10_000.0 * power.astype(np.float16).astype(np.float64) + 1)
    found = log_mel(audio)
    assert found.shape == wanted.shape
    # half precision has eleven bits: a value on the edge may be rounded to either side
    assert np.abs(found - wanted).max() < np.log10(1 + 2**-10)
    assert np.abs(found - wanted).mean() < 1e-6


def test_filters_of_the_handmade_embedding_are_those_of_librosa() -> None:
    reference = librosa.filters.mel(
        sr=handmade.SAMPLE_RATE,
        n_fft=handmade.N_FFT,
        n_mels=handmade.MEL_BANDS,
        htk=True,
    ).T
    ours = handmade._mel_filters().toarray()
    np.testing.assert_allclose(ours, reference / reference.sum(axis=0), atol=1e-5)


def test_power_is_that_of_the_original_program() -> None:
    stored = np.load(REFERENCE)["beat/mel"].astype(np.float64)
    found = log_mel(quantised("beat")[0])[:187]
    assert np.abs(found - np.log10(10_000 * stored + 1)).max() < np.log10(1 + 2**-10)


def test_what_is_loud_stays_finite_and_silence_is_zero() -> None:
    audio = quantised("loud")[0]
    found = log_mel(1000 * audio)
    assert np.isfinite(found).all()
    assert (found[:100] == 0).all()
