"""Voices that sound: letting them go, silencing them, aiming them at new controls."""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from engine.rt import state as st
from engine.rt.aim import RELEASE, aim_voice, into_cell, stretch
from engine.rt.state import TILE, VOICES
from engine.rt.strike import HELD, KEPT
from engine.rt.voice import begin_stage, envelope_level

_KILL_SECONDS = 0.004  # a stolen voice fades this fast: too slow to click, too fast to notice


@kernel(realtime=True)
def sounding_level(state, voice):  # type: ignore[no-untyped-def]
    """Level of the amplitude envelope of a voice, 0..1."""
    tile = voice // TILE
    at = np.int32(into_cell(state))
    v = state.floats[tile]
    return envelope_level(v, state.words[tile], voice % TILE, st.POS_A, st.START_A, at)


@kernel(realtime=True)
def _fall(state, voice, stage, start, pos, frames, number):  # type: ignore[no-untyped-def]
    """Let one envelope fall to 0 from where it is."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    at = into_cell(state)
    level = envelope_level(v, n, j, pos, start, np.int32(at))
    length = f32(math.ceil(max(frames, _KILL_SECONDS * state.sample_rate)))
    begin_stage(v, n, j, stage, start, number, level, -level, length, v[(start - 2) * TILE + j])
    n[pos * TILE + j] = np.uint32(np.int32(-at))


@kernel(realtime=True)
def _let_fall(state, voice, first, second, number):  # type: ignore[no-untyped-def]
    """Let both envelopes of a voice fall to 0, in so many frames each."""
    state.tile_stirred[voice // TILE] = 1
    _fall(state, voice, st.STAGE_A, st.START_A, st.POS_A, first, number)
    _fall(state, voice, st.STAGE_M, st.START_M, st.POS_M, second, number)


@kernel(realtime=True)
def release_voice(state, voice):  # type: ignore[no-untyped-def]
    """Begin the release of a voice, from the level it has reached."""
    state.voice_held[voice] = 0
    stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
    if stage not in (st.IDLE, st.RELEASE, st.KILL):
        slot = state.slots[state.voice_slot[voice]]
        longer = stretch(state, state.voice_channel[voice], RELEASE)
        first = slot[st.P_RELEASE_A] * longer
        _let_fall(state, voice, first, slot[st.P_RELEASE_M] * longer, st.RELEASE)


@kernel(realtime=True)
def kill_voice(state, voice):  # type: ignore[no-untyped-def]
    """Fade a voice out in a few milliseconds."""
    state.voice_held[voice] = 0
    stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
    if stage not in (st.IDLE, st.KILL):
        _let_fall(state, voice, 0.0, 0.0, st.KILL)


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
