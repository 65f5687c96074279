"""Voice allocation: which voice plays a note, which one gives way, and what the pedal keeps."""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from dsp.envelope import stage_shape
from engine.state import (
    ATTACK, BEND, BEND_TARGET, CURVE_A, CURVE_M, CUTOFF, CUTOFF_ENV, CUTOFF_LFO, CUTOFF_STEP,
    CUTOFF_TARGET, DECAY_A, DECAY_M, IC1, IC2, IDLE, K, KILL, LEFT, LEFT_STEP, LEFT_TARGET,
    LEVEL_1, LEVEL_2, LFO_INC, LFO_PHASE, LFO_SHAPE, LONG_INC_1, LONG_INC_2, LONG_PHASE_1,
    LONG_PHASE_2, LONG_STEP_1, LONG_STEP_2, MIX_BAND, MIX_LOW, MIX_X, NOISE, NOTE, P_ATTACK_A,
    P_ATTACK_M, P_BEND_RANGE, P_CURVE_A, P_CURVE_M, P_CUTOFF, P_CUTOFF_ENV, P_CUTOFF_VELOCITY,
    P_DECAY_A, P_DECAY_M, P_FIXED_NOTE, P_GAIN, P_K, P_KEY_TRACK, P_LEVEL_1, P_LEVEL_2,
    P_LFO_AMPLITUDE, P_LFO_CUTOFF, P_LFO_INC, P_LFO_PHASE, P_LFO_PITCH, P_LFO_SHAPE, P_MIX_BAND,
    P_MIX_LOW, P_MIX_X, P_NOISE, P_PAN, P_PULSE_1, P_PULSE_2, P_RELEASE_A, P_RELEASE_M,
    P_SUSTAIN_A, P_SUSTAIN_M, P_TUNE_1, P_TUNE_2, P_VELOCITY, P_WAVE_1, P_WAVE_2, P_WIDTH_1,
    P_WIDTH_2, PHASE_1, PHASE_2, PITCH, POS_A, POS_M, PULSE_1, PULSE_2, RATE_A, RATE_M,
    RELEASE, RELEASE_A, RELEASE_M, RIGHT, RIGHT_STEP, RIGHT_TARGET, SCALE_1, SCALE_2, SHIFT_1,
    SHIFT_2, SPAN_A, SPAN_M, STAGE_A, STAGE_M, START_A, START_M, SUSTAIN_A, SUSTAIN_M, TABLE_1,
    TABLE_2, TILE, TREMOLO, TUNE_1, TUNE_2, VIBRATO, VOICES, WAVE_1, WAVE_2, WIDTH_1, WIDTH_2,
)  # fmt: skip
from engine.voice import long_increment, table_level

HELD = 1  # the key is down
KEPT = 2  # the key is up, the pedal is down

_KILL_SECONDS = 0.004  # a stolen voice fades this fast: too slow to click, too fast to notice
_WHEEL_SEMITONES = 0.5  # vibrato that a full modulation wheel adds
_2_32 = f32(2.0**-32)


@kernel(realtime=True)
def sounding_level(v, n, j):  # type: ignore[no-untyped-def]
    """Level of the amplitude envelope of voice j of a tile, 0..1."""
    curve = f32(0.0) if n[STAGE_A * TILE + j] == ATTACK else v[CURVE_A * TILE + j]
    way = stage_shape(f32(n[POS_A * TILE + j]) * _2_32, curve)
    return v[START_A * TILE + j] + v[SPAN_A * TILE + j] * way


