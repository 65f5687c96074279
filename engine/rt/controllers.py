"""MIDI controllers: what a number moves, pedals, registered parameters, channel modes.

After MIDI 1.0 (M1), the responses of General MIDI 2, and RP-015 for Reset All Controllers. What is
said to the master of an MPE zone is said to its members.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import playing_state as ps
from engine.rt.keys import release_channel, set_pedal, set_sostenuto, silence_channel
from engine.rt.mpe import LOWER_MASTER, UPPER_MASTER, configure_zone, in_zone, rules
from engine.rt.state import CHANNELS
from engine.rt.voices import aim_channel

_CC_DATA, _CC_DATA_FINE, _CC_INCREMENT, _CC_DECREMENT = 6, 38, 96, 97
_CC_NRPN_FINE, _CC_NRPN, _CC_RPN_FINE, _CC_RPN = 98, 99, 100, 101
_CC_SUSTAIN, _CC_PORTAMENTO, _CC_SOSTENUTO, _CC_SOFT, _CC_TIMBRE = 64, 65, 66, 67, 74
_CC_FROM_KEY = 84
_CC_SOUND_OFF, _CC_RESET, _CC_LOCAL, _CC_NOTES_OFF, _CC_MONO, _CC_POLY = (
    120,
    121,
    122,
    123,
    126,
    127,
)
_FINE = 32  # controllers 32..63 are the lower seven bits of 0..31

_RPN_BEND, _RPN_FINE_TUNE, _RPN_COARSE_TUNE, _RPN_MPE = 0, 1, 2, 6
_NO_RPN = (127 << 7) | 127
_MOST_BEND = 96.0  # semitones, as MPE asks
_DEFAULT_BEND = 2.0


@kernel(realtime=True)
def set_control(state, channel, target, value):  # type: ignore[no-untyped-def]
    """Set a control of a channel (column of state.control), 0..127, and let its voices follow."""
    state.control[channel, target] = value


@kernel(realtime=True)
def _tune(state, channel):  # type: ignore[no-untyped-def]
    state.channel_tune[channel] = state.coarse_tune[channel] + state.fine_tune[channel]


@kernel(realtime=True)
def _bend_range_of(state, channel):  # type: ignore[no-untyped-def]
    return _DEFAULT_BEND if state.bend_range[channel] < 0.0 else state.bend_range[channel]


@kernel(realtime=True)
def _set_bend_range(state, channel, semitones):  # type: ignore[no-untyped-def]
    """Set a channel's bend range; that of one member is that of all members of its zone."""
    semitones = min(max(semitones, 0.0), _MOST_BEND)
    master = state.mpe_master[channel]
    for each in range(CHANNELS):
        if each == channel or (master >= 0 and state.mpe_master[each] == master):
            state.bend_range[each] = semitones


@kernel(realtime=True)
def _data_entry(state, channel, value, within):  # type: ignore[no-untyped-def]
    """Set the upper seven bits of the registered parameter that was chosen."""
    parameter = state.rpn[channel]
    if parameter == _RPN_BEND:
        _set_bend_range(state, channel, np.float64(value))
    elif parameter == _RPN_FINE_TUNE:
        state.fine_tune[channel] = (value - 64) / 64.0
    elif parameter == _RPN_COARSE_TUNE:
        state.coarse_tune[channel] = value - 64.0
    elif parameter == _RPN_MPE and channel in (LOWER_MASTER, UPPER_MASTER):
        configure_zone(state, channel, value, within)
    _tune(state, channel)


@kernel(realtime=True)
def _data_entry_fine(state, channel, value):  # type: ignore[no-untyped-def]
    """Set the lower seven bits of the registered parameter that was chosen."""
    parameter = state.rpn[channel]
    if parameter == _RPN_BEND:  # cents, by the standard
        semitones = np.floor(_bend_range_of(state, channel))
        _set_bend_range(state, channel, semitones + min(value, 99) / 100.0)
    elif parameter == _RPN_FINE_TUNE:
        upper = np.floor(state.fine_tune[channel] * 64.0)
        state.fine_tune[channel] = upper / 64.0 + value / 8192.0
    _tune(state, channel)


@kernel(realtime=True)
def _data_step(state, channel, step):  # type: ignore[no-untyped-def]
    """Increment or decrement the registered parameter that was chosen (RP-018)."""
    parameter = state.rpn[channel]
    if parameter == _RPN_BEND:
        _set_bend_range(state, channel, _bend_range_of(state, channel) + step)
    elif parameter == _RPN_FINE_TUNE:
        moved = state.fine_tune[channel] + step / 8192.0
        state.fine_tune[channel] = min(max(moved, -1.0), 8191.0 / 8192.0)
    elif parameter == _RPN_COARSE_TUNE:
        state.coarse_tune[channel] = min(max(state.coarse_tune[channel] + step, -64.0), 63.0)
    _tune(state, channel)


