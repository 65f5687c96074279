"""What may be wrong with a library's database, its model files, and the music it names."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from engine.library import tags


def torn(database: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the database, in words."""
    rows = database.execute("PRAGMA integrity_check").fetchall()
    problems = [f"database: {text}" for (text,) in rows if text != "ok"]
    rows = database.execute("PRAGMA foreign_key_check").fetchall()
    return problems + [f"database: {row[0]} refers to a missing {row[2]}" for row in rows]


def missing(database: sqlite3.Connection) -> list[str]:
    """Return the music files that are gone, in words."""
    rows = database.execute("SELECT path FROM file ORDER BY path").fetchall()
    paths = [Path(os.fsdecode(raw)) for (raw,) in rows]
    return [f"missing file: {tags.clean(str(path))}" for path in paths if not path.is_file()]


def damaged(directory: Path) -> dict[Path, str]:
    """Return the model files of a library that are not whole, each with what is wrong."""
    from recommend import FormatError, modelfile

    found = {}
    names = ("embeddings", "duplicates", "map")
    for path in (*(directory / name for name in names), *sorted(directory.glob("*.model"))):
        try:
            modelfile.verify(path)
        except FormatError as error:
            found[path] = str(error)
        except FileNotFoundError:
            continue
    return found
