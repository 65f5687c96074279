"""What a microphone hears of a sound file, and what the tracker makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.listener import Heard, Tracker
from engine.room import SimulatedRoom
from fingerprint import FingerprintIndex

Audio = NDArray[np.float32]

RATE = 48_000  # of the microphone, Hz, whatever the file's
_BLOCK = 4096  # frames: what the listening thread reads at once


def excerpt(path: Path, start_s: float, seconds: float) -> Audio:
    """Return a part of a file, shape (frames,), at `RATE`."""
    with soundfile.SoundFile(path) as file:
        file.seek(round(start_s * file.samplerate))
        audio = file.read(round(seconds * file.samplerate), dtype="float32", always_2d=True)
        return np.asarray(soxr.resample(audio.mean(axis=1), file.samplerate, RATE), np.float32)


def length_s(path: Path) -> float:
    """Return how long a file plays, in seconds."""
    return float(soundfile.info(path).duration)


def in_a_room(audio: Audio, seed: int, noise_db: float = -10.0) -> Audio:
    """Return what is heard in a room with pink noise that far from the audio's level."""
    level = float(np.sqrt(np.mean(np.square(audio)))) * 10 ** (noise_db / 20)
    room = SimulatedRoom(RATE, _BLOCK, level, seed=seed)
    whole = np.concatenate([audio, np.zeros(-len(audio) % _BLOCK, np.float32)])
    blocks = whole.reshape(-1, _BLOCK, 1).repeat(2, axis=2)
    return np.concatenate([room(block) for block in blocks])[: len(audio)]


def said(index: FingerprintIndex, recording: Audio) -> list[tuple[float, Heard]]:
    """Return what the tracker says of a recording, each with the second at which it says it."""
    tracker = Tracker(index, RATE)
    answers = []
    for at in range(0, len(recording), _BLOCK):
        heard = tracker.feed(recording[at : at + _BLOCK])
        if heard is not None:
            answers.append((tracker.frames / RATE, heard))
    return answers


def in_short(answers: list[tuple[float, Heard]]) -> str:
    """Return what the tracker said as one line, for the message of a failed test."""
    return ", ".join(
        f"{second:.1f} s: {heard.track_id if heard.state == 'known' else heard.state}"
        for second, heard in answers
    )
