"""Listening to a pipe of raw samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.app.terminal import say_error

if TYPE_CHECKING:
    from engine.app.notes import Notes
    from engine.io.raw import RawBlocks
    from fingerprint import FingerprintIndex

_PIECE_S = 0.1  # so that no answer of the stream is passed over, however fast the pipe is


def hear_pipe(
    index: FingerprintIndex, pipe: RawBlocks, rate: int, seconds: float | None, notes: Notes
) -> None:
    """Tell what a pipe plays, to its end or for so many of its seconds."""
    from engine.listener import Tracker

    tracker = Tracker(index, rate)
    piece = max(1, round(_PIECE_S * rate))
    most = None if seconds is None else round(seconds * rate)
    for block in pipe:
        for at in range(0, len(block), piece):
            room = len(block) if most is None else most - tracker.frames
            heard = tracker.feed(block[at : at + min(piece, room)])
            notes.heard_s = tracker.frames / rate
            if heard is not None:
                notes.tell(heard, rate)
            if most is not None and tracker.frames >= most:
                return
    if pipe.left_over:
        say_error(f"the pipe ended within a frame: its last {pipe.left_over} bytes were not heard")
    if not tracker.frames:
        say_error("the pipe carried no samples")
