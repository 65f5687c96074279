"""STATE: all memory of the audio callback, one structured record reached by one pointer.

Voices live in tiles: one flat array per tile, a row of `TILE` values per field, the voice index
innermost, so that loops over voices become vector instructions and one base pointer needs no
alias checks. Only the callback writes a state while a stream runs; everybody else goes through
the rings in it, each index of which has one writer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.blep import PHASES, TAPS, residuals
from engine.parts import SOURCES, TARGETS
from engine.rt.deck_state import DECK_FIELDS, reset_decks
from engine.rt.playing_state import PLAYING_FIELDS, reset_playing
from engine.rt.rack_settings import prepare_rack
from engine.rt.rack_state import rack_fields
from engine.rt.record_state import RECORD_FIELDS

TILE = 64  # voices innermost: four AVX-512 or eight AVX2 registers
GROUP = 16  # a tile works on these alone while no higher voice sounds, else on all
TILES = 4
VOICES = TILE * TILES
RESERVE = 16  # kept free for voices that fade out after being stolen
CELL = 32  # frames between control points, on a grid of absolute frames
STEP = 8  # frames between points of the levels; straight lines between them
WIDE_STEP = 16  # frames between points of the filter, likewise
TRAIL = 64  # frames of the ring that the signal is made in
CHANNELS = 16
SLOTS = 256  # patches in use at once: channels, programs and the keys of drum kits
FOREVER = 1e30  # frames of a stage that only a released key ends

# --- float32 rows of a tile. What moves is said as of the start of the cell; a row that glides is
# followed by its step per frame and its target.
(
    SAW_1, PULSE_1, TRIANGLE_1, SINE_1, OFFSET_1, BLEP_1,
    SAW_2, PULSE_2, TRIANGLE_2, SINE_2, OFFSET_2, BLEP_2,
    NOISE,
    CUTOFF, CUTOFF_STEP, CUTOFF_TARGET, DAMPING, DAMPING_STEP, DAMPING_TARGET,
    LEFT, LEFT_STEP, LEFT_TARGET, RIGHT, RIGHT_STEP, RIGHT_TARGET,
    DRIVE, DRIVE_STEP, DRIVE_TARGET,
    CHORUS, CHORUS_STEP, CHORUS_TARGET, DELAY, DELAY_STEP, DELAY_TARGET,
    REVERB, REVERB_STEP, REVERB_TARGET,
    AMOUNT_1, AMOUNT_1_STEP, AMOUNT_1_TARGET, FADE_1, FADING_1,
    AMOUNT_2, AMOUNT_2_STEP, AMOUNT_2_TARGET, FADE_2, FADING_2,
    CUTOFF_ENV, CUTOFF_LFO_1, CUTOFF_LFO_2, LEVEL_ENV, LEVEL_LFO_1, LEVEL_LFO_2,
    LOW, BAND, HIGH, NOTCH, REST, STEEP,
    IC1, IC2, IC3, IC4, DRIVE_X, DRIVE_S,
    CURVE_A, SUSTAIN_A, START_A, SPAN_A, LENGTH_A, RATE_A, BEND_A, DECAY_A, FALL_A, RELEASE_A,
    NEXT_A,
    CURVE_M, SUSTAIN_M, START_M, SPAN_M, LENGTH_M, RATE_M, BEND_M, DECAY_M, FALL_M, RELEASE_M,
    NEXT_M,
    HOLD_1, HOLD_2,
    GAIN, PAN_AT, PAN_NOW, PAN_ENV, PAN_LFO_1, PAN_LFO_2, LEVEL,
    FLOAT_ROWS,
) = range(97)  # fmt: skip

# Scratch rows behind the fields. The fast controls are set at points, and move in straight lines
# between: level to the left and to the right, and level, STEP frames apart; four coefficients of
# each filter stage (gain, damping, weights of input and of band), WIDE_STEP frames apart.
F_LEFT, F_RIGHT, F_LEVEL, F_FILTER, F_SECOND, FAST = 0, 1, 2, 3, 7, 11
FROM = FLOAT_ROWS
TO = FROM + FAST
SLOPE = TO + FAST  # what each gains in a frame
OCTAVES = SLOPE + FAST
SIGNAL = OCTAVES + 1  # a ring, a row per frame: this cell's, and what its jumps leave to the next
ALL_FLOAT_ROWS = SIGNAL + TRAIL

# --- uint32 rows of a tile
(
    PHASE_1, INC_1, BEND_1, WIDTH_1, WIDTH_STEP_1, LAG_1, WIDTH_BEND_1, WIDTH_TO_1,
    PHASE_2, INC_2, BEND_2, WIDTH_2, WIDTH_STEP_2, LAG_2, WIDTH_BEND_2, WIDTH_TO_2,
    SEED,
    LFO_PHASE_1, LFO_INC_1, LFO_SHAPE_1, LFO_PHASE_2, LFO_INC_2, LFO_SHAPE_2,
    STAGE_A, POS_A, STAGE_M, POS_M, JUMPS,
    WORD_ROWS,
) = range(29)  # fmt: skip
OSCILLATOR_WORDS = PHASE_2 - PHASE_1

# --- int64 rows of a tile: the exact phases and increments, in 2**-64 of a period, that the 32-bit
# ones are steered by, so that the pitch of a long note does not drift.
LONG_PHASE_1, LONG_INC_1, LONG_BEND_1, LONG_PHASE_2, LONG_INC_2, LONG_BEND_2, LONG_ROWS = range(7)

# --- float64 rows of a tile: pitches in semitones, widths in periods, LFOs synced to the beat
(
    NOTE, NOTE_TARGET, GLIDE, BEND, BEND_TARGET, TUNE_1, TUNE_2, TRANSPOSE,
    PITCH_ENV, PITCH_LFO_1, PITCH_LFO_2, BASE_WIDTH_1, BASE_WIDTH_2,
    WIDTH_ENV, WIDTH_LFO_1, WIDTH_LFO_2, BEATS_1, BEATS_2, BEAT_PHASE_1, BEAT_PHASE_2,
    TURNS_1, TURNS_2, SPEED_1, SPEED_2,
    PITCH, WIDTH_NOW_1, WIDTH_NOW_2, DOUBLE_ROWS,
) = range(28)  # fmt: skip

# --- stages of an envelope
IDLE, ATTACK, DECAY, SUSTAIN, RELEASE, KILL = range(6)

# --- what the voices of a tile use at all
(
    USES_SAW_1, USES_PULSE_1, USES_TRIANGLE_1, USES_SINE_1,
    USES_SAW_2, USES_PULSE_2, USES_TRIANGLE_2, USES_SINE_2,
    USES_NOISE, USES_ENVELOPE, USES_LFO_1, USES_LFO_2, USES_OTHER, USES_STEEP, USES_DRIVE,
    USES_SENDS, USES_TREMOLO,
) = (1 << bit for bit in range(17))  # fmt: skip

# --- kinds of command (see engine/rt/events.py)
(
    NOTHING, MIDI, SLOT, MAP, PANIC, MASTER_GAIN, DECK_FLUSH,
    RACK_ROW, RACK, COMMAND_KINDS,
) = range(10)  # fmt: skip

# --- parameters of a slot, float64, ready for the voice (see engine/rt/slots.py)
(
    P_SAW_1, P_PULSE_1, P_TRIANGLE_1, P_SINE_1, P_WIDTH_1, P_TUNE_1,
    P_SAW_2, P_PULSE_2, P_TRIANGLE_2, P_SINE_2, P_WIDTH_2, P_TUNE_2,
    P_NOISE, P_UNISON, P_UNISON_DETUNE, P_UNISON_SPREAD,
    P_LOW, P_BAND, P_HIGH, P_NOTCH, P_STEEP, P_CUTOFF, P_DAMPING, P_DRIVE,
    P_KEY_TRACK, P_CUTOFF_VELOCITY,
    P_ATTACK_A, P_DECAY_A, P_SUSTAIN_A, P_RELEASE_A, P_CURVE_A,
    P_ATTACK_M, P_DECAY_M, P_SUSTAIN_M, P_RELEASE_M, P_CURVE_M,
    P_LFO_SHAPE_1, P_LFO_INC_1, P_LFO_PHASE_1, P_LFO_BEATS_1, P_LFO_DELAY_1, P_LFO_FADE_1,
    P_LFO_SHAPE_2, P_LFO_INC_2, P_LFO_PHASE_2, P_LFO_BEATS_2, P_LFO_DELAY_2, P_LFO_FADE_2,
    P_GAIN, P_PAN, P_VELOCITY, P_BEND_RANGE, P_PLAYING, P_GLIDE, P_FIXED_NOTE,
    P_CHORUS, P_DELAY, P_REVERB, P_USES, P_MATRIX,
) = range(60)  # fmt: skip
PARAMETERS = P_MATRIX + len(SOURCES) * len(TARGETS)  # the matrix, a row of targets per source

# What a voice that has never sounded holds, for its neighbours' sake: numbers its filter can use.
_IDLE_ROWS = (
    (DAMPING, 1.0), (DAMPING_TARGET, 1.0), (LOW, 1.0), (LENGTH_A, FOREVER), (LENGTH_M, FOREVER),
)  # fmt: skip

COMMANDS = 4096  # both powers of two
PENDING = 4096
MIC_FRAMES = 1 << 18  # 5.5 s of mono
HISTOGRAM = 32

STATE = np.dtype(
    [
        # where we are
        ("frame", "i8"),
        ("sample_rate", "f8"),
        ("limit", "i8"),  # voices that may sound at once
        ("age", "i8"),  # counts notes, to know the oldest
        # rings: head and tail 128 bytes apart, one writer each
        ("command_head", "i8", (16,)),
        ("command_tail", "i8", (16,)),
        ("command_dropped", "i8"),
        ("mic_head", "i8", (16,)),
        ("mic_tail", "i8", (16,)),
        ("mic_dropped", "i8"),
        ("mic_offset", "i8"),  # frame of the stream less that of the ring, of what comes in
        # events of known frame, earliest first
        ("pending_frame", "i8", (PENDING,)),
        ("pending_word", "i4", (PENDING, 4)),  # kind and three numbers
        ("pending_count", "i8"),
        ("event_dropped", "i8"),
        # voices
        ("floats", "f4", (TILES, ALL_FLOAT_ROWS * TILE)),
        ("words", "u4", (TILES, WORD_ROWS * TILE)),
        ("longs", "i8", (TILES, LONG_ROWS * TILE)),
        ("doubles", "f8", (TILES, DOUBLE_ROWS * TILE)),
        ("voice_channel", "i4", (VOICES,)),
        ("voice_key", "i4", (VOICES,)),
        ("voice_slot", "i4", (VOICES,)),
        ("voice_velocity", "f8", (VOICES,)),
        ("voice_held", "i4", (VOICES,)),  # 1: key down, 2: let go but kept by the pedal, 0: free
        ("voice_age", "i8", (VOICES,)),
        ("voice_random", "f8", (VOICES,)),  # -1 .. 1, drawn at every note
        ("voice_detune", "f8", (VOICES,)),  # semitones, of a copy in unison
        ("voice_spread", "f8", (VOICES,)),  # pan of that copy, -1 .. 1
        ("voice_share", "f8", (VOICES,)),  # of the note's level that a copy has
        ("tile_busy", "i4", (TILES,)),
        ("tile_width", "i4", (TILES,)),  # GROUP, or TILE
        ("tile_uses", "i4", (TILES,)),
        ("tile_stirred", "i4", (TILES,)),  # an event has moved what its fast controls came from
        # channels and patches
        ("slots", "f8", (SLOTS, PARAMETERS)),
        ("slot_of", "i4", (CHANNELS, 128)),
        ("pedal", "i4", (CHANNELS,)),
        ("bend", "f8", (CHANNELS,)),  # -1 .. 1
        # mix
        ("master", "f8"),
        ("master_step", "f8"),
        ("master_target", "f8"),
        ("mix", "f4", (2, CELL)),
        ("cheap", "i4"),  # simpler oscillators and filter
        *rack_fields(CELL),
        # the clock of the stream (see engine/rt/clock.py) and what the callback met
        ("clock_start_us", "f8"),
        ("clock_at", "i8"),  # frame whose making began at clock_start_us
        ("clock_frame_us", "f8"),
        ("last_frames", "i8"),
        ("clock_wild", "i8"),
        ("midi_latency_frames", "f8"),
        ("midi_stray", "i8"),  # events whose time stamp was over a second from now
        ("input_channels", "i8"),
        ("output_channels", "i8"),
        ("calls", "i8"),
        ("xruns", "i8"),
        ("worst_ns", "i8"),
        ("total_ns", "i8"),
        ("late", "i8"),  # calls longer than the block they made
        ("histogram", "i8", (HISTOGRAM,)),  # of the call's log2 nanoseconds
        ("active", "i8"),  # voices sounding
        ("peak", "f4"),
        *RECORD_FIELDS,
        *PLAYING_FIELDS,
        # memory of the rings and tables
        ("jump", "f4", (2, PHASES + 1, TAPS)),  # residuals of a step and of a corner
        ("command_frame", "i8", (COMMANDS,)),  # absolute; negative: as soon as possible
        ("command_word", "i4", (COMMANDS, 4)),
        ("command_values", "f8", (COMMANDS, PARAMETERS)),
        *DECK_FIELDS,
        ("mic", "f4", (MIC_FRAMES,)),
    ],
    align=True,
)


def new_state(
    sample_rate: float, voices: int = VOICES - RESERVE, cheap: bool = False
) -> NDArray[np.void]:
    """Return a fresh state of shape (1,) for a stream of `sample_rate` frames per second.

    `cheap` takes polynomial oscillators (alias at -30 dB) and a plain filter for less work.

    Raises
    ------
    ValueError
        If the sample rate is outside 8000..192000, or `voices` outside 1..240.
    """
    if not 8_000 <= sample_rate <= 192_000:
        raise ValueError(f"sample_rate must be between 8000 and 192000 Hz, got {sample_rate}")
    if not 1 <= voices <= VOICES - RESERVE:
        raise ValueError(f"voices must be between 1 and {VOICES - RESERVE}, got {voices}")
    state = np.zeros(1, dtype=STATE)
    one = state[0]
    one["sample_rate"] = sample_rate
    reset_playing(state)
    one["limit"] = voices
    one["cheap"] = cheap
    one["jump"][0], one["jump"][1], _ = residuals()
    prepare_rack(one, sample_rate, CELL)
    one["slot_of"][:] = np.arange(CHANNELS)[:, None]
    one["output_channels"] = 2
    reset_decks(one, sample_rate, CELL)
    one["master"] = one["master_target"] = 1.0
    for row, value in _IDLE_ROWS:
        one["floats"][:, row * TILE : (row + 1) * TILE] = value
    seeds = np.arange(VOICES, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(12345)
    for tile in range(TILES):
        own = seeds[tile * TILE : (tile + 1) * TILE]
        one["words"][tile, SEED * TILE : (SEED + 1) * TILE] = own
    return state
