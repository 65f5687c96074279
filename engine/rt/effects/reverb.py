"""Reverb: a feedback delay network of sixteen lines behind three stages of diffusion.

The design is Jot's (J.-M. Jot, A. Chaigne, "Digital delay networks for designing artificial
reverberators", AES 90, 1991): a lossless matrix, here Hadamard's, and in every line a gain and a
low-pass that lose what the line's length asks for, so that all frequencies of a band die away at
one rate. The stages before it (delays, signs, Hadamard again, no feedback) turn one impulse into
4096 within 60 ms; lines that slowly change length keep the modes from ringing.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import exp2_f64, sin_half_turns
from engine.rt import rack_state as rs
from engine.rt.effects.lines import FLOOR, loudest, settled
from engine.rt.rack_state import LINE_FRAMES, LINES
from engine.rt.state import CELL

f32 = np.float32

_QUARTER = f32(0.25)  # 1 / sqrt(LINES): the matrix keeps the power
_HALF = f32(0.5)
_ONE = f32(1.0)
_ONE_AND_HALF = f32(1.5)
_TWO = f32(2.0)
_TWO_AND_HALF = f32(2.5)
_FOUR = f32(4.0)
# Masks that keep an index from being negative for all that the compiler knows.
_IN_LINE = LINE_FRAMES - 1
_BEHIND = 2 * LINE_FRAMES - 1


@kernel(fast=True, realtime=True)
def hadamard(rows):  # type: ignore[no-untyped-def]
    """Mix LINES rows of a cell with Hadamard's matrix, in place, without its factor 1/4.

    Two passes over rows 1 and 4 apart, each the matrix of four; written with constant distances,
    without which the loops stay scalar (measured: 4 times slower).
    """
    for j in range(0, LINES * CELL, 4 * CELL):
        for f in range(j, j + CELL):
            a = rows[f]
            b = rows[f + CELL]
            c = rows[f + 2 * CELL]
            d = rows[f + 3 * CELL]
            rows[f] = (a + b) + (c + d)
            rows[f + CELL] = (a - b) + (c - d)
            rows[f + 2 * CELL] = (a + b) - (c + d)
            rows[f + 3 * CELL] = (a - b) - (c - d)
    for f in range(4 * CELL):
        a = rows[f]
        b = rows[f + 4 * CELL]
        c = rows[f + 8 * CELL]
        d = rows[f + 12 * CELL]
        rows[f] = (a + b) + (c + d)
        rows[f + 4 * CELL] = (a - b) + (c - d)
        rows[f + 8 * CELL] = (a + b) - (c + d)
        rows[f + 12 * CELL] = (a - b) - (c - d)


@kernel(fast=True, realtime=True)
def _store(ring, mask, at, rows, row):  # type: ignore[no-untyped-def]
    """Write a cell, and again behind the end where it is one of the first two."""
    start = at & mask & _IN_LINE
    for f in range(CELL):
        ring[start + f] = rows[row + f]
    if start < 2 * CELL:
        start = (start + mask + 1) & _BEHIND
        for f in range(CELL):
            ring[start + f] = rows[row + f]


@kernel(fast=True, realtime=True)
def _load(ring, start, gain, rows, row):  # type: ignore[no-untyped-def]
    """Read a cell in one piece."""
    start &= _IN_LINE
    for f in range(CELL):
        rows[row + f] = gain * ring[start + f]


@kernel(fast=True, realtime=True)
def _load_between(ring, start, t, step, rows, row):  # type: ignore[no-untyped-def]
    """Read a cell from `t` frames before ring[start + 2] on, `t` growing by `step` a frame.

    The curve is that of read_between. Where `t` passes 0 or 1 within the cell, the curve of the
    next frames is entered at the next cell: `t` is then off by 0.03 at most, the curve by 1e-3 of
    its bend.
    """
    start &= _IN_LINE
    for f in range(CELL):
        a = ring[start + f + 3]
        b = ring[start + f + 2]
        c = ring[start + f + 1]
        d = ring[start + f]
        x = t + step * f32(f)
        c1 = _HALF * (c - a)
        c2 = a - _TWO_AND_HALF * b + _TWO * c - _HALF * d
        c3 = _ONE_AND_HALF * (b - c) + _HALF * (d - a)
        rows[row + f] = b + x * (c1 + x * (c2 + x * c3))


@kernel(fast=True, realtime=True)
def _diffuse(state, quiet):  # type: ignore[no-untyped-def]
    """Spread the input over state.reverb_input (LINES, CELL), each line at 1/4."""
    at = state.reverb_at
    mask = state.diffuser_mask
    rows = state.reverb_input
    tone = state.reverb_tone
    coefficient = state.rack_from[rs.R_REVERB_TONE]
    step = (state.rack_now[rs.R_REVERB_TONE] - coefficient) / CELL
    for f in range(CELL):
        tone += f32(coefficient + step * f) * (state.sends[rs.REVERB, f] - tone)
        rows[f] = tone * _QUARTER
    state.reverb_tone = f32(0.0) if quiet and abs(tone) < FLOOR else settled(tone)
    _store(state.diffuser_first, mask, at, rows, 0)
    for stage in range(rs.DIFFUSERS):
        for j in range(LINES):
            row = j * CELL
            sign = state.diffuser_sign[stage, j]
            start = (at - state.diffuser_delay[stage, j]) & mask
            if stage == 0:
                _load(state.diffuser_first, start, sign, rows, row)
            else:
                ring = state.diffuser_line[(stage - 1) * LINES + j]
                _store(ring, mask, at, rows, row)
                _load(ring, start, sign * _QUARTER, rows, row)
        if stage < rs.DIFFUSERS - 1:
            hadamard(rows)


@kernel(realtime=True)
def _set_gains(state):  # type: ignore[no-untyped-def]
    """Set what each line keeps at the cell's end."""
    decay = state.rack_now[rs.R_REVERB_DECAY]
    damping = state.rack_now[rs.R_REVERB_DAMPING]
    for j in range(LINES):
        length = state.reverb_delay[j]
        kept = exp2_f64(-min(length * decay, 900.0))
        treble = exp2_f64(-min(length * damping, 900.0))
        state.reverb_flat[0, j] = state.reverb_flat[1, j]
        state.reverb_bass[0, j] = state.reverb_bass[1, j]
        state.reverb_flat[1, j] = kept * treble
        state.reverb_bass[1, j] = kept * (1.0 - treble)


