"""Tracks and their files in the database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.library import tags
from engine.library.sounds import Sounds
from engine.library.vectors import Vectors

if TYPE_CHECKING:
    from engine.library.analyser import Analysis

_TRACKS = """
SELECT id, (SELECT path FROM file WHERE track_id = track.id ORDER BY rowid LIMIT 1),
       title, artist, album, duration_s, sample_rate, damaged FROM track
"""


_AT_ONCE = 900  # below the least number of variables that any SQLite takes


@dataclass(frozen=True)
class Track:
    """One recording of the library.

    Attributes
    ----------
    id : int
        Never given to another track.
    path : Path
        Of the file; of the first one where the same content lies in several places.
    title, artist, album : str
        The title is never empty.
    duration_s : float
        Of what could be decoded.
    sample_rate : int
        The file's, in Hz.
    damaged : bool
        The file is cut or faulty; what decodes of it is indexed.
    """

    id: int
    path: Path
    title: str
    artist: str
    album: str
    duration_s: float
    sample_rate: int
    damaged: bool

    @property
    def name(self) -> str:
        """'Artist - Title', or the title alone."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


@dataclass(frozen=True)
class KnownFile:
    """What is remembered of a file, to tell whether it changed.

    Attributes
    ----------
    track_id, size, mtime_ns : int
    current : bool
        The analysis of its track is there, and of the embedding in use.
    """

    track_id: int
    size: int
    mtime_ns: int
    current: bool


def as_key(path: Path) -> bytes:
    """Return the bytes under which a path is known: absolute, links not followed."""
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100


def search_text(*said: str) -> str:
    """Return the words under which a track is found."""
    return tags.fold(" ".join(said))


class Catalogue:
    """Queries on the tables `track`, `file` and `analysis`; transactions are the caller's."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._sounds = Sounds(database)
        self._vectors = Vectors(database)

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM track").fetchone()[0])

    def tracks(self, clause: str = "", *values: object) -> list[Track]:
        """Return the tracks that a clause of SQL selects and orders."""
        return [
            Track(i, Path(os.fsdecode(raw or b"?")), title, artist, album, seconds, rate, bool(bad))
            for i, raw, title, artist, album, seconds, rate, bad in self._database.execute(
                _TRACKS + clause, values
            )
        ]

    def many(self, ids: Sequence[int]) -> dict[int, Track]:
        """Return tracks by their ids; those that are gone are left out."""
        found: dict[int, Track] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = [int(i) for i in ids[start : start + _AT_ONCE]]
            marks = ",".join("?" * len(part))
            found |= {t.id: t for t in self.tracks(f"WHERE id IN ({marks})", *part)}
        return found

    def songs(self) -> list[tuple[int, float, str]]:
        """Return (id, duration, song key) of all tracks by their ids."""
        return self._database.execute(
            "SELECT id, duration_s, song_key FROM track ORDER BY id"
        ).fetchall()

    def genres(self) -> dict[int, str]:
        """Return the genre of every track whose file names one."""
        try:
            rows = self._database.execute("SELECT id, genre FROM track WHERE genre <> ''")
        except sqlite3.OperationalError:  # an older library, opened for reading
            return {}
        return dict(rows.fetchall())

    def label(self) -> list[int]:
        """Read genre and ids of the tracks that an older version entered; return these tracks."""
        labelled = []
        for track in self.tracks("WHERE genre IS NULL"):
            if track.path.is_file():
                labelled.append(track.id)
                said = tags.read(track.path)
                words = search_text(track.artist, track.album, track.title, said.genre)
                self._database.execute(
                    "UPDATE track SET genre = ?, mbid = ?, isrc = ?, search_text = ? WHERE id = ?",
                    (said.genre, said.mbid, said.isrc, words, track.id),
                )
        return labelled

    def folders(self) -> list[Path]:
        """Return the folders of all files, sorted."""
        rows = self._database.execute("SELECT path FROM file")
        return sorted({Path(os.fsdecode(os.path.dirname(raw))) for (raw,) in rows})  # noqa: PTH120

    def files(self, embedding: tuple[str, int]) -> dict[bytes, KnownFile]:
        """Return every known file by `as_key` of its path; `embedding`: name, version in use."""
        rows = self._database.execute(
            "SELECT path, file.track_id, size, mtime_ns,"
            " peaks IS NOT NULL AND embedding_name = ? AND embedding_version = ?"
            " FROM file LEFT JOIN analysis USING (track_id)",
            embedding,
        )
        return {
            path: KnownFile(track_id, size, mtime_ns, bool(current))
            for path, track_id, size, mtime_ns, current in rows
        }

    def digests(self, embedding: tuple[str, int]) -> set[bytes]:
        """Return the contents that need no analysis."""
        rows = self._database.execute(
            "SELECT digest FROM track JOIN analysis ON track_id = id"
            " WHERE embedding_name = ? AND embedding_version = ?",
            embedding,
        )
        return {row[0] for row in rows}

    def find(self, digest: bytes) -> int | None:
        """Return the track with this content."""
        row = self._database.execute("SELECT id FROM track WHERE digest = ?", (digest,)).fetchone()
        return int(row[0]) if row else None

    def enter(self, digest: bytes, found: Analysis) -> int:
        """Insert a track, or renew the analysis of the one with this content."""
        track_id = self.find(digest)
        if track_id is None:
            said = found.tags
            cursor = self._database.execute(
                "INSERT INTO track VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    digest,
                    said.title,
                    said.artist,
                    said.album,
                    found.duration_s,
                    found.sample_rate,
                    found.damaged,
                    tags.song_key(said.artist, said.title),
                    search_text(said.artist, said.album, said.title, said.genre),
                    said.genre,
                    said.mbid,
                    said.isrc,
                ),
            )
            track_id = int(cursor.lastrowid or 0)
        self._database.execute(
            "INSERT OR REPLACE INTO analysis VALUES (?, ?, ?, ?, ?)",
            (
                track_id,
                found.peaks,
                found.embedding or None,
                found.embedding_name,
                found.embedding_version,
            ),
        )
        if found.sound:
            self._sounds.enter(track_id, found.sound, found.onsets)
        if found.embedded is not None:
            self._vectors.enter(track_id, found.embedded)
        return track_id

    def place(self, key: bytes, track_id: int, size: int, mtime_ns: int) -> None:
        """Note that a file holds a track; the track's files that are gone were renamed."""
        for (raw,) in self._database.execute(
            "SELECT path FROM file WHERE track_id = ?", (track_id,)
        ).fetchall():
            if not os.path.lexists(raw):
                self._database.execute("DELETE FROM file WHERE path = ?", (raw,))
        self._database.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", (key, track_id, size, mtime_ns)
        )

    def leave(self, key: bytes) -> int | None:
        """Forget a file; return its track if that has no other file."""
        row = self._database.execute("SELECT track_id FROM file WHERE path = ?", (key,)).fetchone()
        if row is None:
            return None
        self._database.execute("DELETE FROM file WHERE path = ?", (key,))
        left = self._database.execute("SELECT 1 FROM file WHERE track_id = ? LIMIT 1", row)
        return None if left.fetchone() else int(row[0])

    def delete(self, track_id: int) -> None:
        """Delete a track with its files and its analysis."""
        self._database.execute("DELETE FROM track WHERE id = ?", (track_id,))
