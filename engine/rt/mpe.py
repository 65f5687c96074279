"""MPE: zones in which every note has a channel of its own, and a master channel rules them.

After the MIDI Polyphonic Expression specification, version 1.0 (M1-100-UM). The lower zone is ruled
by the first channel, its members are those after it; the upper by the last, with those before it.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel
from engine.rt.keys import release_channel
from engine.rt.sounds import give_sound
from engine.rt.state import CHANNELS

LOWER_MASTER, UPPER_MASTER = 0, CHANNELS - 1
_MEMBER_BEND, _MASTER_BEND = 48.0, 2.0  # semitones


@kernel(realtime=True)
def in_zone(state, channel):  # type: ignore[no-untyped-def]
    """Whether a channel is a member of a zone or rules one."""
    if state.mpe_master[channel] >= 0:
        return True
    for member in range(CHANNELS):  # noqa: SIM110  a generator would be Python
        if state.mpe_master[member] == channel:
            return True
    return False


@kernel(realtime=True)
def rules(state, master, channel):  # type: ignore[no-untyped-def]
    """Whether what is said to `master` is said to `channel`: itself, or its member."""
    return channel == master or state.mpe_master[channel] == master


@kernel(realtime=True)
def _reset(state, channel, within):  # type: ignore[no-untyped-def]
    release_channel(state, channel, within)
    state.bend[channel] = 0.0
    state.pressure[channel] = 0.0
    state.timbre[channel] = 0.0


@kernel(realtime=True)
def configure_zone(state, master, members, within):  # type: ignore[no-untyped-def]
    """Give a zone so many members, 0 to end it; the other zone gives up what both claim."""
    members = min(members, CHANNELS - 1)
    for channel in range(CHANNELS):
        first = channel if master == LOWER_MASTER else UPPER_MASTER - channel  # from the master
        was = state.mpe_master[channel]
        claimed = 0 < first <= members or (first == 0 and members > 0)
        if not claimed and was != master and channel != master:
            continue
        _reset(state, channel, within)
        if 0 < first <= members:
            state.mpe_master[channel] = master
            state.bend_range[channel] = _MEMBER_BEND
            give_sound(state, channel, np.int64(state.sound[master]))
        else:
            state.mpe_master[channel] = -1
            state.bend_range[channel] = _MASTER_BEND if members > 0 else -1.0