@kernel(realtime=True)
def _let_fall(v, n, j, rate, stage):  # type: ignore[no-untyped-def]
    v[START_A * TILE + j] = sounding_level(v, n, j)
    v[SPAN_A * TILE + j] = -v[START_A * TILE + j]
    n[POS_A * TILE + j] = 0
    n[RATE_A * TILE + j] = rate
    n[STAGE_A * TILE + j] = stage
    curve = f32(0.0) if n[STAGE_M * TILE + j] == ATTACK else v[CURVE_M * TILE + j]
    way = stage_shape(f32(n[POS_M * TILE + j]) * _2_32, curve)
    v[START_M * TILE + j] += v[SPAN_M * TILE + j] * way
    v[SPAN_M * TILE + j] = -v[START_M * TILE + j]
    n[POS_M * TILE + j] = 0
    n[RATE_M * TILE + j] = n[RELEASE_M * TILE + j]
    n[STAGE_M * TILE + j] = RELEASE


@kernel(realtime=True)
def release_voice(state, voice):  # type: ignore[no-untyped-def]
    """Begin the release of a voice, from the level it has reached."""
    tile = voice // TILE
    j = voice % TILE
    n = state.words[tile]
    state.voice_held[voice] = 0
    stage = n[STAGE_A * TILE + j]
    if stage not in (IDLE, RELEASE, KILL):
        _let_fall(state.floats[tile], n, j, n[RELEASE_A * TILE + j], RELEASE)


@kernel(realtime=True)
def kill_voice(state, voice):  # type: ignore[no-untyped-def]
    """Fade a voice out in a few milliseconds."""
    tile = voice // TILE
    n = state.words[tile]
    j = voice % TILE
    state.voice_held[voice] = 0
    if n[STAGE_A * TILE + j] not in (IDLE, KILL):
        rate = np.uint32(2.0**32 / (_KILL_SECONDS * state.sample_rate))
        _let_fall(state.floats[tile], n, j, rate, KILL)


@kernel(realtime=True)
def _make_room(state):  # type: ignore[no-untyped-def]
    """Fade out the quietest releasing voice, else the quietest, when the limit is reached."""
    sounding = 0
    victim = -1
    lowest = 1e9
    oldest = np.int64(0)
    for voice in range(VOICES):
        tile = voice // TILE
        n = state.words[tile]
        j = voice % TILE
        stage = n[STAGE_A * TILE + j]
        if stage in (IDLE, KILL):
            continue
        sounding += 1
        level = np.float64(sounding_level(state.floats[tile], n, j))
        if stage != RELEASE:
            level += 2.0 if state.voice_held[voice] == KEPT else 4.0
        age = state.voice_age[voice]
        if level < lowest or (level == lowest and age < oldest):
            lowest = level
            oldest = age
            victim = voice
    if sounding >= state.limit:
        kill_voice(state, victim)


