"""STATE: all memory of the audio callback, one structured record reached by one pointer.

Voices live in tiles: one flat array per tile, a row of `TILE` values per field, the voice index
innermost, so that loops over voices become vector instructions and one base pointer needs no
alias checks. Only the callback writes a state while a stream runs; everybody else goes through
the rings in it, each index of which has one writer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.oscillator import LEVELS, WAVES, wave_tables
from engine.rt.playing_state import PLAYING_FIELDS, reset_playing
from engine.rt.rack_settings import prepare_rack
from engine.rt.rack_state import rack_fields
from engine.rt.record_state import RECORD_FIELDS

TILE = 64  # voices innermost: four AVX-512 or eight AVX2 registers
TILES = 4
VOICES = TILE * TILES
RESERVE = 16  # kept free for voices that fade out after being stolen
CELL = 32  # frames between control points, on a grid of absolute frames
CHANNELS = 16
SLOTS = 256  # patches in use at once: channels, programs and the keys of drum kits

# --- float32 rows of a tile
(
    LEVEL_1, LEVEL_2, PULSE_1, PULSE_2, SCALE_1, SCALE_2, NOISE,
    CUTOFF, CUTOFF_STEP, CUTOFF_TARGET, CUTOFF_ENV, CUTOFF_LFO,
    K, MIX_X, MIX_BAND, MIX_LOW, IC1, IC2,
    LEFT, LEFT_STEP, LEFT_TARGET, RIGHT, RIGHT_STEP, RIGHT_TARGET,
    TREMOLO, CURVE_A, SUSTAIN_A, START_A, SPAN_A, CURVE_M, SUSTAIN_M, START_M, SPAN_M,
    FLOAT_ROWS,
) = range(34)  # fmt: skip

# Scratch rows behind the fields: CELL rows each of signal, integrator gain and amplitude.
SIGNAL = FLOAT_ROWS
GAIN = SIGNAL + CELL
AMPLITUDE = GAIN + CELL
ALL_FLOAT_ROWS = AMPLITUDE + CELL

# --- uint32 rows of a tile
(
    PHASE_1, INC_1, STEP_1, PHASE_2, INC_2, STEP_2, WIDTH_1, WIDTH_2,
    TABLE_1, TABLE_2, SHIFT_1, SHIFT_2, SEED, LFO_PHASE, LFO_INC, LFO_SHAPE,
    STAGE_A, POS_A, RATE_A, DECAY_A, RELEASE_A, STAGE_M, POS_M, RATE_M, DECAY_M, RELEASE_M,
    WAVE_1, WAVE_2, WORD_ROWS,
) = range(29)  # fmt: skip

# --- int64 rows of a tile: 64-bit phases and increments, from which the 32-bit ones are refreshed
# at every control point, so that the pitch of a long note does not drift.
LONG_PHASE_1, LONG_INC_1, LONG_STEP_1, LONG_PHASE_2, LONG_INC_2, LONG_STEP_2, LONG_ROWS = range(7)

# --- float64 rows of a tile: pitches in semitones
NOTE, BEND, BEND_TARGET, VIBRATO, TUNE_1, TUNE_2, PITCH, HIGHEST, DOUBLE_ROWS = range(9)

# --- stages of an envelope
IDLE, ATTACK, DECAY, SUSTAIN, RELEASE, KILL = range(6)

# --- kinds of command (see engine/rt/events.py)
(
    NOTHING, MIDI, SLOT, MAP, PANIC, DECK_GAIN, MASTER_GAIN, DECK_FLUSH,
    RACK_ROW, RACK, COMMAND_KINDS,
) = range(11)  # fmt: skip

# --- parameters of a slot, float64, ready for the voice (see engine/rt/slots.py)
(
    P_LEVEL_1, P_LEVEL_2, P_WAVE_1, P_WAVE_2, P_PULSE_1, P_PULSE_2, P_WIDTH_1, P_WIDTH_2,
    P_TUNE_1, P_TUNE_2, P_NOISE, P_CUTOFF, P_CUTOFF_ENV, P_KEY_TRACK, P_CUTOFF_VELOCITY, P_K,
    P_MIX_X, P_MIX_BAND, P_MIX_LOW,
    P_ATTACK_A, P_DECAY_A, P_SUSTAIN_A, P_RELEASE_A, P_CURVE_A,
    P_ATTACK_M, P_DECAY_M, P_SUSTAIN_M, P_RELEASE_M, P_CURVE_M,
    P_LFO_SHAPE, P_LFO_INC, P_LFO_PHASE, P_LFO_PITCH, P_LFO_CUTOFF, P_LFO_AMPLITUDE,
    P_GAIN, P_PAN, P_VELOCITY, P_BEND_RANGE, P_FIXED_NOTE, PARAMETERS,
) = range(41)  # fmt: skip

COMMANDS = 4096  # both powers of two
PENDING = 4096
DECK_FRAMES = 1 << 17  # 2.7 s of stereo at 48 kHz
MIC_FRAMES = 1 << 18  # 5.5 s of mono
TABLE_SAMPLES = 1 << 20
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
        ("deck_head", "i8", (16,)),
        ("deck_tail", "i8", (16,)),
        ("deck_starved", "i8"),
        ("mic_head", "i8", (16,)),
        ("mic_tail", "i8", (16,)),
        ("mic_dropped", "i8"),
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
        ("tile_busy", "i4", (TILES,)),
        # channels and patches
        ("slots", "f8", (SLOTS, PARAMETERS)),
        ("slot_of", "i4", (CHANNELS, 128)),
        ("pedal", "i4", (CHANNELS,)),
        ("bend", "f8", (CHANNELS,)),  # -1 .. 1
        ("wheel", "f8", (CHANNELS,)),
        ("volume", "f8", (CHANNELS,)),
        ("expression", "f8", (CHANNELS,)),
        ("pan", "f8", (CHANNELS,)),
        ("brightness", "f8", (CHANNELS,)),  # semitones
        # mix
        ("deck_gain", "f8"),
        ("deck_gain_step", "f8"),
        ("deck_gain_target", "f8"),
        ("deck_until", "i8"),  # frame of the ring to go on from when a flush has faded out
        ("deck_fade", "i8"),  # frames left of that fade, and all of it
        ("deck_fade_of", "i8"),
        ("master", "f8"),
        ("master_step", "f8"),
        ("master_target", "f8"),
        ("mix", "f4", (2, CELL)),
        *rack_fields(CELL),
        # the clock of the stream (see engine/rt/clock.py) and what the callback met
        ("clock_start_us", "f8"),
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
        ("table_offset", "i4", (len(WAVES), LEVELS)),
        ("table_shift", "i4", (len(WAVES), LEVELS)),
        ("command_frame", "i8", (COMMANDS,)),  # absolute; negative: as soon as possible
        ("command_word", "i4", (COMMANDS, 4)),
        ("command_values", "f8", (COMMANDS, PARAMETERS)),
        ("deck", "f4", (DECK_FRAMES, 2)),
        ("mic", "f4", (MIC_FRAMES,)),
        ("tables", "f4", (TABLE_SAMPLES,)),
    ],
    align=True,
)


def new_state(sample_rate: float, voices: int = VOICES - RESERVE) -> NDArray[np.void]:
    """Return a fresh state of shape (1,) for a stream of `sample_rate` frames per second.

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
    tables = wave_tables(sample_rate)
    one["tables"][: tables.samples.size] = tables.samples
    one["table_offset"] = tables.offset
    one["table_shift"] = tables.shift
    prepare_rack(one, sample_rate, CELL)
    one["slot_of"][:] = np.arange(CHANNELS)[:, None]
    one["volume"] = 100 / 127
    one["expression"] = 1.0
    one["output_channels"] = 2
    one["deck_gain"] = one["deck_gain_target"] = 1.0
    one["master"] = one["master_target"] = 1.0
    seeds = np.arange(VOICES, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(12345)
    for tile in range(TILES):
        own = seeds[tile * TILE : (tile + 1) * TILE]
        one["words"][tile, SEED * TILE : (SEED + 1) * TILE] = own
    return state
