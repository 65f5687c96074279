"""What happens and when: MIDI messages and commands, from the rings to the voices.

Events wait in `pending`, earliest first, with the absolute frame at which they take effect.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import deck_state as ds
from engine.rt import playing_state as ps
from engine.rt import state as st
from engine.rt._native import load_acquire, store_release
from engine.rt.arpeggio import arpeggio_frame, run_arpeggios, start_arpeggios
from engine.rt.decks import (
    cross_decks,
    flush_deck,
    frames_to_mark,
    glide_deck,
    hold_deck,
    run_deck,
    set_mark,
)
from engine.rt.messages import apply_midi, forget_all
from engine.rt.notes import start_waiting, waiting_frame
from engine.rt.rack import aim_rack
from engine.rt.rack_clear import clear_rack
from engine.rt.rack_state import RACK_PARAMETERS
from engine.rt.sounds import play_sound, store_keys
from engine.rt.state import COMMANDS, PARAMETERS, PENDING
from engine.rt.transport import follow_line, set_tempo
from engine.rt.turn import turn_sound
from engine.rt.voices import aim_channel

_UNIT = 65536.0  # of gains in commands


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
def _store(state, kind, at, a, b, c):  # type: ignore[no-untyped-def]
    """Store what a command brings for later; False if it is one that waits for its frame."""
    if kind == st.SLOT:
        for k in range(PARAMETERS):
            state.slots[a, k] = state.command_values[at, k]
    elif kind == st.RACK_ROW:
        for k in range(RACK_PARAMETERS):
            state.rack_rows[a, k] = state.command_values[at, k]
    elif kind == ps.SOUND:
        store_keys(state, a, b & 0xFF, b >> 8, c)
    elif kind == ps.STYLE:
        for k in range(ps.STYLES):
            state.sound_style[a, k] = state.command_values[at, k]
    elif kind == ps.SOUND_CONTROL:
        state.sound_control[a, b] = c
    elif kind == ps.AIM:
        follow_line(state, state.command_values[at])
    else:
        return False
    return True


@kernel(realtime=True)
def drain_commands(state):  # type: ignore[no-untyped-def]
    """Take what other threads sent; patches are stored at once, the rest waits for its frame."""
    tail = state.command_tail[0]
    head = load_acquire(state.command_head)
    while tail < head and state.pending_count < PENDING:
        at = tail & (COMMANDS - 1)
        kind = np.int64(state.command_word[at, 0])
        a = np.int64(state.command_word[at, 1])
        b = np.int64(state.command_word[at, 2])
        c = np.int64(state.command_word[at, 3])
        if not _store(state, kind, at, a, b, c):
            schedule(state, max(state.command_frame[at], state.frame), kind, a, b, c)
        tail += 1
    store_release(state.command_tail, tail)


@kernel(realtime=True)
def _apply(state, kind, a, b, c, within):  # type: ignore[no-untyped-def]
    """Act on a command whose frame has come."""
    if kind == st.MIDI:
        apply_midi(state, a, within)
    elif kind == ps.PLAY:
        play_sound(state, a, b)
        state.sound_serial[a] = max(state.sound_serial[a], np.int64(c))
    elif kind == ps.TURN:
        turn_sound(state, a, b)
        state.sound_serial[a] = max(state.sound_serial[a], np.int64(c))
    elif kind == ps.PROGRAM:
        state.program_sound[a, b] = c
    elif kind == ps.TUNING:
        state.tuning[a] = b / ps.PITCH_UNIT
    elif kind == ps.TEMPO:
        set_tempo(state, a / ps.TEMPO_UNIT)
    elif kind == ps.MASTER_TUNE:
        state.master_tune = a / ps.PITCH_UNIT
        for channel in range(st.CHANNELS):
            aim_channel(state, np.int64(channel))
    elif kind == st.PANIC:
        forget_all(state)
        clear_rack(state)
    elif kind == st.MASTER_GAIN:
        state.master_target = a / _UNIT
    elif kind == st.RACK:
        aim_rack(state, a)
    elif kind == st.DECK_FLUSH:
        flush_deck(state, c, a | b << 31)
    elif kind == ds.DECK_RUN:
        for deck in range(ds.DECKS):
            if a >> deck & 1 != 0 and b != 0:
                run_deck(state, deck)
            elif a >> deck & 1 != 0:
                hold_deck(state, deck)
    elif kind == ds.DECK_GAIN:
        glide_deck(state, a, b / _UNIT, c, 1.0)
    elif kind == ds.DECK_MARK:
        set_mark(state, c & 1, a | b << 31, c >> 7, (c >> 1 & ds.LAW_UNIT) / ds.LAW_UNIT)
    elif kind == ds.DECK_CROSS:
        cross_decks(state, a, b, (c & (ds.CUT - 1)) / ds.LAW_UNIT, c >= ds.CUT)


@kernel(realtime=True)
def apply_due(state, within):  # type: ignore[no-untyped-def]
    """Apply every event due at the current frame: our own first, then those that were sent."""
    start_waiting(state, within)
    run_arpeggios(state, within)
    done = 0
    while done < state.pending_count and state.pending_frame[done] <= state.frame:
        kind = np.int64(state.pending_word[done, 0])  # one type of number, or all is compiled twice
        a = np.int64(state.pending_word[done, 1])
        b = np.int64(state.pending_word[done, 2])
        c = np.int64(state.pending_word[done, 3])
        done += 1
        _apply(state, kind, a, b, c, within)
    if done:
        start_arpeggios(state, within)
        left = state.pending_count - done
        for i in range(left):
            state.pending_frame[i] = state.pending_frame[i + done]
            for k in range(4):
                state.pending_word[i, k] = state.pending_word[i + done, k]
        state.pending_count = left


@kernel(realtime=True)
def frames_to_event(state, most):  # type: ignore[no-untyped-def]
    """How many frames, one at least and `most` at most, there are until something happens."""
    first = min(waiting_frame(state), arpeggio_frame(state))
    if state.pending_count > 0:
        first = min(first, state.pending_frame[0])
    return frames_to_mark(state, min(most, max(first - state.frame, np.int64(1))))
