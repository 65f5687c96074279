"""Loudness and true peak against pyloudnorm, the standard's own figures and a long resampler."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from engine.analysis.loudness import LoudnessMeter, k_weighting

RATE = 48_000


def noise(seconds: float, channels: int = 2, rate: int = RATE) -> np.ndarray:
    rng = np.random.default_rng(3)
    swell = 0.02 + 0.2 * np.abs(np.sin(np.arange(int(seconds * rate)) / rate))
    return (rng.standard_normal((len(swell), channels)) * swell[:, None]).astype(np.float32)


def metered(audio: np.ndarray, rate: float = RATE, block: int = 4096) -> LoudnessMeter:
    meter = LoudnessMeter(rate, audio.shape[1])
    for at in range(0, len(audio), block):
        meter.feed(audio[at : at + block])
    return meter


def test_the_weighting_has_the_coefficients_of_the_standard_at_48_khz() -> None:
    shelf = (1.53512485958697, -2.69169618940638, 1.19839281085285)
    assert np.allclose(k_weighting(48_000)[0, :3], shelf, atol=1e-6)
    assert np.allclose(k_weighting(48_000)[0, 3:], (-1.69065929318241, 0.73248077421585), atol=1e-6)
    assert np.allclose(k_weighting(48_000)[1, 3:], (-1.99004745483398, 0.99007225036621), atol=1e-6)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_a_full_sine_in_one_channel_has_minus_three_lufs(rate: int) -> None:
    time = np.arange(4 * rate) / rate
    left = np.sin(2 * np.pi * 997 * time)
    audio = np.stack([left, np.zeros_like(left)], axis=1).astype(np.float32)
    assert metered(audio, rate).integrated() == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_agrees_with_pyloudnorm(rate: int, channels: int) -> None:
    audio = noise(7.3, channels, rate)
    audio[: 2 * rate] *= 0.001  # what the relative gate leaves out
    expected = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(audio.astype(float))
    assert metered(audio, rate).integrated() == pytest.approx(expected, abs=0.02)


def test_loudness_and_peak_do_not_depend_on_the_blocks() -> None:
    audio = noise(3.0)
    whole, pieces = metered(audio, block=len(audio)), metered(audio, block=777)
    assert np.allclose(whole.steps(), pieces.steps(), rtol=1e-6)
    assert pieces.true_peak_db() == pytest.approx(whole.true_peak_db(), abs=1e-4)


def test_the_peak_between_the_samples_is_found() -> None:
    time = np.arange(RATE)
    fade = np.hanning(RATE)  # a sudden start would overshoot
    tone = (fade * np.sin(2 * np.pi * time / 4 + np.pi / 4))[:, None]  # samples at 0.707
    assert np.abs(tone).max() < 0.71
    assert metered(tone.astype(np.float32)).true_peak_db() == pytest.approx(0.0, abs=0.1)


def test_the_true_peak_of_music_is_that_of_a_long_interpolation() -> None:
    from scipy.signal import butter, sosfilt

    audio = sosfilt(butter(6, 15_000, fs=RATE, output="sos"), noise(2.0, 1), axis=0)
    expected = 20 * np.log10(np.abs(resample_poly(audio[:, 0], 16, 1)).max())
    assert metered(audio.astype(np.float32)).true_peak_db() == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("rate", [1_000, 2_000, 4_000])
def test_low_sample_rates_are_stable(rate: int) -> None:
    loud = metered(noise(60.0, 1, rate), rate).integrated()
    assert loud is not None
    assert -40 < loud < 0


def test_silence_and_half_a_moment_have_no_loudness() -> None:
    assert metered(np.zeros((RATE, 2), np.float32)).integrated() is None
    assert metered(np.zeros((RATE, 2), np.float32)).true_peak_db() is None
    assert metered(noise(0.3)).integrated() is None
    assert metered(np.zeros((RATE, 2), np.float32)).seconds().tolist() == [-70.0]
