"""The library's SQLite file: schema, opening, one writer, and errors in plain words."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import (
    AntiphonError,
    DiskFullError,
    LibraryDamagedError,
    LibraryError,
    LibraryLockedError,
    LibraryVersionError,
    NoLibraryError,
)
from engine.library import search

FILE_NAME = "library.sqlite"
APPLICATION_ID = 0x414E5450  # "ANTP", so that nobody's other database is taken for a library
SCHEMA_VERSION = 6

_PATIENCE_S = 0.3  # a session that analyses anew holds the lock for some 30 ms at a time
_LOOK_EVERY_S = 0.02
_BUSY_S = 10.0  # a reader may meet a checkpoint; writers are kept apart by the lock file

# Ids are never used twice (AUTOINCREMENT): files derived from the database know tracks by id
# alone, and must not take a new track for a deleted one. Paths are bytes: file names need not be
# text. Large analysis results stand apart, so that listing tracks does not page through them.
_SOUND = """
CREATE TABLE sound (
    track_id INTEGER PRIMARY KEY REFERENCES track (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    analysis TEXT NOT NULL,
    onsets BLOB NOT NULL
);
"""
_VECTOR = """
CREATE TABLE IF NOT EXISTS vector (
    track_id INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    vector BLOB NOT NULL,
    fragments BLOB,
    PRIMARY KEY (track_id, name)
);
"""
# An index that says which embeddings there are: a row of `analysis` goes over several pages.
_EMBEDDED = """
CREATE INDEX analysis_embedding ON analysis (
    embedding_name, embedding_version, length(embedding)
);
"""
# NULL: this file's tags have not been read for them yet.
_LABELS = "".join(
    f"ALTER TABLE track ADD COLUMN {name} TEXT;" for name in ("genre", "mbid", "isrc")
)
_IDS = "".join(
    f"CREATE INDEX {table}_{name} ON {table} ({name}) WHERE {name} <> '';"
    for table in ("track", "item")
    for name in ("mbid", "isrc")
)
_NAMED = "".join(f"ALTER TABLE item ADD COLUMN {name} TEXT;" for name in ("mbid", "isrc"))
_SCHEMA = f"""
CREATE TABLE track (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    album TEXT NOT NULL,
    duration_s REAL NOT NULL,
    sample_rate INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    song_key TEXT NOT NULL,
    search_text TEXT NOT NULL,
    genre TEXT,
    mbid TEXT,
    isrc TEXT
);
CREATE INDEX track_song ON track (song_key) WHERE song_key <> '';
CREATE TABLE file (
    path BLOB PRIMARY KEY,
    track_id INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
);
CREATE INDEX file_track ON file (track_id);
CREATE TABLE analysis (
    track_id INTEGER PRIMARY KEY REFERENCES track (id) ON DELETE CASCADE,
    peaks BLOB NOT NULL,
    embedding BLOB,
    embedding_name TEXT,
    embedding_version INTEGER
);
{_EMBEDDED}{_SOUND}{_VECTOR}CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    path BLOB,
    track_id INTEGER REFERENCES track (id) ON DELETE SET NULL,
    mbid TEXT,
    isrc TEXT
);
{_IDS}CREATE INDEX item_path ON item (path) WHERE path IS NOT NULL;
CREATE INDEX item_track ON item (track_id);
CREATE TABLE playlist (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    source BLOB NOT NULL UNIQUE
);
CREATE TABLE entry (
    playlist_id INTEGER NOT NULL REFERENCES playlist (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item_id INTEGER NOT NULL REFERENCES item (id),
    PRIMARY KEY (playlist_id, position)
) WITHOUT ROWID;
CREATE INDEX entry_item ON entry (item_id);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('playlists', 0);
-- by which models know the library they were made for; older ones have none
INSERT INTO counter VALUES ('library', abs(random() % 4294967296));
{search.SCHEMA}"""

# What each older version lacks. A library that is opened for reading only stays as it is.
_UPGRADES = {
    1: _SOUND,
    2: search.SCHEMA + search.REBUILD,
    3: _VECTOR,
    4: _EMBEDDED + _LABELS,
    5: _NAMED + _IDS,
}


def default_directory() -> Path:
    """Return where the library lies when nothing else is said, by the platform's convention."""
    import platformdirs

    return Path(platformdirs.user_data_dir("antiphon", appauthor=False))


def connect(directory: Path, create: bool, writable: bool) -> sqlite3.Connection:
    """Open the database of a library, create or check its schema.

    Raises
    ------
    NoLibraryError, LibraryVersionError, LibraryDamagedError, DiskFullError, LibraryError
    """
    path = directory / FILE_NAME
    if not path.exists() and not (create and writable):
        raise NoLibraryError(
            f"there is no library in {directory} yet; `antiphon add DIR` makes one"
        )
    with plain_errors(directory):
        database = _open(path, writable)
        try:
            _check_version(database, directory)
            version = _version(database)
            if writable and not version:
                database.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
                    f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
                )
            elif writable and version < SCHEMA_VERSION:
                steps = "".join(_UPGRADES[step] for step in range(version, SCHEMA_VERSION))
                database.executescript(
                    f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
                )
        except BaseException:
            database.close()
            raise
    return database


