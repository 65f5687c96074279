"""A voice's beginning: what a slot, a note and the channel's controls make of it.

Rows of a voice are said as of the start of a cell. At a control point events come before the cell
begins, so that what they set is said as of the cell before.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from dsp.blep import DELAY
from engine.rt import state as st
from engine.rt.aim import (
    ATTACK,
    DECAY,
    FROM_ENVELOPE,
    GLIDE,
    TARGETS_OF_SOURCE,
    TO_CUTOFF,
    TO_LEVEL,
    TO_PAN,
    TO_PITCH,
    TO_WIDTH,
    aim_voice,
    control_of,
    into_cell,
    stretch,
)
from engine.rt.oscillators import jumps_of_voice
from engine.rt.state import CELL, OSCILLATOR_WORDS, TILE, TRAIL
from engine.rt.voice import begin_stage, envelope_level, long_increment

HELD = 1  # the key is down
KEPT = 2  # the key is up, the pedal is down

_SHORTEST_ATTACK_S = 0.0005
_SHORTEST_FALL_S = 0.004
_LONGEST_GLIDE_S = 4.0  # of controller 5
_GOLDEN = np.int64(-7046029254386353131)  # 2**64 / golden ratio, as a signed number
_LAG = f32(DELAY)
_ZERO = f32(0.0)
_ONE = f32(1.0)
_2_31 = f32(2.0**-31)
_2_32 = 2.0**32


@kernel(realtime=True)
def _set_oscillators(state, voice, at):  # type: ignore[no-untyped-def]
    """Start both oscillators `at` frames into the cell.

    Keys start anywhere in their period, as free-running oscillators do, so that a repeated note
    is not a copy; drums start at 0, so that every stroke is alike.
    """
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    w = state.longs[tile]
    d = state.doubles[tile]
    pitch = d[st.NOTE * TILE + j] + d[st.BEND * TILE + j] + d[st.TRANSPOSE * TILE + j]
    lag = _ZERO if state.cheap != 0 else _LAG
    for second in range(2):
        inc = long_increment(pitch + d[(st.TUNE_1 + second) * TILE + j], state.sample_rate)
        start = np.int64(0)
        if state.slots[state.voice_slot[voice]][st.P_FIXED_NOTE] < 0.0:
            start = (state.age * 2 + second) * _GOLDEN  # spreads evenly, the same in every run
        long_phase = st.LONG_PHASE_1 + 3 * second
        w[long_phase * TILE + j] = start - inc * at
        w[(long_phase + 1) * TILE + j] = inc
        w[(long_phase + 2) * TILE + j] = 0
        phase = st.PHASE_1 + OSCILLATOR_WORDS * second
        short = np.uint32(inc >> 32)
        back = np.uint32(short * np.uint32(at))
        n[phase * TILE + j] = np.uint32(np.uint32(start >> 32) - back)
        n[(phase + 1) * TILE + j] = short
        n[(phase + 2) * TILE + j] = 0
        width = d[(st.BASE_WIDTH_1 + second) * TILE + j]
        n[(phase + 3) * TILE + j] = np.uint32(np.int64(width * _2_32))
        n[(phase + 4) * TILE + j] = 0
        n[(phase + 6) * TILE + j] = 0
        n[(phase + 7) * TILE + j] = n[(phase + 3) * TILE + j]
        speed = f32(np.int32(short))
        n[(phase + 5) * TILE + j] = np.uint32(np.int32(speed * lag))
        offset = st.OFFSET_1 + 6 * second
        v[offset * TILE + j] = speed * lag * _2_31
        v[(offset + 1) * TILE + j] = _ONE / max(speed * _2_31, _2_31)


@kernel(realtime=True)
def _set_lfo(state, voice, second, at):  # type: ignore[no-untyped-def]
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    d = state.doubles[tile]
    slot = state.slots[state.voice_slot[voice]]
    shape = st.P_LFO_SHAPE_1 + 6 * second
    row = st.LFO_PHASE_1 + 3 * second
    turns = slot[shape + 2]
    swings = slot[shape + 3]  # per beat; 0: it swings freely
    speed = d[(st.SPEED_1 + second) * TILE + j]  # as aim_voice has set it
    d[(st.BEATS_1 + second) * TILE + j] = swings
    d[(st.BEAT_PHASE_1 + second) * TILE + j] = turns
    if swings > 0.0:
        speed = state.beats_per_frame * swings
        # at a control point the transport stands at the cell that is to begin
        turns += state.beat * swings + speed * (at & (CELL - 1))
    turns -= speed * at
    turns -= math.floor(turns)
    d[(st.TURNS_1 + second) * TILE + j] = turns
    d[(st.SPEED_1 + second) * TILE + j] = speed
    n[row * TILE + j] = np.uint32(np.int64(turns * _2_32))
    n[(row + 1) * TILE + j] = np.uint32(np.int64(speed * _2_32))
    n[(row + 2) * TILE + j] = np.uint32(slot[shape])
    v[(st.HOLD_1 + second) * TILE + j] = state.voice_random[voice]
    amount = st.AMOUNT_1 + 5 * second
    delay = slot[shape + 4]
    fade = slot[shape + 5]
    waits = delay + fade > 0.0
    v[(amount + 4) * TILE + j] = 1.0 / max(fade, 1.0) if waits else 0.0
    v[(amount + 3) * TILE + j] = -(delay + at) / max(fade, 1.0) if waits else 1.0
    v[amount * TILE + j] = 0.0 if waits else v[(amount + 2) * TILE + j]
    v[(amount + 1) * TILE + j] = 0.0


@kernel(realtime=True)
def _set_envelope(state, voice, stage, start, first, level, at):  # type: ignore[no-untyped-def]
    """Begin the attack of an envelope from a level; `first` is the slot's attack."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    channel = state.voice_channel[voice]
    slot = state.slots[state.voice_slot[voice]]
    attack = slot[first] * stretch(state, channel, ATTACK)
    attack = math.ceil(max(attack, _SHORTEST_ATTACK_S * state.sample_rate))
    decay = slot[first + 1] * stretch(state, channel, DECAY)
    decay = math.ceil(max(decay, _SHORTEST_FALL_S * state.sample_rate))
    v[(start - 1) * TILE + j] = slot[first + 2]
    v[(start - 2) * TILE + j] = slot[first + 4]
    v[(start + 5) * TILE + j] = decay
    v[(start + 6) * TILE + j] = 1.0 / decay
    begin_stage(v, n, j, stage, start, st.ATTACK, level, _ONE - level, f32(attack), _ZERO)
    v[(start + 8) * TILE + j] = slot[first + 2] - 1.0
    n[(stage + 1) * TILE + j] = np.uint32(np.int32(-at))


