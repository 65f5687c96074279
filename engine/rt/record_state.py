"""What the callback keeps for those who watch: the record ring, and the controller moved last."""

from __future__ import annotations

RECORD_FRAMES = 1 << 18  # 5.5 s of stereo at 48 kHz; a power of two

RECORD_FIELDS = [
    # ring of what goes out; the recorder's thread writes the tail and the switch
    ("record_head", "i8", (16,)),
    ("record_tail", "i8", (16,)),
    ("record_on", "i8", (16,)),
    ("record_dropped", "i8"),  # frames that found the ring full
    ("record", "f4", (RECORD_FRAMES, 2)),
    # controllers moved at a keyboard: their count << 32 | the MIDI word of the last one
    ("last_control", "i8", (16,)),
]
