"""What is derived from the database, and made again from it: index and embedding table.

The database is committed first and these files after it. A process that dies in between leaves
them behind by a few tracks, or ahead of a removal; comparing the track ids tells, and the peaks
and vectors in the database mend it without decoding anything.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import LibraryError, LibraryLockedError
from engine.library.analyser import HEAD_BYTES, is_stale, unpack
from engine.library.database import WriterLock
from engine.library.health import damaged
from engine.library.vectors import Vectors

if TYPE_CHECKING:
    from fingerprint import FingerprintIndex, TrackPeaks
    from recommend import EmbeddingTable
    from recommend.embedding import Kind

_COMMIT_EVERY = 500  # tracks, while an index is made again: bounds the memory
# Of the tracks that have to be heard by a network before its vectors are compared: a few files on a
# disk that is not there must not hold back the rest.
_NEARLY_ALL = 0.9
# Of the table: longer vectors are reduced to as many. Measured on 98 tracks of 15 albums: 1706
# numbers and 128 (and 64) of them tell albums equally well, mAP 0.385.
_DIMENSIONS = 128


class Derived:
    """The derived files of one library.

    Parameters
    ----------
    directory : Path
    database : sqlite3.Connection
    writable : bool
        Whether the process holds the right to change the library.
    """

    def __init__(self, directory: Path, database: sqlite3.Connection, writable: bool) -> None:
        self._directory = directory
        self._database = database
        self._writable = writable
        self._index: FingerprintIndex | None = None
        self._table: EmbeddingTable | None = None
        self._looked_for_stale = False

    def close(self) -> None:
        """Close the index."""
        if self._index is not None:
            self._index.close()
            self._index = None

    @property
    def index(self) -> FingerprintIndex:
        """The fingerprint index; opened and brought up to date on first use."""
        if self._index is None:
            self._index = self._open_mended() if self._writable else self._open_to_read()
        return self._index

    @property
    def embeddings(self) -> EmbeddingTable:
        """The embedding table; made from the database where its file is not up to date.

        All its vectors are of one embedding: the network's once it has heard nearly all tracks,
        the hand-made one's until then.
        """
        from recommend import EmbeddingTable, FormatError

        kind, ids = self._serving()
        if self._table is not None and self._is_current(self._table, kind, ids):
            return self._table
        path = self._directory / "embeddings"
        kept = min(kind.dimensions, _DIMENSIONS)
        with contextlib.suppress(FormatError, OSError):
            table = EmbeddingTable.load(path, kind._replace(dimensions=kept))
            if self._is_current(table, kind, ids):
                self._table = table
                return table
        vectors, broken = self._vectors(kind, ids)
        # what is no number is like nothing: `check` names it, the others are told apart as ever
        vectors[broken] = vectors[~broken].mean(axis=0) if not broken.all() else 0.0
        self._table = EmbeddingTable(kind.name, kind.version, ids, vectors)
        if kept < kind.dimensions:
            self._table = self._table.reduced(kept)
        with contextlib.suppress(OSError):  # a table that cannot be stored is made again next time
            self._table.save(path)
        return self._table

    def _serving(self) -> tuple[Kind, NDArray[np.int64]]:
        """Return the embedding whose vectors are compared, and the tracks that have one."""
        from recommend import HandmadeEmbedding, MusicnnEmbedding
        from recommend.embedding import Kind

        simple = Kind(
            HandmadeEmbedding.name, HandmadeEmbedding.version, HandmadeEmbedding.dimensions
        )
        ids = self._ids(
            "embedding_name = ? AND embedding_version = ? AND length(embedding) = ?",
            simple.name,
            simple.version,
            4 * simple.dimensions,
        )
        better = Kind(MusicnnEmbedding.name, MusicnnEmbedding.version, MusicnnEmbedding.dimensions)
        heard = Vectors(self._database).ids(*better)
        if len(heard) and len(heard) >= _NEARLY_ALL * len(ids):
            return better, heard
        return simple, ids

    def _vectors(
        self, kind: Kind, ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the vectors of tracks, and which of them are not finite."""
        vectors = np.empty((len(ids), kind.dimensions), dtype=np.float32)
        for row, track_id in enumerate(ids.tolist()):
            vectors[row] = np.frombuffer(self._vector(track_id, kind), dtype="<f4")
        return vectors, np.asarray(~np.isfinite(vectors).all(axis=1))

    def _broken(self) -> tuple[Kind, list[int]]:
        """Return the embedding that serves, and the tracks whose vectors are not finite."""
        kind, ids = self._serving()
        return kind, ids[self._vectors(kind, ids)[1]].tolist()

    def _vector(self, track_id: int, kind: Kind) -> bytes:
        from recommend import HandmadeEmbedding

        if kind.name != HandmadeEmbedding.name:
            return Vectors(self._database).vector(track_id, kind.name)
        query = "SELECT embedding FROM analysis WHERE track_id = ?"
        return bytes(self._database.execute(query, (track_id,)).fetchone()[0])

    @staticmethod
    def _is_current(table: EmbeddingTable, kind: Kind, ids: NDArray[np.int64]) -> bool:
        return (table.name, table.version) == kind[:2] and np.array_equal(table.ids, ids)

    def embedding_in_use(self) -> tuple[str, int]:
        """Return name and version of the embedding that every track gets."""
        from recommend import HandmadeEmbedding

        embedding = HandmadeEmbedding()
        return embedding.name, embedding.version

    def update(self) -> None:
        """Bring the index up to date with the database, durably."""
        self._synchronise(self.index)

    def mend(self) -> None:
        """Make every derived file again from the database; embeddings that are no numbers go."""
        self.close()
        kind, broken = self._broken()
        if kind.name == self.embedding_in_use()[0]:
            self._forget(broken)
        else:
            Vectors(self._database).forget(broken)
        _delete(self._directory / "index")
        for path in (self._directory / "embeddings", *damaged(self._directory)):
            path.unlink(missing_ok=True)
        self._table = None
        self.update()

    def check(self) -> list[str]:
        """Return what is wrong with the index, the stored peaks or the embeddings."""
        from fingerprint import FormatError

        problems = self._index_that_cannot_be_opened()
        problems += [f"index: {text}" for text in self.index.verify()]
        held, wanted, stale = np.asarray(self.index.track_ids), self._ids(), self._stale()
        if missing := len(np.setdiff1d(np.setdiff1d(wanted, stale), held)):
            problems.append(f"index: lacks {missing} of {len(wanted)} tracks")
        if extra := len(np.setdiff1d(held, wanted)):
            problems.append(f"index: holds {extra} tracks that were removed")
        for track_id in np.setdiff1d(wanted, stale).tolist():
            try:
                self._peaks(track_id)
            except FormatError as error:
                problems.append(f"database: peaks of track {track_id}: {error}")
        problems += [
            f"database: the embedding of track {track_id} holds NaN or infinity;"
            " `antiphon library check --mend` lets it be heard again"
            for track_id in self._broken()[1]
        ]
        problems += [f"derived file: {why}" for why in damaged(self._directory).values()]
        if (note := self.stale_note()) is not None:
            problems.append(note)
        return problems

    def _index_that_cannot_be_opened(self) -> list[str]:
        from fingerprint import FingerprintIndex, FormatError
        from fingerprint.errors import OtherVersionError

        if self._index is not None:
            return []
        try:
            FingerprintIndex.open(self._directory / "index").close()
        except (OtherVersionError, FileNotFoundError):  # made as a matter of course
            pass
        except FormatError as error:
            return [f"mended: the index was made again from the database, for {error}"]
        return []

    def stale_note(self) -> str | None:
        """Return a line on the tracks that wait to be analysed again; None without any."""
        lost = self._database.execute(
            "SELECT (SELECT count(*) FROM track) - (SELECT count(*) FROM analysis)"
        )
        count = int(lost.fetchone()[0]) + len(self._stale())
        if not count:
            return None
        tracks = "1 track was" if count == 1 else f"{count} tracks were"
        return f"{tracks} analysed by another version; run `antiphon add` again"

    def _open_mended(self) -> FingerprintIndex:
        from fingerprint import FingerprintIndex, FormatError

        path = self._directory / "index"
        try:
            index = FingerprintIndex.open(path, writable=True)
        except (FormatError, FileNotFoundError):
            _delete(path)
            index = FingerprintIndex.create(path)
        try:
            self._synchronise(index)
        except BaseException:
            index.close()
            raise
        return index

    def _open_to_read(self) -> FingerprintIndex:
        """Open the index; mend it where it is behind and nobody else is changing the library."""
        from fingerprint import FingerprintIndex, FormatError

        path = self._directory / "index"
        with contextlib.suppress(FormatError, FileNotFoundError):
            index = FingerprintIndex.open(path)
            held, ids = np.sort(index.track_ids), self._ids()
            if np.array_equal(held, ids) or np.array_equal(held, np.setdiff1d(ids, self._stale())):
                return index
            index.close()
        # A disk that is full or read-only leaves the reader with what the index has.
        with contextlib.suppress(LibraryLockedError, OSError):
            lock = WriterLock(self._directory)
            try:
                self._open_mended().close()
            finally:
                lock.release()
        try:
            return FingerprintIndex.open(path)
        except (FormatError, FileNotFoundError) as error:
            raise LibraryError(
                f"the fingerprint index in {self._directory} has to be made again; run"
                " `antiphon library check` there"
            ) from error

    def _synchronise(self, index: FingerprintIndex) -> None:
        from fingerprint import FormatError

        stale = []
        if not self._looked_for_stale:  # once: what this process stores is not
            stale = self._stale().tolist()  # of another version: the music has to be heard again
        if self._writable:
            self._forget(stale)
            self._note_version()
            self._looked_for_stale = True
        wanted, held = self._ids(), np.sort(np.asarray(index.track_ids, dtype=np.int64))
        gone = np.setdiff1d(held, wanted).tolist()
        new = np.setdiff1d(np.setdiff1d(wanted, held), stale).tolist()
        for track_id in gone:
            index.remove(track_id)
        damaged = []
        for number, track_id in enumerate(new, 1):
            try:
                index.add_peaks(track_id, self._peaks(track_id))
            except FormatError:
                damaged.append(track_id)
            if number % _COMMIT_EVERY == 0:
                index.commit()
        if gone or new:
            index.commit()
        if self._writable:
            self._forget(damaged)

    def _forget(self, track_ids: list[int]) -> None:
        """Let tracks wait to be analysed again."""
        if track_ids:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "DELETE FROM analysis WHERE track_id = ?", [(track_id,) for track_id in track_ids]
            )
            self._database.execute("COMMIT")

    def _note_version(self) -> None:
        """Write down that no other version's peaks are left: to look takes seconds."""
        from fingerprint.peaks import version

        self._database.execute("INSERT OR REPLACE INTO counter VALUES ('peaks', ?)", (version(),))

    def _stale(self) -> NDArray[np.int64]:
        """Return the tracks whose peaks another version made."""
        from fingerprint.peaks import version

        seen = self._database.execute("SELECT value FROM counter WHERE name = 'peaks'").fetchone()
        if seen == (version(),):
            return np.empty(0, dtype=np.int64)
        # `track_id` is the number of the row.
        stale = []
        for track_id in self._ids().tolist():
            # substr() would read the whole blob.
            with self._database.blobopen("analysis", "peaks", track_id, readonly=True) as blob:
                if is_stale(blob.read(HEAD_BYTES)):
                    stale.append(track_id)
        return np.array(stale, dtype=np.int64)

    def ids(self) -> NDArray[np.int64]:
        """Return the analysed tracks, ascending."""
        return self._ids()

    def _ids(self, where: str = "1", *values: object) -> NDArray[np.int64]:
        rows = self._database.execute(f"SELECT track_id FROM analysis WHERE {where}", values)
        # sorted here: in the order of the ids SQLite would read all of the table, not an index
        return np.sort(np.fromiter((row[0] for row in rows), dtype=np.int64))

    def _peaks(self, track_id: int) -> TrackPeaks:
        query = "SELECT peaks FROM analysis WHERE track_id = ?"
        return unpack(self._database.execute(query, (track_id,)).fetchone()[0])


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
