"""What the callback keeps of the decks: two rings of decoded sound, their gains, and meters.

`DECK_FIELDS` are fields of STATE (engine/rt/state.py), `reset_decks` their first values.
"""

from __future__ import annotations

from typing import Any

DECKS = 2
DECK_FRAMES = 1 << 17  # 2.7 s of stereo at 48 kHz; a power of two
TAP_FRAMES = 1 << 19  # 10.9 s: as long as it takes to find out that the room plays what we do
EASE_S = 0.005  # a deck that is held or flushed falls silent within, and comes back so
METER_S = 0.3  # time constant of the meters' fall
NEVER = (1 << 62) - 1  # a frame that does not come

METER_SYNTH, METER_DECKS, METER_MIC, METERS = 0, 1, 1 + DECKS, 2 + DECKS

# --- kinds of command, beyond those of engine/rt/state.py: numbers a, b and c
DECK_RUN = 48  # a bit for each deck, 1: play, 0: hold
DECK_GAIN = 49  # deck, gain in 1/65536, frames of the way there
DECK_CROSS = 50  # to this deck, frames, law | CUT
DECK_MARK = 51  # frame of the ring, low 31 bits and high ones; frames << 7 | law << 1 | deck
LAW_UNIT = 63  # of the law
CUT = 1 << 20

DECK_FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    # the rings: head and tail of each 128 bytes apart, one writer each
    ("deck_head", "i8", (DECKS, 16)),
    ("deck_tail", "i8", (DECKS, 16)),
    ("deck_starved", "i8", (DECKS,)),  # frames that were not there in time
    # held or not: what is held leaves its ring alone
    ("deck_run", "i4", (DECKS,)),
    ("deck_ease", "i8", (DECKS,)),  # 0: silent .. deck_ease_of: full
    ("deck_ease_of", "i8", (DECKS,)),
    ("deck_ease_step", "i8", (DECKS,)),  # -1, 0 or 1
    ("deck_ease_frames", "i8"),
    ("deck_until", "i8", (DECKS,)),  # frame of the ring to go on from when a flush has eased out
    # the gain, and its way from one to another in frames that the deck has played
    ("deck_gain", "f8", (DECKS,)),
    ("deck_gain_from", "f8", (DECKS,)),
    ("deck_gain_to", "f8", (DECKS,)),
    ("deck_glide", "i8", (DECKS,)),
    ("deck_glide_of", "i8", (DECKS,)),  # 0: it stands
    ("deck_law", "f8", (DECKS,)),  # 0: equal power, 1: linear, between: a mixture
    # the frame of a deck's ring at which the other deck takes over
    ("deck_mark", "i8", (DECKS,)),
    ("deck_mark_frames", "i8", (DECKS,)),
    ("deck_mark_law", "f8", (DECKS,)),
    ("deck_front", "i8", (16,)),  # which one is, or was last, taken over by
    ("deck_crossings", "i8"),
    ("deck_mix_used", "i4"),
    ("meter", "f4", (METERS,)),  # peaks that fall
    ("meter_fall", "f4"),  # by which factor within a cell
    ("deck_mix", "f8", (2, 32)),
    ("deck", "f4", (DECKS, DECK_FRAMES, 2)),
    # the latest frames that went out: nobody's to take, anybody's to look at
    ("tap_head", "i8", (16,)),
    ("tap", "f4", (TAP_FRAMES, 2)),
]


def reset_decks(record: Any, sample_rate: float, cell: int) -> None:
    """Set the fields of a fresh state (a record): both decks play what they are given."""
    record["deck_ease_frames"] = max(1, round(EASE_S * sample_rate))
    record["deck_ease"] = record["deck_ease_of"] = record["deck_ease_frames"]
    record["deck_run"] = 1
    record["deck_gain"] = record["deck_gain_from"] = record["deck_gain_to"] = 1.0
    record["deck_mark"] = NEVER
    record["meter_fall"] = 1.0 - cell / (METER_S * sample_rate)
