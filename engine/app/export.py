"""Files of `antiphon library export`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.library import Library


def as_json(library: Library) -> str:
    """Return tracks and playlists as one JSON object."""
    from engine.library import export

    return json.dumps(export.catalogue(library), indent=1)


def write(library: Library, folder: Path, as_csv: bool, fingerprints: bool) -> list[str]:
    """Write the files into a folder, made if missing; return what was written, in words.

    Raises
    ------
    OSError
    """
    from engine.library import export

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if as_csv:
        tables: dict[str, tuple[Sequence[str], Iterable[dict[str, Any]]]] = {
            "tracks.csv": (export.TRACK_KEYS, map(_flat, export.tracks(library))),
            "playlists.csv": (export.ENTRY_KEYS, export.entries(library)),
        }
        for name, (keys, rows) in tables.items():
            _replace(folder / name, _table(keys, rows))
            written.append(str(folder / name))
    else:
        _replace(folder / "library.json", as_json(library).encode() + b"\n")
        written.append(str(folder / "library.json"))
    if fingerprints:
        (folder / "fingerprints").mkdir(exist_ok=True)
        for track_id in library.index.track_ids.tolist():
            path = folder / "fingerprints" / f"{track_id}.peaks"
            _replace(path, library.index.peaks(track_id).to_bytes())
        written.append(str(folder / "fingerprints"))
    return written


def _flat(track: dict[str, Any]) -> dict[str, Any]:
    return track | {"other_paths": "|".join(track["other_paths"])}


def _table(keys: Sequence[str], rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, keys, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")  # file names need not be text


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
