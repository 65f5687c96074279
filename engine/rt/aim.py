"""Where a sounding voice heads: what its slot, its channel's controls and the matrix say now."""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.parts import CONTROLS, SOURCES, TARGETS
from engine.rt import state as st
from engine.rt.state import CELL, TILE

_C = {name: CONTROLS.index(name) for name in CONTROLS}
_WHEEL, _VOLUME, _PAN, _EXPRESSION = _C["wheel"], _C["volume"], _C["pan"], _C["expression"]
_BRIGHTNESS, _RESONANCE, _DRIVE, _RATE = _C["cutoff"], _C["resonance"], _C["drive"], _C["lfo-rate"]
_SENDS = (_C["chorus"], _C["delay"], _C["reverb"])
_DETUNE = _C["detune"]
ATTACK, DECAY, RELEASE, GLIDE = _C["attack"], _C["decay"], _C["release"], _C["glide"]
TARGETS_OF_SOURCE = len(TARGETS)
TO_PITCH, TO_CUTOFF, TO_LEVEL, TO_PAN, TO_WIDTH, _TO_LFO_1, _TO_LFO_2 = range(TARGETS_OF_SOURCE)
_FROM_LFO_1, _FROM_LFO_2, FROM_ENVELOPE = 0, 1, 2
_SLOW = 3  # sources from here on move at events only: velocity, key, wheel, pressure, ...
_SLOW_SOURCES = len(SOURCES) - _SLOW

_WHEEL_SEMITONES = 0.5  # vibrato that a full modulation wheel adds
_BRIGHTNESS_OCTAVES = 4.0  # at either end of controller 74
_SOFT_LEVEL, _SOFT_OCTAVES = 0.7, 0.5  # the soft pedal leaves this level, takes this off the cutoff
_FASTEST = 0.25  # of the sample rate, that no LFO exceeds
_2_32 = 2.0**32


@kernel(inline=True)
def into_cell(state):  # type: ignore[no-untyped-def]
    """Frames from the start of the cell that a voice's rows are said of to now."""
    within = state.frame & (CELL - 1)
    return within if within > 0 else np.int64(CELL)


@kernel(inline=True)
def stretch(state, channel, control):  # type: ignore[no-untyped-def]
    """Factor of a time by its controller: a 16th to 16 times, 1 in the middle."""
    value = state.control[channel, control]
    return 1.0 if value < 0.0 else 2.0 ** ((value - 64.0) / 16.0)


@kernel(realtime=True)
def control_of(state, channel, control):  # type: ignore[no-untyped-def]
    """Where a controller stands, that of the zone's master for one untouched; -1: untouched."""
    value = state.control[channel, control]
    master = state.mpe_master[channel]
    if master >= 0 and (value < 0.0 or control == _WHEEL):
        value = max(value, state.control[master, control])
    return value


@kernel(inline=True)
def _bend(state, channel, own):  # type: ignore[no-untyped-def]
    """Semitones that a channel's wheel bends by; `own` is the range of the patch."""
    reach = state.bend_range[channel]
    return state.bend[channel] * (own if reach < 0.0 else reach)


@kernel(realtime=True)
def _slow_sum(state, voice, target):  # type: ignore[no-untyped-def]
    """What the sources that move at events only add to a target of the matrix."""
    tile = voice // TILE
    channel = state.voice_channel[voice]
    slot = state.slots[state.voice_slot[voice]]
    master = state.mpe_master[channel]
    total = 0.0
    for source in range(_SLOW_SOURCES):
        amount = slot[st.P_MATRIX + (_SLOW + source) * TARGETS_OF_SOURCE + target]
        if amount == 0.0:
            continue
        value = state.voice_random[voice]
        if source == 0:
            value = state.voice_velocity[voice]
        elif source == 1:
            value = (state.doubles[tile][st.NOTE_TARGET * TILE + voice % TILE] - 60.0) / 12.0
        elif source == 2:
            value = max(control_of(state, channel, _WHEEL), 0.0) / 127.0
        elif source == 3:
            key = state.voice_key[voice]
            value = max(state.pressure[channel], state.key_pressure[channel, key])
            if master >= 0:
                value = max(value, state.pressure[master])
        elif source == 4:
            value = state.timbre[channel]
        total += amount * value
    return total


