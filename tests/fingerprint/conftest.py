"""Tunes made here: a melody and a bass of decaying harmonics, eight of them, all different."""

import numpy as np
import pytest

from fingerprint import FingerprintIndex

RATE = 16_000
SECONDS = 20.0


def tune(seed: int, seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    random = np.random.default_rng([77, seed])
    audio = np.zeros(int(seconds * rate), np.float32)
    scale = np.array([0, 2, 3, 5, 7, 8, 10, 12])
    beat, key = random.uniform(0.16, 0.3), random.integers(0, 12)
    roll_off = random.uniform(0.7, 1.6)
    at = 0.0
    while at < seconds - 0.1:
        length = beat * random.choice([1, 1, 2])
        for low, strength in ((60, 0.3), (36, 0.3)):
            note = low + key + random.choice(scale) + 12 * random.integers(0, 2)
            t = np.arange(int((length + 0.25) * rate)) / rate
            hz = 440 * 2 ** ((note - 69) / 12)
            sound = sum(
                np.sin(2 * np.pi * hz * k * t) / k**roll_off for k in range(1, 9) if hz * k < 7000
            )
            start = int(at * rate)
            part = audio[start : start + len(t)]
            part += (strength * sound * np.exp(-t / 0.3) * np.minimum(1, t / 0.005))[: len(part)]
        at += length
    return 0.3 * audio


def with_noise(audio: np.ndarray, snr_db: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(audio)).astype(np.float32)
    level = np.sqrt(np.mean(audio**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return audio + np.float32(level) * noise


@pytest.fixture(scope="session")
def tunes() -> list[np.ndarray]:
    return [tune(k) for k in range(9)]


@pytest.fixture(scope="session")
def library(tunes, tmp_path_factory):
    """An index of the first eight tunes, ids 10 to 17; the ninth is left out."""
    with FingerprintIndex.create(tmp_path_factory.mktemp("library") / "index") as index:
        for k in range(8):
            index.add(10 + k, tunes[k], RATE)
        index.commit()
        yield index
