"""Spectral peaks of a stream, gathered by pitch: what tuning and key are read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from engine.analysis.features import SAMPLE_RATE, Frames
from engine.analysis.result import KEY_STEP_S

Floats = NDArray[np.float32]

N_FFT, HOP = 8192, 4096
LOWEST, NOTES = 33, 72  # A1 (55 Hz) to G#7
CELLS = 20  # of a semitone: 5 cents each
_FLOOR_DB = -50.0  # below the strongest bin of a frame: a peak is not heard
_FRAMES_PER_STEP = KEY_STEP_S * SAMPLE_RATE / HOP


class ToneStream:
    """Gathers the spectral peaks of mono sound at `features.SAMPLE_RATE`, block by block."""

    def __init__(self) -> None:
        self._frames = Frames(N_FFT, HOP)
        self._seen = 0
        self._steps: list[Floats] = []

    def feed(self, audio: Floats) -> None:
        """Take the next samples: shape (n,), float32."""
        self._take(self._frames.feed(audio))

    def finish(self) -> Floats:
        """Return the peaks of every `KEY_STEP_S` seconds, shape (steps, NOTES * CELLS).

        Weight by pitch, from a quarter tone below `LOWEST`; A = 440 Hz.
        """
        self._take(self._frames.finish())
        none = np.zeros((0, NOTES * CELLS), dtype=np.float32)
        return np.stack(self._steps) if self._steps else none

    def _take(self, parts: list[Floats]) -> None:
        for magnitude in parts:
            for frame in magnitude:
                step = int(self._seen / _FRAMES_PER_STEP)
                if step == len(self._steps):
                    self._steps.append(np.zeros(NOTES * CELLS, dtype=np.float32))
                _gather(frame, SAMPLE_RATE / N_FFT, self._steps[step])
                self._seen += 1


@kernel
def _gather(frame, bin_hz, cells):  # type: ignore[no-untyped-def]
    """Add the peaks of one magnitude spectrum; weight: root of magnitude, less for the high."""
    loudest = np.float32(0.0)
    for k in range(frame.shape[0]):
        loudest = max(loudest, frame[k])
    floor = max(loudest * np.float32(10.0 ** (_FLOOR_DB / 20.0)), np.float32(1e-6))
    first, last = int(52.0 / bin_hz), int(3500.0 / bin_hz)
    for k in range(first, last):
        here = frame[k]
        if here < floor or here <= frame[k - 1] or here < frame[k + 1]:
            continue
        # A Hann window's main lobe is nearly a parabola in decibels.
        left, mid, right = np.log(frame[k - 1] + 1e-12), np.log(here), np.log(frame[k + 1] + 1e-12)
        bend = left - 2.0 * mid + right
        at = k + 0.5 * (left - right) / bend
        if bend > -0.2:  # broader than a steady tone: noise
            continue
        hz = at * bin_hz
        note = 69.0 + 12.0 * np.log2(hz / 440.0)
        weight = np.sqrt(here)
        if hz > 300.0:
            weight *= 0.6 ** np.log2(hz / 300.0)
        cell = int((note - LOWEST + 0.5) * CELLS)
        if 0 <= cell < cells.shape[0]:
            cells[cell] += weight
