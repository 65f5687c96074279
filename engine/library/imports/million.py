"""Slices of the Million Playlist Dataset."""

from __future__ import annotations

from typing import Any

from engine.library.imports.fields import dictionaries, seconds, text
from engine.library.playlists import Entry, PlaylistFile


def read(content: Any, stem: str) -> list[PlaylistFile] | None:
    """Return the playlists of a slice; None if it is none."""
    found = content.get("playlists") if isinstance(content, dict) else None
    if not isinstance(found, list):
        return None
    if any(isinstance(p, dict) and "items" in p for p in found):
        return None  # as Spotify hands one's own playlists out
    playlists = []
    for number, playlist in enumerate(found):
        tracks = playlist.get("tracks") if isinstance(playlist, dict) else None
        entries = tuple(
            Entry(
                title=text(track, "track_name"),
                artist=text(track, "artist_name"),
                uri=text(track, "track_uri"),
                duration_s=seconds(track, "duration_ms", 0.001),
            )
            for track in dictionaries(tracks, f"playlist {number}")
        )
        playlists.append(PlaylistFile(text(playlist, "name") or f"{stem} {number}", entries))
    return playlists