@kernel(realtime=True)
def _aim_level(state, voice):  # type: ignore[no-untyped-def]
    """Level, pan and sends; returns whether anything is sent."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    channel = state.voice_channel[voice]
    master = state.mpe_master[channel]
    slot = state.slots[state.voice_slot[voice]]
    velocity = state.voice_velocity[voice]
    gain = slot[st.P_GAIN] * (1.0 - slot[st.P_VELOCITY] * (1.0 - velocity * velocity))
    level = state.control[channel, _VOLUME] * state.control[channel, _EXPRESSION] / 127.0**2
    if master >= 0:
        level *= state.control[master, _VOLUME] * state.control[master, _EXPRESSION] / 127.0**2
    gain *= level * level * state.voice_share[voice]
    gain *= max(0.0, 1.0 + _slow_sum(state, voice, TO_LEVEL))
    if state.soft[channel] != 0:
        gain *= _SOFT_LEVEL
    pan = slot[st.P_PAN] + max(-1.0, (control_of(state, channel, _PAN) - 64.0) / 63.0)
    pan += state.voice_spread[voice] + _slow_sum(state, voice, TO_PAN)
    pan = min(1.0, max(-1.0, pan))
    v[st.GAIN * TILE + j] = gain
    v[st.PAN_AT * TILE + j] = pan
    v[st.LEFT_TARGET * TILE + j] = gain * math.sqrt(0.5 - 0.5 * pan)
    v[st.RIGHT_TARGET * TILE + j] = gain * math.sqrt(0.5 + 0.5 * pan)
    total = 0.0
    for k in range(3):
        dial = control_of(state, channel, _SENDS[k])
        send = slot[st.P_CHORUS + k] if dial < 0.0 else dial / 127.0
        total += send
        v[(st.CHORUS_TARGET + 3 * k) * TILE + j] = gain * send
    return total > 0.0


@kernel(realtime=True)
def _aim_filter(state, voice):  # type: ignore[no-untyped-def]
    """Cutoff, damping and drive; returns whether there is any drive."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    channel = state.voice_channel[voice]
    slot = state.slots[state.voice_slot[voice]]
    octaves = slot[st.P_CUTOFF] + slot[st.P_CUTOFF_VELOCITY] * (state.voice_velocity[voice] - 1.0)
    note = state.doubles[tile][st.NOTE_TARGET * TILE + j]
    octaves += slot[st.P_KEY_TRACK] * (note - 60.0) / 12.0
    dial = control_of(state, channel, _BRIGHTNESS)
    if dial >= 0.0:
        octaves += (dial - 64.0) / 64.0 * _BRIGHTNESS_OCTAVES
    if state.soft[channel] != 0:
        octaves -= _SOFT_OCTAVES
    v[st.CUTOFF_TARGET * TILE + j] = octaves + _slow_sum(state, voice, TO_CUTOFF) / 12.0
    damping = slot[st.P_DAMPING]
    dial = control_of(state, channel, _RESONANCE)
    if dial >= 0.0:
        damping *= 2.0 ** ((64.0 - dial) / 20.0)
    v[st.DAMPING_TARGET * TILE + j] = min(max(damping, 0.02), 2.0)
    drive = slot[st.P_DRIVE]
    dial = control_of(state, channel, _DRIVE)
    if dial >= 0.0 and (drive > 0.0 or dial > 64.0):
        drive = max(drive, 1.0) * 2.0 ** ((dial - 64.0) / 21.0)
    v[st.DRIVE_TARGET * TILE + j] = drive
    return drive > 0.0


