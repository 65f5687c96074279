"""What a file says about itself: title, artist, genre; its name where the tags are silent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 500  # characters; tags of a megabyte exist, and nobody can read them
_NUMBERED = re.compile(r"^\s*(?:\d{1,3}\s*[-._)]|0\d{1,2}(?=\s))\s*(?=[^\s\d])")
_SEPARATOR = re.compile(r"\s+[-\N{EN DASH}\N{EM DASH}]\s+")
_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_FEATURED = re.compile(r"\s(?:feat|ft|featuring)\.?\s.*$")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_MBID_FIELDS = ("musicbrainz_trackid", "musicbrainz track id", "musicbrainz_recordingid")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_VERSION_WORDS = frozenset(
    {
        *("acoustic", "alternate", "bonus", "club", "cover", "demo", "dub", "edit", "edition"),
        *("extended", "instrumental", "karaoke", "live", "mix", "mono", "original", "radio"),
        *("rehearsal", "remaster", "remastered", "remix", "single", "stereo", "unplugged"),
        *("version", "vocal"),
    }
)


@dataclass(frozen=True)
class Tags:
    """What a file says; empty where nothing is known (the title never is).

    Attributes
    ----------
    title, artist, album, genre : str
    mbid : str
        The recording's id at MusicBrainz, a UUID in lower case.
    isrc : str
        International Standard Recording Code, without hyphens, in capitals.
    """

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    mbid: str = ""
    isrc: str = ""


def read(path: Path) -> Tags:
    """Read the tags of an audio file; fall back on 'Artist - Title' in the name.

    Whatever is wrong with the tags, the answer is the best that the file name gives: tags decide
    nothing but what is shown.
    """
    from tinytag import TinyTag, TinyTagException

    path = Path(path)
    named = from_name(path)
    try:
        found = TinyTag.get(path, tags=True, duration=False)
    except (TinyTagException, OSError, ValueError, ArithmeticError, LookupError, MemoryError):
        return named
    title = clean(found.title or "")
    artist = clean(found.artist or found.albumartist or "")
    if not title:
        title, artist = named.title, artist or named.artist
    return Tags(
        title,
        artist,
        clean(found.album or ""),
        clean(found.genre or ""),
        _first(found.other, _MBID_FIELDS, as_mbid),
        _first(found.other, ("isrc",), as_isrc),
    )


def as_mbid(text: str) -> str:
    """Return an id of MusicBrainz as it is kept, '' if it is none.

    Examples
    --------
    >>> as_mbid("https://musicbrainz.org/recording/B1A9C0E9-D987-4042-AE91-78D6A3267D69")
    'b1a9c0e9-d987-4042-ae91-78d6a3267d69'
    """
    found = _UUID.search(text[:_LONGEST].lower())
    return found[0] if found else ""


def as_isrc(text: str) -> str:
    """Return an ISRC as it is kept, '' if it is none.

    Examples
    --------
    >>> as_isrc("gb-ayE-06-01498")
    'GBAYE0601498'
    """
    bare = text[:_LONGEST].strip().upper().replace("-", "")
    return bare if _ISRC.fullmatch(bare) else ""


def _first(other: dict[str, list[str]], names: tuple[str, ...], read: Callable[[str], str]) -> str:
    found = (read(str(text)) for name in names for text in other.get(name, ()))
    return next(filter(None, found), "")


def from_name(path: Path) -> Tags:
    """Return title and artist from a file name such as '03 - Artist - Title.flac'.

    Examples
    --------
    >>> said = from_name(Path("03 - Edvard Grieg - Morning Mood.flac"))
    >>> said.title, said.artist
    ('Morning Mood', 'Edvard Grieg')
    """
    stem = clean(path.stem.replace("_", " "))
    rest = _NUMBERED.sub("", stem, count=1) or stem
    parts = _SEPARATOR.split(rest, maxsplit=1)
    if len(parts) == 2 and all(parts):
        return Tags(title=parts[1], artist=parts[0])
    return Tags(title=rest or path.name)


def clean(text: str) -> str:
    """Return text as one printable line: no control characters, spaces single, NFC, bounded."""
    text = unicodedata.normalize("NFC", text[: 2 * _LONGEST])
    kept = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    # Lone surrogates stand for undecodable bytes of a file name; neither SQLite nor a terminal
    # takes them.
    kept = kept.encode("utf-8", "replace").decode("utf-8")
    return " ".join(kept.split())[:_LONGEST]


def song_key(artist: str, title: str) -> str:
    """Return a key under which spellings of one song fall together; '' if either is unknown.

    Case, accents, punctuation, a leading article, featured artists and brackets such as
    '(Remastered 2011)' make no difference.

    Examples
    --------
    >>> song_key("The Beatles", "Help! (Remastered)") == song_key("beatles", "Help")
    True
    """
    who, what = normalise(artist), normalise(title)
    return f"{who}\t{what}" if who and what else ""


def version_key(song_key: str) -> str:
    """Return a key under which the versions of one song fall together, given its `song_key`.

    What versions are called is cut from the end: live, remix, radio edit, remastered 2011.

    Examples
    --------
    >>> version_key(song_key("Queen", "Innuendo - 2011 Remaster")) == song_key("Queen", "Innuendo")
    True
    """
    last = song_key.rpartition(" ")[2]
    if last not in _VERSION_WORDS and not last.isdigit():
        return song_key
    who, tab, what = song_key.partition("\t")
    words = what.split(" ")
    kept = len(words)
    while kept > 1 and (words[kept - 1] in _VERSION_WORDS or _YEAR.match(words[kept - 1])):
        kept -= 1
    if all(_YEAR.match(word) for word in words[kept:]):
        kept = len(words)  # 'Summer of 1969' is no version of 'Summer of'
    return f"{who}{tab}{' '.join(words[:kept])}"


def normalise(text: str) -> str:
    """Return text as `fold` does, without brackets, featured artists and leading article."""
    folded = _folded(text)
    bare = _FEATURED.sub("", f" {_BRACKETED.sub('', folded)} ")
    words = _words(bare) or _words(folded)  # a title may stand in brackets as a whole
    if len(words) > 1 and words[0] == "the":
        del words[0]
    return " ".join(words)


def fold(text: str) -> str:
    """Return the words of a text without case, accents and punctuation."""
    return " ".join(_words(_folded(text)))


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _words(text: str) -> list[str]:
    text = text.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    return "".join(c if c.isalnum() else " " for c in text.replace("&", " and ")).split()