@kernel(realtime=True)
def _aim_note(state, voice, key, from_pitch):  # type: ignore[no-untyped-def]
    """Set the pitch that a voice heads for, and how fast it glides there from `from_pitch`."""
    tile = voice // TILE
    j = voice % TILE
    d = state.doubles[tile]
    channel = state.voice_channel[voice]
    slot = state.slots[state.voice_slot[voice]]
    target = state.tuning[key]
    if slot[st.P_FIXED_NOTE] >= 0.0:
        target = slot[st.P_FIXED_NOTE]
        from_pitch = target
    seconds = slot[st.P_GLIDE]
    dial = control_of(state, channel, GLIDE)
    if dial >= 0.0:
        seconds = (dial / 127.0) ** 2 * _LONGEST_GLIDE_S
    if state.portamento[channel] == 0:
        seconds = 0.0
    d[st.NOTE_TARGET * TILE + j] = target
    if seconds > 0.0:
        d[st.NOTE * TILE + j] = from_pitch
        cells = max(seconds * state.sample_rate / CELL, 1.0)
        d[st.GLIDE * TILE + j] = max(abs(target - from_pitch) / cells, 1e-6)
    else:
        d[st.NOTE * TILE + j] = target
        d[st.GLIDE * TILE + j] = 1e6


