"""A sound that is turned while it sounds: voices take up what its slots say now.

Pitch, cutoff, resonance, level and sends glide as they do for controllers; waves, the filter's
kind and what the matrix moves are there at once; envelopes go on from the level they have.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from dsp._math import f32
from engine.rt import state as st
from engine.rt.aim import aim_voice, into_cell
from engine.rt.sounds import play_sound
from engine.rt.state import TILE, VOICES
from engine.rt.strike import set_recipe
from engine.rt.voice import begin_stage, envelope_level

_SHORTEST_FALL_S = 0.004
_SUSTAIN_S = 0.02  # in which a held note goes to another sustain
_ONE = f32(1.0)
_ZERO = f32(0.0)


@kernel(realtime=True)
def _turn_envelope(state, voice, stage, start, first):  # type: ignore[no-untyped-def]
    """Let an envelope go on by the times and levels of the slot, from `first`."""
    tile = voice // TILE
    j = voice % TILE
    v = state.floats[tile]
    n = state.words[tile]
    slot = state.slots[state.voice_slot[voice]]
    sustain = f32(slot[first + 2])
    curve = f32(slot[first + 4])
    decay = f32(math.ceil(max(slot[first + 1], _SHORTEST_FALL_S * state.sample_rate)))
    at = np.int32(into_cell(state))
    level = envelope_level(v, n, j, stage + 1, start, at)
    before = v[(start - 1) * TILE + j]
    now = n[stage * TILE + j]
    v[(start - 2) * TILE + j] = curve
    v[(start - 1) * TILE + j] = sustain
    v[(start + 5) * TILE + j] = decay
    v[(start + 6) * TILE + j] = _ONE / decay
    if now == st.ATTACK:
        v[(start + 8) * TILE + j] = sustain - _ONE
    elif (now == st.DECAY or now == st.SUSTAIN) and sustain != before:
        length, bend = decay, curve
        if now == st.SUSTAIN:
            length, bend = f32(math.ceil(_SUSTAIN_S * state.sample_rate)), _ZERO
        begin_stage(v, n, j, stage, start, st.DECAY, level, sustain - level, length, bend)
        n[(stage + 1) * TILE + j] = np.uint32(np.int32(-at))


@kernel(realtime=True)
def turn_sound(state, channel, sound):  # type: ignore[no-untyped-def]
    """Give a channel a sound, and let its voices that sound become voices of it."""
    play_sound(state, channel, sound)
    for voice in range(VOICES):
        tile = voice // TILE
        if state.words[tile][st.STAGE_A * TILE + voice % TILE] == st.IDLE:
            continue
        own = state.voice_channel[voice]
        if own != channel and state.mpe_master[own] != channel:
            continue
        number = state.slot_of[own, state.voice_key[voice]]
        state.voice_slot[voice] = number
        state.tile_uses[tile] |= np.int32(state.slots[number][st.P_USES])
        set_recipe(state, voice)
        _turn_envelope(state, voice, st.STAGE_A, st.START_A, st.P_ATTACK_A)
        _turn_envelope(state, voice, st.STAGE_M, st.START_M, st.P_ATTACK_M)
        aim_voice(state, voice, False)
