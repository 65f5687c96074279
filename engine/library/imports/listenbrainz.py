"""Listens as ListenBrainz exports them: one JSON object a line, or a list of them."""

from __future__ import annotations

from typing import Any

from engine.library import tags
from engine.library.imports.fields import dictionaries, seconds, text
from engine.library.imports.sittings import Listen, sittings
from engine.library.playlists import Entry, PlaylistFile


def read(content: Any, stem: str) -> list[PlaylistFile] | None:
    """Return each sitting as a playlist; None if the content is no list of listens."""
    if isinstance(content, dict) and "listened_at" in content:
        content = [content]
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        return None
    if "listened_at" not in content[0] or "track_metadata" not in content[0]:
        return None
    rows = dictionaries(content, "the history")
    return sittings(x for x in map(_listen, rows) if x is not None)


def _listen(row: dict[str, Any]) -> Listen | None:
    at, said = row.get("listened_at"), row.get("track_metadata")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(said, dict):
        return None
    if not 0 < at < 1e11:
        return None
    more = said.get("additional_info")
    length = seconds(more, "duration_ms", 0.001) or seconds(more, "duration")
    recording = text(said.get("mbid_mapping"), "recording_mbid") or text(more, "recording_mbid")
    entry = Entry(
        title=text(said, "track_name"),
        artist=text(said, "artist_name"),
        uri=f"mbid:{recording}" if recording else text(more, "spotify_id", "origin_url"),
        duration_s=length,
        mbid=tags.as_mbid(recording),
        isrc=tags.as_isrc(text(more, "isrc")),
    )
    return Listen(float(at), float(at) + (length or 0.0), entry)
