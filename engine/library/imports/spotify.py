"""The account data that Spotify sends on request: playlists, liked songs, what was played."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from engine.library.imports.fields import dictionaries, seconds, text
from engine.library.imports.sittings import HEARD_S, Listen, sittings
from engine.library.playlists import Entry, PlaylistFile


def read(content: Any, stem: str) -> list[PlaylistFile] | None:
    """Return what Playlist1.json, YourLibrary.json or a streaming history holds; None if neither.

    Of a history the plays of half a minute and more count, and each sitting is a playlist.
    """
    if isinstance(content, dict):
        lists, liked = content.get("playlists"), content.get("tracks")
        if isinstance(lists, list):
            return _playlists(lists, stem)
        if isinstance(liked, list) and any(isinstance(t, dict) and "track" in t for t in liked):
            songs = dictionaries(liked, "the library")
            return [PlaylistFile("Liked songs", tuple(_liked(song) for song in songs))]
        return None
    first = content[0] if isinstance(content, list) and content else None
    if not isinstance(first, dict) or not {"msPlayed", "ms_played"} & set(first):
        return None
    rows = dictionaries(content, "the history")
    return sittings(x for x in map(_listen, rows) if x is not None)


def _playlists(lists: list[Any], stem: str) -> list[PlaylistFile]:
    playlists = []
    for number, playlist in enumerate(lists):
        items = playlist.get("items") if isinstance(playlist, dict) else None
        entries = [_item(item) for item in dictionaries(items, f"playlist {number}")]
        name = text(playlist, "name") or f"{stem} {number}"
        playlists.append(PlaylistFile(name, tuple(e for e in entries if e is not None)))
    return playlists


def _item(item: dict[str, Any]) -> Entry | None:
    track, local = item.get("track"), text(item.get("localTrack"), "uri")
    title = text(track, "trackName")
    if title:
        return Entry(title, text(track, "artistName"), uri=text(track, "trackUri"))
    return _local(local) if local else None  # episodes of podcasts are no songs


def _local(uri: str) -> Entry | None:
    """Read 'spotify:local:Artist:Album:Title:seconds', each part quoted as in an address."""
    from urllib.parse import unquote_plus

    parts = [unquote_plus(part) for part in uri.split(":")]
    if len(parts) != 6 or not parts[4]:
        return None
    said = {"artist": parts[2], "title": parts[4]}
    length = float(parts[5]) if parts[5].isdecimal() and len(parts[5]) < 7 else None
    return Entry(text(said, "title"), text(said, "artist"), uri=uri, duration_s=length)


def _liked(song: dict[str, Any]) -> Entry:
    return Entry(text(song, "track"), text(song, "artist"), uri=text(song, "uri"))


def _listen(row: dict[str, Any]) -> Listen | None:
    """Return one play; None of a podcast, of a short one, or of one without a time."""
    played = seconds(row, "msPlayed", 0.001) or seconds(row, "ms_played", 0.001)
    title = text(row, "trackName", "master_metadata_track_name")
    end = _time(text(row, "endTime", "ts"))
    if played is None or played < HEARD_S or not title or end is None:
        return None
    artist = text(row, "artistName", "master_metadata_album_artist_name")
    entry = Entry(title, artist, uri=text(row, "spotify_track_uri"))
    return Listen(end - played, end, entry)


def _time(said: str) -> float | None:
    """Read '2023-01-05 20:31' or '2023-01-05T20:31:04Z'; both are UTC."""
    try:
        return datetime.fromisoformat(said).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
