"""A tile of voices between its control points: envelopes, LFOs, pitch, and where all is heading.

`v`, `n`, `w`, `d` are the tile's float32, uint32, int64 and float64 rows, `width` its voices in
whole groups. What moves is a function of the frame within the cell, so a cell may be cut anywhere.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import exp2_f64, f32
from dsp.envelope import stage_shape
from dsp.lfo import lfo_value
from engine.rt import state as st
from engine.rt.state import CELL, GROUP, OSCILLATOR_WORDS, STEP, TILE

_APPROACH = f32(0.25)  # of the way to a new value at each control point: 63 % in 2.3 ms at 48 kHz
_APPROACH_64 = 0.25
_PER_FRAME = f32(1.0 / CELL)
_PER_STEP = f32(1.0 / STEP)
_CELL_F = f32(CELL)
_CELL_U = np.uint32(CELL)
_CELL_I = np.int32(CELL)
_ZERO = f32(0.0)
_ONE = f32(1.0)
_HALF = f32(0.5)
_2_31 = f32(2.0**-31)
_2_32 = 2.0**32
_FOREVER = f32(st.FOREVER)
_SILENT = f32(1e-5)  # -100 dB
_SUM_OF_STEPS = CELL * (CELL - 1) // 2
_BENT_IN_CELL = CELL * CELL - CELL // 2  # what a bend adds to a cell's way, from middle to end
_SUM_U = np.uint32(_SUM_OF_STEPS)
_LOG_CELL = CELL.bit_length() - 1
_LOG_CELL_I = np.int32(_LOG_CELL)
_HALF_CELL = np.int32(CELL // 2)
_WIDTHS = 2 * TILE - GROUP  # bits of a width: it is not negative, and of whole groups


@kernel(fast=True, inline=True)
def long_increment(pitch, sample_rate):  # type: ignore[no-untyped-def]
    """Phase increment of a pitch in semitones, in 2**-64 of a period per frame."""
    cycles = exp2_f64((pitch - 69.0) / 12.0) * (440.0 / sample_rate)
    return np.int64(min(cycles, 0.49) * 2.0**62) << 2  # int64 holds the wrap-around of uint64


@kernel(fast=True, inline=True)
def envelope_level(v, n, j, pos, start, at):  # type: ignore[no-untyped-def]
    """Level of an envelope of voice j, `at` frames into the cell, this stage over or not.

    The rows of an envelope follow each other: curve, sustain, `start`, span, length, rate, bend,
    decay, fall, release, next.
    """
    since = f32(np.int32(np.int32(n[pos * TILE + j]) + at))
    length = v[(start + 2) * TILE + j]
    way = stage_shape(since * v[(start + 3) * TILE + j], v[(start + 4) * TILE + j])
    span = v[(start + 1) * TILE + j]
    level = v[start * TILE + j] + span * way
    after = stage_shape((since - length) * v[(start + 6) * TILE + j], v[(start - 2) * TILE + j])
    later = v[start * TILE + j] + span + v[(start + 8) * TILE + j] * after
    return level if since < length else later


@kernel(inline=True)
def begin_stage(v, n, j, stage, start, number, level, span, length, bend):  # type: ignore[no-untyped-def]
    """Let an envelope of voice j go from `level` by `span` in `length` frames."""
    n[stage * TILE + j] = np.uint32(number)
    v[start * TILE + j] = level
    v[(start + 1) * TILE + j] = span
    v[(start + 2) * TILE + j] = length
    v[(start + 3) * TILE + j] = _ONE / length if length < _FOREVER else _ZERO
    v[(start + 4) * TILE + j] = bend
    v[(start + 8) * TILE + j] = _ZERO


@kernel(inline=True)
def _end_stage(v, n, j, stage, start):  # type: ignore[no-untyped-def]
    """Take an envelope whose stage is over into the next one, the frames beyond its end counted."""
    reached = v[start * TILE + j] + v[(start + 1) * TILE + j]
    sustain = v[(start - 1) * TILE + j]
    now = n[stage * TILE + j]
    if now == st.ATTACK:
        pos = np.int32(n[(stage + 1) * TILE + j]) - np.int32(v[(start + 2) * TILE + j])
        n[(stage + 1) * TILE + j] = np.uint32(pos)
        span = v[(start + 8) * TILE + j]
        decay = v[(start + 5) * TILE + j]
        begin_stage(
            v, n, j, stage, start, st.DECAY, reached, span, decay, v[(start - 2) * TILE + j]
        )
        return
    n[(stage + 1) * TILE + j] = np.uint32(0)
    if now == st.DECAY and sustain > _SILENT:
        begin_stage(v, n, j, stage, start, st.SUSTAIN, reached, _ZERO, _FOREVER, _ZERO)
    else:  # idle is exactly silent
        begin_stage(v, n, j, stage, start, st.IDLE, _ZERO, _ZERO, _FOREVER, _ZERO)


@kernel(fast=True, inline=True)
def _advance_envelope(v, n, width, stage, start):  # type: ignore[no-untyped-def]
    pos = stage + 1
    over = 0
    for j in range(width):
        ahead = np.int32(np.int32(n[pos * TILE + j]) + _CELL_I)
        n[pos * TILE + j] = np.uint32(ahead)
        over += 1 if f32(ahead) >= v[(start + 2) * TILE + j] else 0
    if over > 0:
        for j in range(width):
            if f32(np.int32(n[pos * TILE + j])) >= v[(start + 2) * TILE + j]:
                _end_stage(v, n, j, stage, start)


@kernel(fast=True, inline=True)
def _glide(v, width, row):  # type: ignore[no-untyped-def]
    """Go on to the next cell with a row that glides: value, step per frame, target."""
    for j in range(width):
        value = v[row * TILE + j] + v[(row + 1) * TILE + j] * _CELL_F
        v[row * TILE + j] = value
        v[(row + 1) * TILE + j] = (v[(row + 2) * TILE + j] - value) * _APPROACH * _PER_FRAME


@kernel(fast=True, inline=True)
def _advance_lfo(v, n, d, width, second, beat, beats_per_frame):  # type: ignore[no-untyped-def]
    """Go on to the next cell with an LFO: its phase, what it holds, and how far it has set in."""
    phase = st.LFO_PHASE_1 + 3 * second
    amount = st.AMOUNT_1 + 5 * second
    for j in range(width):
        swings = d[(st.BEATS_1 + second) * TILE + j]  # per beat; 0: it swings freely
        speed = d[(st.SPEED_1 + second) * TILE + j]
        free = d[(st.TURNS_1 + second) * TILE + j] + speed * CELL
        bound = beat * swings + d[(st.BEAT_PHASE_1 + second) * TILE + j]
        speed = beats_per_frame * swings if swings > 0.0 else speed
        turns = bound if swings > 0.0 else free
        turns -= np.float64(np.int64(turns))
        turns += 1.0 if turns < 0.0 else 0.0
        d[(st.TURNS_1 + second) * TILE + j] = turns
        d[(st.SPEED_1 + second) * TILE + j] = speed
        n[phase * TILE + j] = np.uint32(np.int64(turns * _2_32))
        n[(phase + 1) * TILE + j] = np.uint32(np.int64(speed * _2_32))
        over = turns < speed * CELL
        old = n[st.SEED * TILE + j]
        seed = np.uint32(np.uint32(old * np.uint32(22695477)) + np.uint32(1))
        held = v[(st.HOLD_1 + second) * TILE + j]
        n[st.SEED * TILE + j] = seed if over else old
        v[(st.HOLD_1 + second) * TILE + j] = f32(np.int32(seed)) * _2_31 if over else held
    for j in range(width):
        value = v[amount * TILE + j] + v[(amount + 1) * TILE + j] * _CELL_F
        fade = v[(amount + 3) * TILE + j] + v[(amount + 4) * TILE + j] * _CELL_F
        target = v[(amount + 2) * TILE + j] * min(max(fade, _ZERO), _ONE)
        v[amount * TILE + j] = value
        v[(amount + 1) * TILE + j] = (target - value) * _APPROACH * _PER_FRAME
        v[(amount + 3) * TILE + j] = fade


@kernel(fast=True, inline=True)
def lfo_at(v, n, j, second, at):  # type: ignore[no-untyped-def]
    """Value of an LFO of voice j, `at` frames into the cell, without its amount."""
    phase = st.LFO_PHASE_1 + 3 * second
    ahead = np.uint32(n[(phase + 1) * TILE + j] * np.uint32(at))
    x = f32(np.int32(np.uint32(n[phase * TILE + j] + ahead))) * _2_31
    return lfo_value(x, n[(phase + 2) * TILE + j], v[(st.HOLD_1 + second) * TILE + j])


@kernel(fast=True, inline=True)
def amount_at(v, j, second, at):  # type: ignore[no-untyped-def]
    """How far an LFO of voice j has set in, `at` frames into the cell."""
    amount = st.AMOUNT_1 + 5 * second
    return v[amount * TILE + j] + v[(amount + 1) * TILE + j] * at


@kernel(fast=True, inline=True)
def _aim_oscillator(v, n, w, d, width, second, sample_rate, lag):  # type: ignore[no-untyped-def]
    """Go on to the next cell with an oscillator, and aim it at its voice's new pitch.

    The 32-bit phase of the next cell is exactly where that of this one ends; the increment is
    rounded so that it never strays from the 64-bit phase.
    """
    long_phase = st.LONG_PHASE_1 + 3 * second
    phase = st.PHASE_1 + OSCILLATOR_WORDS * second
    offset = st.OFFSET_1 + 6 * second
    for j in range(width):
        target = long_increment(
            d[st.PITCH * TILE + j] + d[(st.TUNE_1 + second) * TILE + j], sample_rate
        )
        inc = w[(long_phase + 1) * TILE + j]
        bend = w[(long_phase + 2) * TILE + j]
        at = w[long_phase * TILE + j] + inc * CELL + bend * _SUM_OF_STEPS
        inc += bend * CELL
        bend = (target - inc) >> _LOG_CELL
        w[long_phase * TILE + j] = at
        w[(long_phase + 1) * TILE + j] = inc
        w[(long_phase + 2) * TILE + j] = bend
        end = np.uint32((at + inc * CELL + bend * _SUM_OF_STEPS) >> 32)
        short_inc = np.uint32(n[(phase + 1) * TILE + j] * _CELL_U)
        short_bend = np.uint32(n[(phase + 2) * TILE + j] * _SUM_U)
        now = np.uint32(n[phase * TILE + j] + np.uint32(short_inc + short_bend))
        n[phase * TILE + j] = now
        new_inc = np.uint32(inc >> 32)
        new_bend = np.uint32(bend >> 32)
        reached = np.uint32(now + np.uint32(np.uint32(new_inc * _CELL_U)
                                            + np.uint32(new_bend * _SUM_U)))  # fmt: skip
        stray = np.int32(np.int32(np.int32(np.uint32(end - reached)) + _HALF_CELL) >> _LOG_CELL_I)
        new_inc = np.uint32(new_inc + np.uint32(stray))
        n[(phase + 1) * TILE + j] = new_inc
        n[(phase + 2) * TILE + j] = new_bend
        speed = f32(np.int32(new_inc))
        n[(phase + 5) * TILE + j] = np.uint32(np.int32(speed * lag))
        v[offset * TILE + j] = speed * lag * _2_31
        v[(offset + 1) * TILE + j] = _ONE / max(speed * _2_31, _2_31)


@kernel(fast=True, inline=True)
def _aim_width(n, d, width, second):  # type: ignore[no-untyped-def]
    """Go on to the next cell with a pulse's width: a quadratic spline through the cells' middles.

    It goes from half way between the last two widths that were wanted to half way between the
    last and the new one, so that nothing but its bend is broken where cells meet.
    """
    row = st.WIDTH_1 + OSCILLATOR_WORDS * second
    step_row = st.WIDTH_STEP_1 + OSCILLATOR_WORDS * second
    bend_row = st.WIDTH_BEND_1 + OSCILLATOR_WORDS * second
    to_row = st.WIDTH_TO_1 + OSCILLATOR_WORDS * second
    inc_row = st.INC_1 + OSCILLATOR_WORDS * second
    for j in range(width):
        step = np.int64(np.int32(n[step_row * TILE + j]))
        bend = np.int64(np.int32(n[bend_row * TILE + j]))
        now = np.int64(n[row * TILE + j]) + step * CELL + bend * _SUM_OF_STEPS
        n[row * TILE + j] = np.uint32(now)
        # an edge must not move back past where it was
        most = np.int64(n[inc_row * TILE + j]) >> 1
        last = np.int64(n[to_row * TILE + j])
        wanted = np.int64(d[(st.WIDTH_NOW_1 + second) * TILE + j] * _2_32)
        change = min(max(wanted - last, -most * CELL), most * CELL)
        n[to_row * TILE + j] = np.uint32(last + change)
        bend = (change - (step * CELL + bend * _BENT_IN_CELL)) >> (2 * _LOG_CELL)
        way = np.int64(np.int32(np.uint32(last - now))) + (change >> 1)
        step = (way - bend * _SUM_OF_STEPS) >> _LOG_CELL
        n[step_row * TILE + j] = np.uint32(np.int32(min(max(step, -most), most)))
        n[bend_row * TILE + j] = np.uint32(np.int32(bend))


@kernel(fast=True, inline=True)
def _move(v, d, j, value, source):  # type: ignore[no-untyped-def]
    """Add what a source (envelope, LFO 1, LFO 2) moves between control points."""
    d[st.PITCH * TILE + j] += d[(st.PITCH_ENV + source) * TILE + j] * value
    by = d[(st.WIDTH_ENV + source) * TILE + j] * value
    d[st.WIDTH_NOW_1 * TILE + j] = min(max(d[st.WIDTH_NOW_1 * TILE + j] + by, 0.02), 0.98)
    d[st.WIDTH_NOW_2 * TILE + j] = min(max(d[st.WIDTH_NOW_2 * TILE + j] + by, 0.02), 0.98)
    v[st.PAN_NOW * TILE + j] += v[(st.PAN_ENV + source) * TILE + j] * value


@kernel(fast=True, realtime=True)
def start_cell(v, n, w, d, width, uses, sample_rate, beat, beats_per_frame, lag):  # type: ignore[no-untyped-def]
    """Control point: take everything on by a cell, and aim it at where it is to be at its end."""
    width &= _WIDTHS
    _advance_envelope(v, n, width, st.STAGE_A, st.START_A)
    _advance_envelope(v, n, width, st.STAGE_M, st.START_M)
    _glide(v, width, st.CUTOFF)
    _glide(v, width, st.DAMPING)
    if uses & st.USES_DRIVE:
        _glide(v, width, st.DRIVE)
    if uses & st.USES_SENDS:
        _glide(v, width, st.CHORUS)
        _glide(v, width, st.DELAY)
        _glide(v, width, st.REVERB)
    if uses & st.USES_LFO_1:
        _advance_lfo(v, n, d, width, 0, beat, beats_per_frame)
    if uses & st.USES_LFO_2:
        _advance_lfo(v, n, d, width, 1, beat, beats_per_frame)
    for j in range(width):
        bend = d[st.BEND * TILE + j]
        bend += (d[st.BEND_TARGET * TILE + j] - bend) * _APPROACH_64
        d[st.BEND * TILE + j] = bend
        note = d[st.NOTE * TILE + j]
        most = d[st.GLIDE * TILE + j]
        note += min(max(d[st.NOTE_TARGET * TILE + j] - note, -most), most)
        d[st.NOTE * TILE + j] = note
        d[st.PITCH * TILE + j] = note + bend + d[st.TRANSPOSE * TILE + j]
        d[st.WIDTH_NOW_1 * TILE + j] = d[st.BASE_WIDTH_1 * TILE + j]
        d[st.WIDTH_NOW_2 * TILE + j] = d[st.BASE_WIDTH_2 * TILE + j]
        v[st.PAN_NOW * TILE + j] = v[st.PAN_AT * TILE + j]
    if uses & st.USES_ENVELOPE:
        for j in range(width):
            _move(v, d, j, envelope_level(v, n, j, st.POS_M, st.START_M, _CELL_I), 0)
    if uses & st.USES_LFO_1:
        for j in range(width):
            _move(v, d, j, lfo_at(v, n, j, 0, CELL) * amount_at(v, j, 0, _CELL_F), 1)
    if uses & st.USES_LFO_2:
        for j in range(width):
            _move(v, d, j, lfo_at(v, n, j, 1, CELL) * amount_at(v, j, 1, _CELL_F), 2)
    _aim_oscillator(v, n, w, d, width, 0, sample_rate, lag)
    if uses & (st.USES_SAW_2 | st.USES_PULSE_2 | st.USES_TRIANGLE_2 | st.USES_SINE_2):
        _aim_oscillator(v, n, w, d, width, 1, sample_rate, lag)
    if uses & st.USES_PULSE_1:
        _aim_width(n, d, width, 0)
    if uses & st.USES_PULSE_2:
        _aim_width(n, d, width, 1)
    for j in range(width):
        pan = min(max(v[st.PAN_NOW * TILE + j], -_ONE), _ONE)
        gain = v[st.GAIN * TILE + j]
        v[st.LEFT_TARGET * TILE + j] = gain * math.sqrt(_HALF - _HALF * pan)
        v[st.RIGHT_TARGET * TILE + j] = gain * math.sqrt(_HALF + _HALF * pan)
    _glide(v, width, st.LEFT)
    _glide(v, width, st.RIGHT)


@kernel(fast=True, inline=True)
def _tremble(v, n, width, second, at):  # type: ignore[no-untyped-def]
    """Take off the level what an LFO does to it."""
    for j in range(width):
        amount = amount_at(v, j, second, f32(at))
        swing = lfo_at(v, n, j, second, at) * amount
        less = v[(st.LEVEL_LFO_1 + second) * TILE + j] * _HALF * (amount - swing)
        v[st.LEVEL * TILE + j] *= max(_ONE - less, _ZERO)


@kernel(fast=True, inline=True)
def _sweep(v, n, width, second, at):  # type: ignore[no-untyped-def]
    """Add what an LFO does to the cutoff."""
    for j in range(width):
        swing = lfo_at(v, n, j, second, at) * amount_at(v, j, second, f32(at))
        v[st.OCTAVES * TILE + j] += v[(st.CUTOFF_LFO_1 + second) * TILE + j] * swing


@kernel(fast=True, inline=True)
def move_fast(v, j, row, value, per_frame):  # type: ignore[no-untyped-def]
    """Let a fast control of voice j go from the point reached to a new value at the next."""
    reached = v[(st.TO + row) * TILE + j]
    v[(st.FROM + row) * TILE + j] = reached
    v[(st.SLOPE + row) * TILE + j] = (value - reached) * per_frame
    v[(st.TO + row) * TILE + j] = value


@kernel(fast=True, inline=True)
def set_levels(v, n, width, uses, at):  # type: ignore[no-untyped-def]
    """Set the level of every voice at a point, `at` frames into the cell."""
    frames = f32(at)
    for j in range(width):
        v[st.LEVEL * TILE + j] = envelope_level(v, n, j, st.POS_A, st.START_A, at)
    if uses & st.USES_TREMOLO:
        for j in range(width):
            other = envelope_level(v, n, j, st.POS_M, st.START_M, at)
            v[st.LEVEL * TILE + j] *= max(_ONE + v[st.LEVEL_ENV * TILE + j] * other, _ZERO)
        _tremble(v, n, width, 0, at)
        _tremble(v, n, width, 1, at)
    for j in range(width):
        level = v[st.LEVEL * TILE + j]
        left = v[st.LEFT * TILE + j] + v[st.LEFT_STEP * TILE + j] * frames
        right = v[st.RIGHT * TILE + j] + v[st.RIGHT_STEP * TILE + j] * frames
        move_fast(v, j, st.F_LEFT, level * left, _PER_STEP)
        move_fast(v, j, st.F_RIGHT, level * right, _PER_STEP)
    if uses & st.USES_SENDS:
        for j in range(width):
            move_fast(v, j, st.F_LEVEL, v[st.LEVEL * TILE + j], _PER_STEP)


@kernel(fast=True, inline=True)
def set_octaves(v, n, width, uses, at):  # type: ignore[no-untyped-def]
    """Set the cutoff of every voice at a point, `at` frames into the cell."""
    frames = f32(at)
    for j in range(width):
        octaves = v[st.CUTOFF * TILE + j] + v[st.CUTOFF_STEP * TILE + j] * frames
        v[st.OCTAVES * TILE + j] = octaves
    if uses & st.USES_ENVELOPE:
        for j in range(width):
            other = envelope_level(v, n, j, st.POS_M, st.START_M, at)
            v[st.OCTAVES * TILE + j] += v[st.CUTOFF_ENV * TILE + j] * other
    if uses & st.USES_LFO_1:
        _sweep(v, n, width, 0, at)
    if uses & st.USES_LFO_2:
        _sweep(v, n, width, 1, at)


@kernel(realtime=True)
def sounding_width(n):  # type: ignore[no-untyped-def]
    """How many voices of a tile have to be worked on, GROUP or TILE, and how many sound."""
    count = 0
    beyond = 0
    for j in range(TILE):
        sounds = 1 if n[st.STAGE_A * TILE + j] != st.IDLE else 0
        count += sounds
        beyond += sounds if j >= GROUP else 0
    return TILE if beyond > 0 else GROUP, count
