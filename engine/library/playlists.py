"""Playlist files: M3U and M3U8, XSPF and JSPF, and the JSON of other programs."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from engine.errors import PlaylistError
from engine.io.audiofile import reason
from engine.library import spiff, tags

SUFFIXES = frozenset({".m3u", ".m3u8", ".json", ".jsonl", ".jspf", ".xspf"})

_SPIFF = (".jspf", ".xspf")
_LARGEST_BYTES = 512 << 20  # a slice of the Million Playlist Dataset has 34 MB
_RECORDING = re.compile(
    r"(https?://(www\.)?musicbrainz\.org/recording/|mbid:)?[0-9a-f-]{36}$", re.IGNORECASE
)
_ISRC_PREFIX = re.compile(r"^(urn:)?isrc:", re.IGNORECASE)
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: `C:` is a drive


@dataclass(frozen=True)
class Entry:
    """One line of a playlist.

    Attributes
    ----------
    title, artist : str
        Empty where the playlist does not say.
    path : Path, optional
        Absolute; where the playlist says the file is. Nothing is ever opened there.
    uri : str
        Address of a track that is no file; else empty.
    duration_s : float, optional
    mbid, isrc : str
        Of the recording, as `tags` has them; empty where the playlist does not say.
    """

    title: str
    artist: str
    path: Path | None = None
    uri: str = ""
    duration_s: float | None = None
    mbid: str = ""
    isrc: str = ""

    @property
    def ids(self) -> tuple[str, str]:
        """Both ids, the one to be looked for first before the other."""
        return self.mbid, self.isrc


@dataclass(frozen=True)
class PlaylistFile:
    """One playlist as read: its name, and its entries in order."""

    name: str
    entries: tuple[Entry, ...]


def read(path: Path) -> list[PlaylistFile]:
    """Read all playlists of a file: one of an M3U, up to a thousand of a dataset's slice.

    JSON is known by what it holds: a slice of the Million Playlist Dataset, the account data of
    Spotify, an export of ListenBrainz.

    Raises
    ------
    PlaylistError
        If the file cannot be read, is malformed, or holds no entry.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(sorted(SUFFIXES))
        raise PlaylistError(f"{path}: is not a playlist that can be read ({known})")
    try:
        if not path.is_file():
            raise PlaylistError(f"{path}: {'is not a file' if path.exists() else 'does not exist'}")
        largest = spiff.LARGEST_BYTES if suffix in _SPIFF else _LARGEST_BYTES
        if path.stat().st_size > largest:
            raise PlaylistError(f"{path}: is larger than {largest >> 20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise PlaylistError(f"{path}: cannot be read ({reason(error)})") from error
    if suffix == ".xspf":
        found = [_from_spiff(path, data)]
    elif suffix == ".jspf":
        content = _json(path, data)
        found = [_from_spiff(path, content if isinstance(content, dict) else {})]
    elif suffix in {".json", ".jsonl"}:
        found = _from_json(path, data, lines=suffix == ".jsonl")
    else:
        found = [_from_m3u(path, data)]
    if not any(playlist.entries for playlist in found):
        raise PlaylistError(f"{path}: holds no entries")
    return found


def _from_m3u(path: Path, data: bytes) -> PlaylistFile:
    if b"\0" in data:
        raise PlaylistError(f"{path}: is not a playlist but binary data")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # what .m3u meant before .m3u8
    name, said = tags.clean(path.stem), tags.Tags("")
    duration: float | None = None
    entries = []
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("#EXT-X-"):
            raise PlaylistError(f"{path}: is a list of stream segments, not of tracks")
        if line.startswith("#PLAYLIST:"):
            name = tags.clean(line.partition(":")[2]) or name
        elif line.startswith("#EXTINF:"):
            duration, said = _extinf(line)
        elif line.startswith("#EXTALB:") or not line or line.startswith("#"):
            continue
        else:
            entries.append(_m3u_entry(path.parent, line, said, duration))
            said, duration = tags.Tags(""), None
    return PlaylistFile(name, tuple(entries))


def _extinf(line: str) -> tuple[float | None, tags.Tags]:
    """Split '#EXTINF:123 key="value",Artist - Title'."""
    length, _, label = line.removeprefix("#EXTINF:").partition(",")
    number = re.match(r"\s*(\d+(?:\.\d+)?)", length)
    artist, dash, title = tags.clean(label).partition(" - ")
    return (
        float(number.group(1)) if number else None,
        tags.Tags(title, artist) if dash else tags.Tags(artist),
    )


def _m3u_entry(folder: Path, line: str, said: tags.Tags, duration: float | None) -> Entry:
    if _URL.match(line) and not line.lower().startswith("file:"):
        named = tags.from_name(Path(unquote(PurePosixPath(urlsplit(line).path).name) or "?"))
        return Entry(said.title or named.title, said.artist, None, line, duration)
    place = _unquote(urlsplit(line).path) if line.lower().startswith("file:") else line
    if "\\" in place and "/" not in place:
        place = place.replace("\\", "/")
    path = Path(os.path.abspath(folder / place))  # noqa: PTH100  (resolve() would follow links)
    named = tags.from_name(path)
    if said.title:
        named = tags.Tags(said.title, said.artist or named.artist)
    return Entry(named.title, named.artist, path, "", duration)


def _unquote(text: str) -> str:
    """Return the path that an address quotes; file names need not be text."""
    return os.fsdecode(unquote_to_bytes(text))


def _from_spiff(path: Path, data: bytes | dict[str, Any]) -> PlaylistFile:
    """Return the playlist of XSPF as bytes, or of JSPF as an object."""
    try:
        title, rows = spiff.from_xspf(data) if isinstance(data, bytes) else spiff.from_jspf(data)
    except spiff.SpiffError as error:
        raise PlaylistError(f"{path}: {error}") from error
    entries = tuple(_spiff_entry(path.parent, row) for row in rows)
    return PlaylistFile(tags.clean(title) or tags.clean(path.stem), entries)


def _spiff_entry(folder: Path, row: dict[str, str]) -> Entry:
    said = tags.Tags(tags.clean(row.get("title", "")), tags.clean(row.get("creator", "")))
    length = re.fullmatch(r"\d{1,12}", row.get("duration", ""))
    duration_s = int(length.group()) / 1000 if length else None
    place, named = row.get("location", "").strip(), tags.clean(row.get("identifier", ""))
    if not place.isprintable() or not place or "\0" in _unquote(place):
        entry = Entry(said.title, said.artist, None, named, duration_s)
    else:
        if not _URL.match(place):
            place = _unquote(place)
        entry = _m3u_entry(folder, place, said, duration_s)
    return replace(entry, mbid=_mbid(named), isrc=tags.as_isrc(_ISRC_PREFIX.sub("", named)))


def _mbid(identifier: str) -> str:
    """Return the id of a recording; '' for that of a release or an artist."""
    return tags.as_mbid(identifier) if _RECORDING.match(identifier) else ""


def _json(path: Path, data: bytes, lines: bool = False) -> Any:
    number, parsed = 0, []
    try:
        if not lines:
            return json.loads(data)
        for number, line in enumerate(data.splitlines(), 1):  # noqa: B007  named in the error
            if line.strip():
                parsed.append(json.loads(line))
    except (ValueError, RecursionError) as error:
        where = f"line {number} is" if number else "is"
        raise PlaylistError(f"{path}: {where} not JSON ({error})") from error
    return parsed


def _from_json(path: Path, data: bytes, lines: bool) -> list[PlaylistFile]:
    from engine.library import imports

    content = _json(path, data, lines)
    if isinstance(content, dict) and "playlist" in content:
        return [_from_spiff(path, content)]
    try:
        found = imports.recognise(content, path.stem)
    except ValueError as error:
        raise PlaylistError(f"{path}: {error}") from error
    if found is None:
        raise PlaylistError(
            f"{path}: has no list of playlists as the Million Playlist Dataset has, nor is it from"
            " the account data of Spotify or an export of ListenBrainz"
        )
    return found
