"""Delay: echoes that go from side to side, each softer and, by a one-pole, darker.

The sound enters the left line; what leaves a line enters the other. The loop's gain is the
feedback times a low-pass of at most 1, and a change of time fades linearly from one tap to the
other, never over the sum of 1: so it is stable at every setting, also while settings change.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt import rack_state as rs
from engine.rt.effects.lines import FLOOR, read_between, settled
from engine.rt.state import CELL

f32 = np.float32

_LEAST = CELL + 2.0  # frames: a cell is made at once, and read_between looks a frame ahead
_SMALL_S = 0.001  # changes below glide, others fade
_GLIDE = 1.0 / 1024.0  # frames a frame: 1.7 cents


@kernel(realtime=True)
def delay_frames(state):  # type: ignore[no-untyped-def]
    """Whole frames between echoes that the settings ask for.

    A note value longer than the line is halved until it fits, which keeps it on the beat.
    """
    frames = state.rack_target[rs.R_DELAY_FRAMES]
    beats = state.rack_target[rs.R_DELAY_BEATS]
    if beats > 0.0:
        frames = beats / max(state.aim_beats_per_frame, 1e-9)
        while frames > state.delay_longest:
            frames *= 0.5
    return math.floor(min(max(frames, _LEAST), state.delay_longest) + 0.5)


@kernel(realtime=True)
def _move_time(state):  # type: ignore[no-untyped-def]
    """Set delay_old and delay_new for the cell; return how far old moves in a frame."""
    wanted = delay_frames(state)
    off = wanted - state.delay_old
    if state.delay_fade == 0 and off != 0.0:
        if abs(off) <= _SMALL_S * state.sample_rate:
            return min(max(off / CELL, -_GLIDE), _GLIDE)
        state.delay_new = wanted
        state.delay_fade = state.delay_fade_of
    return 0.0


@kernel(realtime=True)
def _write(state, quiet):  # type: ignore[no-untyped-def]
    """Put the input and the last echoes, crossed and darkened, into the lines."""
    at = state.delay_at
    mask = state.delay_mask
    most = f32(0.0)
    feedback = state.rack_from[rs.R_DELAY_FEEDBACK]
    feedback_step = (state.rack_now[rs.R_DELAY_FEEDBACK] - feedback) / CELL
    tone = state.rack_from[rs.R_DELAY_TONE]
    tone_step = (state.rack_now[rs.R_DELAY_TONE] - tone) / CELL
    left = state.delay_tone[0]
    right = state.delay_tone[1]
    for f in range(CELL):
        back = f32(feedback + feedback_step * f)
        open_ = f32(tone + tone_step * f)
        left += open_ * (state.delay_echo[0, f] - left)
        right += open_ * (state.delay_echo[1, f] - right)
        to_left = state.sends[rs.DELAY, f] + back * right
        to_right = back * left
        state.delay_line[0, (at + f) & mask] = to_left
        state.delay_line[1, (at + f) & mask] = to_right
        most = max(most, abs(to_left), abs(to_right))
    state.delay_tone[0] = settled(left)
    state.delay_tone[1] = settled(right)
    if quiet and most < FLOOR:
        for f in range(CELL):
            state.delay_line[0, (at + f) & mask] = 0.0
            state.delay_line[1, (at + f) & mask] = 0.0
        state.delay_tone[0] = 0.0
        state.delay_tone[1] = 0.0
    return most


@kernel(fast=True, realtime=True)
def run_delay(state, quiet):  # type: ignore[no-untyped-def]
    """Add a cell to state.wet; `quiet`: the input is silent. Returns the loudest it remembers."""
    most = _write(state, quiet)
    step = _move_time(state)
    mask = state.delay_mask
    at = state.delay_at + CELL
    done = (state.delay_fade_of - state.delay_fade) * CELL
    for side in range(2):
        line = state.delay_line[side]
        for f in range(CELL):
            y = read_between(line, mask, at + f, state.delay_old + step * (f + 1))
            if state.delay_fade > 0:
                x = f32((done + f + 1) / (state.delay_fade_of * CELL))
                x = x * x * (f32(3.0) - f32(2.0) * x)
                y += x * (read_between(line, mask, at + f, state.delay_new) - y)
            state.delay_echo[side, f] = y
            state.wet[side, f] += y
    if state.delay_fade > 0:
        state.delay_fade -= 1
        if state.delay_fade == 0:
            state.delay_old = state.delay_new
    state.delay_old += step * CELL
    state.delay_at = at
    return most


@kernel(realtime=True)
def wake_delay(state):  # type: ignore[no-untyped-def]
    """Begin with the time that is asked for."""
    state.delay_old = delay_frames(state)
    state.delay_fade = 0
