"""MIDI messages, one by one: who acts on what."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt.controllers import controller
from engine.rt.keys import forget_channel, note_off, note_on
from engine.rt.sounds import change_program
from engine.rt.state import CHANNELS
from engine.rt.transport import clock_tick, set_song_position, start_song, stop_song
from engine.rt.voices import aim_channel, aim_key

_NOTE_OFF, _NOTE_ON, _KEY_PRESSURE, _CONTROL, _PROGRAM, _PRESSURE, _BEND, _SYSTEM = range(8)
# without their top bit
_POSITION, _CLOCK, _START, _CONTINUE, _STOP, _RESET = 0x72, 0x78, 0x7A, 0x7B, 0x7C, 0x7F


@kernel(realtime=True)
def forget_all(state):  # type: ignore[no-untyped-def]
    """Silence every channel, its pedals up and its arpeggiator at rest."""
    for channel in range(CHANNELS):
        forget_channel(state, channel)


@kernel(realtime=True)
def _apply_system(state, status, first, second):  # type: ignore[no-untyped-def]
    if status == _CLOCK:
        clock_tick(state)
    elif status == _START:
        start_song(state, np.int64(0))
    elif status == _CONTINUE:
        start_song(state, state.song_tick)
    elif status == _STOP:
        stop_song(state)
    elif status == _POSITION:
        set_song_position(state, second << 7 | first)
    elif status == _RESET:
        forget_all(state)


@kernel(realtime=True)
def apply_midi(state, message, within):  # type: ignore[no-untyped-def]
    """Act on a message word: status << 14 | data1 << 7 | data2, status without its top bit."""
    status = (message >> 14) & 0x7F
    channel = status & 0x0F
    kind = status >> 4
    first = (message >> 7) & 0x7F
    second = message & 0x7F
    if kind == _NOTE_ON and second > 0:
        note_on(state, channel, first, second, within)
    elif kind in (_NOTE_OFF, _NOTE_ON):
        note_off(state, channel, first, within)
    elif kind == _KEY_PRESSURE:
        state.key_pressure[channel, first] = second / 127.0
        aim_key(state, channel, first)
    elif kind == _CONTROL:
        controller(state, channel, first, second, within)
    elif kind == _PROGRAM:
        change_program(state, channel, first)
    elif kind == _PRESSURE:
        state.pressure[channel] = first / 127.0
        aim_channel(state, channel)
    elif kind == _BEND:
        state.bend[channel] = ((second << 7 | first) - 8192) / 8192.0
        aim_channel(state, channel)
    else:
        _apply_system(state, status, first, second)
