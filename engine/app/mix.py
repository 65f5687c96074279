"""A whole mix as a list of tracks: hearing it, and writing the list in four formats."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.app.terminal import clock, quiet_decoders, sure

if TYPE_CHECKING:
    from engine.library import Library
    from fingerprint.tracklist import Passage

Format = Literal["table", "cue", "json", "csv"]

COLUMNS = (
    "start_s", "end_s", "known", "track_id", "artist", "title", "album", "path", "position_s",
    "speed", "pitch_cents", "confidence",
)  # fmt: skip
_CUE_FRAMES = 75  # a second
_CUE_TYPES = {".mp3": "MP3", ".aif": "AIFF", ".aiff": "AIFF"}  # all others are called WAVE


def hear(
    library: Library, path: Path, tell: Callable[[float, float], None] = lambda _at, _of: None
) -> list[dict[str, Any]]:
    """Return the tracks of a mix in order, unknown stretches between them, as JSON has them.

    Parameters
    ----------
    library : Library
    path : Path
        Read block by block: memory is bounded whatever its length.
    tell : callable
        Called with the seconds heard, and those there are by the file's header.

    Raises
    ------
    AudioFileError
    """
    from engine.errors import AudioFileError
    from engine.io import audiofile
    from fingerprint.tracklist import Tracklist

    with quiet_decoders():
        file = audiofile.blocks(path, mono=True)
    with file:
        heard = Tracklist(library.index, file.sample_rate)
        blocks = iter(file)
        while True:
            with quiet_decoders():  # not around all: the progress is told on the same terminal
                block = next(blocks, None)
            if block is None:
                break
            heard.feed(block)
            tell(heard.heard_s, file.expected_s)
        if not heard.heard_s:
            raise AudioFileError(f"{path}: holds no audio that can be decoded")
        return [_as_json(library, passage) for passage in heard.finish()]


def _as_json(library: Library, passage: Passage) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(COLUMNS)
    record |= {"start_s": round(passage.start_s, 2), "end_s": round(passage.end_s, 2)}
    record["known"] = passage.track_id is not None
    if passage.track_id is not None:
        track = library.track(passage.track_id)
        record |= {"track_id": track.id, "path": str(track.path)}
        record |= {key: getattr(track, key) for key in ("artist", "title", "album")}
        for key in ("position_s", "speed", "pitch_cents", "confidence"):
            record[key] = round(float(getattr(passage, key)), 4)
    return record


def write(
    records: Sequence[dict[str, Any]], mix: Path, form: Format, folder: Path | None = None
) -> str:
    """Return the list of a mix as text that ends with a line's end.

    "cue" is a cue sheet for the mix, to lie in `folder` (the mix's own if None); "json" one
    object, "csv" a header and a line for each entry, "table" is for people.
    """
    if form == "cue":
        return _cue(records, mix, folder or mix.parent)
    writers: dict[str, Callable[[Sequence[dict[str, Any]], Path], str]] = {
        "table": _table,
        "json": _json,
        "csv": _csv,
    }
    return writers[form](records, mix)


def save(text: str, path: Path) -> None:
    """Write a text file whole or not at all.

    Raises
    ------
    OSError
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _table(records: Sequence[dict[str, Any]], mix: Path) -> str:
    lines = [f"{mix}:"]
    for record in records:
        span = f"{clock(record['start_s']):>9} to {clock(record['end_s']):>9}"
        if not record["known"]:
            lines.append(f"{span}  unknown")
            continue
        line = f"{span}  {_name(record)}, from {clock(record['position_s'])}"
        if abs(record["speed"] - 1.0) >= 0.003:
            line += f", {abs(record['speed'] - 1):.1%} {'fast' if record['speed'] > 1 else 'slow'}"
        lines.append(f"{line}, {sure(record['confidence'])}")
    if not records:
        lines.append("  silence")
    return "\n".join(lines) + "\n"


def _cue(records: Sequence[dict[str, Any]], mix: Path, folder: Path) -> str:
    seen_from_there = os.path.relpath(mix.parent.resolve() / mix.name, folder.resolve())
    lines = [
        f"TITLE {_quoted(mix.stem)}",
        f"FILE {_quoted(seen_from_there)} {_CUE_TYPES.get(mix.suffix.lower(), 'WAVE')}",
    ]
    for number, record in enumerate(records, 1):
        lines.append(f"  TRACK {number:02d} AUDIO")
        lines.append(f"    TITLE {_quoted(record['title'] if record['known'] else 'unknown')}")
        if record["known"] and record["artist"]:
            lines.append(f"    PERFORMER {_quoted(record['artist'])}")
        frames = round(record["start_s"] * _CUE_FRAMES)
        seconds, rest = divmod(frames, _CUE_FRAMES)
        lines.append(f"    INDEX 01 {seconds // 60:02d}:{seconds % 60:02d}:{rest:02d}")
    return "\n".join(lines) + "\n"


def _json(records: Sequence[dict[str, Any]], mix: Path) -> str:
    return json.dumps({"mix": str(mix), "tracks": list(records)}) + "\n"


def _csv(records: Sequence[dict[str, Any]], _mix: Path) -> str:
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return out.getvalue()


def _name(record: dict[str, Any]) -> str:
    return f"{record['artist']} - {record['title']}" if record["artist"] else record["title"]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'  # a cue sheet knows no escape
