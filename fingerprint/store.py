"""The folder of an index: runs, and a manifest that names the valid ones.

A change becomes visible by one atomic rename of the manifest, after everything it names has
reached the disk; whatever a crash leaves behind is not named and is cleared away by the next
writer.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import settings as s
from .errors import FormatError, OtherVersionError

MANIFEST = "index.json"
LOCK = "writer.lock"
_SUFFIX = ".run"


@dataclass(frozen=True)
class RunEntry:
    """A run named by the manifest: its file, and the track ids in it that were removed."""

    file: str
    removed: tuple[int, ...] = ()


@contextlib.contextmanager
def written_durably(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write; after a crash there is the old one or the new one, nothing between."""
    temporary = path.with_name(f"{path.name}.tmp{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a crash there is the old one or the new one, nothing between."""
    with written_durably(path) as file:
        file.write(data)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_manifest(folder: Path, entries: list[RunEntry]) -> None:
    """Make these runs the index."""
    body = {
        "format": s.FORMAT,
        "settings": s.as_dict(),
        "runs": [{"file": e.file, "removed": list(e.removed)} for e in entries],
    }
    text = json.dumps(body, sort_keys=True)
    line = json.dumps({"crc32": zlib.crc32(text.encode()), "index": body}, sort_keys=True)
    write_durably(folder / MANIFEST, line.encode())


def read_manifest(folder: Path) -> list[RunEntry]:
    """Return the runs of the index.

    Raises
    ------
    FileNotFoundError
        If there is no index in `folder`.
    FormatError
        If the manifest is damaged, of another version, or of other settings.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"no fingerprint index in {folder}") from None
    try:
        line = json.loads(data)
        body = line["index"]
        if zlib.crc32(json.dumps(body, sort_keys=True).encode()) != line["crc32"]:
            raise FormatError(f"{folder / MANIFEST} is damaged: its checksum does not agree")
        if body["format"] != s.FORMAT:
            raise OtherVersionError(
                f"{folder} is an index of format {body['format']}, not {s.FORMAT}"
            )
        if body["settings"] != s.as_dict():
            changed = [k for k, v in s.as_dict().items() if body["settings"].get(k) != v]
            raise OtherVersionError(
                f"{folder} was written with other settings: {', '.join(changed)}"
            )
        return [RunEntry(str(r["file"]), tuple(map(int, r["removed"]))) for r in body["runs"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{folder / MANIFEST} is damaged: {error}") from None


def next_run_file(folder: Path) -> str:
    """Return a file name that no run in `folder` has."""
    numbers = [int(p.stem.partition("-")[2]) for p in folder.glob(f"run-*{_SUFFIX}")]
    return f"run-{max(numbers, default=0) + 1:06d}{_SUFFIX}"


def clear_leftovers(folder: Path, entries: list[RunEntry]) -> None:
    """Delete runs and temporary files that the manifest does not name."""
    named = {e.file for e in entries}
    for path in [*folder.glob(f"run-*{_SUFFIX}*"), *folder.glob(f"{MANIFEST}.tmp*")]:
        if path.is_dir():  # of a run that was being sorted
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in named:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's only right to write; the system frees it when the process dies.

    Raises
    ------
    BlockingIOError
        If another process is writing.
    """
    with (folder / LOCK).open("ab") as file:
        _lock(file, folder)
        yield


def _lock(file: IO[bytes], folder: Path) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(f"another process is writing to the index in {folder}") from None
