"""XSPF and JSPF playlists, read with distrust: no DTD, no entity, nothing deep or large."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

LARGEST_BYTES = 64 << 20

_DEEPEST = 24
_LONGEST = 10_000  # characters of one element; an address has some hundreds
_TRACK = ("playlist", "trackList", "track")

Rows = tuple[str, list[dict[str, str]]]


class SpiffError(ValueError):
    """The file is no playlist of this kind."""


def from_xspf(data: bytes) -> Rows:
    """Return the title of a playlist, and of each track what its elements say.

    Raises
    ------
    SpiffError
        If the XML is broken, has a DTD, or is no XSPF.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise SpiffError(f"is not XML ({error})") from error
    if not reader.is_playlist:
        raise SpiffError("has no trackList as an XSPF playlist has")
    return reader.title, reader.rows


def from_jspf(content: dict[str, Any]) -> Rows:
    """Return the title of a playlist, and of each track its texts.

    Raises
    ------
    SpiffError
    """
    playlist = content.get("playlist")
    rows = playlist.get("track") if isinstance(playlist, dict) else None
    if not isinstance(playlist, dict) or not isinstance(rows, list):
        raise SpiffError("has no playlist with a list of tracks")
    if not all(isinstance(row, dict) for row in rows):
        raise SpiffError("has a track that is no object")
    return _text(playlist.get("title")), [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in row.items()}


def _text(value: object) -> str:
    if isinstance(value, list):  # of several places the first
        value = value[0] if value else ""
    if isinstance(value, str):
        return value[:_LONGEST]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


class _Reader:
    """Keeps the texts of the elements that matter."""

    def __init__(self) -> None:
        self.title = ""
        self.rows: list[dict[str, str]] = []
        self.is_playlist = False
        self._open: list[str] = []
        self._said = ""

    def refuse(self, *_: object) -> None:
        raise SpiffError("has a DTD, which a playlist does not need")

    def start(self, name: str, _: dict[str, str]) -> None:
        self._open.append(name.rpartition(" ")[2])
        self._said = ""
        if len(self._open) > _DEEPEST:
            raise SpiffError("is nested too deeply")
        if tuple(self._open) == _TRACK:
            self.rows.append({})
        self.is_playlist |= tuple(self._open) == _TRACK[:2]

    def text(self, text: str) -> None:
        if len(self._said) < _LONGEST:
            self._said += text[:_LONGEST]

    def end(self, _: str) -> None:
        place, said = tuple(self._open), self._said.strip()
        if place == ("playlist", "title"):
            self.title = said
        elif place[:3] == _TRACK and len(place) == 4 and said:
            self.rows[-1].setdefault(place[3], said)
        self._open.pop()
        self._said = ""