@kernel(realtime=True)
def _free_voice(state):  # type: ignore[no-untyped-def]
    """An idle voice, the lowest first so that tiles stay empty; else one that is fading out."""
    fading = 0
    for voice in range(VOICES):
        stage = state.words[voice // TILE][STAGE_A * TILE + voice % TILE]
        if stage == IDLE:
            return voice
        if stage == KILL:
            fading = voice
    return fading


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
    gain = slot[P_GAIN] * (1.0 - slot[P_VELOCITY] * (1.0 - velocity * velocity))
    gain *= (state.volume[channel] * state.expression[channel]) ** 2
    pan = min(1.0, max(-1.0, slot[P_PAN] + state.pan[channel]))
    v[LEFT_TARGET * TILE + j] = gain * math.sqrt(0.5 - 0.5 * pan)
    v[RIGHT_TARGET * TILE + j] = gain * math.sqrt(0.5 + 0.5 * pan)
    octaves = slot[P_CUTOFF] + slot[P_KEY_TRACK] * (d[NOTE * TILE + j] - 60.0) / 12.0
    octaves += slot[P_CUTOFF_VELOCITY] * (velocity - 1.0) + state.brightness[channel] / 12.0
    v[CUTOFF_TARGET * TILE + j] = octaves
    d[BEND_TARGET * TILE + j] = state.bend[channel] * slot[P_BEND_RANGE]
    d[VIBRATO * TILE + j] = slot[P_LFO_PITCH] + state.wheel[channel] * _WHEEL_SEMITONES
    if jump:
        for row in (CUTOFF, LEFT, RIGHT):
            v[row * TILE + j] = v[(row + 2) * TILE + j]
            v[(row + 1) * TILE + j] = 0.0
        d[BEND * TILE + j] = d[BEND_TARGET * TILE + j]


@kernel(realtime=True)
def _set_oscillators(state, tile, j, within):  # type: ignore[no-untyped-def]
    """Start both oscillators at phase 0 on the frame `within` the current cell."""
    v = state.floats[tile]
    n = state.words[tile]
    w = state.longs[tile]
    d = state.doubles[tile]
    pitch = d[NOTE * TILE + j] + d[BEND * TILE + j]
    d[PITCH * TILE + j] = pitch
    for number in range(2):
        tune = d[(TUNE_2 if number else TUNE_1) * TILE + j]
        inc = long_increment(pitch + tune, state.sample_rate)
        long_phase = LONG_PHASE_2 if number else LONG_PHASE_1
        phase = PHASE_2 if number else PHASE_1
        w[long_phase * TILE + j] = -inc * within
        w[(long_phase + 1) * TILE + j] = inc
        w[(long_phase + 2) * TILE + j] = 0
        n[phase * TILE + j] = 0
        n[(phase + 1) * TILE + j] = np.uint32(inc >> 32)
        n[(phase + 2) * TILE + j] = 0
        level = table_level(pitch + tune)
        wave = n[(WAVE_2 if number else WAVE_1) * TILE + j]
        shift = state.table_shift[wave, level]
        n[(TABLE_2 if number else TABLE_1) * TILE + j] = state.table_offset[wave, level]
        n[(SHIFT_2 if number else SHIFT_1) * TILE + j] = shift
        v[(SCALE_2 if number else SCALE_1) * TILE + j] = 2.0 ** (-np.float64(shift))


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

    d[NOTE * TILE + j] = slot[P_FIXED_NOTE] if slot[P_FIXED_NOTE] >= 0.0 else float(key)
    d[TUNE_1 * TILE + j] = slot[P_TUNE_1]
    d[TUNE_2 * TILE + j] = slot[P_TUNE_2]
    v[LEVEL_1 * TILE + j] = slot[P_LEVEL_1]
    v[LEVEL_2 * TILE + j] = slot[P_LEVEL_2]
    v[PULSE_1 * TILE + j] = slot[P_PULSE_1]
    v[PULSE_2 * TILE + j] = slot[P_PULSE_2]
    v[NOISE * TILE + j] = slot[P_NOISE]
    n[WAVE_1 * TILE + j] = np.uint32(slot[P_WAVE_1])
    n[WAVE_2 * TILE + j] = np.uint32(slot[P_WAVE_2])
    n[WIDTH_1 * TILE + j] = np.uint32(slot[P_WIDTH_1])
    n[WIDTH_2 * TILE + j] = np.uint32(slot[P_WIDTH_2])
    v[K * TILE + j] = slot[P_K]
    v[MIX_X * TILE + j] = slot[P_MIX_X]
    v[MIX_BAND * TILE + j] = slot[P_MIX_BAND]
    v[MIX_LOW * TILE + j] = slot[P_MIX_LOW]
    v[CUTOFF_ENV * TILE + j] = slot[P_CUTOFF_ENV]
    v[CUTOFF_LFO * TILE + j] = slot[P_LFO_CUTOFF]
    v[TREMOLO * TILE + j] = slot[P_LFO_AMPLITUDE]
    v[IC1 * TILE + j] = 0.0
    v[IC2 * TILE + j] = 0.0
    n[LFO_SHAPE * TILE + j] = np.uint32(slot[P_LFO_SHAPE])
    n[LFO_INC * TILE + j] = np.uint32(slot[P_LFO_INC])
    n[LFO_PHASE * TILE + j] = np.uint32(slot[P_LFO_PHASE])

    v[START_A * TILE + j] = 0.0
    v[SPAN_A * TILE + j] = 1.0
    v[SUSTAIN_A * TILE + j] = slot[P_SUSTAIN_A]
    v[CURVE_A * TILE + j] = slot[P_CURVE_A]
    n[POS_A * TILE + j] = 0
    n[RATE_A * TILE + j] = np.uint32(slot[P_ATTACK_A])
    n[DECAY_A * TILE + j] = np.uint32(slot[P_DECAY_A])
    n[RELEASE_A * TILE + j] = np.uint32(slot[P_RELEASE_A])
    n[STAGE_A * TILE + j] = ATTACK
    v[START_M * TILE + j] = 0.0
    v[SPAN_M * TILE + j] = 1.0
    v[SUSTAIN_M * TILE + j] = slot[P_SUSTAIN_M]
    v[CURVE_M * TILE + j] = slot[P_CURVE_M]
    n[POS_M * TILE + j] = 0
    n[RATE_M * TILE + j] = np.uint32(slot[P_ATTACK_M])
    n[DECAY_M * TILE + j] = np.uint32(slot[P_DECAY_M])
    n[RELEASE_M * TILE + j] = np.uint32(slot[P_RELEASE_M])
    n[STAGE_M * TILE + j] = ATTACK
    aim_voice(state, voice, True)
    _set_oscillators(state, tile, j, within)


@kernel(realtime=True)
def note_on(state, channel, key, velocity, within):  # type: ignore[no-untyped-def]
    """Start a note; the same key's earlier voice is released, and the limit of voices kept."""
    if state.slots[state.slot_of[channel, key]][P_GAIN] == 0.0:
        return  # no patch was ever loaded there
    for voice in range(VOICES):
        same = state.voice_channel[voice] == channel and state.voice_key[voice] == key
        if same and state.voice_held[voice] != 0:
            release_voice(state, voice)
    _make_room(state)
    start_voice(state, _free_voice(state), channel, key, velocity, within)


@kernel(realtime=True)
def note_off(state, channel, key):  # type: ignore[no-untyped-def]
    """Let go of a key; with the pedal down its voice is kept."""
    for voice in range(VOICES):
        same = state.voice_channel[voice] == channel and state.voice_key[voice] == key
        if same and state.voice_held[voice] == HELD:
            if state.pedal[channel]:
                state.voice_held[voice] = KEPT
            else:
                release_voice(state, voice)


@kernel(realtime=True)
def set_pedal(state, channel, down):  # type: ignore[no-untyped-def]
    """Sustain pedal of a channel; letting it up releases what only the pedal kept."""
    state.pedal[channel] = 1 if down else 0
    if not down:
        for voice in range(VOICES):
            if state.voice_channel[voice] == channel and state.voice_held[voice] == KEPT:
                release_voice(state, voice)


@kernel(realtime=True)
def release_channel(state, channel):  # type: ignore[no-untyped-def]
    """All notes off: every key of a channel goes up, the pedal too."""
    state.pedal[channel] = 0
    for voice in range(VOICES):
        if state.voice_channel[voice] == channel and state.voice_held[voice] != 0:
            release_voice(state, voice)


@kernel(realtime=True)
def kill_channel(state, channel):  # type: ignore[no-untyped-def]
    """All sound off: every voice of a channel fades in a few milliseconds."""
    state.pedal[channel] = 0
    for voice in range(VOICES):
        if state.voice_channel[voice] == channel:
            kill_voice(state, voice)


@kernel(realtime=True)
def aim_channel(state, channel):  # type: ignore[no-untyped-def]
    """Let every sounding voice of a channel head for the channel's new controls."""
    for voice in range(VOICES):
        stage = state.words[voice // TILE][STAGE_A * TILE + voice % TILE]
        if stage != IDLE and state.voice_channel[voice] == channel:
            aim_voice(state, voice, False)
