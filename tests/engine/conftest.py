"""Music for tests of the library: short tunes that have spectral peaks and differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.library import analyser, tags
from fingerprint.peaks import settings_digest

RATE = 22_050

_analyses: dict[tuple[bytes, int], analyser.Analysis] = {}

WriteTune = Callable[..., Path]


def tune(seed: int, seconds: float = 4.0) -> NDArray[np.float32]:
    """Return notes of four partials, a quarter second each, that depend on the seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE // 4 + 1) / RATE
    notes = []
    for note in rng.integers(45, 81, size=int(np.ceil(4 * seconds))):
        hz = 440.0 * 2 ** ((note - 69) / 12)
        tone = sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 5))
        notes.append(0.2 * tone * np.exp(-6 * t))
    return np.concatenate(notes)[: int(seconds * RATE)].astype(np.float32)


def passes(seed: int) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Return a track of 24 s, and its first and last 8 s: alike to peaks, but of other waves."""
    part = tune(seed, 8.0)
    turn = np.exp(3j * np.sin(np.fft.rfftfreq(len(part), 1 / RATE) / 50.0))
    again = np.fft.irfft(np.fft.rfft(part) * turn, len(part)).astype(np.float32)
    return np.concatenate([part, tune(seed + 1, 8.0), again]), [part, again]


def cut_noisily(
    parts: list[NDArray[np.float32]],
) -> list[tuple[float, NDArray[np.float32]]]:
    """Return (second of the track, noisy clip of three seconds) out of both of its passes."""
    clips = []
    for number, start_s in enumerate((1.0, 2.5, 4.0, 1.0, 2.5, 4.0)):
        clip = parts[number // 3][round(start_s * RATE) : round((start_s + 3.0) * RATE)]
        noise = 0.1 * np.random.default_rng(number).standard_normal(len(clip))
        clips.append((start_s + 16.0 * (number // 3), (clip + noise).astype(np.float32)))
    return clips


@pytest.fixture
def write_tune(tmp_path: Path) -> WriteTune:
    """Return a function that writes a tune to a file below the test's folder."""

    def write(name: str, seed: int, seconds: float = 4.0, **said: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(path, "w", RATE, 1) as file:
            for key, value in said.items():
                setattr(file, key, value)
            file.write(tune(seed, seconds))
        return path

    return write


@pytest.fixture
def analyse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Analyse each content once for all tests that ask about something else."""
    analyse = analyser.analyse

    def remembered(path: Path) -> analyser.Analysis:
        content = analyser.digest(path), settings_digest()
        if content not in _analyses:
            _analyses[content] = analyse(path)
        return dataclasses.replace(_analyses[content], tags=tags.read(path))

    monkeypatch.setattr(analyser, "analyse", remembered)
