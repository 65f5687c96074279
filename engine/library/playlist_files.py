"""Playlists for other programs: M3U8, JSPF and XSPF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from engine.library import tags
from engine.library.catalogue import Track

KINDS = ("m3u8", "jspf", "xspf")

_NAMESPACE = "http://xspf.org/ns/0/"


def write_playlist(tracks: Sequence[Track], kind: str, name: str) -> str:
    """Return tracks as the text of a playlist file.

    Parameters
    ----------
    tracks : sequence of Track
    kind : "m3u8", "jspf" or "xspf"
        JSPF and XSPF hold album and length to the millisecond, too.
    name : str
        Of the playlist.

    Raises
    ------
    ValueError
        If `kind` is another.

    Examples
    --------
    >>> song = Track(1, Path("/music/joga.flac"), "Jóga", "Björk", "", 304.6, 44100, False)
    >>> print(write_playlist([song], "m3u8", "calm"), end="")
    #EXTM3U
    #PLAYLIST:calm
    #EXTINF:305,Björk - Jóga
    /music/joga.flac
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be {', '.join(KINDS)}, got {kind!r}")
    write = {"m3u8": _m3u8, "jspf": _jspf, "xspf": _xspf}[kind]
    return write(tracks, tags.clean(name))


def _m3u8(tracks: Sequence[Track], name: str) -> str:
    lines = ["#EXTM3U", f"#PLAYLIST:{name}"]
    for track in tracks:
        lines += [f"#EXTINF:{round(track.duration_s)},{tags.clean(track.name)}", _line(track.path)]
    return "\n".join(lines) + "\n"


def _line(path: Path) -> str:
    """Return a path as it stands in a list of lines; as an address where no line can hold it."""
    text = str(path)
    return text if text == tags.clean(text) else path.absolute().as_uri()


def _jspf(tracks: Sequence[Track], name: str) -> str:
    rows = []
    for track in tracks:
        said = {key: text for key, text in _said(track).items() if text}
        length = round(1000 * track.duration_s)
        rows.append({"location": [track.path.absolute().as_uri()], **said, "duration": length})
    whole = {"playlist": {"title": name, "track": rows}}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _xspf(tracks: Sequence[Track], name: str) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<playlist version="1" xmlns="{_NAMESPACE}">',
        f"  <title>{_xml(name)}</title>",
        "  <trackList>",
    ]
    for track in tracks:
        said = [f"<{key}>{_xml(text)}</{key}>" for key, text in _said(track).items() if text]
        address = f"<location>{_xml(track.path.absolute().as_uri())}</location>"
        length = f"<duration>{round(1000 * track.duration_s)}</duration>"
        lines.append("    <track>" + "".join([address, *said, length]) + "</track>")
    return "\n".join([*lines, "  </trackList>", "</playlist>"]) + "\n"


def _said(track: Track) -> dict[str, str]:
    """Return what XSPF calls the tags of a track."""
    return {
        "title": tags.clean(track.title),
        "creator": tags.clean(track.artist),
        "album": tags.clean(track.album),
    }


def _xml(text: str) -> str:
    """Return text as XML may hold it: escaped, without the two characters that are none."""
    return escape(text.replace("\ufffe", "").replace("\uffff", ""))
