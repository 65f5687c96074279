"""Notes and voices: which voice plays a note, which gives way, and which notes wait for one.

A voice that has to give way fades in a few milliseconds, and the note takes a free one. When a
great many give way at once and none is free, a note waits for the first that has faded; let go
meanwhile, it is not heard, as the release of a note that has not begun is silent.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import state as st
from engine.rt.playing_state import DOWN, LEGATO, NEVER, POLY, SILENT_KEY
from engine.rt.state import CELL, TILE, VOICES
from engine.rt.strike import HELD, KEPT, retune_voice, start_voice
from engine.rt.voices import fade_voice, forget, release_key, release_voice, sounding_level

_KEPT_RANK, _HELD_RANK = 2.0, 4.0  # above every level: who is let go gives way first


@kernel(realtime=True)
def copies_of(state, channel, key):  # type: ignore[no-untyped-def]
    """How many voices a note of this key takes (unison), at most those that may sound at all."""
    slot = state.slots[state.slot_of[channel, key]]
    return min(np.int64(slot[st.P_UNISON]), state.limit)


@kernel(realtime=True)
def _free_voice(state):  # type: ignore[no-untyped-def]
    """An idle voice, the lowest first so that tiles stay empty; -1: none."""
    for voice in range(VOICES):
        if state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE] == st.IDLE:
            return voice
    return -1


@kernel(realtime=True)
def _hold(state, voice, channel, key):  # type: ignore[no-untyped-def]
    """Mark what holds a note that begins: the finger (or the arpeggiator), or a pedal alone."""
    bits = state.key_bits[channel, key]
    state.voice_held[voice] = KEPT if bits != 0 and bits & DOWN == 0 else HELD


@kernel(realtime=True)
def _strike(state, voice, channel, key, velocity, within, copy, copies):  # type: ignore[no-untyped-def]
    start_voice(state, voice, channel, key, velocity, within, copy, copies)
    _hold(state, voice, channel, key)


@kernel(realtime=True)
def _wait_for(state, voice, channel, key, velocity, copy, copies):  # type: ignore[no-untyped-def]
    state.age += 1
    state.waiting += 1
    state.wait_age[voice] = state.age
    state.wait_frame[voice] = max(state.fade_frame[voice], state.frame + 1)
    state.wait_channel[voice] = channel
    state.wait_key[voice] = key
    state.wait_velocity[voice] = velocity
    state.wait_copy[voice] = copy
    state.wait_copies[voice] = copies


@kernel(realtime=True)
def _rank(state, voice):  # type: ignore[no-untyped-def]
    """How little a sounding voice can be spared: let go before kept before held, then by level."""
    stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
    level = np.float64(sounding_level(state, voice))
    if stage == st.RELEASE:
        return level
    rank = _KEPT_RANK if state.voice_held[voice] == KEPT else _HELD_RANK
    return rank + (1.0 if stage == st.ATTACK else level)  # what begins will not be the quietest


@kernel(realtime=True)
def _make_room(state):  # type: ignore[no-untyped-def]
    """When the limit is reached, let the voice fade, or the note not start, that is spared best."""
    sounding = 0
    victim = -1
    lowest = 1e9
    oldest = np.int64(0)
    for voice in range(VOICES):
        if state.wait_frame[voice] != 0:
            rank = _HELD_RANK + 1.0
            age = state.wait_age[voice]
        else:
            stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
            if stage == st.IDLE or stage == st.KILL:
                continue
            rank = _rank(state, voice)
            age = state.voice_age[voice]
        sounding += 1
        if rank < lowest or (rank == lowest and age < oldest):
            lowest = rank
            oldest = age
            victim = voice
    if sounding < state.limit:
        return
    if state.wait_frame[victim] != 0:
        forget(state, victim)
    else:
        fade_voice(state, victim)


@kernel(realtime=True)
def _first_to_fade(state):  # type: ignore[no-untyped-def]
    """The voice nearest to the end of its fade that no note waits for; -1: none."""
    first = -1
    for voice in range(VOICES):
        fading = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE] == st.KILL
        if fading and state.wait_frame[voice] == 0:
            sooner = first < 0 or state.fade_frame[voice] < state.fade_frame[first]
            first = voice if sooner else first
    return first


@kernel(realtime=True)
def strike_note(state, channel, key, velocity, within):  # type: ignore[no-untyped-def]
    """Start all voices of a note; others give way when the limit is reached."""
    if state.slots[state.slot_of[channel, key]][st.P_GAIN] == 0.0:
        return  # no patch was ever loaded there
    copies = copies_of(state, channel, key)
    for copy in range(copies):
        _make_room(state)
        voice = _free_voice(state)
        if voice >= 0:
            _strike(state, voice, channel, key, velocity, within, copy, copies)
            continue
        voice = _first_to_fade(state)
        if voice >= 0:
            _wait_for(state, voice, channel, key, velocity, copy, copies)
    state.last_key[channel] = key


@kernel(realtime=True)
def start_waiting(state, within):  # type: ignore[no-untyped-def]
    """Start the notes whose voice has faded."""
    if state.waiting == 0:
        return
    for voice in range(VOICES):
        if 0 < state.wait_frame[voice] <= state.frame:
            if state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE] != st.IDLE:
                state.wait_frame[voice] = (state.frame | (CELL - 1)) + 1  # the next control point
                continue
            forget(state, voice)
            _strike(
                state, voice, np.int64(state.wait_channel[voice]),
                np.int64(state.wait_key[voice]), np.int64(state.wait_velocity[voice]), within,
                np.int64(state.wait_copy[voice]), np.int64(state.wait_copies[voice]),
            )  # fmt: skip


@kernel(realtime=True)
def waiting_frame(state):  # type: ignore[no-untyped-def]
    """The frame of the next note that waits for a voice, or NEVER."""
    first = np.int64(NEVER)
    if state.waiting > 0:
        for voice in range(VOICES):
            if state.wait_frame[voice] != 0:
                first = min(first, state.wait_frame[voice])
    return first


@kernel(realtime=True)
def is_mono(state, channel):  # type: ignore[no-untyped-def]
    """Whether a channel plays one note at a time: as a controller said, else as its patch says."""
    if state.mono_mode[channel] >= 0:
        return state.mono_mode[channel] == 1
    return state.playing[channel] != POLY


@kernel(realtime=True)
def _tie_note(state, channel, old, key, velocity, within, keep):  # type: ignore[no-untyped-def]
    """Let the voices of the key `old` go on with another; False if there are none.

    A voice of another patch is released instead: the channel's patch has changed since.
    """
    found = False
    for voice in range(VOICES):
        stage = state.words[voice // TILE][st.STAGE_A * TILE + voice % TILE]
        if stage == st.IDLE or stage == st.KILL:
            continue
        if state.voice_channel[voice] != channel or state.voice_key[voice] != old:
            continue
        if state.voice_slot[voice] != state.slot_of[channel, key]:
            release_voice(state, voice)
            continue
        # what is being released has to begin again, or it would end under the finger
        retune_voice(state, voice, key, velocity, keep and state.voice_held[voice] != 0)
        _hold(state, voice, channel, key)
        found = True
    return found


@kernel(realtime=True)
def play_note(state, channel, key, velocity, tied, within):  # type: ignore[no-untyped-def]
    """Play a note as the channel plays: a voice of its own, or the one voice there is.

    `tied`: another key is still held. A key that the tuning leaves out plays nothing.
    """
    if state.tuning[key] == SILENT_KEY:
        return
    if is_mono(state, channel):
        old = np.int64(state.mono_key[channel])
        state.mono_key[channel] = key
        if old != key:
            release_key(state, channel, key)
        keep = tied and state.playing[channel] == LEGATO
        if old >= 0 and _tie_note(state, channel, old, key, velocity, within, keep):
            state.last_key[channel] = key
            return
    else:
        release_key(state, channel, key)
    strike_note(state, channel, key, velocity, within)
