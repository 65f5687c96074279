"""Filter, level and mix of a tile.

The filter is a state-variable one in trapezoidal form (A. Simper, Cytomic), bounded under any
modulation. Its coefficients are those of the analogue filter, not of its bilinear image: poles by
the exact map z = exp(sT), zeros such that the magnitude agrees at 0, at the cutoff, and at half the
sample rate (low) or half the cutoff (band), after M. Vicanek, "Matched second order digital
filters" (2016). They are worked out at points some frames apart, with straight lines between.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import exp2_f32, f32, sinh_part, tan_half_turns, versine_part
from engine.rt import state as st
from engine.rt.state import CELL, GROUP, STEP, TILE, TRAIL, WIDE_STEP
from engine.rt.voice import move_fast, set_levels, set_octaves

_ZERO = f32(0.0)
_ONE = f32(1.0)
_TWO = f32(2.0)
_HALF = f32(0.5)
_QUARTER = f32(0.25)
_TAU = f32(2.0 * math.pi)
_PI_2 = f32(math.pi**2)
_THREE_QUARTERS_2 = f32(0.5625)
_LOWEST_CUTOFF = f32(-13.0)  # octaves below the sample rate: 5.9 Hz at 48 kHz
_HIGHEST_CUTOFF = f32(np.log2(0.45))
_PER_WIDE_STEP = f32(1.0 / WIDE_STEP)
_IN_CELL = CELL - 1
_IN_TRAIL = TRAIL - 1
_WIDTHS = 2 * TILE - GROUP  # bits of a width: it is not negative, and of whole groups
FIRST_OF_STEEP = f32(1.847759)  # damping of a Butterworth filter's duller pair of poles
SECOND_OF_STEEP = f32(0.541196)  # of its other pair, of what the whole filter's Q says


@kernel(fast=True, inline=True)
def matched(octaves, k, low, band, high, notch, other):  # type: ignore[no-untyped-def]
    """Coefficients of a filter: gain and damping of the integrators, weights of input and band.

    `octaves` is log2(cutoff / sample rate), k = 1 / Q in (0, 2]; the modes are weights, of which
    all but `low` count only with `other`.
    """
    x = exp2_f32(min(max(octaves, _LOWEST_CUTOFF), _HIGHEST_CUTOFF))
    omega = _TAU * x
    w2 = omega * omega
    a2 = _QUARTER * k * k * w2
    b2 = max(w2 - a2, _ZERO)
    up = a2 * versine_part(a2)
    down = b2 * versine_part(-b2)
    near = up + down
    far = _TWO + up - down
    u = w2 * versine_part(-w2)  # 1 - cos(omega)
    k2 = k * k
    r = w2 - _PI_2
    # divisions are dear: two for six quotients
    root = math.sqrt(near * far)
    edge = math.sqrt(r * r + k2 * _PI_2 * w2)
    both = _ONE / (root * edge)
    g = near * edge * both
    damping = k * omega * sinh_part(a2) * edge * both
    c2 = low * w2 * root * both
    p = u * far
    q = (_TWO - u) * near
    part = _ONE / (p * q * k2)
    at2 = p * p * k2 * part  # the cutoff, squared, where the integrators see it
    per = q * q * part  # 1 / (k2 * at2)
    d2 = damping * damping
    there = (_ONE - at2) * (_ONE - at2) + d2 * at2
    short = _ONE - c2 * at2
    beta = low * math.sqrt(max((there - k2 * short * short) * per, _ZERO))
    if other:
        half = _ONE + math.sqrt(max(_ONE - _HALF * u, _ZERO))
        at2_half = _HALF * u / (half * half * g * g)
        there_half = (_ONE - at2_half) * (_ONE - at2_half) + d2 * at2_half
        k2_half = _QUARTER * k2
        want = k2_half / (_THREE_QUARTERS_2 + k2_half)
        there_per = there * per * k2
        band_c2 = max((there_per - want * there_half / at2_half) / (at2 - at2_half), _ZERO)
        beta += band * math.sqrt(max(there_per - band_c2 * at2, _ZERO))
        c2 += band * math.sqrt(band_c2)
        c2 += high * math.sqrt(there) * per * k
        c2 += notch * per * k2
    return g, damping, c2, beta - c2 * damping


@kernel(fast=True, inline=True)
def _move_stage(v, j, row, g, damping, m0, m1):  # type: ignore[no-untyped-def]
    move_fast(v, j, row, g, _PER_WIDE_STEP)
    move_fast(v, j, row + 1, damping, _PER_WIDE_STEP)
    move_fast(v, j, row + 2, m0, _PER_WIDE_STEP)
    move_fast(v, j, row + 3, m1, _PER_WIDE_STEP)


@kernel(fast=True, inline=True)
def _low_coefficients(v, width, at):  # type: ignore[no-untyped-def]
    """Set the coefficients of voices that all have a low-pass of one stage."""
    frames = f32(at)
    for j in range(width):
        k = v[st.DAMPING * TILE + j] + v[st.DAMPING_STEP * TILE + j] * frames
        g, damping, m0, m1 = matched(v[st.OCTAVES * TILE + j], k, _ONE, _ZERO, _ZERO, _ZERO, False)
        _move_stage(v, j, st.F_FILTER, g, damping, m0, m1)


@kernel(fast=True, inline=True)
def _coefficients(v, width, uses, at):  # type: ignore[no-untyped-def]
    """Set the coefficients at a point, `at` frames into the cell."""
    frames = f32(at)
    if uses & (st.USES_OTHER | st.USES_STEEP):
        for j in range(width):
            k = v[st.DAMPING * TILE + j] + v[st.DAMPING_STEP * TILE + j] * frames
            # the damping of both stages makes a Butterworth filter at Q = 0.7071
            k1 = FIRST_OF_STEEP if v[st.STEEP * TILE + j] != _ZERO else k
            g, damping, m0, m1 = matched(
                v[st.OCTAVES * TILE + j], k1, v[st.LOW * TILE + j], v[st.BAND * TILE + j],
                v[st.HIGH * TILE + j], v[st.NOTCH * TILE + j], True,
            )  # fmt: skip
            _move_stage(v, j, st.F_FILTER, g, damping, m0, m1)
    else:
        _low_coefficients(v, width, at)
    if uses & st.USES_STEEP:
        for j in range(width):
            k = v[st.DAMPING * TILE + j] + v[st.DAMPING_STEP * TILE + j] * frames
            g, damping, m0, m1 = matched(
                v[st.OCTAVES * TILE + j], k * SECOND_OF_STEEP, v[st.LOW * TILE + j],
                v[st.BAND * TILE + j], v[st.HIGH * TILE + j], v[st.NOTCH * TILE + j], True,
            )  # fmt: skip
            steep = v[st.STEEP * TILE + j] != _ZERO
            m0 = m0 if steep else _ONE  # or it lets all pass
            m1 = m1 if steep else _ZERO
            _move_stage(v, j, st.F_SECOND, g, damping, m0, m1)


@kernel(fast=True, inline=True)
def _plain_coefficients(v, width):  # type: ignore[no-untyped-def]
    """Set the coefficients of the bilinear filter of one stage, of which only the gain moves."""
    for j in range(width):
        x = exp2_f32(min(max(v[st.OCTAVES * TILE + j], _LOWEST_CUTOFF), _HIGHEST_CUTOFF))
        move_fast(v, j, st.F_FILTER, tan_half_turns(x), _PER_WIDE_STEP)
        k = v[st.DAMPING * TILE + j]
        through = v[st.HIGH * TILE + j] + v[st.NOTCH * TILE + j]
        v[(st.FROM + st.F_FILTER + 1) * TILE + j] = k
        v[(st.FROM + st.F_FILTER + 2) * TILE + j] = through
        v[(st.FROM + st.F_FILTER + 3) * TILE + j] = k * (v[st.BAND * TILE + j] - through)


@kernel(fast=True)
def _set_levels(v, n, width, uses, at):  # type: ignore[no-untyped-def]
    """Let the levels of all voices go on to a point, `at` frames into the cell."""
    if width == TILE:
        set_levels(v, n, TILE, uses, at)
    else:
        set_levels(v, n, GROUP, uses, at)


@kernel(fast=True)
def _set_filters(v, n, width, uses, at, cheap):  # type: ignore[no-untyped-def]
    """Let the filters of all voices go on to a point, `at` frames into the cell."""
    if width == TILE:
        set_octaves(v, n, TILE, uses, at)
        if cheap:
            _plain_coefficients(v, TILE)
        else:
            _coefficients(v, TILE, uses, at)
    else:
        set_octaves(v, n, GROUP, uses, at)
        if cheap:
            _plain_coefficients(v, GROUP)
        else:
            _coefficients(v, GROUP, uses, at)


@kernel(fast=True, inline=True)
def _drive(v, width, first, count, trail):  # type: ignore[no-untyped-def]
    """Saturate the signal: x / sqrt(1 + x^2), its mean over each sample's step, against alias.

    The mean of that curve between two samples has a closed form without a singular point:
    (sqrt(1 + b^2) - sqrt(1 + a^2)) / (b - a) = (a + b) / (sqrt(1 + a^2) + sqrt(1 + b^2)).
    """
    for frame in range(first, first + count):
        f = frame & _IN_CELL
        signal = (st.SIGNAL + ((trail + f) & _IN_TRAIL)) * TILE
        at = f32(f)
        for j in range(width):
            drive = v[st.DRIVE * TILE + j] + v[st.DRIVE_STEP * TILE + j] * at
            x = v[signal + j] * drive
            root = math.sqrt(_ONE + x * x)
            y = (x + v[st.DRIVE_X * TILE + j]) / (root + v[st.DRIVE_S * TILE + j])
            v[st.DRIVE_X * TILE + j] = x
            v[st.DRIVE_S * TILE + j] = root
            v[signal + j] = y if drive > _ZERO else v[signal + j]


@kernel(fast=True, inline=True)
def _at(v, j, row, since):  # type: ignore[no-untyped-def]
    """A fast control of voice j, `since` frames after the point it goes from."""
    return v[(st.FROM + row) * TILE + j] + v[(st.SLOPE + row) * TILE + j] * since


@kernel(fast=True, inline=True)
def _filter_step(v, width, begin, end, trail, mix, cheap, low, steep, sends):  # type: ignore[no-untyped-def]
    """Filter and mix the frames begin..end, which lie between two points.

    `low` says that all voices have a low-pass; `cheap` that only the gain of the filter moves.
    """
    for frame in range(begin, end):
        f = frame & _IN_CELL
        since = f32(f & (STEP - 1))
        wide = f32(f & (WIDE_STEP - 1))  # since the filter's point
        signal = (st.SIGNAL + ((trail + f) & _IN_TRAIL)) * TILE
        left = _ZERO
        right = _ZERO
        for j in range(width):
            x = v[signal + j]
            g = _at(v, j, st.F_FILTER, wide)
            if cheap:
                k = v[(st.FROM + st.F_FILTER + 1) * TILE + j]
                m0 = v[(st.FROM + st.F_FILTER + 2) * TILE + j]
                m1 = v[(st.FROM + st.F_FILTER + 3) * TILE + j]
            else:
                k = _at(v, j, st.F_FILTER + 1, wide)
                m0 = _at(v, j, st.F_FILTER + 2, wide)
                m1 = _at(v, j, st.F_FILTER + 3, wide)
            ic1 = v[st.IC1 * TILE + j]
            ic2 = v[st.IC2 * TILE + j]
            v1 = (ic1 + g * (x - ic2)) / (_ONE + g * (g + k))
            v2 = ic2 + g * v1
            v[st.IC1 * TILE + j] = _TWO * v1 - ic1
            v[st.IC2 * TILE + j] = _TWO * v2 - ic2
            if low and cheap:
                y = v2
            elif low:
                y = v2 + m0 * (x - v2) + m1 * v1
            else:
                y = m0 * x + m1 * v1 + (v[st.REST * TILE + j] - m0) * v2
            if steep:
                x = y
                g = _at(v, j, st.F_SECOND, wide)
                m0 = _at(v, j, st.F_SECOND + 2, wide)
                ic1 = v[st.IC3 * TILE + j]
                ic2 = v[st.IC4 * TILE + j]
                v1 = (ic1 + g * (x - ic2)) / (_ONE + g * (g + _at(v, j, st.F_SECOND + 1, wide)))
                v2 = ic2 + g * v1
                v[st.IC3 * TILE + j] = _TWO * v1 - ic1
                v[st.IC4 * TILE + j] = _TWO * v2 - ic2
                # a stage that lets all pass has no part of this
                m2 = (v[st.REST * TILE + j] - m0) * v[st.STEEP * TILE + j]
                y = m0 * x + _at(v, j, st.F_SECOND + 3, wide) * v1 + m2 * v2
            # the ring is left clear for the next jumps
            v[signal + j] = y * _at(v, j, st.F_LEVEL, since) if sends else _ZERO
            left += y * _at(v, j, st.F_LEFT, since)
            right += y * _at(v, j, st.F_RIGHT, since)
        mix[0, f] += left
        mix[1, f] += right


@kernel(fast=True, inline=True)
def _send(v, width, first, count, trail, sends):  # type: ignore[no-untyped-def]
    """Add what goes into chorus, delay and reverb."""
    for frame in range(first, first + count):
        f = frame & _IN_CELL
        signal = (st.SIGNAL + ((trail + f) & _IN_TRAIL)) * TILE
        at = f32(f)
        chorus = _ZERO
        delay = _ZERO
        reverb = _ZERO
        for j in range(width):
            y = v[signal + j]
            v[signal + j] = _ZERO
            chorus += y * (v[st.CHORUS * TILE + j] + v[st.CHORUS_STEP * TILE + j] * at)
            delay += y * (v[st.DELAY * TILE + j] + v[st.DELAY_STEP * TILE + j] * at)
            reverb += y * (v[st.REVERB * TILE + j] + v[st.REVERB_STEP * TILE + j] * at)
        sends[0, f] += chorus
        sends[1, f] += delay
        sends[2, f] += reverb


@kernel(fast=True, inline=True)
def _clear(v, width, first, count, trail):  # type: ignore[no-untyped-def]
    """Leave the ring clear for the next jumps, where nothing is sent."""
    for frame in range(first, first + count):
        signal = (st.SIGNAL + ((trail + frame) & _IN_TRAIL)) * TILE
        for j in range(width):
            v[signal + j] = _ZERO


# Each of these is a function of its own: inlined into one, their loops are too much for LLVM. Each
# width has its own code: a constant count saves half the time.


@kernel(fast=True)
def _low_full(v, begin, end, trail, mix):  # type: ignore[no-untyped-def]
    _filter_step(v, TILE, begin, end, trail, mix, False, True, False, False)


@kernel(fast=True)
def _any_single(v, width, begin, end, trail, mix):  # type: ignore[no-untyped-def]
    if width == GROUP:
        _filter_step(v, GROUP, begin, end, trail, mix, False, False, False, True)
    else:
        _filter_step(v, TILE, begin, end, trail, mix, False, False, False, True)


@kernel(fast=True)
def _any_double(v, width, begin, end, trail, mix):  # type: ignore[no-untyped-def]
    if width == GROUP:
        _filter_step(v, GROUP, begin, end, trail, mix, False, False, True, True)
    else:
        _filter_step(v, TILE, begin, end, trail, mix, False, False, True, True)


@kernel(fast=True)
def _cheap_low_full(v, begin, end, trail, mix):  # type: ignore[no-untyped-def]
    _filter_step(v, TILE, begin, end, trail, mix, True, True, False, False)


@kernel(fast=True)
def _cheap_any(v, width, begin, end, trail, mix):  # type: ignore[no-untyped-def]
    _filter_step(v, width & _WIDTHS, begin, end, trail, mix, True, False, False, True)


@kernel(fast=True, realtime=True)
def filter_and_mix(v, n, width, uses, stirred, first, count, trail, mix, sends, cheap):  # type: ignore[no-untyped-def]
    """Filter, level and pan of `count` frames, added to mix (2, CELL) and sends (3 or more, CELL).

    `stirred` says that an event has moved what the fast controls came from; otherwise they go on
    from where they are.
    """
    width &= _WIDTHS
    if uses & st.USES_DRIVE:
        _drive(v, width, first, count, trail)
    end = first + count
    begin = first
    if stirred:
        _set_levels(v, n, width, uses, np.int32(first & _IN_CELL & -STEP))
        _set_filters(v, n, width, uses, np.int32(first & _IN_CELL & -WIDE_STEP), cheap)
    simple = width == TILE and not uses & (st.USES_OTHER | st.USES_STEEP | st.USES_SENDS)
    while begin < end:
        afresh = stirred and begin == first
        step = begin & _IN_CELL & -STEP
        if afresh or begin == step:
            _set_levels(v, n, width, uses, np.int32(step + STEP))
        wide_step = begin & _IN_CELL & -WIDE_STEP
        if afresh or begin == wide_step:
            _set_filters(v, n, width, uses, np.int32(wide_step + WIDE_STEP), cheap)
        stop = min(end, step + STEP)
        if simple and cheap:
            _cheap_low_full(v, begin, stop, trail, mix)
        elif simple:
            _low_full(v, begin, stop, trail, mix)
        elif cheap:
            _cheap_any(v, width, begin, stop, trail, mix)
        elif uses & st.USES_STEEP:
            _any_double(v, width, begin, stop, trail, mix)
        else:
            _any_single(v, width, begin, stop, trail, mix)
        begin = stop
    if uses & st.USES_SENDS:
        _send(v, width, first, count, trail, sends)
    elif not simple:
        _clear(v, width, first, count, trail)