@kernel(fast=True, realtime=True)
def _move(state, j):  # type: ignore[no-untyped-def]
    """Let a line change its length over the cell; return the length at the cell's start."""
    before = state.reverb_length[j]
    phase = state.reverb_phase[j] + CELL * state.reverb_rate[j]
    phase -= math.floor(phase)
    swing = np.float64(sin_half_turns(f32(1.0 - 2.0 * phase)))
    state.reverb_length[j] = state.reverb_delay[j] + state.reverb_swing * swing
    state.reverb_phase[j] = phase
    return before


@kernel(fast=True, realtime=True)
def _circulate(state):  # type: ignore[no-untyped-def]
    """Read every line into state.reverb_rows, less what a pass through it loses."""
    mask = state.reverb_mask
    at = state.reverb_at
    pole = state.reverb_pole
    rows = state.reverb_rows
    gain = _HALF * (_ONE - pole)
    per_cell = f32(1.0 / CELL)
    for j in range(LINES):
        line = state.reverb_line[j]
        row = j * CELL
        start = _move(state, j)
        step = (state.reverb_length[j] - start) / CELL
        whole = np.int64(start)
        _load_between(line, (at - whole - 2) & mask, f32(start - whole), f32(step), rows, row)
        flat = state.reverb_flat[0, j]
        flat_step = (state.reverb_flat[1, j] - flat) * per_cell
        bass = state.reverb_bass[0, j]
        bass_step = (state.reverb_bass[1, j] - bass) * per_cell
        low = state.reverb_low[j]
        last = state.reverb_last[j]
        for f in range(CELL):
            x = rows[row + f]
            low = pole * low + gain * (x + last)
            last = x
            kept = flat + flat_step * f32(f)
            rows[row + f] = kept * x + (bass + bass_step * f32(f)) * low
        state.reverb_low[j] = settled(low)
        state.reverb_last[j] = last


@kernel(fast=True, realtime=True)
def run_reverb(state, quiet):  # type: ignore[no-untyped-def]
    """Add a cell to state.wet; `quiet`: the input is silent. Returns the loudest it remembers."""
    _set_gains(state)
    _diffuse(state, quiet)
    _circulate(state)
    rows = state.reverb_rows
    hadamard(rows)
    volume = f32(state.rack_from[rs.R_REVERB_GAIN])
    step = f32((state.rack_now[rs.R_REVERB_GAIN] - state.rack_from[rs.R_REVERB_GAIN]) / CELL)
    new = state.reverb_input
    for f in range(CELL):
        state.reverb_loud[f] = 0.0
    for j in range(LINES):
        # Signs of a bent function: unlike a row of the matrix, they undo none of its mixing.
        bent = (j & (j >> 1) & 1) ^ ((j >> 2) & (j >> 3) & 1)
        to_left = f32(1 - 2 * bent)
        to_right = f32(1 - 2 * (bent ^ (j & 1)))
        row = j * CELL
        for f in range(CELL):
            z = _QUARTER * rows[row + f] + new[row + f]
            rows[row + f] = z
            loud = abs(z)
            state.reverb_loud[f] = loud if loud > state.reverb_loud[f] else state.reverb_loud[f]
            gain = volume + step * f32(f)
            state.wet[0, f] += to_left * gain * z
            state.wet[1, f] += to_right * gain * z
    most = _FOUR * loudest(state.reverb_loud)  # as loud as sixteen lines may be together
    if quiet and most < FLOOR:
        for j in range(LINES):
            state.reverb_low[j] = 0.0
            state.reverb_last[j] = 0.0
        for f in range(LINES * CELL):
            rows[f] = 0.0
    for j in range(LINES):
        _store(state.reverb_line[j], state.reverb_mask, state.reverb_at, rows, j * CELL)
    state.reverb_at += CELL
    return most


@kernel(realtime=True)
def wake_reverb(state):  # type: ignore[no-untyped-def]
    """Begin with the gains that are asked for, and move as when the first sound began."""
    _set_gains(state)
    _set_gains(state)
    for j in range(LINES):
        state.reverb_phase[j] = state.reverb_start[j] - CELL * state.reverb_rate[j]
        _move(state, j)
