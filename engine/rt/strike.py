"""A voice's beginning and its aims: what a slot, a note and the channel's controls make of it."""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt import state as st
from engine.rt.state import TILE
from engine.rt.voice import choose_table, long_increment

HELD = 1  # the key is down
KEPT = 2  # the key is up, the pedal is down

_WHEEL_SEMITONES = 0.5  # vibrato that a full modulation wheel adds
_GOLDEN = np.int64(-7046029254386353131)  # 2**64 / golden ratio, as a signed number


@kernel(realtime=True)
def aim_voice(state, voice, jump):  # type: ignore[no-untyped-def]
    """Set where level, pan, pitch and cutoff of a voice are heading; `jump`: be there at once."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    d = state.doubles[tile]
    channel = state.voice_channel[voice]
    slot = state.slots[state.voice_slot[voice]]
    velocity = state.voice_velocity[voice]
    gain = slot[st.P_GAIN] * (1.0 - slot[st.P_VELOCITY] * (1.0 - velocity * velocity))
    gain *= (state.volume[channel] * state.expression[channel]) ** 2
    pan = min(1.0, max(-1.0, slot[st.P_PAN] + state.pan[channel]))
    v[st.LEFT_TARGET * TILE + j] = gain * math.sqrt(0.5 - 0.5 * pan)
    v[st.RIGHT_TARGET * TILE + j] = gain * math.sqrt(0.5 + 0.5 * pan)
    octaves = slot[st.P_CUTOFF] + slot[st.P_KEY_TRACK] * (d[st.NOTE * TILE + j] - 60.0) / 12.0
    octaves += slot[st.P_CUTOFF_VELOCITY] * (velocity - 1.0) + state.brightness[channel] / 12.0
    v[st.CUTOFF_TARGET * TILE + j] = octaves
    d[st.BEND_TARGET * TILE + j] = state.bend[channel] * slot[st.P_BEND_RANGE]
    d[st.VIBRATO * TILE + j] = slot[st.P_LFO_PITCH] + state.wheel[channel] * _WHEEL_SEMITONES
    if jump:
        for row in (st.CUTOFF, st.LEFT, st.RIGHT):
            v[row * TILE + j] = v[(row + 2) * TILE + j]
            v[(row + 1) * TILE + j] = 0.0
        d[st.BEND * TILE + j] = d[st.BEND_TARGET * TILE + j]


@kernel(realtime=True)
def _set_oscillators(state, tile, j, within):  # type: ignore[no-untyped-def]
    """Start both oscillators on the frame `within` the current cell.

    Keys start anywhere in their period, as free-running oscillators do, so that a repeated note
    is not a copy; drums start at 0, so that every stroke is alike.
    """
    v = state.floats[tile]
    n = state.words[tile]
    w = state.longs[tile]
    d = state.doubles[tile]
    pitch = d[st.NOTE * TILE + j] + d[st.BEND * TILE + j]
    d[st.PITCH * TILE + j] = pitch
    before = within if within > 0 else st.CELL  # on a control point, start_cell adds a cell first
    for number in range(2):
        tune = d[(st.TUNE_1 + number) * TILE + j]
        inc = long_increment(pitch + tune, state.sample_rate)
        start = np.int64(0)
        if state.slots[state.voice_slot[tile * TILE + j]][st.P_FIXED_NOTE] < 0.0:
            start = (state.age * 2 + number) * _GOLDEN  # spreads evenly, the same in every run
        long_phase = st.LONG_PHASE_1 + 3 * number
        w[long_phase * TILE + j] = start - inc * before
        w[(long_phase + 1) * TILE + j] = inc
        w[(long_phase + 2) * TILE + j] = 0
        phase = st.PHASE_1 + 3 * number
        n[phase * TILE + j] = np.uint32(start >> 32)
        n[(phase + 1) * TILE + j] = np.uint32(inc >> 32)
        n[(phase + 2) * TILE + j] = 0
        choose_table(v, n, j, number, pitch + tune, state.table_offset, state.table_shift)


@kernel(realtime=True)
def start_voice(state, voice, channel, key, velocity, within):  # type: ignore[no-untyped-def]
    """Give a voice a note, `within` frames into the current cell."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    d = state.doubles[tile]
    number = state.slot_of[channel, key]
    slot = state.slots[number]
    state.voice_channel[voice] = channel
    state.voice_key[voice] = key
    state.voice_slot[voice] = number
    state.voice_velocity[voice] = velocity / 127.0
    state.voice_held[voice] = HELD
    state.age += 1
    state.voice_age[voice] = state.age
    state.tile_busy[tile] = 1

    d[st.NOTE * TILE + j] = slot[st.P_FIXED_NOTE] if slot[st.P_FIXED_NOTE] >= 0.0 else float(key)
    d[st.TUNE_1 * TILE + j] = slot[st.P_TUNE_1]
    d[st.TUNE_2 * TILE + j] = slot[st.P_TUNE_2]
    v[st.LEVEL_1 * TILE + j] = slot[st.P_LEVEL_1]
    v[st.LEVEL_2 * TILE + j] = slot[st.P_LEVEL_2]
    v[st.PULSE_1 * TILE + j] = slot[st.P_PULSE_1]
    v[st.PULSE_2 * TILE + j] = slot[st.P_PULSE_2]
    v[st.NOISE * TILE + j] = slot[st.P_NOISE]
    n[st.WAVE_1 * TILE + j] = np.uint32(slot[st.P_WAVE_1])
    n[st.WAVE_2 * TILE + j] = np.uint32(slot[st.P_WAVE_2])
    n[st.WIDTH_1 * TILE + j] = np.uint32(slot[st.P_WIDTH_1])
    n[st.WIDTH_2 * TILE + j] = np.uint32(slot[st.P_WIDTH_2])
    v[st.K * TILE + j] = slot[st.P_K]
    v[st.MIX_X * TILE + j] = slot[st.P_MIX_X]
    v[st.MIX_BAND * TILE + j] = slot[st.P_MIX_BAND]
    v[st.MIX_LOW * TILE + j] = slot[st.P_MIX_LOW]
    v[st.CUTOFF_ENV * TILE + j] = slot[st.P_CUTOFF_ENV]
    v[st.CUTOFF_LFO * TILE + j] = slot[st.P_LFO_CUTOFF]
    v[st.TREMOLO * TILE + j] = slot[st.P_LFO_AMPLITUDE]
    v[st.IC1 * TILE + j] = 0.0
    v[st.IC2 * TILE + j] = 0.0
    n[st.LFO_SHAPE * TILE + j] = np.uint32(slot[st.P_LFO_SHAPE])
    n[st.LFO_INC * TILE + j] = np.uint32(slot[st.P_LFO_INC])
    n[st.LFO_PHASE * TILE + j] = np.uint32(slot[st.P_LFO_PHASE])

    v[st.START_A * TILE + j] = 0.0
    v[st.SPAN_A * TILE + j] = 1.0
    v[st.SUSTAIN_A * TILE + j] = slot[st.P_SUSTAIN_A]
    v[st.CURVE_A * TILE + j] = slot[st.P_CURVE_A]
    n[st.POS_A * TILE + j] = 0
    n[st.RATE_A * TILE + j] = np.uint32(slot[st.P_ATTACK_A])
    n[st.DECAY_A * TILE + j] = np.uint32(slot[st.P_DECAY_A])
    n[st.RELEASE_A * TILE + j] = np.uint32(slot[st.P_RELEASE_A])
    n[st.STAGE_A * TILE + j] = st.ATTACK
    v[st.START_M * TILE + j] = 0.0
    v[st.SPAN_M * TILE + j] = 1.0
    v[st.SUSTAIN_M * TILE + j] = slot[st.P_SUSTAIN_M]
    v[st.CURVE_M * TILE + j] = slot[st.P_CURVE_M]
    n[st.POS_M * TILE + j] = 0
    n[st.RATE_M * TILE + j] = np.uint32(slot[st.P_ATTACK_M])
    n[st.DECAY_M * TILE + j] = np.uint32(slot[st.P_DECAY_M])
    n[st.RELEASE_M * TILE + j] = np.uint32(slot[st.P_RELEASE_M])
    n[st.STAGE_M * TILE + j] = st.ATTACK
    aim_voice(state, voice, True)
    _set_oscillators(state, tile, j, within)
