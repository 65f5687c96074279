"""One tile of voices, sample by sample: control, oscillators, filter and mix.

Loops run over the voices of a tile innermost; each kernel is one stage, with the tile's scratch
rows between them. `v`, `n`, `w`, `d` are the tile's float32, uint32, int64 and float64 rows.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from dsp._math import exp2_f32, exp2_f64, f32, tan_half_turns
from dsp.envelope import stage_shape
from dsp.lfo import lfo_value
from dsp.oscillator import LEVELS, LOWEST_NOTE, NOTES_PER_LEVEL
from engine.rt import state as st
from engine.rt.state import CELL, TILE

_APPROACH = f32(0.25)  # of the way to a new value at each control point: 63 % in 2.3 ms at 48 kHz
_APPROACH_64 = 0.25
_PER_FRAME = f32(1.0 / CELL)
_CELL_F = f32(CELL)
_ZERO = f32(0.0)
_ONE = f32(1.0)
_HALF = f32(0.5)
_TWO = f32(2.0)
_2_31 = f32(2.0**-31)
_2_32 = f32(2.0**-32)
_LOWEST_CUTOFF = f32(-13.0)  # octaves below the sample rate: 5.9 Hz at 48 kHz
_HIGHEST_CUTOFF = f32(np.log2(0.45))
_SILENT = f32(1e-5)  # -100 dB
_SUM_OF_STEPS = CELL * (CELL - 1) // 2
_IN_CELL = CELL - 1
_WHOLE_STAGE = np.uint64(1 << 32)
_LOG_CELL = CELL.bit_length() - 1


@kernel(fast=True, inline=True)
def long_increment(pitch, sample_rate):  # type: ignore[no-untyped-def]
    """Phase increment of a pitch in semitones, in 2**-64 of a period per frame."""
    cycles = exp2_f64((pitch - 69.0) / 12.0) * (440.0 / sample_rate)
    return np.int64(min(cycles, 0.49) * 2.0**62) << 2  # int64 holds the wrap-around of uint64


@kernel(fast=True, inline=True)
def table_level(pitch):  # type: ignore[no-untyped-def]
    """Which table of a wave serves a pitch in semitones."""
    level = np.int32((pitch - LOWEST_NOTE) * (1.0 / NOTES_PER_LEVEL))
    return min(max(level, np.int32(0)), np.int32(LEVELS - 1))


@kernel(fast=True, inline=True)
def choose_table(v, n, j, number, pitch, offset, shift):  # type: ignore[no-untyped-def]
    """Point oscillator `number` (0 or 1) of voice j at the table that serves a pitch."""
    wave = n[(st.WAVE_1 + number) * TILE + j]
    level = table_level(pitch)
    bits = shift[wave, level]
    n[(st.TABLE_1 + number) * TILE + j] = np.uint32(offset[wave, level])
    n[(st.SHIFT_1 + number) * TILE + j] = np.uint32(bits)
    v[(st.SCALE_1 + number) * TILE + j] = exp2_f32(-f32(bits))


@kernel(fast=True, inline=True)
def _aim_oscillator(v, n, w, d, number, sample_rate, offset, shift):  # type: ignore[no-untyped-def]
    """Advance an oscillator's 64-bit phases by a cell, and aim its increments at the new pitch."""
    # rows of one oscillator follow each other: phase, increment, step
    long_phase = st.LONG_PHASE_1 + 3 * number
    phase = st.PHASE_1 + 3 * number
    for j in range(TILE):
        tune = d[(st.TUNE_1 + number) * TILE + j]
        target = long_increment(d[st.PITCH * TILE + j] + tune, sample_rate)
        inc = w[(long_phase + 1) * TILE + j]
        step = w[(long_phase + 2) * TILE + j]
        at = w[long_phase * TILE + j] + inc * CELL + step * _SUM_OF_STEPS
        inc += step * CELL
        step = (target - inc) >> _LOG_CELL
        w[long_phase * TILE + j] = at
        w[(long_phase + 1) * TILE + j] = inc
        w[(long_phase + 2) * TILE + j] = step
        n[phase * TILE + j] = np.uint32(at >> 32)
        n[(phase + 1) * TILE + j] = np.uint32(inc >> 32)
        n[(phase + 2) * TILE + j] = np.uint32(step >> 32)
        choose_table(v, n, j, number, d[st.HIGHEST * TILE + j] + tune, offset, shift)