@kernel(realtime=True)
def _choose(state, channel, number, value):  # type: ignore[no-untyped-def]
    """Choose the registered parameter that data entry sets; one of a maker's own is none."""
    chosen = state.rpn[channel]
    if number == _CC_RPN:
        chosen = value << 7 | ((chosen & 127) if chosen >= 0 else 127)
    elif number == _CC_RPN_FINE:
        chosen = value | ((chosen & ~127) if chosen >= 0 else 127 << 7)
    else:
        chosen = -1
    state.rpn[channel] = -1 if chosen == _NO_RPN else chosen


@kernel(realtime=True)
def reset_controllers(state, channel, within):  # type: ignore[no-untyped-def]
    """Reset what RP-015 resets; volume, pan, effects, sound controllers and programs stay."""
    set_control(state, channel, ps.C_WHEEL, 0.0)
    set_control(state, channel, ps.C_EXPRESSION, 127.0)
    set_pedal(state, channel, np.int64(0), within)
    set_sostenuto(state, channel, np.int64(0), within)
    state.portamento[channel] = -1
    state.soft[channel] = 0
    state.bend[channel] = 0.0
    state.pressure[channel] = 0.0
    state.timbre[channel] = 0.0
    state.rpn[channel] = -1
    for key in range(128):
        state.key_pressure[channel, key] = 0.0


@kernel(realtime=True)
def _set_mode(state, channel, number, value, within):  # type: ignore[no-untyped-def]
    """Act on a channel mode message (120..127) or on a pedal."""
    if number == _CC_SUSTAIN:
        set_pedal(state, channel, np.int64(value >> 6), within)
    elif number == _CC_SOSTENUTO:
        set_sostenuto(state, channel, np.int64(value >> 6), within)
    elif number == _CC_SOFT:
        state.soft[channel] = 1 if value >= 64 else 0
    elif number == _CC_PORTAMENTO:
        state.portamento[channel] = 1 if value >= 64 else 0
    elif number == _CC_SOUND_OFF:
        silence_channel(state, channel)
    elif number == _CC_RESET:
        reset_controllers(state, channel, within)
        aim_channel(state, channel)
    elif number >= _CC_NOTES_OFF:
        release_channel(state, channel, within)
        if number == _CC_MONO:
            state.mono_mode[channel] = 1
        elif number == _CC_POLY:
            state.mono_mode[channel] = 0


@kernel(realtime=True)
def _move(state, channel, number, value):  # type: ignore[no-untyped-def]
    """Move what a continuous controller moves, if it moves anything."""
    target = state.cc_target[channel, number]
    exact = np.float64(value)
    if target < 0 and _FINE <= number < 2 * _FINE:
        target = state.cc_target[channel, number - _FINE]
        if target >= 0:
            coarse = np.floor(max(state.control[channel, target], 0.0))
            exact = min(coarse + value / 128.0, 127.0)
    if target >= 0:
        set_control(state, channel, target, exact)
        aim_channel(state, channel)


@kernel(realtime=True)
def controller(state, channel, number, value, within):  # type: ignore[no-untyped-def]
    """Act on a control change."""
    is_mode = number >= _CC_SOUND_OFF
    is_pedal = _CC_SUSTAIN <= number <= _CC_SOFT
    if number == _CC_TIMBRE and in_zone(state, channel):
        state.timbre[channel] = max(-1.0, (value - 64) / 63.0)
        aim_channel(state, channel)
    elif is_mode or (is_pedal and state.cc_target[channel, number] < 0):
        for each in range(CHANNELS):
            if number != _CC_LOCAL and rules(state, channel, each):
                _set_mode(state, each, number, value, within)
    elif state.cc_target[channel, number] >= 0:
        _move(state, channel, number, value)
    elif number == _CC_DATA:
        _data_entry(state, channel, value, within)
        aim_channel(state, channel)
    elif number == _CC_DATA_FINE:
        _data_entry_fine(state, channel, value)
        aim_channel(state, channel)
    elif number in (_CC_INCREMENT, _CC_DECREMENT):
        _data_step(state, channel, 1.0 if number == _CC_INCREMENT else -1.0)
        aim_channel(state, channel)
    elif _CC_NRPN_FINE <= number <= _CC_RPN:
        _choose(state, channel, number, value)
    elif number == _CC_FROM_KEY:
        state.last_key[channel] = value
    else:
        _move(state, channel, number, value)
