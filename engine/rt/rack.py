"""The rack: chorus, delay and reverb, fed by what the voices send, a cell at a time.

An effect that has heard nothing for as long as it remembers, and remembers nothing, sleeps: it
costs nothing and gives exactly zero. What is below -120 dB counts as nothing.
"""

from __future__ import annotations

from dsp._jit import kernel
from engine.rt import rack_state as rs
from engine.rt.effects.chorus import run_chorus, wake_chorus
from engine.rt.effects.delay import run_delay, wake_delay
from engine.rt.effects.lines import FLOOR, loudest
from engine.rt.effects.reverb import run_reverb, wake_reverb
from engine.rt.rack_clear import FADE, empty_lines, fade_rack
from engine.rt.state import CELL

_NEAR = 1e-7  # part of a setting: a glide ends there


@kernel(realtime=True)
def aim_rack(state, row):  # type: ignore[no-untyped-def]
    """Let the settings of a row be those that the rack glides to."""
    for k in range(rs.RACK_PARAMETERS):
        state.rack_target[k] = state.rack_rows[row, k]


@kernel(realtime=True)
def _glide(state):  # type: ignore[no-untyped-def]
    for k in range(rs.RACK_PARAMETERS):
        target = state.rack_target[k]
        state.rack_from[k] = state.rack_now[k]
        off = target - state.rack_now[k]
        state.rack_now[k] += off * state.rack_glide
        if abs(off) <= _NEAR * abs(target):
            state.rack_now[k] = target


@kernel(realtime=True)
def _wake(state, effect):  # type: ignore[no-untyped-def]
    """Begin with the settings that are asked for: nothing sounds that a step would disturb."""
    first = 0
    if effect == rs.DELAY:
        first = rs.R_DELAY_FRAMES
    elif effect == rs.REVERB:
        first = rs.R_REVERB_DECAY
    last = rs.RACK_PARAMETERS
    if effect == rs.CHORUS:
        last = rs.R_DELAY_FRAMES
    elif effect == rs.DELAY:
        last = rs.R_REVERB_DECAY
    for k in range(first, last):
        state.rack_from[k] = state.rack_target[k]
        state.rack_now[k] = state.rack_target[k]
    if effect == rs.CHORUS:
        wake_chorus(state)
    elif effect == rs.DELAY:
        wake_delay(state)
    else:
        wake_reverb(state)


@kernel(realtime=True)
def _run(state, effect):  # type: ignore[no-untyped-def]
    """Run an effect for a cell, unless it sleeps on."""
    row = state.sends[effect]
    quiet = not loudest(row) >= FLOOR
    if quiet:
        if state.rack_awake[effect] == 0:
            return
        for f in range(CELL):
            row[f] = 0.0
    elif state.rack_awake[effect] == 0:
        _wake(state, effect)
    most = FLOOR * 0.0
    if effect == rs.CHORUS:
        run_chorus(state)
    elif effect == rs.DELAY:
        most = run_delay(state, quiet)
    else:
        most = run_reverb(state, quiet)
    state.wet_used = 1
    if quiet and most < FLOOR:
        state.rack_awake[effect] -= 1
    else:
        state.rack_awake[effect] = state.rack_hold[effect]


@kernel(realtime=True)
def run_rack(state):  # type: ignore[no-untyped-def]
    """At a control point: make state.wet of the new cell from state.sends of the last."""
    if state.wet_used != 0:
        for f in range(CELL):
            state.wet[0, f] = 0.0
            state.wet[1, f] = 0.0
        state.wet_used = 0
    awake = 0
    for effect in range(rs.EFFECTS):
        awake += 1 if state.rack_awake[effect] > 0 else 0
    if awake == 0 and state.sends_used == 0:
        return
    if state.rack_clear > FADE:
        empty_lines(state)
    else:
        _glide(state)
        for effect in range(rs.EFFECTS):
            _run(state, effect)
        if state.rack_clear > 0:
            fade_rack(state)
    for effect in range(rs.EFFECTS):
        row = state.sends[effect]
        for f in range(CELL):
            row[f] = 0.0
    state.sends_used = 0
