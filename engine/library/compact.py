"""Giving disk space back: what was removed leaves the index and the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import LibraryError
from engine.library.database import plain_errors

if TYPE_CHECKING:
    from engine.library.library import Library


@dataclass(frozen=True)
class Sizes:
    """Bytes on the disk: of the index, and of the whole library."""

    index: int
    whole: int


def sizes(library: Library) -> Sizes:
    """Return the bytes of the library's files."""
    with plain_errors(library.directory):
        return Sizes(_bytes(library.directory / "index"), _bytes(library.directory))


def compact(library: Library) -> tuple[Sizes, Sizes]:
    """Rewrite index and database without what was removed; return the sizes before and after.

    Whenever it is interrupted, the library is the old one or the new one, and whole. An index that
    is damaged is made again.

    Raises
    ------
    LibraryError
        If the library was opened for reading only.
    DiskFullError
        If there is no room for the new files beside the old ones.
    """
    if not library.writable:
        raise LibraryError(f"the library in {library.directory} was opened for reading only")
    from fingerprint import FormatError

    before = sizes(library)
    with plain_errors(library.directory):
        try:
            library.index.compact()
        except FormatError:  # damaged, and made again from the peaks in the database
            library.mend()
            library.index.compact()
        library._database.execute("VACUUM")
        library._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, sizes(library)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
