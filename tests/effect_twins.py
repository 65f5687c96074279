"""The rack's effects a second time: the formulas, in float64, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from engine.rt import rack_state as rs
from engine.rt.state import CELL

Floats = NDArray[np.float64]


def chorus_twin(
    partials: list[tuple[float, float]],
    rate_hz: float,
    depth_s: float,
    taps_s: tuple[float, ...],
    seconds: Floats,
) -> Floats:
    """Return the chorus of sines (hz, level) that sound for ever, shape (frames, 2).

    The swing's phase is 0 a cell after the first frame.
    """
    out = np.zeros((len(seconds), 2))
    start = CELL * (seconds[1] - seconds[0])
    for tap, base in enumerate(taps_s):
        swing = np.sin(2 * np.pi * (rate_hz * (seconds - start) + tap / len(taps_s)))
        late = seconds - base - depth_s * swing
        for hz, level in partials:
            out[:, tap % 2] += 0.5 * level * np.sin(2 * np.pi * hz * late)
    return out


def delay_twin(sound: Floats, frames: int, feedback: float, tone: float) -> Floats:
    """Return the echoes of a sound, shape (n, 2); `tone` is the one-pole's coefficient."""
    n = len(sound)
    line = np.zeros((n + frames, 2))  # what enters frame i is heard at i + frames
    dark = np.zeros(2)
    for i in range(n):
        dark += tone * (line[i] - dark)
        line[i + frames] = sound[i] + feedback * dark[1], feedback * dark[0]
    return line[:n]


def _between(line: Floats, at: Floats) -> Floats:
    """Catmull and Rom's cubic through line[..., i - 1 .. i + 2] at fractional indices, per row."""
    i = np.floor(at).astype(int)
    t = at - i
    rows = np.arange(len(line))
    d, c, b, a = (line[rows, i + k] for k in (-1, 0, 1, 2))
    return np.asarray(
        c + 0.5 * t * (b - d + t * (2 * d - 5 * c + 4 * b - a + t * (3 * (c - b) + a - d)))
    )


def reverb_twin(sound: Floats, record: Any) -> Floats:
    """Return the reverb of a sound with the lengths and settings of a state, shape (n, 2)."""
    n = len(sound)
    settings = record["rack_target"]
    matrix = hadamard(rs.LINES) / 4.0
    low = 0.0
    spread = np.zeros((rs.LINES, n))
    for i in range(n):
        low += settings[rs.R_REVERB_TONE] * (sound[i] - low)
        spread[:, i] = low / 4.0
    for stage in range(rs.DIFFUSERS):
        for j in range(rs.LINES):
            late = int(record["diffuser_delay"][stage, j])
            moved = np.concatenate([np.zeros(late), spread[j]])[:n]
            spread[j] = record["diffuser_sign"][stage, j] * moved
        if stage < rs.DIFFUSERS - 1:
            spread = matrix @ spread

    length = record["reverb_delay"]
    kept = 2.0 ** (-length * settings[rs.R_REVERB_DECAY])
    treble = 2.0 ** (-length * settings[rs.R_REVERB_DAMPING])
    pole = float(record["reverb_pole"])
    before = 1 + int(length.max() + 8)  # silence, so that all indices exist
    line = np.zeros((rs.LINES, before + n + 4))
    low_passed = np.zeros(rs.LINES)
    last = np.zeros(rs.LINES)
    for i in range(n):
        turn = record["reverb_start"] + record["reverb_rate"] * i
        late = length + record["reverb_swing"] * np.sin(2 * np.pi * turn)
        x = _between(line, before + i - late)
        low_passed = pole * low_passed + 0.5 * (1.0 - pole) * (x + last)
        last = x
        y = kept * (treble * x + (1.0 - treble) * low_passed)
        line[:, before + i] = matrix @ y + spread[:, i]
    j = np.arange(rs.LINES)
    bent = (j & (j >> 1) & 1) ^ ((j >> 2) & (j >> 3) & 1)
    signs = np.stack([1 - 2 * bent, 1 - 2 * (bent ^ (j & 1))])
    heard = settings[rs.R_REVERB_GAIN] * (signs @ line[:, before : before + n]).T
    return np.concatenate([np.zeros((CELL, 2)), heard])[:n]  # the rack is a cell behind
