"""The tracks of a library: titles, files, playlists, and what was learnt from the sound.

One directory holds it all. `library.sqlite` is the one source of truth; what lies beside it is
derived from it and brought up to date when opened. So whatever the moment at which a process dies,
nothing that the database holds is lost, and nothing has to be decoded a second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from engine.errors import LibraryError, NoLibraryError, NoSuchTrackError
from engine.library.catalogue import Catalogue, KnownFile, Track, as_key
from engine.library.database import WriterLock, connect, default_directory, plain_errors
from engine.library.derived import Derived
from engine.library.health import missing, torn
from engine.library.search import Found, Search
from engine.library.shelf import Playlist, Shelf
from engine.library.sounds import Sounds, Traits
from engine.library.taste import Taste

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope
    from engine.library.analyser import Analysis as FileAnalysis
    from engine.library.heard import Heard
    from engine.library.imports.likeness import Matched
    from fingerprint import FingerprintIndex
    from recommend import EmbeddingTable, Recommender

__all__ = ["Found", "Library", "Playlist", "Track", "Traits", "default_directory"]

_IN_ORDER = "ORDER BY artist, album, title, id"


class Library:
    """A library on disk, opened with `Library.open`; `taste` is what its playlists taught."""

    def __init__(
        self, directory: Path, database: sqlite3.Connection, lock: WriterLock | None
    ) -> None:
        self.directory = directory
        self._database = database
        self._lock = lock
        self._catalogue = Catalogue(database)
        self._shelf = Shelf(database)
        self._sounds = Sounds(database)
        self._search = Search(database, self._catalogue)
        self._derived = Derived(directory, database, lock is not None)
        self.taste = Taste(directory, self._shelf, self._derived)

    @classmethod
    def open(
        cls, directory: Path | None = None, create: bool = True, writable: bool = True
    ) -> Library:
        """Open a library, by default the user's own, and make it if it is not there.

        Parameters
        ----------
        directory : Path, optional
        create : bool
            Make a new library where there is none.
        writable : bool
            Take the right to change it, which one process has at a time. Any number may read.

        Raises
        ------
        NoLibraryError, LibraryVersionError, LibraryDamagedError, LibraryLockedError, LibraryError
        """
        directory = Path(directory) if directory is not None else default_directory()
        lock = None
        with plain_errors(directory):
            if create and writable:
                directory.mkdir(parents=True, exist_ok=True)
            elif not directory.is_dir():
                raise NoLibraryError(
                    f"there is no library in {directory} yet; `antiphon add DIR` makes one"
                )
            if writable:
                lock = WriterLock(directory)
        try:
            return cls(directory, connect(directory, create, writable), lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all files and let another process change the library."""
        self._derived.close()
        self._database.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def writable(self) -> bool:
        """Whether this process may change the library."""
        return self._lock is not None

    def __len__(self) -> int:
        with plain_errors(self.directory):
            return len(self._catalogue)

    def tracks(self) -> list[Track]:
        """Return all tracks by artist, album and title."""
        return self._select(_IN_ORDER)

    def track(self, track_id: int) -> Track:
        """Return a track.

        Raises
        ------
        NoSuchTrackError
        """
        found = self._select("WHERE id = ?", int(track_id))
        if not found:
            raise NoSuchTrackError(f"the library has no track {track_id}")
        return found[0]

    def many(self, track_ids: Sequence[int]) -> dict[int, Track]:
        """Return tracks by their ids; ids that the library does not have are left out."""
        with plain_errors(self.directory):
            return self._catalogue.many(track_ids)

    def songs(self) -> list[tuple[int, float, str]]:
        """Return (id, duration in seconds, `tags.song_key`) of all tracks, by id."""
        with plain_errors(self.directory):
            return self._catalogue.songs()

    def genres(self) -> dict[int, str]:
        """Return the genre of every track whose file names one."""
        with plain_errors(self.directory):
            return self._catalogue.genres()

    def label(self) -> None:
        """Read genre and ids of the tracks that an older version entered without them."""
        with self._transaction():
            for track_id in self._catalogue.label():
                self._shelf.match(track_id)

    def find(self, path: Path) -> Track | None:
        """Return the track of a file, None if the library does not know the file."""
        found = self._select(
            "WHERE id = (SELECT track_id FROM file WHERE path = ?)", as_key(Path(path))
        )
        return found[0] if found else None

    def search(self, text: str, limit: int = 1000, offset: int = 0) -> Found:
        """Return tracks in whose artist, album, title or genre all words occur.

        Parameters
        ----------
        text : str
            Words or their beginnings, in any order; case, accents and punctuation make no
            difference. All tracks, by artist, for an empty text.
        limit : int
            Most tracks returned.
        offset : int
            How many of the first ones are left out.

        Returns
        -------
        Found
            The best matches first (the earliest added, where thousands match); `total` counts
            all.
        """
        if limit < 0 or offset < 0:
            raise ValueError(f"limit and offset must be at least 0, got {limit} and {offset}")
        with plain_errors(self.directory):
            return self._search.find(text, int(limit), int(offset))

    def folders(self) -> list[Path]:
        """Return the folders in which files of the library lie, sorted."""
        with plain_errors(self.directory):
            return self._catalogue.folders()

    def resolve(self, text: str) -> Track:
        """Return the one track that `text` names: its number, path, title or part of its name.

        Raises
        ------
        NoSuchTrackError
            If there is none, or several; names a few of them.
        """
        from engine.library.resolve import resolve

        return resolve(self, text)

    @property
    def index(self) -> FingerprintIndex:
        """The fingerprint index, up to date with the tracks."""
        with plain_errors(self.directory):
            return self._derived.index

    @property
    def embeddings(self) -> EmbeddingTable:
        """The embedding of every track that has one, up to date."""
        with plain_errors(self.directory):
            return self._derived.embeddings

    def analysis(self, track_id: int) -> Analysis | None:
        """Return beat, key, tuning and loudness of a track; None where none can be read."""
        with plain_errors(self.directory):
            return self._sounds.analysis(track_id)

    def onsets(self, track_id: int) -> OnsetEnvelope | None:
        """Return the onset envelope of a track; None until it was analysed."""
        with plain_errors(self.directory):
            return self._sounds.onsets(track_id)

    def traits(self, track_ids: Sequence[int]) -> dict[int, Traits]:
        """Return tempo, key, loudness and cues of tracks; unanalysed ones are left out.

        One query for hundreds of tracks, where `analysis` reads all that is known of one.
        """
        with plain_errors(self.directory):
            return self._sounds.traits(track_ids)

    @property
    def heard(self) -> Heard:
        """What networks heard in the tracks."""
        from engine.library.heard import Heard

        return Heard(self.directory, self._database, self._transaction)

    def waiting_for_analysis(self) -> list[Track]:
        """Return the tracks whose beat and key another version found, or none."""
        with plain_errors(self.directory):
            ids = self._sounds.waiting()
            return [track for _, track in sorted(self._catalogue.many(ids).items())]

    def store_analysis(self, track_id: int, sound: str, onsets: bytes) -> None:
        """Keep what `analyser.learn` found of a track, durably."""
        with self._transaction():
            self._sounds.enter(track_id, sound, onsets)

    def playlists(self) -> list[Playlist]:
        """Return all playlists with their track ids, negative for songs that are not here."""
        with plain_errors(self.directory):
            return self._shelf.playlists()

    def recommender(self) -> Recommender:
        """Return the recommender that `taste` makes of the best model there is."""
        return self.taste.recommender()

    def add_playlist(self, path: Path) -> Matched:
        """Add the playlists of a file, in place of what the same file held before.

        Returns
        -------
        matched, unmatched : int
            Entries that are tracks of the library, and entries that are kept as knowledge: they
            become tracks when the music arrives. The attribute `unsure` has the matches whose
            names differ, with a confidence each.

        Raises
        ------
        PlaylistError
        """
        from engine.library import playlists

        found = playlists.read(Path(path))
        with self._transaction():
            return self._shelf.add(as_key(Path(path)), found)

    def remove(self, track_id: int) -> None:
        """Forget a track; its files stay on the disk.

        Raises
        ------
        NoSuchTrackError
        """
        self.track(track_id)
        with self._transaction():
            self._shelf.forget(track_id)
            self._catalogue.delete(track_id)
        with plain_errors(self.directory):
            self._derived.update()

    def check(self) -> list[str]:
        """Return every problem found in the files of the library, in words; none when whole.

        An index that lags behind the database is mended on the way, not reported; music files
        that are gone are reported.
        """
        with plain_errors(self.directory):
            problems = torn(self._database)
            if self.writable:
                problems += self._search.check()
            return problems + self._derived.check() + missing(self._database)

    def stale_note(self) -> str | None:
        """Return a line on tracks that another version analysed; None when there are none."""
        with plain_errors(self.directory):
            return self._derived.stale_note()

    def mend(self) -> None:
        """Make indexes and the embedding table again from the database's tracks."""
        self._require_writable()
        with plain_errors(self.directory):
            self._search.mend()
            self._derived.mend()

    def known_files(self) -> dict[bytes, KnownFile]:
        """Return what is remembered of every file, by `catalogue.as_key` of its path."""
        with plain_errors(self.directory):
            return self._catalogue.files(self._derived.embedding_in_use())

    def known_contents(self) -> set[bytes]:
        """Return the digests of all contents that need no analysis."""
        with plain_errors(self.directory):
            return self._catalogue.digests(self._derived.embedding_in_use())

    def store(
        self, path: Path, size: int, mtime_ns: int, digest: bytes, found: FileAnalysis | None = None
    ) -> int:
        """Enter a file into the open batch and return its track's id; `commit` makes it safe.

        Parameters
        ----------
        path : Path
        size, mtime_ns : int
            Of the file when it was read.
        digest : bytes
            Of its content.
        found : Analysis, optional
            Not needed for content that the library knows.

        Raises
        ------
        ValueError
            If there is no analysis, and the content is not known.
        """
        self._require_writable()
        with plain_errors(self.directory):
            if not self._database.in_transaction:
                self._database.execute("BEGIN IMMEDIATE")
            left = self._catalogue.leave(as_key(path))
            if found is not None:
                track_id: int | None = self._catalogue.enter(digest, found)
            else:
                track_id = self._catalogue.find(digest)
            if track_id is None:
                raise ValueError("found must be given for a content that the library does not know")
            if left is not None and left != track_id:  # the file changed, and nothing else holds it
                self._shelf.forget(left)
                self._catalogue.delete(left)
            self._catalogue.place(as_key(path), track_id, size, mtime_ns)
            self._shelf.match(track_id)
            return track_id

    def commit(self) -> None:
        """Make all that was stored safe, against a power cut too, and ready to be asked."""
        self._require_writable()
        with plain_errors(self.directory):
            if self._database.in_transaction:
                self._database.execute("COMMIT")
            self._derived.update()

    def rollback(self) -> None:
        """Forget what was stored since the last commit."""
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _select(self, clause: str, *values: object) -> list[Track]:
        with plain_errors(self.directory):
            return self._catalogue.tracks(clause, *values)

    def _require_writable(self) -> None:
        if self._lock is None:
            raise LibraryError(f"the library in {self.directory} was opened for reading only")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._require_writable()
        with plain_errors(self.directory):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
