"""Binary frames for the page, thirty a second, made once for all pages (layout: docs/api.md)."""

from __future__ import annotations

import struct

from engine.watch import BINS, METERS, SCOPE, Watch
from engine.web.desk import Desk

KIND = 1
LIMITS, RECORDS, LOCKED = 1, 2, 4
BEATS_MODULO = 1024.0
_HEAD = struct.Struct("<BBHHHIf")


class Frames:
    """Makes frames of a desk; for one thread.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watch = Watch(desk.synth.state, desk.synth.sample_rate)
        self._counter = 0

    def make(self) -> bytes:
        """Return the next frame."""
        now = self._watch.frame()
        flags = LIMITS if now.limiting else 0
        flags |= RECORDS if now.recording else 0
        flags |= LOCKED if self._desk.session.follower.following.state == "locked" else 0
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        beat = now.beat % BEATS_MODULO
        head = _HEAD.pack(KIND, flags, BINS, SCOPE, len(METERS), self._counter, beat)
        parts = (now.spectrum, now.microphone_spectrum, now.scope, now.meters, now.notes)
        return head + b"".join(part.tobytes() for part in parts)
