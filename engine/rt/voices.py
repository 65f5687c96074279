"""Voices that sound: letting them go, silencing them, aiming them at new controls."""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from dsp.envelope import stage_shape
from engine.rt import state as st
from engine.rt.state import TILE, VOICES
from engine.rt.strike import HELD, KEPT, aim_voice

_KILL_SECONDS = 0.004  # a stolen voice fades this fast: too slow to click, too fast to notice
_2_32 = f32(2.0**-32)


@kernel(realtime=True)
def sounding_level(state, voice):  # type: ignore[no-untyped-def]
    """Level of the amplitude envelope of a voice, 0..1."""
    v = state.floats[voice // TILE]
    n = state.words[voice // TILE]
    j = voice % TILE
    curve = f32(0.0) if n[st.STAGE_A * TILE + j] == st.ATTACK else v[st.CURVE_A * TILE + j]
    way = stage_shape(f32(n[st.POS_A * TILE + j]) * _2_32, curve)
    return v[st.START_A * TILE + j] + v[st.SPAN_A * TILE + j] * way


@kernel(realtime=True)
def _let_fall(state, voice, rate, stage):  # type: ignore[no-untyped-def]
    v = state.floats[voice // TILE]
    n = state.words[voice // TILE]
    j = voice % TILE
    v[st.START_A * TILE + j] = sounding_level(state, voice)
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
        _let_fall(state, voice, n[st.RELEASE_A * TILE + j], st.RELEASE)


@kernel(realtime=True)
def kill_voice(state, voice):  # type: ignore[no-untyped-def]
    """Fade a voice out in a few milliseconds."""
    tile = voice // TILE
    n = state.words[tile]
    j = voice % TILE
    state.voice_held[voice] = 0
    if n[st.STAGE_A * TILE + j] not in (st.IDLE, st.KILL):
        rate = np.uint32(2.0**32 / (_KILL_SECONDS * state.sample_rate))
        _let_fall(state, voice, rate, st.KILL)


@kernel(realtime=True)
def fade_voice(state, voice):  # type: ignore[no-untyped-def]
    """Fade a voice out, and note when it will have faded."""
    stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
    if stage != st.IDLE and stage != st.KILL:
        frames = np.int64(math.ceil(_KILL_SECONDS * state.sample_rate))
        state.fade_frame[voice] = state.frame + frames + 1
    kill_voice(state, voice)


@kernel(realtime=True)
def forget(state, voice):  # type: ignore[no-untyped-def]
    """Let no note wait for a voice any more."""
    state.waiting -= 1 if state.wait_frame[voice] != 0 else 0
    state.wait_frame[voice] = 0


@kernel(realtime=True)
def keep_key(state, channel, key):  # type: ignore[no-untyped-def]
    """The finger has left a key whose note a pedal keeps."""
    for voice in range(VOICES):
        same = state.voice_channel[voice] == channel and state.voice_key[voice] == key
        if same and state.voice_held[voice] == HELD:
            state.voice_held[voice] = KEPT


@kernel(realtime=True)
def release_key(state, channel, key):  # type: ignore[no-untyped-def]
    """Begin the release of all voices that a key holds; a note that waits is not started."""
    for voice in range(VOICES):
        same = state.voice_channel[voice] == channel and state.voice_key[voice] == key
        if same and state.voice_held[voice] != 0:
            release_voice(state, voice)
        if state.wait_channel[voice] == channel and state.wait_key[voice] == key:
            forget(state, voice)


@kernel(realtime=True)
def release_voices(state, channel):  # type: ignore[no-untyped-def]
    """Begin the release of all voices of a channel that are held."""
    for voice in range(VOICES):
        if state.voice_channel[voice] == channel and state.voice_held[voice] != 0:
            release_voice(state, voice)
        if state.wait_channel[voice] == channel:
            forget(state, voice)


@kernel(realtime=True)
def kill_voices(state, channel):  # type: ignore[no-untyped-def]
    """Fade every voice of a channel in a few milliseconds."""
    for voice in range(VOICES):
        if state.voice_channel[voice] == channel:
            fade_voice(state, voice)
        if state.wait_channel[voice] == channel:
            forget(state, voice)


@kernel(realtime=True)
def aim_channel(state, channel):  # type: ignore[no-untyped-def]
    """Let every sounding voice of a channel head for the channel's new controls.

    Those of its MPE members follow too. A member's voice whose key is up follows nothing more:
    what comes is meant for the channel's next note.
    """
    for voice in range(VOICES):
        if state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE] == st.IDLE:
            continue
        own = state.voice_channel[voice]
        master = state.mpe_master[own]
        if own != channel and master != channel:
            continue
        if master < 0 or state.voice_held[voice] == HELD:
            aim_voice(state, voice, False)


@kernel(realtime=True)
def aim_key(state, channel, key):  # type: ignore[no-untyped-def]
    """Let the sounding voices of one key head for its new pressure."""
    for voice in range(VOICES):
        same = state.voice_channel[voice] == channel and state.voice_key[voice] == key
        if same and state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE] != st.IDLE:
            aim_voice(state, voice, False)