@kernel(fast=True, realtime=True)
def start_cell(v, n, w, d, sample_rate, offset, shift, second):  # type: ignore[no-untyped-def]
    """Control point: where pitch, cutoff and levels are heading during the next CELL frames.

    `second` says whether any voice of the tile uses its second oscillator.
    """
    for j in range(TILE):
        for row in (st.CUTOFF, st.LEFT, st.RIGHT):
            value = v[row * TILE + j] + v[(row + 1) * TILE + j] * _CELL_F
            target = v[(row + 2) * TILE + j]
            v[row * TILE + j] = value
            v[(row + 1) * TILE + j] = (target - value) * _APPROACH * _PER_FRAME
    for j in range(TILE):
        bend = d[st.BEND * TILE + j]
        bend += (d[st.BEND_TARGET * TILE + j] - bend) * _APPROACH_64
        d[st.BEND * TILE + j] = bend
        ahead = np.uint32(n[st.LFO_PHASE * TILE + j] + np.uint32(n[st.LFO_INC * TILE + j] * CELL))
        swing = lfo_value(f32(np.int32(ahead)) * _2_31, n[st.LFO_SHAPE * TILE + j])
        pitch = d[st.NOTE * TILE + j] + bend + d[st.VIBRATO * TILE + j] * swing
        # the table must serve the whole way
        d[st.HIGHEST * TILE + j] = max(pitch, d[st.PITCH * TILE + j])
        d[st.PITCH * TILE + j] = pitch
    _aim_oscillator(v, n, w, d, 0, sample_rate, offset, shift)
    if second:
        _aim_oscillator(v, n, w, d, 1, sample_rate, offset, shift)


@kernel(inline=True)
def _any_stage_ends(n, pos, count):  # type: ignore[no-untyped-def]
    for j in range(TILE):
        way = np.uint64(n[pos * TILE + j]) + np.uint64(n[(pos + 1) * TILE + j]) * np.uint64(count)
        if way >= _WHOLE_STAGE:
            return True
    return False


@kernel(fast=True, inline=True)
def _level(v, n, j, stage, start):  # type: ignore[no-untyped-def]
    """Level of one envelope of voice j now."""
    bend = _ZERO if n[stage * TILE + j] == st.ATTACK else v[(start - 2) * TILE + j]
    way = stage_shape(f32(n[(stage + 1) * TILE + j]) * _2_32, bend)
    return v[start * TILE + j] + v[(start + 1) * TILE + j] * way


@kernel(inline=True)
def _step(v, n, j, stage, start):  # type: ignore[no-untyped-def]
    """Advance one envelope of voice j by a frame, into the next stage where this one is over."""
    rate = n[(stage + 2) * TILE + j]
    ahead = np.uint32(n[(stage + 1) * TILE + j] + rate)
    if ahead >= rate:  # no wrap-around: still in this stage
        n[(stage + 1) * TILE + j] = ahead
        return
    reached = v[start * TILE + j] + v[(start + 1) * TILE + j]
    sustain = v[(start - 1) * TILE + j]
    now = n[stage * TILE + j]
    span = _ZERO
    following = np.uint32(st.IDLE)
    rate = np.uint32(0)
    if now == st.ATTACK:
        following = np.uint32(st.DECAY)
        span = sustain - reached
        rate = n[(stage + 3) * TILE + j]
    elif now == st.DECAY and sustain > _SILENT:
        following = np.uint32(st.SUSTAIN)
    v[start * TILE + j] = reached if following != st.IDLE else _ZERO  # idle is exactly silent
    v[(start + 1) * TILE + j] = span
    n[stage * TILE + j] = following
    n[(stage + 1) * TILE + j] = 0
    n[(stage + 2) * TILE + j] = rate


