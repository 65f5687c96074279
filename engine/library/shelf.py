"""Playlists in the database, matched to the tracks of the library.

An entry points to an item: a song that some playlist names. An item that is a track of the library
counts as that track. One that is not keeps an id of its own, the negative of its row: songs that
nobody here owns still tell which others go together, and become tracks when the music arrives.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from engine.library import tags
from engine.library.catalogue import as_key
from engine.library.imports.likeness import Likeness, Matched, confidence
from engine.library.playlists import Entry, PlaylistFile


@dataclass(frozen=True)
class Playlist:
    """One playlist of the library.

    Attributes
    ----------
    id : int
    name : str
    track_ids : tuple of int
        In order; a negative one stands for a song that the library does not have.
    """

    id: int
    name: str
    track_ids: tuple[int, ...]


class Shelf:
    """Queries on the tables `playlist`, `entry` and `item`; transactions are the caller's."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @property
    def version(self) -> int:
        """A number that grows whenever the answer of `playlists` changes."""
        return self._counter("playlists")

    @property
    def library(self) -> int:
        """A number drawn when the library was made, 0 in an old one.

        To a model of another library its ids would mean other songs.
        """
        return self._counter("library")

    def _counter(self, name: str) -> int:
        query = "SELECT value FROM counter WHERE name = ?"
        row = self._database.execute(query, (name,)).fetchone()
        return int(row[0]) if row is not None else 0

    def playlists(self) -> list[Playlist]:
        """Return all playlists in the order in which they were added."""
        ids: dict[int, list[int]] = {}
        for playlist_id, track_id in self._database.execute(
            "SELECT playlist_id, coalesce(track_id, -item.id) FROM entry"
            " JOIN item ON item.id = item_id ORDER BY playlist_id, position"
        ):
            ids.setdefault(playlist_id, []).append(track_id)
        names = self._database.execute("SELECT id, name FROM playlist ORDER BY id")
        return [Playlist(i, name, tuple(ids.get(i, ()))) for i, name in names]

    def count(self) -> int:
        """Return how many playlists hold anything."""
        row = self._database.execute("SELECT count(DISTINCT playlist_id) FROM entry")
        return int(row.fetchone()[0])

    def artists(self) -> list[tuple[int, str]]:
        """Return who made each track and each song that is not here, by ids as in `playlists`."""
        return self._database.execute(
            "SELECT id, artist FROM track WHERE artist <> '' UNION ALL"
            " SELECT -id, artist FROM item WHERE track_id IS NULL AND artist <> '' ORDER BY 1"
        ).fetchall()

    def add(self, source: bytes, found: Iterable[PlaylistFile]) -> Matched:
        """Put the playlists of a file in place of what it held before; count the matches."""
        self._database.execute(
            "DELETE FROM playlist WHERE source = ? OR substr(source, 1, ?) = ?",
            (source, len(source) + 1, source + b"\0"),
        )
        matched = unmatched = 0
        likenesses: list[Likeness] = []
        seen: dict[Entry, tuple[int, int | None]] = {}  # half the entries of a dataset repeat
        for number, playlist in enumerate(found):
            cursor = self._database.execute(
                "INSERT INTO playlist VALUES (NULL, ?, ?)",
                (playlist.name, source + b"\0%d" % number),
            )
            for position, entry in enumerate(playlist.entries):
                if entry not in seen:
                    seen[entry] = item, track_id = self._item(entry)
                    if track_id is not None:
                        likenesses.append(self._likeness(entry, track_id))
                item, track_id = seen[entry]
                matched += track_id is not None
                unmatched += track_id is None
                self._database.execute(
                    "INSERT INTO entry VALUES (?, ?, ?)", (cursor.lastrowid, position, item)
                )
        self._changed()
        return Matched.of(matched, unmatched, likenesses)

    def match(self, track_id: int) -> None:
        """Point the items that name this track, and have had no track so far, to it."""
        cursor = self._database.execute(
            "UPDATE item SET track_id = ?1 WHERE track_id IS NULL AND"
            " (path IN (SELECT path FROM file WHERE track_id = ?1)"
            " OR mbid = (SELECT mbid FROM track WHERE id = ?1 AND mbid <> '')"
            " OR isrc = (SELECT isrc FROM track WHERE id = ?1 AND isrc <> '')"
            " OR key = (SELECT 'song:' || song_key FROM track"
            "           WHERE id = ?1 AND song_key <> ''))",
            (track_id,),
        )
        if cursor.rowcount:
            self._changed()

    def forget(self, track_id: int) -> None:
        """Let the items of a track stand for themselves again."""
        cursor = self._database.execute(
            "UPDATE item SET track_id = NULL WHERE track_id = ?", (track_id,)
        )
        if cursor.rowcount:
            self._changed()

    def _item(self, entry: Entry) -> tuple[int, int | None]:
        """Return the item of an entry, made if need be, and the track it is."""
        path = as_key(entry.path) if entry.path is not None else None
        song = tags.song_key(entry.artist, entry.title)
        by_id = self._by_id(entry, self._by_path(path))
        track_id = by_id or self._by_path(path)
        by_song = self._by_song(song, entry) if song else None
        if song and track_id in (None, by_song):
            key, track_id = f"song:{song}", by_song
        elif by_id is not None or (not song and (entry.mbid or entry.isrc)):
            key = f"mbid:{entry.mbid}" if entry.mbid else f"isrc:{entry.isrc}"
        elif path is not None:  # another version of the song than its name would find
            key = f"path:{path.decode('utf-8', 'backslashreplace')}"
        else:
            key = f"uri:{entry.uri or tags.fold(entry.title)}"
        self._database.execute(
            "INSERT INTO item VALUES (NULL, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " mbid = coalesce(mbid, excluded.mbid), isrc = coalesce(isrc, excluded.isrc)",
            (key, entry.title, entry.artist, path, track_id, *(i or None for i in entry.ids)),
        )
        row = self._database.execute("SELECT id, track_id FROM item WHERE key = ?", (key,))
        item, known = row.fetchone()
        return int(item), known

    def _by_path(self, path: bytes | None) -> int | None:
        row = self._database.execute("SELECT track_id FROM file WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else None

    def _by_id(self, entry: Entry, by_path: int | None) -> int | None:
        """Return the recording that an entry names; of several the file or the length it says."""
        for column, value in zip(("mbid", "isrc"), entry.ids, strict=True):
            rows = self._database.execute(
                f"SELECT id, duration_s FROM track WHERE {column} = ? AND ? <> '' ORDER BY id",
                (value, value),
            ).fetchall()
            if rows:
                length = entry.duration_s
                best = min(
                    rows, key=lambda r: (r[0] != by_path, abs(r[1] - length) if length else 0.0)
                )
                return int(best[0])
        return None

    def _likeness(self, entry: Entry, track_id: int) -> Likeness:
        row = self._database.execute(
            "SELECT artist, title, mbid, isrc FROM track WHERE id = ?", (track_id,)
        )
        artist, title, *ids = row.fetchone()
        same = entry.path is not None and self._by_path(as_key(entry.path)) == track_id
        same = same or any(a and a == b for a, b in zip(entry.ids, ids, strict=True))
        sure = 1.0 if same else confidence((entry.artist, entry.title), (artist, title))
        return Likeness(f"{entry.artist} - {entry.title}", f"{artist} - {title}", sure)

    def _by_song(self, song: str, entry: Entry) -> int | None:
        """Choose among the versions of a song: the same title to the letter, the same length."""
        rows = self._database.execute(
            "SELECT id, title, duration_s FROM track WHERE song_key = ? ORDER BY id", (song,)
        ).fetchall()
        if not rows:
            return None
        title = tags.fold(entry.title)
        best = min(
            rows,
            key=lambda row: (
                tags.fold(row[1]) != title,
                abs(row[2] - entry.duration_s) if entry.duration_s is not None else 0.0,
            ),
        )
        return int(best[0])

    def _changed(self) -> None:
        self._database.execute("UPDATE counter SET value = value + 1 WHERE name = 'playlists'")
