"""A library for other programs: what it knows of tracks and playlists, as plain data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.library.database import plain_errors

if TYPE_CHECKING:
    from engine.library.library import Library

FORMAT = 1  # raised when a key changes its meaning

TRACK_KEYS = (
    "track_id", "artist", "title", "album", "duration_s", "sample_rate", "damaged", "digest",
    "path", "other_paths",
)  # fmt: skip
ENTRY_KEYS = ("playlist_id", "playlist", "position", "track_id", "artist", "title", "path")


def tracks(library: Library) -> list[dict[str, Any]]:
    """Return every track, by artist, album and title, with `TRACK_KEYS`.

    `digest` is that of the file's content in hexadecimal digits; `path` is where it was seen
    first, None if nowhere any more; `other_paths` is a list of the others.
    """
    paths: dict[int, list[str]] = {}
    with plain_errors(library.directory):
        for raw, track_id in library._database.execute(
            "SELECT path, track_id FROM file ORDER BY rowid"
        ):
            paths.setdefault(track_id, []).append(os.fsdecode(raw))
        digests = dict(library._database.execute("SELECT id, digest FROM track"))
    found = []
    for track in library.tracks():
        seen = paths.get(track.id, [])
        values = (
            track.id, track.artist, track.title, track.album, round(track.duration_s, 3),
            track.sample_rate, track.damaged, digests[track.id].hex(),
            seen[0] if seen else None, seen[1:],
        )  # fmt: skip
        found.append(dict(zip(TRACK_KEYS, values, strict=True)))
    return found


def entries(library: Library) -> Iterator[dict[str, Any]]:
    """Yield every entry of every playlist in order, with `ENTRY_KEYS`.

    `track_id` is None for a song that the library does not have; artist, title and path are as
    the playlist gives them.
    """
    with plain_errors(library.directory):
        rows = library._database.execute(
            "SELECT playlist.id, name, position, track_id, artist, title, path FROM entry"
            " JOIN playlist ON playlist.id = playlist_id JOIN item ON item.id = item_id"
            " ORDER BY playlist.id, position"
        )
        for *values, raw in rows:
            path = os.fsdecode(raw) if raw is not None else None
            yield dict(zip(ENTRY_KEYS, (*values, path), strict=True))


def catalogue(library: Library) -> dict[str, Any]:
    """Return tracks and playlists as one object: `format`, `tracks`, `playlists`."""
    playlists: dict[int, dict[str, Any]] = {}
    for entry in entries(library):
        number, name = entry.pop("playlist_id"), entry.pop("playlist")
        held = playlists.setdefault(number, {"playlist_id": number, "name": name, "entries": []})
        held["entries"].append(entry)
    return {
        "format": FORMAT,
        "tracks": tracks(library),
        "playlists": list(playlists.values()),
    }