@kernel(fast=True, inline=True)
def envelope(v, n, first, count, stage, start, out):  # type: ignore[no-untyped-def]
    """Levels of one envelope for `count` frames, to the scratch rows from `out` on.

    The rows of an envelope follow each other: `stage`, position, rate, decay rate in `n`; curve,
    sustain, `start`, span in `v`.
    """
    if _any_stage_ends(n, stage + 1, count):
        for i in range(first, first + count):
            row = (out + (i & _IN_CELL)) * TILE
            for j in range(TILE):
                v[row + j] = _level(v, n, j, stage, start)
                _step(v, n, j, stage, start)
        return
    for i in range(count):  # every position is pos + i * rate: a loop without branches
        row = (out + ((first + i) & _IN_CELL)) * TILE
        step = np.uint32(i)
        for j in range(TILE):
            at = np.uint32(n[(stage + 1) * TILE + j] + np.uint32(n[(stage + 2) * TILE + j] * step))
            bend = _ZERO if n[stage * TILE + j] == st.ATTACK else v[(start - 2) * TILE + j]
            way = stage_shape(f32(at) * _2_32, bend)
            v[row + j] = v[start * TILE + j] + v[(start + 1) * TILE + j] * way
    frames = np.uint32(count)
    for j in range(TILE):
        at = n[(stage + 1) * TILE + j] + np.uint32(n[(stage + 2) * TILE + j] * frames)
        n[(stage + 1) * TILE + j] = np.uint32(at)


@kernel(fast=True, realtime=True)
def control(v, n, first, count):  # type: ignore[no-untyped-def]
    """Fill the scratch rows of amplitude and filter gain for `count` frames."""
    envelope(v, n, first, count, st.STAGE_A, st.START_A, st.AMPLITUDE)
    envelope(v, n, first, count, st.STAGE_M, st.START_M, st.GAIN)
    for i in range(first, first + count):
        f = i & _IN_CELL
        at = f32(f)
        gain = (st.GAIN + f) * TILE
        amplitude = (st.AMPLITUDE + f) * TILE
        turn = np.uint32(i - first)
        for j in range(TILE):
            phase = np.uint32(
                n[st.LFO_PHASE * TILE + j] + np.uint32(n[st.LFO_INC * TILE + j] * turn)
            )
            swing = lfo_value(f32(np.int32(phase)) * _2_31, n[st.LFO_SHAPE * TILE + j])
            tremolo = v[st.TREMOLO * TILE + j] * (_HALF - _HALF * swing)
            v[amplitude + j] -= v[amplitude + j] * tremolo
            octaves = v[st.CUTOFF * TILE + j] + v[st.CUTOFF_STEP * TILE + j] * at
            octaves += v[st.CUTOFF_ENV * TILE + j] * v[gain + j]
            octaves += v[st.CUTOFF_LFO * TILE + j] * swing
            v[gain + j] = min(max(octaves, _LOWEST_CUTOFF), _HIGHEST_CUTOFF)
    for i in range(first, first + count):
        gain = (st.GAIN + (i & _IN_CELL)) * TILE
        for j in range(TILE):
            v[gain + j] = tan_half_turns(exp2_f32(v[gain + j]))
    frames = np.uint32(count)
    for j in range(TILE):
        phase = n[st.LFO_PHASE * TILE + j] + np.uint32(n[st.LFO_INC * TILE + j] * frames)
        n[st.LFO_PHASE * TILE + j] = np.uint32(phase)


@kernel(fast=True, inline=True)
def _lookup(tables, phase, table, shift, scale):  # type: ignore[no-untyped-def]
    i = np.uint32(phase >> shift)
    t = f32(np.uint32(phase - np.uint32(i << shift))) * scale
    a = tables[np.int64(table) + np.int64(i)]
    return a + t * (tables[np.int64(table) + np.int64(i) + 1] - a)


@kernel(fast=True, inline=True)
def _oscillator(v, n, tables, j, phase_row, table, shift, scale):  # type: ignore[no-untyped-def]
    phase = n[phase_row * TILE + j]
    inc = n[(phase_row + 1) * TILE + j]
    n[phase_row * TILE + j] = np.uint32(phase + inc)
    n[(phase_row + 1) * TILE + j] = np.uint32(inc + n[(phase_row + 2) * TILE + j])
    value = _lookup(tables, phase, n[table * TILE + j], n[shift * TILE + j], v[scale * TILE + j])
    return value, phase


