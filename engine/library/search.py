"""Full-text search over artist, album and title."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.library import tags
from engine.library.catalogue import Catalogue, Track

# The text is folded by `tags.fold` before it gets here: the tokenizer has only to cut it at blanks.
# The index stores no text of its own, and triggers keep it true to the table `track`.
SCHEMA = """
CREATE VIRTUAL TABLE track_search USING fts5(
    search_text, content='track', content_rowid='id',
    tokenize='unicode61 remove_diacritics 0', prefix='1 2 3'
);
CREATE TRIGGER track_search_insert AFTER INSERT ON track BEGIN
    INSERT INTO track_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER track_search_delete AFTER DELETE ON track BEGIN
    INSERT INTO track_search (track_search, rowid, search_text)
    VALUES ('delete', old.id, old.search_text);
END;
CREATE TRIGGER track_search_update AFTER UPDATE OF id, search_text ON track BEGIN
    INSERT INTO track_search (track_search, rowid, search_text)
    VALUES ('delete', old.id, old.search_text);
    INSERT INTO track_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE INDEX track_order ON track (artist, album, title, id);
"""
REBUILD = "INSERT INTO track_search (track_search) VALUES ('rebuild');"

_RANKED = 4000  # matches; to rank the 60,000 that one letter has takes 0.12 s
_IN_ORDER = "ORDER BY artist, album, title, id"


@dataclass(frozen=True)
class Found:
    """A page of a search, and how many tracks match in all."""

    tracks: list[Track]
    total: int


class Search:
    """Searches the tracks of a database, by its index or, in an older library, without.

    Parameters
    ----------
    database : sqlite3.Connection
    catalogue : Catalogue
    """

    def __init__(self, database: sqlite3.Connection, catalogue: Catalogue) -> None:
        self._database, self._catalogue = database, catalogue
        found = database.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'track_search'"
        ).fetchone()
        self._indexed = found is not None

    def find(self, text: str, limit: int, offset: int) -> Found:
        """Return the tracks that hold all words of `text`; see `Library.search`."""
        words = tags.fold(text).split()
        if words:
            find = self._by_index if self._indexed else self._by_reading
            return find(words, limit, offset)
        if text.strip():  # of signs alone: they are in no title
            return Found([], 0)
        tracks = self._catalogue.tracks(f"{_IN_ORDER} LIMIT ? OFFSET ?", limit, offset)
        return Found(tracks, len(self._catalogue))

    def check(self) -> list[str]:
        """Return what is wrong with the index."""
        if not self._indexed:
            return []
        try:
            self._database.execute(
                "INSERT INTO track_search (track_search, rank) VALUES ('integrity-check', 1)"
            )
        except sqlite3.DatabaseError:
            return ["database: the search index disagrees with the tracks"]
        return []

    def mend(self) -> None:
        """Make the index again from the tracks."""
        if self._indexed:
            self._database.execute(REBUILD)

    def _by_index(self, words: list[str], limit: int, offset: int) -> Found:
        # fold() leaves letters and digits alone, so nothing here is syntax
        match = " ".join(f'"{word}"*' for word in words)
        where = "FROM track_search WHERE track_search MATCH ?"
        total = int(self._database.execute(f"SELECT count(*) {where}", (match,)).fetchone()[0])
        order = "rank, rowid" if total <= _RANKED else "rowid"
        rows = self._database.execute(
            f"SELECT rowid {where} ORDER BY {order} LIMIT ? OFFSET ?", (match, limit, offset)
        )
        ids = [int(row[0]) for row in rows]
        by_id = self._catalogue.many(ids)
        return Found([by_id[i] for i in ids if i in by_id], total)

    def _by_reading(self, words: list[str], limit: int, offset: int) -> Found:
        where = "WHERE " + " AND ".join(["instr(search_text, ?)"] * len(words))
        (total,) = self._database.execute(f"SELECT count(*) FROM track {where}", words).fetchone()
        clause = f"{where} {_IN_ORDER} LIMIT ? OFFSET ?"
        return Found(self._catalogue.tracks(clause, *words, limit, offset), int(total))
