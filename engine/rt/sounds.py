"""Which sound a channel plays: patches as wholes, changed by a command or by a program change."""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt import playing_state as ps
from engine.rt.arpeggio import set_arpeggio
from engine.rt.playing_state import ARP_OFF
from engine.rt.rack import aim_rack
from engine.rt.state import CHANNELS

_STANDARD = -1


@kernel(realtime=True)
def store_keys(state, sound, first, last, slot):  # type: ignore[no-untyped-def]
    """Let the keys first..last of a sound play a slot."""
    for key in range(first, last + 1):
        state.sound_slot[sound, key] = slot


@kernel(realtime=True)
def _set_arpeggio_of(state, channel, sound):  # type: ignore[no-untyped-def]
    style = state.sound_style[sound]
    mode = np.int64(style[ps.S_ARP_MODE])
    if state.mpe_master[channel] >= 0:
        mode = np.int64(ARP_OFF)  # a channel of one note has nothing to arpeggiate
    set_arpeggio(
        state, channel, mode, style[ps.S_ARP_STEP], np.int64(style[ps.S_ARP_OCTAVES]),
        style[ps.S_ARP_GATE], style[ps.S_ARP_SWING], np.int64(style[ps.S_ARP_HOLD]),
    )  # fmt: skip


@kernel(realtime=True)
def give_sound(state, channel, sound):  # type: ignore[no-untyped-def]
    """Let one channel play a sound from its next note on."""
    state.sound[channel] = sound
    for key in range(128):
        state.slot_of[channel, key] = state.sound_slot[sound, key]
        own = state.sound_control[sound, key]
        state.cc_target[channel, key] = own if own != _STANDARD else state.standard_target[key]
    state.playing[channel] = np.int32(state.sound_style[sound, ps.S_PLAYING])
    state.mono_mode[channel] = -1
    _set_arpeggio_of(state, channel, sound)
    if channel == 0:
        aim_rack(state, sound)  # the effects are those of the first channel's patch


@kernel(realtime=True)
def play_sound(state, channel, sound):  # type: ignore[no-untyped-def]
    """Let a channel, and the MPE members it rules, play a sound from the next note on."""
    give_sound(state, channel, sound)
    for member in range(CHANNELS):
        if state.mpe_master[member] == channel:
            give_sound(state, member, sound)


@kernel(realtime=True)
def change_program(state, channel, program):  # type: ignore[no-untyped-def]
    """Act on a program change; one that stands for no sound is passed over."""
    sound = np.int64(state.program_sound[channel, program])
    if sound >= 0 and state.mpe_master[channel] < 0:
        play_sound(state, channel, sound)
