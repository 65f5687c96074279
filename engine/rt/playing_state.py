"""What the instrument remembers of how it is played: keys, pedals, controllers, tempo, sounds.

`PLAYING_FIELDS` are fields of STATE (engine/rt/state.py), `reset_playing` their first values. A
*sound* is a whole patch: which slot each key plays, how keys are played, what controllers move. A
*slot* is the recipe of one voice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.parts import CONTROLS, STANDARD_CONTROLS

_CHANNELS, _KEYS, _VOICES = 16, 128, 256
SOUNDS = 256  # patches at hand, for program changes
NEVER = 1 << 62  # a frame that does not come

# --- kinds of command, beyond those of engine/rt/state.py
(
    SOUND, STYLE, SOUND_CONTROL, PLAY, PROGRAM, TUNING, TEMPO, AIM, MASTER_TUNE, TURN,
) = range(32, 42)  # fmt: skip
PITCH_UNIT = 1 << 20  # of TUNING, a semitone
SILENT_KEY = -100.0  # the pitch of a key that the tuning leaves out
TEMPO_UNIT = 1_000_000  # of TEMPO, a beat per minute
AIM_BEAT, AIM_FRAME, AIM_TEMPO, AIM_JUMP, AIM_VALUES = range(5)  # values of AIM

# --- bits of key_bits: why a key sounds
DOWN, SUSTAINED, CAUGHT = 1, 2, 4  # by the finger, the sustain pedal, the sostenuto pedal

# --- how a sound is played: rows of sound_style
(
    S_PLAYING, S_ARP_MODE, S_ARP_STEP, S_ARP_OCTAVES, S_ARP_GATE, S_ARP_SWING, S_ARP_HOLD, STYLES,
) = range(8)  # fmt: skip
POLY, MONO, LEGATO = range(3)  # as in parts.PLAYING
ARP_OFF, ARP_UP, ARP_DOWN, ARP_UP_DOWN, ARP_RANDOM, ARP_ORDER, ARP_CHORD = range(7)

# --- columns of `control`
C_WHEEL, C_VOLUME, C_PAN, C_EXPRESSION, C_CUTOFF = (
    CONTROLS.index(name) for name in ("wheel", "volume", "pan", "expression", "cutoff")
)

DEFAULT_BPM = 120.0
_UNTOUCHED = -1
_AT_REST = {"volume": 100.0, "expression": 127.0, "wheel": 0.0, "pan": 64.0}

PLAYING_FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    # controllers of a channel
    ("control", "f8", (_CHANNELS, len(CONTROLS))),  # 0..127, -1: untouched
    ("cc_target", "i4", (_CHANNELS, _KEYS)),  # column of `control` that a CC moves, -1: none
    ("standard_target", "i4", (_KEYS,)),  # the same for a sound that has learned nothing
    ("bend_range", "f8", (_CHANNELS,)),  # semitones, -1: as the patch says
    ("channel_tune", "f8", (_CHANNELS,)),  # semitones, by RPN 1 and 2
    ("fine_tune", "f8", (_CHANNELS,)),
    ("coarse_tune", "f8", (_CHANNELS,)),
    ("pressure", "f8", (_CHANNELS,)),  # 0..1
    ("key_pressure", "f8", (_CHANNELS, _KEYS)),  # 0..1
    ("timbre", "f8", (_CHANNELS,)),  # -1..1, moved inside an MPE zone only
    ("mpe_master", "i4", (_CHANNELS,)),  # of a member channel, else -1
    ("rpn", "i4", (_CHANNELS,)),  # the one that data entry sets, -1: none
    ("sostenuto", "i4", (_CHANNELS,)),
    ("soft", "i4", (_CHANNELS,)),
    ("portamento", "i4", (_CHANNELS,)),  # CC 65: -1 as the patch says, 0 off, 1 on
    ("mono_mode", "i4", (_CHANNELS,)),  # CC 126 and 127: -1 as the patch says, 0 poly, 1 mono
    # keys
    ("key_bits", "i4", (_CHANNELS, _KEYS)),  # DOWN, SUSTAINED, CAUGHT
    ("key_order", "i8", (_CHANNELS, _KEYS)),  # when it was struck: greater is later
    ("key_velocity", "i4", (_CHANNELS, _KEYS)),
    ("key_serial", "i8"),
    ("key_loose", "i4", (_CHANNELS, _KEYS)),  # about to be let go
    ("mono_key", "i4", (_CHANNELS,)),  # what a mono channel plays, -1: nothing
    ("last_key", "i4", (_CHANNELS,)),  # what glides start from, -1: none yet
    ("master_tune", "f8"),  # semitones, of everything
    ("tuning", "f8", (_KEYS,)),  # pitch of each key, in (fractional) MIDI notes
    # notes that wait for a voice to fade
    ("fade_frame", "i8", (_VOICES,)),  # when a voice that was silenced will have faded
    ("waiting", "i8"),
    ("wait_frame", "i8", (_VOICES,)),  # 0: nothing waits for this voice
    ("wait_channel", "i4", (_VOICES,)),
    ("wait_key", "i4", (_VOICES,)),
    ("wait_velocity", "i4", (_VOICES,)),
    ("wait_copy", "i4", (_VOICES,)),
    ("wait_copies", "i4", (_VOICES,)),
    ("wait_age", "i8", (_VOICES,)),
    # sounds
    ("sound_slot", "i4", (SOUNDS, _KEYS)),
    ("sound_style", "f8", (SOUNDS, STYLES)),
    ("sound_control", "i4", (SOUNDS, _KEYS)),  # -1: the standard's
    ("program_sound", "i4", (_CHANNELS, _KEYS)),  # -1: no such program
    ("sound", "i4", (_CHANNELS,)),  # what the channel plays
    ("sound_serial", "i8", (_CHANNELS,)),  # of the last PLAY that took effect
    ("playing", "i4", (_CHANNELS,)),  # POLY, MONO or LEGATO
    # the transport (engine/rt/transport.py)
    ("beat", "f8"),  # at the start of the current cell
    ("beats_per_frame", "f8"),  # in the current cell
    ("aim_beat", "f8"),  # the line that the beat follows: at aim_frame, and its slope
    ("aim_frame", "i8"),
    ("aim_beats_per_frame", "f8"),
    ("aim_jump", "i4"),  # be there at once
    ("aim_follows", "i4"),  # the line is that of music that is heard
    ("jumps", "i8"),
    ("tick_number", "i8"),  # of the last MIDI clock, 24 a beat
    ("tick_frame", "f8"),  # when it should have come
    ("tick_period", "f8"),  # frames from one to the next
    ("tick_last", "i8"),  # when it did come
    ("tick_seen", "i8"),  # how many the estimate rests on
    ("tick_wild", "i8"),
    ("song_tick", "i8"),  # where a stopped song goes on
    ("song_runs", "i4"),
    ("song_starts", "i4"),  # with the next clock
    # the arpeggiators (engine/rt/arpeggio.py)
    ("arp_mode", "i4", (_CHANNELS,)),
    ("arp_step", "f8", (_CHANNELS,)),  # beats
    ("arp_octaves", "i4", (_CHANNELS,)),
    ("arp_gate", "f8", (_CHANNELS,)),
    ("arp_swing", "f8", (_CHANNELS,)),
    ("arp_hold", "i4", (_CHANNELS,)),
    ("arp_stage", "i4", (_CHANNELS,)),
    ("arp_latched", "i4", (_CHANNELS, _KEYS)),
    ("arp_next", "i8", (_CHANNELS,)),  # number of the next step on the grid
    ("arp_count", "i8", (_CHANNELS,)),  # steps since the start
    ("arp_random", "i8", (_CHANNELS,)),
    ("arp_sounding", "i4", (_CHANNELS,)),  # whether a step sounds
    ("arp_off_beat", "f8", (_CHANNELS,)),  # and when it ends
    ("arp_on", "i4", (_CHANNELS, _KEYS)),  # the keys of that step
    ("arp_jumps", "i8", (_CHANNELS,)),
    ("arp_origin", "f8"),  # beat of step 0
]


def standard_targets() -> NDArray[np.int32]:
    """Return which column of `control` each controller number moves, -1: none; shape (128,)."""
    targets = np.full(_KEYS, -1, np.int32)
    for number, name in STANDARD_CONTROLS.items():
        targets[number] = CONTROLS.index(name)
    return targets


def reset_playing(state: NDArray[np.void]) -> None:
    """Set the fields of a fresh state, shape (1,), to what nobody has touched yet."""
    one = state[0]
    one["control"] = [_AT_REST.get(name, _UNTOUCHED) for name in CONTROLS]
    one["cc_target"] = one["standard_target"] = standard_targets()
    one["sound_control"] = -1
    one["tuning"] = np.arange(_KEYS)
    one["program_sound"] = -1
    for name in ("bend_range", "mpe_master", "rpn", "portamento", "mono_mode"):
        one[name] = -1
    for name in ("mono_key", "last_key"):
        one[name] = -1
    one["arp_step"] = 0.5
    one["arp_octaves"] = 1
    one["arp_gate"] = 0.5
    one["aim_beats_per_frame"] = DEFAULT_BPM / 60.0 / one["sample_rate"]
    one["beats_per_frame"] = one["aim_beats_per_frame"]
