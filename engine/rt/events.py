"""What happens and when: MIDI messages and commands, from the rings to the voices.

Events wait in `pending`, earliest first, with the absolute frame at which they take effect.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import state as st
from engine.rt._native import load_acquire, store_release
from engine.rt.rack import aim_rack
from engine.rt.rack_state import RACK_PARAMETERS
from engine.rt.state import CHANNELS, COMMANDS, PARAMETERS, PENDING
from engine.rt.voices import (
    aim_channel,
    kill_channel,
    note_off,
    note_on,
    release_channel,
    set_pedal,
)

_CC_WHEEL, _CC_VOLUME, _CC_PAN, _CC_EXPRESSION, _CC_PEDAL, _CC_BRIGHTNESS = 1, 7, 10, 11, 64, 74
_CC_SOUND_OFF, _CC_RESET, _CC_NOTES_OFF = 120, 121, 123
_DECK_FADE_S = 0.005
_BRIGHTNESS_SEMITONES = 48.0  # at either end of controller 74


@kernel(realtime=True)
def schedule(state, frame, kind, a, b, c):  # type: ignore[no-untyped-def]
    """Put an event among the pending ones, after those of the same frame."""
    count = state.pending_count
    if count >= PENDING:
        state.event_dropped += 1
        return
    i = count
    while i > 0 and state.pending_frame[i - 1] > frame:
        state.pending_frame[i] = state.pending_frame[i - 1]
        for k in range(4):
            state.pending_word[i, k] = state.pending_word[i - 1, k]
        i -= 1
    state.pending_frame[i] = frame
    state.pending_word[i, 0] = kind
    state.pending_word[i, 1] = a
    state.pending_word[i, 2] = b
    state.pending_word[i, 3] = c
    state.pending_count = count + 1


@kernel(realtime=True)
def drain_commands(state):  # type: ignore[no-untyped-def]
    """Take what other threads sent; patches are stored at once, the rest waits for its frame."""
    tail = state.command_tail[0]
    head = load_acquire(state.command_head)
    while tail < head and state.pending_count < PENDING:
        at = tail & (COMMANDS - 1)
        kind = state.command_word[at, 0]
        a = state.command_word[at, 1]
        if kind == st.SLOT:
            for k in range(PARAMETERS):
                state.slots[a, k] = state.command_values[at, k]
        elif kind == st.RACK_ROW:
            for k in range(RACK_PARAMETERS):
                state.rack_rows[a, k] = state.command_values[at, k]
        else:
            frame = max(state.command_frame[at], state.frame)
            b = state.command_word[at, 2]
            schedule(state, frame, kind, a, b, state.command_word[at, 3])
        tail += 1
    store_release(state.command_tail, tail)


@kernel(realtime=True)
def _controller(state, channel, number, value):  # type: ignore[no-untyped-def]
    part = value / 127.0
    if number == _CC_WHEEL:
        state.wheel[channel] = part
    elif number == _CC_VOLUME:
        state.volume[channel] = part
    elif number == _CC_PAN:
        state.pan[channel] = max(-1.0, (value - 64) / 63.0)
    elif number == _CC_EXPRESSION:
        state.expression[channel] = part
    elif number == _CC_BRIGHTNESS:
        state.brightness[channel] = (value - 64) / 64.0 * _BRIGHTNESS_SEMITONES
    elif number == _CC_PEDAL:
        set_pedal(state, channel, value >= 64)
        return
    elif number == _CC_SOUND_OFF:
        kill_channel(state, channel)
        return
    elif number >= _CC_NOTES_OFF:
        release_channel(state, channel)
        return
    elif number == _CC_RESET:
        state.wheel[channel] = 0.0
        state.expression[channel] = 1.0
        state.bend[channel] = 0.0
        state.brightness[channel] = 0.0
        set_pedal(state, channel, False)
    else:
        return
    aim_channel(state, channel)


@kernel(realtime=True)
def apply_midi(state, message, within):  # type: ignore[no-untyped-def]
    """Act on a message word: status << 14 | data1 << 7 | data2, status without its top bit."""
    status = (message >> 14) & 0x7F
    channel = status & 0x0F
    kind = status >> 4
    first = (message >> 7) & 0x7F
    second = message & 0x7F
    if kind == 1 and second > 0:
        note_on(state, channel, first, second, within)
    elif kind == 0 or kind == 1:
        note_off(state, channel, first)
    elif kind == 3:
        _controller(state, channel, first, second)
    elif kind == 6:
        state.bend[channel] = ((second << 7 | first) - 8192) / 8192.0
        aim_channel(state, channel)
    elif status == 0x7F:  # system reset
        for each in range(CHANNELS):
            kill_channel(state, each)


@kernel(realtime=True)
def _flush_deck(state, until):  # type: ignore[no-untyped-def]
    """Fade out, and drop what the deck's ring holds before `until`; what comes later is kept."""
    state.deck_until = max(state.deck_until, until)
    left = until - state.deck_tail[0]
    if state.deck_fade == 0 and left > 0:
        state.deck_fade = min(left, np.int64(_DECK_FADE_S * state.sample_rate))
        state.deck_fade_of = state.deck_fade


@kernel(realtime=True)
def apply_due(state, within):  # type: ignore[no-untyped-def]
    """Apply every event due at the current frame."""
    done = 0
    while done < state.pending_count and state.pending_frame[done] <= state.frame:
        kind = state.pending_word[done, 0]
        a = state.pending_word[done, 1]
        b = state.pending_word[done, 2]
        c = state.pending_word[done, 3]
        done += 1
        if kind == st.MIDI:
            apply_midi(state, a, within)
        elif kind == st.MAP:  # keys b & 0xFF .. b >> 8 of channel a play slot c
            for key in range(b & 0xFF, (b >> 8) + 1):
                state.slot_of[a, key] = c
        elif kind == st.PANIC:
            for channel in range(CHANNELS):
                kill_channel(state, channel)
        elif kind == st.DECK_GAIN:
            state.deck_gain_target = a / 65536.0
        elif kind == st.MASTER_GAIN:
            state.master_target = a / 65536.0
        elif kind == st.RACK:
            aim_rack(state, a)
        elif kind == st.DECK_FLUSH:
            _flush_deck(state, np.int64(a) | np.int64(b) << 31)
    if done:
        left = state.pending_count - done
        for i in range(left):
            state.pending_frame[i] = state.pending_frame[i + done]
            for k in range(4):
                state.pending_word[i, k] = state.pending_word[i + done, k]
        state.pending_count = left
