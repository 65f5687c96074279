"""What is heard, as it is told: a line for people or programs, a file of history, a summary."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from engine.app import terminal
from engine.app.terminal import sure

if TYPE_CHECKING:
    from engine.library import Track
    from engine.listener import Heard


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds.

    Examples
    --------
    >>> clock(83.4)
    '1:23'
    """
    return f"{int(max(0.0, seconds)) // 60}:{int(max(0.0, seconds)) % 60:02d}"


def in_words(heard: Heard, track: Track | None) -> str:
    """Return what was heard as one line."""
    if track is None or heard.position_s is None:
        return "unknown music or noise" if heard.state == "unknown" else "silence"
    return (
        f"{track.name}  at {clock(heard.position_s)} of {clock(track.duration_s)}  "
        f"{sure(heard.confidence)} after {heard.answered_after_s:.1f} s"
        + (f"  speed {100 * heard.speed:.1f} %" if abs(heard.speed - 1) > 0.003 else "")
    )


def as_record(heard: Heard, track: Track | None, sample_rate: float) -> dict[str, object]:
    """Return what was heard, from a microphone of that rate, as plain data."""
    return {
        "state": heard.state,
        "track_id": heard.track_id,
        "title": track.title if track else None,
        "artist": track.artist if track else None,
        "position_s": None if heard.position_s is None else round(heard.position_s, 3),
        "confidence": round(heard.confidence, 4),
        "speed": round(heard.speed, 4),
        "answered_after_s": round(heard.answered_after_s, 3),
        "heard_at_s": round(heard.frame / sample_rate, 3),
    }


@dataclass
class _Entry:
    track: Track
    start_s: float
    end_s: float | None = None


class Notes:
    """Tells every change as it comes, and in the end what was heard from when to when.

    Parameters
    ----------
    tracks : dict
        By id.
    as_json : bool
        One JSON object a line, and no summary.
    history : Path or None
        A file to which every change is added as a JSON object, with the time of day.
    by_stream : bool
        Begin lines with the second of the stream, not with the time of day: a file in a pipe
        runs faster than time.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """

    def __init__(
        self, tracks: dict[int, Track], as_json: bool, history: Path | None, by_stream: bool
    ) -> None:
        self.tracks = tracks
        self.heard_s = 0.0  # all in all, set by whoever listens
        self._as_json = as_json
        self._by_stream = by_stream
        self._entries: list[_Entry] = []
        self._file: TextIO | None = None
        if history is not None:
            self._file = history.open("a", encoding="utf-8")

    def tell(self, heard: Heard, sample_rate: float) -> None:
        """Tell what changed; frames are counted at that rate."""
        track = self.tracks.get(heard.track_id) if heard.track_id is not None else None
        record = as_record(heard, track, sample_rate)
        now_s = heard.frame / sample_rate
        self.heard_s = max(self.heard_s, now_s)
        self._note(heard, track, now_s)
        if self._file is not None:
            line = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **record}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()  # whatever ends the program, what was said is there
        if self._as_json:
            typer.echo(json.dumps(record, ensure_ascii=False))
        else:
            now = terminal.clock(now_s) if self._by_stream else time.strftime("%H:%M:%S")
            typer.echo(f"{now}  {in_words(heard, track)}")

    def summary(self) -> list[str]:
        """Return a line for each track: from when to when it was heard, in seconds of listening."""
        lines = []
        for entry in self._entries:
            end_s = self.heard_s if entry.end_s is None else entry.end_s
            span = f"{terminal.clock(entry.start_s):>9} to {terminal.clock(end_s):>9}"
            lines.append(f"{span}  {entry.track.name}")
        return lines

    def close(self) -> None:
        """Give the summary, unless the lines are for programs, and close the file."""
        if not self._as_json and self._entries:
            typer.echo("heard in all:")
            for line in self.summary():
                typer.echo(line)
        if self._file is not None:
            self._file.close()

    def _note(self, heard: Heard, track: Track | None, now_s: float) -> None:
        last = self._entries[-1] if self._entries else None
        going_on = last is not None and last.end_s is None
        if last is not None and going_on and (track is None or track.id != last.track.id):
            last.end_s = max(last.start_s, now_s - heard.answered_after_s)
            going_on = False
        if track is not None and not going_on:
            self._entries.append(_Entry(track, max(0.0, now_s - heard.answered_after_s)))
