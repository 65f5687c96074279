"""What happens and when: MIDI messages and commands, from the rings to the voices.

Events wait in `pending`, earliest first, with the absolute frame at which they take effect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from dsp.filter import svf_mix
from dsp.lfo import SHAPES
from dsp.oscillator import WAVES
from dsp.units import db_to_amp
from engine._native import load_acquire, store_release
from engine.patch import ADSR, Oscillator, Patch
from engine.state import (
    CHANNELS, COMMANDS, DECK_FLUSH, DECK_GAIN, MAP, MASTER_GAIN, MIDI, P_ATTACK_A, P_ATTACK_M,
    P_BEND_RANGE, P_CURVE_A, P_CURVE_M, P_CUTOFF, P_CUTOFF_ENV, P_CUTOFF_VELOCITY, P_DECAY_A,
    P_DECAY_M, P_FIXED_NOTE, P_GAIN, P_K, P_KEY_TRACK, P_LEVEL_1, P_LEVEL_2, P_LFO_AMPLITUDE,
    P_LFO_CUTOFF, P_LFO_INC, P_LFO_PHASE, P_LFO_PITCH, P_LFO_SHAPE, P_MIX_BAND, P_MIX_LOW,
    P_MIX_X, P_NOISE, P_PAN, P_PULSE_1, P_PULSE_2, P_RELEASE_A, P_RELEASE_M, P_SUSTAIN_A,
    P_SUSTAIN_M, P_TUNE_1, P_TUNE_2, P_VELOCITY, P_WAVE_1, P_WAVE_2, P_WIDTH_1, P_WIDTH_2,
    PANIC, PARAMETERS, PENDING, SLOT,
)  # fmt: skip
from engine.voices import (
    aim_channel,
    kill_channel,
    note_off,
    note_on,
    release_channel,
    set_pedal,
)

# Shortest stages, so that nothing clicks whatever a patch asks for.
SHORTEST_ATTACK_S = 0.0005
SHORTEST_FALL_S = 0.003

_CC_WHEEL, _CC_VOLUME, _CC_PAN, _CC_EXPRESSION, _CC_PEDAL, _CC_BRIGHTNESS = 1, 7, 10, 11, 64, 74
_CC_SOUND_OFF, _CC_RESET, _CC_NOTES_OFF = 120, 121, 123
_BRIGHTNESS_SEMITONES = 48.0  # at either end of controller 74


def _rate(seconds: float, sample_rate: float) -> float:
    return min(float(np.ceil(2.0**32 / max(1.0, seconds * sample_rate))), 2.0**32 - 1)


def slot_parameters(patch: Patch, sample_rate: float) -> NDArray[np.float64]:
    """Turn a patch into the numbers a voice starts with, shape (PARAMETERS,)."""
    p = np.zeros(PARAMETERS)

    def oscillator(one: Oscillator, level: int, wave: int, pulse: int, width: int, tune: int) -> None:
        is_pulse = one.wave == "pulse"
        p[level] = one.level
        p[pulse] = one.level if is_pulse else 0.0
        p[wave] = WAVES.index("saw" if is_pulse else one.wave)
        p[width] = round(one.width * 2.0**32)
        p[tune] = 12.0 * one.octave + one.detune / 100.0

    oscillator(patch.oscillators[0], P_LEVEL_1, P_WAVE_1, P_PULSE_1, P_WIDTH_1, P_TUNE_1)
    oscillator(patch.oscillators[1], P_LEVEL_2, P_WAVE_2, P_PULSE_2, P_WIDTH_2, P_TUNE_2)
    p[P_NOISE] = patch.noise

    p[P_CUTOFF] = np.log2(patch.filter.cutoff / sample_rate)
    p[P_CUTOFF_ENV] = patch.filter.envelope / 12.0
    p[P_KEY_TRACK] = patch.filter.key_track
    p[P_CUTOFF_VELOCITY] = patch.filter.velocity / 12.0
    p[P_K] = 1.0 / patch.filter.resonance
    p[P_MIX_X], p[P_MIX_BAND], p[P_MIX_LOW] = svf_mix(patch.filter.mode, p[P_K])

    def envelope(adsr: ADSR, attack: int, decay: int, sustain: int, release: int, curve: int) -> None:
        p[attack] = _rate(max(adsr.attack, SHORTEST_ATTACK_S), sample_rate)
        p[decay] = _rate(max(adsr.decay, SHORTEST_FALL_S), sample_rate)
        p[release] = _rate(max(adsr.release, SHORTEST_FALL_S), sample_rate)
        p[sustain] = adsr.sustain
        p[curve] = adsr.curve

    envelope(patch.amplitude, P_ATTACK_A, P_DECAY_A, P_SUSTAIN_A, P_RELEASE_A, P_CURVE_A)
    envelope(patch.modulation, P_ATTACK_M, P_DECAY_M, P_SUSTAIN_M, P_RELEASE_M, P_CURVE_M)

    p[P_LFO_SHAPE] = SHAPES.index(patch.lfo.shape)
    p[P_LFO_INC] = round(patch.lfo.rate / sample_rate * 2.0**32)
    p[P_LFO_PHASE] = round(patch.lfo.phase * 2.0**32) % 2**32
    p[P_LFO_PITCH] = patch.lfo.pitch / 100.0
    p[P_LFO_CUTOFF] = patch.lfo.cutoff / 12.0
    p[P_LFO_AMPLITUDE] = patch.lfo.amplitude

    p[P_GAIN] = db_to_amp(patch.gain)
    p[P_PAN] = patch.pan
    p[P_VELOCITY] = patch.velocity
    p[P_BEND_RANGE] = patch.bend_range
    p[P_FIXED_NOTE] = -1.0 if patch.fixed_note is None else patch.fixed_note
    return p


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
        if kind == SLOT:
            for k in range(PARAMETERS):
                state.slots[a, k] = state.command_values[at, k]
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
def apply_due(state, within):  # type: ignore[no-untyped-def]
    """Apply every event due at the current frame."""
    done = 0
    while done < state.pending_count and state.pending_frame[done] <= state.frame:
        kind = state.pending_word[done, 0]
        a = state.pending_word[done, 1]
        b = state.pending_word[done, 2]
        c = state.pending_word[done, 3]
        done += 1
        if kind == MIDI:
            apply_midi(state, a, within)
        elif kind == MAP:  # keys b & 0xFF .. b >> 8 of channel a play slot c
            for key in range(b & 0xFF, (b >> 8) + 1):
                state.slot_of[a, key] = c
        elif kind == PANIC:
            for channel in range(CHANNELS):
                kill_channel(state, channel)
        elif kind == DECK_GAIN:
            state.deck_gain_target = a / 65536.0
        elif kind == MASTER_GAIN:
            state.master_target = a / 65536.0
        elif kind == DECK_FLUSH:
            store_release(state.deck_tail, load_acquire(state.deck_head))
    if done:
        left = state.pending_count - done
        for i in range(left):
            state.pending_frame[i] = state.pending_frame[i + done]
            for k in range(4):
                state.pending_word[i, k] = state.pending_word[i + done, k]
        state.pending_count = left
