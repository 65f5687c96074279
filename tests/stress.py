"""Random performances for tests and benches: every message a keyboard could send, in any order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.patch import builtin_patches
from engine.synth import Synth

CHANNELS = 16
KEYS = 128
_LONGEST_GAP = 40  # frames between messages
_STATUS = (0x90, 0x80, 0xB0, 0xE0, 0xD0, 0xA0, 0xC0)
_WEIGHTS = (0.44, 0.28, 0.16, 0.05, 0.03, 0.02, 0.02)
_USUAL = (0, 1, 5, 6, 7, 10, 11, 38, 64, 65, 66, 67, 71, 72, 73, 74, 75, 91, 93, 100, 101, 120, 121)
_REAL_TIME = (0xF8, 0xFA, 0xFB, 0xFC)
_PEDALS = (64, 66, 67)


def random_messages(seed: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield messages with their frames: notes, every controller, bends, touch, programs, clock."""
    rng = np.random.default_rng(seed)
    frame = 0
    for _ in range(count):
        frame += int(rng.integers(0, _LONGEST_GAP))
        if rng.random() < 0.01:
            yield frame, bytes([int(rng.choice(_REAL_TIME))])
            continue
        status = int(rng.choice(_STATUS, p=_WEIGHTS)) | int(rng.integers(0, CHANNELS))
        a, b = (int(value) for value in rng.integers(0, 128, 2))
        if status >> 4 == 0xB and rng.random() < 0.8:
            a = int(rng.choice(_USUAL))
        yield frame, bytes([status, a] if status >> 4 in (0xC, 0xD) else [status, a, b])


def all_released() -> Iterator[bytes]:
    """Yield what a player does to end everything: pedals up, and every key let go, no panic."""
    for channel in range(CHANNELS):
        for pedal in _PEDALS:
            yield bytes([0xB0 | channel, pedal, 0])
        for key in range(KEYS):
            yield bytes([0x80 | channel, key, 0])


def crowded(voices: int) -> Synth:
    """Return a synth with another built-in patch on each channel; none goes on by itself."""
    synth = Synth(voices=voices)
    steady = [p for p in builtin_patches().values() if not p.arpeggio.hold]
    for channel, patch in zip(range(CHANNELS), itertools.cycle(steady), strict=False):
        synth.program(patch, channel)
    return synth


def render_messages(
    synth: Synth, messages: Iterator[tuple[int, bytes]], block: int
) -> Iterator[NDArray[np.float32]]:
    """Render block after block while sending the messages; yield each block (the same memory)."""
    out = np.zeros((block, 2), np.float32)
    synth.render_block(out)
    start = synth.frame
    for end, message in messages:
        while start + end >= synth.frame + block:
            synth.render_block(out)
            yield out
        assert synth.send(message, start + end)
    synth.render_block(out)
    yield out
