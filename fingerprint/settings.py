"""The numbers on which every stored peak depends; they are written into each index."""

from __future__ import annotations

import math

FORMAT = 1  # raised when a file's layout or the meaning of a stored number changes

SAMPLE_RATE = 16_000  # Hz; nothing above 7 kHz survives a phone, a small laptop or a codec
N_FFT = 1024  # 64 ms
HOP = 320  # 20 ms: 50 frames a second
FRAMES_PER_SECOND = SAMPLE_RATE / HOP
FIRST_BIN = 12  # 188 Hz: what lies below never reaches a small microphone
LAST_BIN = 440  # 6.9 kHz, excluded
BINS = LAST_BIN - FIRST_BIN

SUB_BIN = 8  # a stored frequency counts eighths of a bin, from FIRST_BIN
SLOT = 25  # frames; each half second keeps its own strongest peaks
KEPT_A_SLOT = 30  # peaks stored and compared in verification: 60 a second
STRONG_A_SLOT = 13  # peaks that form landmarks: 26 a second

# Landmark cells: the axis is linear below CORNER_HZ, where a bin limits the accuracy, and
# logarithmic above, where a small change of speed does.
CORNER_HZ = 1000.0
CELL = 0.008
MAX_DELTA = 32  # frames between anchor and target, at most
MAX_STEP = 48  # cells between anchor and target, at most
FAN = 3  # landmarks of one anchor in the index; `landmarks.targets_of` finds just so many

BIN_HZ = SAMPLE_RATE / N_FFT
FIRST_CELL = math.floor(math.log1p(FIRST_BIN * BIN_HZ / CORNER_HZ) / CELL)
CELLS = math.ceil(math.log1p(LAST_BIN * BIN_HZ / CORNER_HZ) / CELL) - FIRST_CELL + 1
STEPS = 2 * MAX_STEP + 1


def as_dict() -> dict[str, float]:
    """Return the settings by name, as an index stores them."""
    return {
        name.lower(): value
        for name, value in sorted(globals().items())
        if name.isupper() and isinstance(value, int | float)
    }
