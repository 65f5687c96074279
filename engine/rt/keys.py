"""Keys and pedals of a channel: which notes ought to sound, and why.

A key sounds while any of its bits is set: a finger is on it, the sustain pedal was down when the
finger left it, or the sostenuto pedal caught it. What sounds for it is the business of
engine/rt/notes.py, or of the arpeggiator, which plays the same keys in its own time.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt.arpeggio import arpeggio_key_down, arpeggio_keys_up, stop_arpeggio
from engine.rt.notes import is_mono, play_note
from engine.rt.playing_state import ARP_OFF, CAUGHT, DOWN, SUSTAINED
from engine.rt.voices import keep_key, kill_voices, release_key

_SOFT = 2.0 / 3.0  # of the velocity, under the soft pedal


@kernel(realtime=True)
def _last_held(state, channel):  # type: ignore[no-untyped-def]
    """The key struck last among those that are held, -1: none."""
    last = np.int64(-1)
    for key in range(128):
        if state.key_bits[channel, key] == 0:
            continue
        if last < 0 or state.key_order[channel, key] > state.key_order[channel, last]:
            last = np.int64(key)
    return last


@kernel(realtime=True)
def _key_up(state, channel, key, within):  # type: ignore[no-untyped-def]
    """Nothing holds the key any more; a mono channel goes back to the one struck before."""
    if state.arp_mode[channel] != ARP_OFF:
        arpeggio_keys_up(state, channel)
        return
    if is_mono(state, channel) and key == state.mono_key[channel]:
        other = _last_held(state, channel)
        if other >= 0:
            velocity = np.int64(state.key_velocity[channel, other])
            play_note(state, channel, other, velocity, np.int64(1), within)
    release_key(state, channel, key)


@kernel(realtime=True)
def note_on(state, channel, key, velocity, within):  # type: ignore[no-untyped-def]
    """Strike a key; an earlier note of the same key is released."""
    down = False
    for each in range(128):
        down = down or (each != key and state.key_bits[channel, each] & DOWN != 0)
    tied = np.int64(1 if _last_held(state, channel) >= 0 else 0)
    if state.soft[channel]:
        velocity = max(np.int64(1), np.int64(velocity * _SOFT + 0.5))
    state.key_serial += 1
    state.key_order[channel, key] = state.key_serial
    state.key_velocity[channel, key] = velocity
    state.key_pressure[channel, key] = 0.0
    state.key_bits[channel, key] = (state.key_bits[channel, key] & CAUGHT) | DOWN
    if state.arp_mode[channel] != ARP_OFF:
        arpeggio_key_down(state, channel, key, down, within)
    else:
        play_note(state, channel, key, velocity, tied, within)


@kernel(realtime=True)
def _lift(state, channel, key):  # type: ignore[no-untyped-def]
    """Take the finger off a key; True if nothing holds it now."""
    bits = state.key_bits[channel, key]
    if bits & DOWN == 0:
        return False
    bits &= ~DOWN
    if state.pedal[channel]:
        bits |= SUSTAINED
    state.key_bits[channel, key] = bits
    if bits != 0 and state.arp_mode[channel] == ARP_OFF:
        keep_key(state, channel, key)
    return bits == 0


@kernel(realtime=True)
def note_off(state, channel, key, within):  # type: ignore[no-untyped-def]
    """Let go of a key."""
    if _lift(state, channel, key):
        _key_up(state, channel, key, within)


@kernel(realtime=True)
def _let_go(state, channel, within):  # type: ignore[no-untyped-def]
    """Release the keys that are marked as loose.

    They are marked first, all of them: a mono channel must not go back to one of them.
    """
    for key in range(128):
        if state.key_loose[channel, key]:
            state.key_loose[channel, key] = 0
            _key_up(state, channel, key, within)


@kernel(realtime=True)
def _drop(state, channel, bit, within):  # type: ignore[no-untyped-def]
    """Take a bit from all keys, and let go of those that nothing else holds."""
    for key in range(128):
        bits = state.key_bits[channel, key]
        if bits & bit:
            state.key_bits[channel, key] = bits & ~bit
            state.key_loose[channel, key] = 1 if bits == bit else 0
    _let_go(state, channel, within)


@kernel(realtime=True)
def set_pedal(state, channel, down, within):  # type: ignore[no-untyped-def]
    """Sustain pedal of a channel; letting it up releases what only it held."""
    state.pedal[channel] = 1 if down else 0
    if not down:
        _drop(state, channel, np.int64(SUSTAINED), within)


@kernel(realtime=True)
def set_sostenuto(state, channel, down, within):  # type: ignore[no-untyped-def]
    """Sostenuto pedal: it holds the keys that are down when it goes down, and no others."""
    if down and not state.sostenuto[channel]:
        for key in range(128):
            if state.key_bits[channel, key] & DOWN:
                state.key_bits[channel, key] |= CAUGHT
    state.sostenuto[channel] = 1 if down else 0
    if not down:
        _drop(state, channel, np.int64(CAUGHT), within)


@kernel(realtime=True)
def release_channel(state, channel, within):  # type: ignore[no-untyped-def]
    """All notes off: every finger leaves its key; what a pedal holds goes on, as MIDI asks."""
    for key in range(128):
        state.arp_latched[channel, key] = 0
        state.key_loose[channel, key] = 1 if _lift(state, channel, key) else 0
    _let_go(state, channel, within)
    arpeggio_keys_up(state, channel)


@kernel(realtime=True)
def silence_channel(state, channel):  # type: ignore[no-untyped-def]
    """All sound off: every voice of a channel fades in a few milliseconds."""
    stop_arpeggio(state, channel)
    for key in range(128):
        state.key_bits[channel, key] = 0
    kill_voices(state, channel)


@kernel(realtime=True)
def forget_channel(state, channel):  # type: ignore[no-untyped-def]
    """Silence a channel, and let its pedals up: nothing can hold a note any more."""
    silence_channel(state, channel)
    state.pedal[channel] = 0
    state.sostenuto[channel] = 0
    state.soft[channel] = 0
