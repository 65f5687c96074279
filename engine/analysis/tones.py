"""Spectral peaks of a stream, gathered by pitch: what tuning and key are read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis._kernels import CELLS, gather
from engine.analysis.features import SAMPLE_RATE, Frames
from engine.analysis.result import KEY_STEP_S

Floats = NDArray[np.float32]

N_FFT, HOP = 8192, 4096
NOTES = 72  # from A1 (55 Hz) to G#7
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
                gather(frame, SAMPLE_RATE / N_FFT, self._steps[step])
                self._seen += 1
