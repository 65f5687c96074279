"""The arpeggiator of a channel: held keys as steps on the transport's grid, exact to the frame.

Its keys are those that a finger or a pedal holds, and with `arp_hold` those that were held together
last. Step k falls on the beat `arp_origin + k * arp_step`, odd ones later by the swing. Where our
own tempo rules, the first key that is held makes the grid; a MIDI clock's grid is that of the song,
but the first step sounds with its key.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt.notes import play_note
from engine.rt.playing_state import (
    ARP_CHORD,
    ARP_DOWN,
    ARP_OFF,
    ARP_ORDER,
    ARP_RANDOM,
    ARP_UP_DOWN,
    DOWN,
    NEVER,
)
from engine.rt.state import CELL, CHANNELS
from engine.rt.transport import beat_now, is_given
from engine.rt.voices import release_key, release_voices

_RESTING, _STARTING, _RUNNING = range(3)
_NEAR = 1e-6  # frames and steps: what is nearer than this is there
_FAR = 1e9
_HIGHEST_KEY = 127
_OCTAVE = 12


@kernel(realtime=True)
def _frame_of(state, beat):  # type: ignore[no-untyped-def]
    """The frame of a beat, were the tempo to stay that of this cell; now, if it is past."""
    ahead = min((beat - state.beat) / state.beats_per_frame - _NEAR, _FAR)
    cell = state.frame & ~np.int64(CELL - 1)
    return max(state.frame, cell + np.int64(math.ceil(max(ahead, -_FAR))))


@kernel(realtime=True)
def _step_beat(state, channel, number):  # type: ignore[no-untyped-def]
    late = state.arp_swing[channel] if number & 1 else 0.0
    return state.arp_origin + (number + late) * state.arp_step[channel]


@kernel(realtime=True)
def _next_step(state, channel, late):  # type: ignore[no-untyped-def]
    """Number of the first step that is not past by more than `late` steps."""
    steps = (beat_now(state) - state.arp_origin) / state.arp_step[channel]
    return np.int64(math.ceil(steps - late))


@kernel(realtime=True)
def _in_pool(state, channel, key):  # type: ignore[no-untyped-def]
    return state.key_bits[channel, key] != 0 or state.arp_latched[channel, key] != 0


@kernel(realtime=True)
def _pool_size(state, channel):  # type: ignore[no-untyped-def]
    count = 0
    for key in range(128):
        count += 1 if _in_pool(state, channel, key) else 0
    return count


@kernel(realtime=True)
def _pool_key(state, channel, index, by_order):  # type: ignore[no-untyped-def]
    """The key of the pool at an index, by pitch or in the order in which they were struck."""
    if not by_order:
        for key in range(128):
            if _in_pool(state, channel, key):
                if index == 0:
                    return key
                index -= 1
        return -1
    found = -1
    after = np.int64(-1)
    for _ in range(index + 1):
        found = -1
        for key in range(128):
            order = state.key_order[channel, key]
            earlier = found < 0 or order < state.key_order[channel, found]
            if _in_pool(state, channel, key) and order > after and earlier:
                found = key
        if found < 0:
            return -1
        after = state.key_order[channel, found]
    return found


@kernel(realtime=True)
def _place(state, channel, size):  # type: ignore[no-untyped-def]
    """Which of `size` places, lowest first, the coming step takes."""
    mode = state.arp_mode[channel]
    count = state.arp_count[channel]
    if mode == ARP_DOWN:
        return size - 1 - count % size
    if mode == ARP_UP_DOWN and size > 1:
        turn = count % (2 * size - 2)
        return turn if turn < size else 2 * size - 2 - turn
    if mode == ARP_RANDOM:
        # the generator of Numerical Recipes, its upper bits
        seed = (state.arp_random[channel] * 1664525 + 1013904223) & 0xFFFFFFFF
        state.arp_random[channel] = seed
        return (seed >> 8) % size
    return count % size


@kernel(realtime=True)
def _sound(state, channel, key, octave, within):  # type: ignore[no-untyped-def]
    velocity = np.int64(state.key_velocity[channel, key])
    high = key + _OCTAVE * octave
    while high > _HIGHEST_KEY:
        high -= _OCTAVE
    play_note(state, channel, high, velocity, np.int64(0), within)
    state.arp_on[channel, high] = 1
    state.arp_sounding[channel] = 1


@kernel(realtime=True)
def _silence(state, channel):  # type: ignore[no-untyped-def]
    """Let the keys of the step go."""
    if state.arp_sounding[channel]:
        state.arp_sounding[channel] = 0
        for key in range(128):
            if state.arp_on[channel, key]:
                state.arp_on[channel, key] = 0
                release_key(state, channel, key)


@kernel(realtime=True)
def _play_step(state, channel, following, within):  # type: ignore[no-untyped-def]
    """Sound the coming step until its gate's part of the way to the step `following`."""
    _silence(state, channel)
    keys = _pool_size(state, channel)
    if keys == 0:
        state.arp_stage[channel] = _RESTING
        return
    octaves = max(state.arp_octaves[channel], 1)
    if state.arp_mode[channel] == ARP_CHORD:
        octave = state.arp_count[channel] % octaves
        for key in range(128):
            if _in_pool(state, channel, key):
                _sound(state, channel, key, octave, within)
    else:
        place = _place(state, channel, keys * octaves)
        key = _pool_key(state, channel, place % keys, state.arp_mode[channel] == ARP_ORDER)
        if key >= 0:
            _sound(state, channel, key, place // keys, within)
    state.arp_count[channel] += 1
    state.arp_next[channel] = following
    now = beat_now(state)
    gate = state.arp_gate[channel] * (_step_beat(state, channel, following) - now)
    state.arp_off_beat[channel] = now + gate


@kernel(realtime=True)
def start_arpeggios(state, within):  # type: ignore[no-untyped-def]
    """Sound the first step where keys were struck at this frame; all of them count."""
    for channel in range(CHANNELS):
        if state.arp_stage[channel] != _STARTING:
            continue
        running = 0
        for other in range(CHANNELS):
            running += 1 if state.arp_stage[other] == _RUNNING else 0
        if running == 0:
            state.arp_origin = 0.0 if is_given(state) else beat_now(state)
        state.arp_stage[channel] = _RUNNING
        state.arp_count[channel] = 0
        state.arp_random[channel] = channel
        state.arp_jumps[channel] = state.jumps
        following = _next_step(state, channel, _NEAR)
        until = (_step_beat(state, channel, following) - beat_now(state)) / state.arp_step[channel]
        # late by less than half a step, it stands for the step that is past, else for the next
        following += 1 if until < 0.5 else 0
        _play_step(state, channel, following, within)


@kernel(realtime=True)
def run_arpeggios(state, within):  # type: ignore[no-untyped-def]
    """End and begin the steps that are due at this frame."""
    for channel in range(CHANNELS):
        if state.arp_jumps[channel] != state.jumps:
            state.arp_jumps[channel] = state.jumps
            if is_given(state):
                state.arp_origin = 0.0
            # a jump is made at a control point: the step that it was meant for may just be past
            late = state.beats_per_frame * CELL / state.arp_step[channel]
            if state.arp_stage[channel] == _RUNNING:
                state.arp_next[channel] = _next_step(state, channel, late)
            state.arp_off_beat[channel] = beat_now(state)
        ends = _frame_of(state, state.arp_off_beat[channel]) <= state.frame
        if state.arp_sounding[channel] and ends:
            _silence(state, channel)
        if state.arp_stage[channel] == _RUNNING:
            number = state.arp_next[channel]
            if _frame_of(state, _step_beat(state, channel, number)) <= state.frame:
                _play_step(state, channel, number + 1, within)


@kernel(realtime=True)
def arpeggio_frame(state):  # type: ignore[no-untyped-def]
    """The frame at which the next step ends or begins, or NEVER."""
    first = np.int64(NEVER)
    for channel in range(CHANNELS):
        if state.arp_sounding[channel]:
            first = min(first, _frame_of(state, state.arp_off_beat[channel]))
        if state.arp_stage[channel] == _RUNNING:
            beat = _step_beat(state, channel, state.arp_next[channel])
            first = min(first, _frame_of(state, beat))
    return first


@kernel(realtime=True)
def arpeggio_key_down(state, channel, key, others_down, within):  # type: ignore[no-untyped-def]
    """Take a key that was struck; the first makes the arpeggio start."""
    if state.arp_hold[channel]:
        if not others_down:
            for each in range(128):
                state.arp_latched[channel, each] = 0
        state.arp_latched[channel, key] = 1
    if state.arp_stage[channel] == _RESTING:
        state.arp_stage[channel] = _STARTING
    elif state.arp_mode[channel] == ARP_CHORD and state.arp_sounding[channel]:
        octaves = max(state.arp_octaves[channel], 1)
        octave = (state.arp_count[channel] + octaves - 1) % octaves
        _sound(state, channel, key, octave, within)  # fingers are not quite together


@kernel(realtime=True)
def arpeggio_keys_up(state, channel):  # type: ignore[no-untyped-def]
    """Stop when no key is left; the step that sounds ends in its time."""
    if state.arp_stage[channel] != _RESTING and _pool_size(state, channel) == 0:
        state.arp_stage[channel] = _RESTING


@kernel(realtime=True)
def stop_arpeggio(state, channel):  # type: ignore[no-untyped-def]
    """Let go of everything: the step that sounds, and the keys that were latched."""
    _silence(state, channel)
    state.arp_stage[channel] = _RESTING
    for key in range(128):
        state.arp_latched[channel, key] = 0


@kernel(realtime=True)
def set_arpeggio(state, channel, mode, step, octaves, gate, swing, hold):  # type: ignore[no-untyped-def]
    """Give a channel's arpeggiator its settings; keys that are held pass to it, or stop with it."""
    was_on = state.arp_mode[channel] != ARP_OFF
    if was_on and mode == ARP_OFF:
        stop_arpeggio(state, channel)
    elif was_on and not hold:
        for key in range(128):
            state.arp_latched[channel, key] = 0
    elif not was_on and mode != ARP_OFF:
        release_voices(state, channel)
    state.arp_mode[channel] = mode
    state.arp_step[channel] = step
    state.arp_octaves[channel] = octaves
    state.arp_gate[channel] = gate
    state.arp_swing[channel] = swing
    state.arp_hold[channel] = hold
    if mode == ARP_OFF:
        return
    for key in range(128):
        if hold and state.key_bits[channel, key] & DOWN:
            state.arp_latched[channel, key] = 1
    arpeggio_keys_up(state, channel)
    if state.arp_stage[channel] == _RESTING and _pool_size(state, channel) > 0:
        state.arp_stage[channel] = _STARTING
    if state.arp_stage[channel] == _RUNNING:
        state.arp_next[channel] = _next_step(state, channel, _NEAR)