@kernel(fast=True, realtime=True)
def oscillators(v, n, tables, first, count, second, pulse, noise):  # type: ignore[no-untyped-def]
    """Signal of `count` frames; `second`, `pulse`, `noise` say which the tile needs at all."""
    for i in range(first, first + count):
        f = i & _IN_CELL  # provably not negative, so that indices need no wrap-around
        signal = (st.SIGNAL + f) * TILE
        for j in range(TILE):
            value, phase = _oscillator(
                v, n, tables, j, st.PHASE_1, st.TABLE_1, st.SHIFT_1, st.SCALE_1
            )
            v[signal + j] = v[st.LEVEL_1 * TILE + j] * value
            if pulse:  # a pulse is a saw less the same saw shifted by its width
                late = np.uint32(phase + n[st.WIDTH_1 * TILE + j])
                other = _lookup(
                    tables,
                    late,
                    n[st.TABLE_1 * TILE + j],
                    n[st.SHIFT_1 * TILE + j],
                    v[st.SCALE_1 * TILE + j],
                )
                v[signal + j] -= v[st.PULSE_1 * TILE + j] * other
        if second:
            for j in range(TILE):
                value, phase = _oscillator(
                    v, n, tables, j, st.PHASE_2, st.TABLE_2, st.SHIFT_2, st.SCALE_2
                )
                v[signal + j] += v[st.LEVEL_2 * TILE + j] * value
                if pulse:
                    late = np.uint32(phase + n[st.WIDTH_2 * TILE + j])
                    other = _lookup(
                        tables,
                        late,
                        n[st.TABLE_2 * TILE + j],
                        n[st.SHIFT_2 * TILE + j],
                        v[st.SCALE_2 * TILE + j],
                    )
                    v[signal + j] -= v[st.PULSE_2 * TILE + j] * other
        if noise:
            for j in range(TILE):
                seed = np.uint32(np.uint32(n[st.SEED * TILE + j] * np.uint32(1664525))
                                 + np.uint32(1013904223))  # fmt: skip
                n[st.SEED * TILE + j] = seed
                v[signal + j] += v[st.NOISE * TILE + j] * (f32(np.int32(seed)) * _2_31)


@kernel(fast=True, realtime=True)
def filter_and_mix(v, first, count, mix):  # type: ignore[no-untyped-def]
    """State-variable filter, amplitude and pan of `count` frames, added to mix (2, CELL)."""
    for i in range(first, first + count):
        f = i & _IN_CELL  # provably not negative, so that indices need no wrap-around
        at = f32(f)
        signal = (st.SIGNAL + f) * TILE
        gain = (st.GAIN + f) * TILE
        amplitude = (st.AMPLITUDE + f) * TILE
        left = _ZERO
        right = _ZERO
        for j in range(TILE):
            x = v[signal + j]
            g = v[gain + j]
            ic1 = v[st.IC1 * TILE + j]
            ic2 = v[st.IC2 * TILE + j]
            a1 = _ONE / (_ONE + g * (g + v[st.K * TILE + j]))
            v1 = a1 * (ic1 + g * (x - ic2))
            v2 = ic2 + g * v1
            v[st.IC1 * TILE + j] = _TWO * v1 - ic1
            v[st.IC2 * TILE + j] = _TWO * v2 - ic2
            y = (
                v[st.MIX_X * TILE + j] * x
                + v[st.MIX_BAND * TILE + j] * v1
                + v[st.MIX_LOW * TILE + j] * v2
            )
            y *= v[amplitude + j]
            left += y * (v[st.LEFT * TILE + j] + v[st.LEFT_STEP * TILE + j] * at)
            right += y * (v[st.RIGHT * TILE + j] + v[st.RIGHT_STEP * TILE + j] * at)
        mix[0, f] += left
        mix[1, f] += right


@kernel(realtime=True)
def any_sounding(n):  # type: ignore[no-untyped-def]
    """How many voices of the tile are in a stage other than idle."""
    count = 0
    for j in range(TILE):
        count += 1 if n[st.STAGE_A * TILE + j] != st.IDLE else 0
    return count
