"""Oscillators of a tile: naive waves, and the residuals that make their jumps band-limited."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from dsp._math import f32, sin_half_turns
from dsp.blep import PHASES, TAPS
from engine.rt import state as st
from engine.rt.state import CELL, GROUP, OSCILLATOR_WORDS, TILE, TRAIL

_ZERO = f32(0.0)
_ONE = f32(1.0)
_TWO = f32(2.0)
_HALF = f32(0.5)
_EIGHT = f32(8.0)
_2_31 = f32(2.0**-31)
_2_32 = f32(2.0**-32)
_PERIOD = np.int64(1) << 32
_PERIOD_F = f32(2.0**32)
_IN_PERIOD = (np.int64(1) << 32) - 1
_CELL = np.int64(CELL)
_ALL_STEPS = np.int64(CELL * (CELL - 1) // 2)
_LAST_ROW = np.int64(PHASES - 1)
_SLACK = f32(8192.0)  # of float32 for a phase, so that no jump is missed
_HALF_TURN = np.uint32(1 << 31)
_QUARTER = np.int64(1) << 30
_IN_CELL = CELL - 1
_WIDTHS = 2 * TILE - GROUP  # bits of a width: it is not negative, and of whole groups
_IN_TRAIL = TRAIL - 1
_ROWS = st.SAW_2 - st.SAW_1  # of float32 that an oscillator has


@kernel(fast=True, inline=True)
def _phase(n, j, phase, i, sum_of_steps):  # type: ignore[no-untyped-def]
    """Phase of an oscillator, `i` frames into the cell."""
    way = np.uint32(n[(phase + 1) * TILE + j] * i)
    bent = np.uint32(n[(phase + 2) * TILE + j] * sum_of_steps)
    return np.uint32(n[phase * TILE + j] + np.uint32(way + bent))


@kernel(fast=True, inline=True)
def _saw(phase):  # type: ignore[no-untyped-def]
    return f32(np.int32(phase ^ _HALF_TURN)) * _2_31


@kernel(fast=True, inline=True)
def _triangle(phase):  # type: ignore[no-untyped-def]
    x = f32(np.int32(phase)) * _2_31
    a = abs(x)
    y = _ONE - a if a > _HALF else a
    return _TWO * y if x >= _ZERO else -_TWO * y


@kernel(fast=True, inline=True)
def _poly_saw(phase, per_sample):  # type: ignore[no-untyped-def]
    """A saw whose jump is rounded by a parabola to either side (polyBLEP)."""
    x = _saw(phase)
    after = max(_ZERO, _ONE - (x + _ONE) * per_sample)
    before = max(_ZERO, _ONE - (_ONE - x) * per_sample)
    return x + after * after - before * before


@kernel(fast=True, inline=True)
def _add_residuals(signals, n, j, offset, drift, curve, first, trail, jump, table):  # type: ignore[no-untyped-def]
    """Add a residual for every time that a phase passes a whole period.

    The phase is that of voice j and an offset, which drifts, and whose drift grows by `curve`.
    What passes between one frame and the next counts for the later one; the frames looked at are
    those after `first`, up to the first of the next cell.
    """
    bend = np.int64(np.int32(n[st.BEND_1 * TILE + j])) + curve
    begin = np.int64(first)
    so_far = begin * (begin - 1) // 2
    speed = np.int64(n[st.INC_1 * TILE + j]) + drift  # without what it bends by
    at = (np.int64(n[st.PHASE_1 * TILE + j]) + offset + speed * begin + bend * so_far) & _IN_PERIOD
    left = _PERIOD - at  # until the next passing
    passings = (at + speed * (_CELL - begin) + bend * (_ALL_STEPS - so_far)) >> 32
    for _ in range(passings):
        guess = np.int64(np.float64(left) / np.float64(max(speed + bend * begin, 1)))
        i = np.int64(min(max(guess, begin) + 1, _CELL))  # the frame after, to be put right
        way = speed * (i - begin) + bend * (i * (i - 1) // 2 - so_far)
        while way < left:
            way += speed + bend * i
            i += 1
        step = speed + bend * (i - 1)
        while way - step >= left:
            i -= 1
            way -= step
            step -= bend
        x = np.float64(way - left) / np.float64(step) * PHASES
        row = min(np.int64(x), _LAST_ROW)
        part = f32(x - np.float64(row))
        for t in range(TAPS):
            low = table[row, t]
            to = (st.SIGNAL + ((trail + i + t) & _IN_TRAIL)) * TILE + j
            signals[to] += jump * (low + part * (table[row + 1, t] - low))
        left += _PERIOD


@kernel(fast=True)
def _voices_that_jump(n, found, width):  # type: ignore[no-untyped-def]
    """List the voices whose phase may pass a whole period in a cell; returns how many they are."""
    width &= _WIDTHS
    for j in range(width):
        bend = f32(np.int32(n[st.BEND_1 * TILE + j]))
        way = f32(np.int32(n[st.INC_1 * TILE + j])) + abs(bend) * f32(CELL)
        there = f32(n[st.PHASE_1 * TILE + j]) + way * f32(CELL) + _SLACK
        found[st.JUMPS * TILE + j] = np.uint32(1) if there >= _PERIOD_F else np.uint32(0)
    count = np.int64(0)
    for j in range(width):  # without a branch that nobody could foretell
        jumps = np.int64(found[st.JUMPS * TILE + j])
        found[st.JUMPS * TILE + count] = np.uint32(j)
        count = np.int64(count + jumps)
    return count


@kernel(fast=True)
def _add_saw(signals, v, n, j, jump, first, trail):  # type: ignore[no-untyped-def]
    """Leave the residuals of the jumps that saw and pulse of voice j make where a period begins."""
    both = v[st.SAW_1 * TILE + j] + v[st.PULSE_1 * TILE + j]
    _add_residuals(signals, n, j, 0, 0, 0, first, trail, -_TWO * both, jump[0])


@kernel(fast=True)
def _add_others(signals, v, n, j, jump, first, trail):  # type: ignore[no-untyped-def]
    """Leave the residuals of the jumps and corners of voice j that lie within a period."""
    pulse = v[st.PULSE_1 * TILE + j]
    if pulse != _ZERO:
        late = np.int64(n[st.WIDTH_1 * TILE + j])
        drift = np.int64(np.int32(n[st.WIDTH_STEP_1 * TILE + j]))
        curve = np.int64(np.int32(n[st.WIDTH_BEND_1 * TILE + j]))
        _add_residuals(signals, n, j, late, drift, curve, first, trail, _TWO * pulse, jump[0])
    corner = v[st.TRIANGLE_1 * TILE + j]
    if corner != _ZERO:
        corner *= _EIGHT * f32(np.int32(n[st.INC_1 * TILE + j])) * _2_32
        _add_residuals(signals, n, j, 3 * _QUARTER, 0, 0, first, trail, -corner, jump[1])
        _add_residuals(signals, n, j, _QUARTER, 0, 0, first, trail, corner, jump[1])


@kernel(realtime=True)
def jumps_of_voice(v, n, j, jump, first, trail):  # type: ignore[no-untyped-def]
    """Leave what a voice that starts `first` frames into the cell jumps in the rest of it."""
    for second in range(2):
        own = v[second * _ROWS * TILE :]
        phases = n[second * OSCILLATOR_WORDS * TILE :]
        _add_saw(v, own, phases, j, jump, first, trail)
        _add_others(v, own, phases, j, jump, first, trail)


@kernel(realtime=True)
def jumps_of_cell(v, n, width, uses, jump, trail):  # type: ignore[no-untyped-def]
    """Leave the residuals of all jumps of the cell that begins.

    All at once, however the cell will be cut, so that sums are taken in the same order.
    """
    width &= _WIDTHS
    for second in range(2):
        kinds = uses >> (4 * second)
        own = v[second * _ROWS * TILE :]
        phases = n[second * OSCILLATOR_WORDS * TILE :]
        if kinds & (st.USES_SAW_1 | st.USES_PULSE_1):
            for k in range(_voices_that_jump(phases, n, width)):
                voice = np.int64(n[st.JUMPS * TILE + k])
                _add_saw(v, own, phases, voice, jump, 0, trail)
        if kinds & (st.USES_PULSE_1 | st.USES_TRIANGLE_1):
            for j in range(width):
                _add_others(v, own, phases, j, jump, 0, trail)


@kernel(fast=True, inline=True)
def _waves(signals, v, n, width, kinds, first, count, trail, cheap):  # type: ignore[no-untyped-def]
    """Add the naive waves of one oscillator, whose rows `v` and `n` begin with, to the signal."""
    for frame in range(first, first + count):
        f = frame & _IN_CELL
        signal = (st.SIGNAL + ((trail + f) & _IN_TRAIL)) * TILE
        i = np.uint32(f)
        steps = np.uint32((f * (f - 1)) >> 1)
        if kinds & st.USES_SAW_1:
            for j in range(width):
                at = _phase(n, j, st.PHASE_1, i, steps)
                if cheap:
                    value = _poly_saw(at, v[st.BLEP_1 * TILE + j])
                else:
                    value = _saw(at) - v[st.OFFSET_1 * TILE + j]
                signals[signal + j] += v[st.SAW_1 * TILE + j] * value
        if kinds & st.USES_PULSE_1:
            for j in range(width):
                at = _phase(n, j, st.PHASE_1, i, steps)
                drift = np.uint32(n[st.WIDTH_STEP_1 * TILE + j] * i)
                bent = np.uint32(n[st.WIDTH_BEND_1 * TILE + j] * steps)
                late = np.uint32(n[st.WIDTH_1 * TILE + j] + np.uint32(drift + bent))
                late = np.uint32(at + late)
                if cheap:
                    per_sample = v[st.BLEP_1 * TILE + j]
                    value = _poly_saw(at, per_sample) - _poly_saw(late, per_sample)
                else:
                    value = _saw(at) - _saw(late)
                signals[signal + j] += v[st.PULSE_1 * TILE + j] * value
        if kinds & st.USES_TRIANGLE_1:
            for j in range(width):
                at = np.uint32(_phase(n, j, st.PHASE_1, i, steps) - n[st.LAG_1 * TILE + j])
                signals[signal + j] += v[st.TRIANGLE_1 * TILE + j] * _triangle(at)
        if kinds & st.USES_SINE_1:
            for j in range(width):
                x = f32(np.int32(_phase(n, j, st.PHASE_1, i, steps))) * _2_31
                signals[signal + j] += v[st.SINE_1 * TILE + j] * sin_half_turns(x)


# Each of these is a function of its own: inlined into one, their loops are too much for LLVM. A
# full tile has its own code: a constant count saves half the time.


@kernel(fast=True)
def _clean_waves(signals, v, n, width, kinds, first, count, trail):  # type: ignore[no-untyped-def]
    if width == TILE:
        _waves(signals, v, n, TILE, kinds, first, count, trail, False)
    else:
        _waves(signals, v, n, width & _WIDTHS, kinds, first, count, trail, False)


@kernel(fast=True)
def _cheap_waves(signals, v, n, width, kinds, first, count, trail):  # type: ignore[no-untyped-def]
    if width == TILE:
        _waves(signals, v, n, TILE, kinds, first, count, trail, True)
    else:
        _waves(signals, v, n, width & _WIDTHS, kinds, first, count, trail, True)


@kernel(fast=True)
def _noise(v, n, width, first, count, trail):  # type: ignore[no-untyped-def]
    width &= _WIDTHS
    for frame in range(first, first + count):
        signal = (st.SIGNAL + ((trail + frame) & _IN_TRAIL)) * TILE
        for j in range(width):
            seed = np.uint32(np.uint32(n[st.SEED * TILE + j] * np.uint32(1664525))
                             + np.uint32(1013904223))  # fmt: skip
            n[st.SEED * TILE + j] = seed
            v[signal + j] += v[st.NOISE * TILE + j] * (f32(np.int32(seed)) * _2_31)


@kernel(realtime=True)
def oscillators(v, n, width, uses, first, count, trail, cheap):  # type: ignore[no-untyped-def]
    """Add to the signal of `count` frames; `trail` is the row of the cell's first in its ring."""
    for second in range(2):
        kinds = (uses >> (4 * second)) & 15
        if kinds == 0:
            continue
        own = v[second * _ROWS * TILE :]
        phases = n[second * OSCILLATOR_WORDS * TILE :]
        if cheap:
            _cheap_waves(v, own, phases, width, kinds, first, count, trail)
        else:
            _clean_waves(v, own, phases, width, kinds, first, count, trail)
    if uses & st.USES_NOISE:
        _noise(v, n, width, first, count, trail)
