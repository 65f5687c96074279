"""The rack's part of the state: what the effects remember, and what their settings are called.

The rack works on whole cells, one cell behind the voices: at a control point it takes what they
sent during the cell before, and makes what is heard in the one that begins. The lines of chorus
and delay are a cell shorter for it, so that an echo comes on its frame; the reverb begins a cell
later. Nothing depends on how blocks are cut.
"""

from __future__ import annotations

from typing import Any

CHORUS, DELAY, REVERB, EFFECTS = range(4)  # rows of `sends`

# --- the rack's settings as numbers, ready for the kernels (see engine/rt/rack_settings.py)
(
    R_CHORUS_RATE,  # swings a frame
    R_CHORUS_DEPTH,  # frames to either side
    R_DELAY_FRAMES,  # between echoes, unless:
    R_DELAY_BEATS,  # between echoes, if not 0
    R_DELAY_FEEDBACK,
    R_DELAY_TONE,  # coefficient of the one-pole in the loop
    R_REVERB_DECAY,  # octaves of amplitude lost per frame
    R_REVERB_DAMPING,  # as many more in the treble
    R_REVERB_GAIN,
    R_REVERB_TONE,  # coefficient of the one-pole before it
    RACK_PARAMETERS,
) = range(11)

# Rows of settings: one for every slot of a patch, and some for settings of no patch in turn.
RACK_SLOTS = 256
RACK_ROWS = RACK_SLOTS + 64

CHORUS_TAPS = 6  # even ones left, odd ones right
CHORUS_FRAMES = 1 << 13  # 43 ms at 192 kHz
DELAY_FRAMES = 1 << 20  # over 4 s at 192 kHz; 4 MiB a side
LONGEST_DELAY_S = 4.0
LINES = 16  # of the reverb
LINE_FRAMES = 1 << 15  # 170 ms at 192 kHz
DIFFUSERS = 3  # stages before the lines
DIFFUSER_FRAMES = 1 << 13


def rack_fields(cell: int) -> list[tuple[Any, ...]]:
    """Return the rack's fields of the state, for cells of so many frames."""
    return [
        ("sends", "f4", (EFFECTS, cell)),  # what voices send during the cell, mono
        ("sends_used", "i4"),  # whoever adds to them sets it
        ("wet", "f4", (2, cell)),  # what the rack adds to the mix
        ("wet_used", "i4"),
        ("rack_rows", "f8", (RACK_ROWS, RACK_PARAMETERS)),
        ("rack_target", "f8", (RACK_PARAMETERS,)),
        ("rack_from", "f8", (RACK_PARAMETERS,)),  # at the cell's start
        ("rack_now", "f8", (RACK_PARAMETERS,)),  # at its end
        ("rack_glide", "f8"),  # part of the way to the target in a cell
        ("rack_awake", "i8", (EFFECTS,)),  # cells until an effect that hears nothing sleeps
        ("rack_hold", "i8", (EFFECTS,)),
        ("rack_clear", "i8"),  # cells since a panic, 0: none (engine/rt/rack_clear.py)
        # chorus
        ("chorus_at", "i8"),
        ("chorus_mask", "i8"),
        ("chorus_base", "f8", (CHORUS_TAPS,)),  # frames
        ("chorus_phase", "f8"),  # 0 .. 1
        # delay
        ("delay_at", "i8"),
        ("delay_mask", "i8"),
        ("delay_longest", "f8"),  # frames
        ("delay_old", "f8"),  # frames between echoes, now; while it changes: before
        ("delay_new", "f8"),
        ("delay_fade", "i8"),  # cells left of the change, and all of it
        ("delay_fade_of", "i8"),
        ("delay_tone", "f4", (2,)),
        ("delay_echo", "f4", (2, cell)),
        # reverb
        ("reverb_at", "i8"),
        ("reverb_mask", "i8"),
        ("reverb_delay", "f8", (LINES,)),  # frames
        ("reverb_length", "f8", (LINES,)),  # as it moves
        ("reverb_loud", "f4", (cell,)),
        ("reverb_phase", "f8", (LINES,)),  # of each line's slow movement, 0 .. 1
        ("reverb_start", "f8", (LINES,)),  # where it begins
        ("reverb_rate", "f8", (LINES,)),  # of it, turns per frame
        ("reverb_swing", "f8"),  # frames to either side
        ("reverb_pole", "f4"),  # of the lines' low-pass
        ("reverb_low", "f4", (LINES,)),  # its state and last input
        ("reverb_last", "f4", (LINES,)),
        ("reverb_tone", "f4"),
        ("reverb_flat", "f4", (2, LINES)),  # gain for all frequencies: from, to
        ("reverb_bass", "f4", (2, LINES)),  # gain of the low-passed part
        ("reverb_input", "f4", (LINES * cell,)),
        ("reverb_rows", "f4", (LINES * cell,)),
        ("diffuser_mask", "i8"),
        ("diffuser_delay", "i8", (DIFFUSERS, LINES)),  # frames
        ("diffuser_sign", "f4", (DIFFUSERS, LINES)),
        # limiter
        ("limit_gain", "f8"),
        ("limit_wanted", "f8"),
        ("limit_hold", "i8"),
        ("limit_hold_of", "i8"),  # frames
        ("limit_attack", "f8"),
        ("limit_release", "f8"),
        # the lines themselves; two cells more at the end mirror the start, so that a cell read
        # anywhere lies in one piece
        ("chorus_line", "f4", (CHORUS_FRAMES,)),
        ("delay_line", "f4", (2, DELAY_FRAMES)),
        ("reverb_line", "f4", (LINES, LINE_FRAMES + 2 * cell)),
        ("diffuser_first", "f4", (DIFFUSER_FRAMES + 2 * cell,)),
        ("diffuser_line", "f4", ((DIFFUSERS - 1) * LINES, DIFFUSER_FRAMES + 2 * cell)),
    ]