@kernel(realtime=True)
def set_recipe(state, voice):  # type: ignore[no-untyped-def]
    """Copy what does not move from the slot to a voice's rows."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    d = state.doubles[tile]
    slot = state.slots[state.voice_slot[voice]]
    for second in range(2):
        for kind in range(4):
            v[(st.SAW_1 + 6 * second + kind) * TILE + j] = slot[st.P_SAW_1 + 6 * second + kind]
        d[(st.TUNE_1 + second) * TILE + j] = slot[st.P_TUNE_1 + 6 * second]
    v[st.NOISE * TILE + j] = slot[st.P_NOISE]
    for mode in range(4):
        v[(st.LOW + mode) * TILE + j] = slot[st.P_LOW + mode]
    v[st.REST * TILE + j] = slot[st.P_LOW] + slot[st.P_NOTCH]
    v[st.STEEP * TILE + j] = slot[st.P_STEEP]
    for source in range(3):
        row = st.P_MATRIX + source * TARGETS_OF_SOURCE
        to = 0 if source == FROM_ENVELOPE else source + 1
        d[(st.PITCH_ENV + to) * TILE + j] = slot[row + TO_PITCH]
        v[(st.CUTOFF_ENV + to) * TILE + j] = slot[row + TO_CUTOFF] / 12.0
        v[(st.LEVEL_ENV + to) * TILE + j] = slot[row + TO_LEVEL]
        v[(st.PAN_ENV + to) * TILE + j] = slot[row + TO_PAN]
        d[(st.WIDTH_ENV + to) * TILE + j] = slot[row + TO_WIDTH]


@kernel(realtime=True)
def _clear_memory(state, voice):  # type: ignore[no-untyped-def]
    """Let a voice's filter and trail begin with silence."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    for row in (st.IC1, st.IC2, st.IC3, st.IC4, st.DRIVE_X):
        v[row * TILE + j] = _ZERO
    v[st.DRIVE_S * TILE + j] = _ONE
    for row in range(st.SIGNAL, st.SIGNAL + TRAIL):
        v[row * TILE + j] = _ZERO


@kernel(realtime=True)
def start_voice(state, voice, channel, key, velocity, within, copy, copies):  # type: ignore[no-untyped-def]
    """Give a voice a note, `within` frames into the current cell, as one of so many copies."""
    tile = voice // TILE
    j = voice % TILE
    at = within if within > 0 else np.int64(CELL)
    slot = state.slots[state.slot_of[channel, key]]
    state.voice_channel[voice] = channel
    state.voice_key[voice] = key
    state.voice_slot[voice] = state.slot_of[channel, key]
    state.voice_velocity[voice] = velocity / 127.0
    state.voice_held[voice] = HELD
    state.age += 1
    state.voice_age[voice] = state.age
    state.voice_random[voice] = np.float64((state.age * _GOLDEN) >> 11) * 2.0**-52
    place = 2.0 * copy / (copies - 1) - 1.0 if copies > 1 else 0.0
    state.voice_detune[voice] = place * slot[st.P_UNISON_DETUNE]
    state.voice_spread[voice] = place * slot[st.P_UNISON_SPREAD]
    state.voice_share[voice] = 1.0 / math.sqrt(copies)
    if state.tile_busy[tile] == 0:
        state.tile_uses[tile] = 0
        state.tile_width[tile] = 0
    state.tile_busy[tile] = 1
    state.tile_uses[tile] |= np.int32(slot[st.P_USES])
    width = np.int32(st.GROUP if j < st.GROUP else TILE)
    state.tile_width[tile] = max(state.tile_width[tile], width)

    set_recipe(state, voice)
    _clear_memory(state, voice)
    last = state.last_key[channel]
    _aim_note(state, voice, key, state.tuning[last if last >= 0 else key])
    aim_voice(state, voice, True)
    _set_envelope(state, voice, st.STAGE_A, st.START_A, st.P_ATTACK_A, _ZERO, at)
    _set_envelope(state, voice, st.STAGE_M, st.START_M, st.P_ATTACK_M, _ZERO, at)
    _set_oscillators(state, voice, at)
    if within > 0 and state.cheap == 0:  # otherwise the cell that begins will see to it
        trail = (state.frame - within) & (TRAIL - 1)
        jumps_of_voice(state.floats[tile], state.words[tile], j, state.jump, within, trail)
    _set_lfo(state, voice, 0, at)
    _set_lfo(state, voice, 1, at)


@kernel(realtime=True)
def retune_voice(state, voice, key, velocity, keep_envelopes):  # type: ignore[no-untyped-def]
    """Let a sounding voice go to another key, gliding from the pitch where it is."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    at = into_cell(state)
    state.voice_key[voice] = key
    state.voice_held[voice] = HELD
    _aim_note(state, voice, key, state.doubles[tile][st.NOTE * TILE + j])
    if not keep_envelopes:
        state.voice_velocity[voice] = velocity / 127.0
        level = envelope_level(v, n, j, st.POS_A, st.START_A, np.int32(at))
        _set_envelope(state, voice, st.STAGE_A, st.START_A, st.P_ATTACK_A, level, at)
        level = envelope_level(v, n, j, st.POS_M, st.START_M, np.int32(at))
        _set_envelope(state, voice, st.STAGE_M, st.START_M, st.P_ATTACK_M, level, at)
    aim_voice(state, voice, False)
