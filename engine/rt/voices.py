"""Voice allocation: which voice plays a note, which one gives way, and what the pedal keeps."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from dsp.envelope import stage_shape
from engine.rt import state as st
from engine.rt.state import TILE, VOICES
from engine.rt.strike import HELD, KEPT, aim_voice, start_voice

_KILL_SECONDS = 0.004  # a stolen voice fades this fast: too slow to click, too fast to notice
_2_32 = f32(2.0**-32)


@kernel(realtime=True)
def sounding_level(v, n, j):  # type: ignore[no-untyped-def]
    """Level of the amplitude envelope of voice j of a tile, 0..1."""
    curve = f32(0.0) if n[st.STAGE_A * TILE + j] == st.ATTACK else v[st.CURVE_A * TILE + j]
    way = stage_shape(f32(n[st.POS_A * TILE + j]) * _2_32, curve)
    return v[st.START_A * TILE + j] + v[st.SPAN_A * TILE + j] * way


@kernel(realtime=True)
def _let_fall(v, n, j, rate, stage):  # type: ignore[no-untyped-def]
    v[st.START_A * TILE + j] = sounding_level(v, n, j)
    v[st.SPAN_A * TILE + j] = -v[st.START_A * TILE + j]
    n[st.POS_A * TILE + j] = 0
    n[st.RATE_A * TILE + j] = rate
    n[st.STAGE_A * TILE + j] = stage
    curve = f32(0.0) if n[st.STAGE_M * TILE + j] == st.ATTACK else v[st.CURVE_M * TILE + j]
    way = stage_shape(f32(n[st.POS_M * TILE + j]) * _2_32, curve)
    v[st.START_M * TILE + j] += v[st.SPAN_M * TILE + j] * way
    v[st.SPAN_M * TILE + j] = -v[st.START_M * TILE + j]
    n[st.POS_M * TILE + j] = 0
    n[st.RATE_M * TILE + j] = n[st.RELEASE_M * TILE + j]
    n[st.STAGE_M * TILE + j] = st.RELEASE


@kernel(realtime=True)
def release_voice(state, voice):  # type: ignore[no-untyped-def]
    """Begin the release of a voice, from the level it has reached."""
    tile = voice // TILE
    j = voice % TILE
    n = state.words[tile]
    state.voice_held[voice] = 0
    stage = n[st.STAGE_A * TILE + j]
    if stage not in (st.IDLE, st.RELEASE, st.KILL):
        _let_fall(state.floats[tile], n, j, n[st.RELEASE_A * TILE + j], st.RELEASE)


@kernel(realtime=True)
def kill_voice(state, voice):  # type: ignore[no-untyped-def]
    """Fade a voice out in a few milliseconds."""
    tile = voice // TILE
    n = state.words[tile]
    j = voice % TILE
    state.voice_held[voice] = 0
    if n[st.STAGE_A * TILE + j] not in (st.IDLE, st.KILL):
        rate = np.uint32(2.0**32 / (_KILL_SECONDS * state.sample_rate))
        _let_fall(state.floats[tile], n, j, rate, st.KILL)


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
        stage = n[st.STAGE_A * TILE + j]
        if stage in (st.IDLE, st.KILL):
            continue
        sounding += 1
        level = np.float64(sounding_level(state.floats[tile], n, j))
        if stage != st.RELEASE:
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
        stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
        if stage == st.IDLE:
            return voice
        if stage == st.KILL:
            fading = voice
    return fading


@kernel(realtime=True)
def note_on(state, channel, key, velocity, within):  # type: ignore[no-untyped-def]
    """Start a note; the same key's earlier voice is released, and the limit of voices kept."""
    if state.slots[state.slot_of[channel, key]][st.P_GAIN] == 0.0:
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
        stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
        if stage != st.IDLE and state.voice_channel[voice] == channel:
            aim_voice(state, voice, False)