def _open(path: Path, writable: bool) -> sqlite3.Connection:
    # In a folder that one may only read, a write-ahead log cannot be shared; unless one was left
    # behind, the file alone is the whole truth.
    sealed = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    mode = "rwc" if writable else "ro&immutable=1" if sealed else "ro"
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,  # SQLite is built serialised; threads of a session share it
    )
    database.execute("PRAGMA foreign_keys = ON")
    if writable:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a commit outlives a power cut
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _check_version(database: sqlite3.Connection, directory: Path) -> None:
    version = _version(database)
    if version > SCHEMA_VERSION:
        raise LibraryVersionError(
            f"the library in {directory} was written by a newer Antiphon (its schema is {version},"
            f" this program knows {SCHEMA_VERSION}); update Antiphon"
        )
    owner = int(database.execute("PRAGMA application_id").fetchone()[0])
    tables = int(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if (owner != APPLICATION_ID or not version) and (owner or version or tables):
        raise LibraryDamagedError(f"{directory / FILE_NAME} is not a library of Antiphon")


@contextmanager
def plain_errors(directory: Path) -> Iterator[None]:
    """Turn failures of SQLite and of the file system into one line about the library."""
    try:
        yield
    except AntiphonError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise _full(directory) from error
        if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            raise LibraryDamagedError(
                f"{directory / FILE_NAME} is damaged ({error}); restore it from a backup, or"
                " delete it and add the music again"
            ) from error
        if code == sqlite3.SQLITE_BUSY:
            raise LibraryLockedError(f"the library in {directory} is busy; try again") from error
        raise LibraryError(f"the library in {directory} cannot be used ({error})") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full(directory) from error
        why = (error.strerror or str(error)).lower()
        raise LibraryError(f"the library in {directory} cannot be used ({why})") from error


def _full(directory: Path) -> DiskFullError:
    return DiskFullError(
        f"the disk of {directory} is full; what was reported as added is safe: free some space and"
        " run the same command again"
    )


class WriterLock:
    """The right to change a library; the system takes it back when the process ends, however.

    Parameters
    ----------
    directory : Path
    name : str
        Of the file that stands for the right.
    doing : str
        What the holder does, for the error.

    Raises
    ------
    LibraryLockedError
        If another process holds it for longer than a moment; names that process.
    """

    def __init__(self, directory: Path, name: str = "lock", doing: str = "changed") -> None:
        self._file = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        end = time.monotonic() + _PATIENCE_S
        while not self._taken():
            if time.monotonic() < end:
                time.sleep(_LOOK_EVERY_S)
                continue
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise LibraryLockedError(
                f"the library in {directory} is being {doing} by another process"
                f"{f' ({holder})' if holder.isdigit() else ''}; wait until it is done"
            )
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # the number is a courtesy; a full disk must not lock anybody out

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let another process change the library."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