@kernel(realtime=True)
def _aim_lfo_rate(state, voice, second, factor):  # type: ignore[no-untyped-def]
    """Let an LFO swing faster or slower from now on, its phase unbroken."""
    tile = voice // TILE
    j = voice % TILE
    n = state.words[tile]
    d = state.doubles[tile]
    slot = state.slots[state.voice_slot[voice]]
    row = st.LFO_PHASE_1 + 3 * second
    if slot[st.P_LFO_BEATS_1 + 6 * second] > 0.0:
        return
    speed = min(slot[st.P_LFO_INC_1 + 6 * second] * factor, _FASTEST)
    turns = d[(st.TURNS_1 + second) * TILE + j]
    turns -= (speed - d[(st.SPEED_1 + second) * TILE + j]) * into_cell(state)
    turns -= math.floor(turns)
    d[(st.TURNS_1 + second) * TILE + j] = turns
    d[(st.SPEED_1 + second) * TILE + j] = speed
    n[row * TILE + j] = np.uint32(np.int64(turns * _2_32))
    n[(row + 1) * TILE + j] = np.uint32(np.int64(speed * _2_32))


@kernel(realtime=True)
def _aim_pitch(state, voice):  # type: ignore[no-untyped-def]
    """Bend, transposition, vibrato, widths and LFOs; returns whether there is any vibrato."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    d = state.doubles[tile]
    channel = state.voice_channel[voice]
    master = state.mpe_master[channel]
    slot = state.slots[state.voice_slot[voice]]
    bend = _bend(state, channel, slot[st.P_BEND_RANGE])
    if master >= 0:
        bend += _bend(state, master, slot[st.P_BEND_RANGE])
    d[st.BEND_TARGET * TILE + j] = bend
    dial = control_of(state, channel, _DETUNE)
    detune = state.voice_detune[voice] * (1.0 if dial < 0.0 else 2.0 ** ((dial - 64.0) / 32.0))
    detune += state.master_tune + state.channel_tune[channel]
    detune += _slow_sum(state, voice, TO_PITCH)
    d[st.TRANSPOSE * TILE + j] = detune
    wheel = max(control_of(state, channel, _WHEEL), 0.0) / 127.0
    vibrato = slot[st.P_MATRIX + _FROM_LFO_1 * TARGETS_OF_SOURCE + TO_PITCH]
    vibrato += wheel * _WHEEL_SEMITONES
    d[st.PITCH_LFO_1 * TILE + j] = vibrato
    width = _slow_sum(state, voice, TO_WIDTH)
    d[st.BASE_WIDTH_1 * TILE + j] = min(max(slot[st.P_WIDTH_1] + width, 0.02), 0.98)
    d[st.BASE_WIDTH_2 * TILE + j] = min(max(slot[st.P_WIDTH_2] + width, 0.02), 0.98)
    v[st.AMOUNT_1_TARGET * TILE + j] = max(0.0, 1.0 + _slow_sum(state, voice, _TO_LFO_1))
    v[st.AMOUNT_2_TARGET * TILE + j] = max(0.0, 1.0 + _slow_sum(state, voice, _TO_LFO_2))
    dial = control_of(state, channel, _RATE)
    factor = 1.0 if dial < 0.0 else 2.0 ** ((dial - 64.0) / 16.0)
    _aim_lfo_rate(state, voice, 0, factor)
    _aim_lfo_rate(state, voice, 1, factor)
    return vibrato != 0.0


@kernel(realtime=True)
def aim_voice(state, voice, jump):  # type: ignore[no-untyped-def]
    """Set where level, pan, pitch, filter and sends of a voice head; `jump`: be there at once."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    d = state.doubles[tile]
    uses = st.USES_SENDS if _aim_level(state, voice) else 0
    uses |= st.USES_DRIVE if _aim_filter(state, voice) else 0
    uses |= st.USES_LFO_1 if _aim_pitch(state, voice) else 0
    state.tile_uses[tile] |= uses
    state.tile_stirred[tile] = 1
    if jump:
        for row in (st.CUTOFF, st.DAMPING, st.LEFT, st.RIGHT, st.DRIVE, st.CHORUS, st.DELAY,
                    st.REVERB):  # fmt: skip
            v[row * TILE + j] = v[(row + 2) * TILE + j]
            v[(row + 1) * TILE + j] = 0.0
        d[st.BEND * TILE + j] = d[st.BEND_TARGET * TILE + j]
