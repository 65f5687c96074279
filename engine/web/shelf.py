"""The library as the page leafs through it: search, folders, map, drawn waveforms."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.decks.overview import Overview, overview
from engine.library.tags import clean

if TYPE_CHECKING:
    from engine.library import Track
    from engine.library.atlas import LibraryMap
    from engine.session import Session

_MAP_UNITS = 10_000
_MOST_FOLDERS = 500


class NotAllowedError(PermissionError):
    """A path that lies outside of what may be looked at."""


class Shelf:
    """What the page may see of the library and of the disk.

    Parameters
    ----------
    session : Session
    home : Path, optional
        The user's home; folders below may be looked through and added.
    """

    def __init__(self, session: Session, home: Path | None = None) -> None:
        self._session = session
        self._home = home or Path.home()
        self._lock = threading.Lock()
        self._decoding = threading.Lock()  # one file at a time
        self._folders: tuple[int, frozenset[Path]] | None = None
        self._map: tuple[int, LibraryMap] | None = None

    # --- folders

    def allowed(self, text: str) -> Path:
        """Return a folder below the home or a folder of the library.

        Links are followed first, so that none leads out.

        Raises
        ------
        NotAllowedError
            If it is another one.
        """
        if "\0" in text:
            raise NotAllowedError("folder must be a path, got one with a zero byte")
        try:
            folder = Path(text).expanduser() if text else self._home
            folder = folder.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            folder = None
        roots = self._roots()
        if (
            folder is None
            or not folder.is_dir()
            or not any(folder.is_relative_to(root) for root in roots)
        ):
            raise NotAllowedError(
                "folder must lie in your home or beside music of the library,"
                f" got {clean(text)[:200]!r}"
            )
        return folder

    def folders(self, text: str) -> dict[str, Any]:
        """Return a folder's visible subfolders, by name, and the folder above it if allowed."""
        folder = self.allowed(text)
        try:
            with os.scandir(folder) as entries:
                names = sorted(
                    entry.name
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_dir()
                )
        except OSError as error:
            raise NotAllowedError(f"folder cannot be read ({error.strerror})") from None
        above = folder.parent
        inside = any(above.is_relative_to(root) for root in self._roots())
        return {
            "path": shown(folder),
            "parent": shown(above) if inside and above != folder else None,
            "folders": [
                {"name": clean(name), "path": shown(folder / name)}
                for name in names[:_MOST_FOLDERS]
                if _is_text(name)
            ],
        }

    def _roots(self) -> frozenset[Path]:
        """Return the home, and where music of the library lies."""
        library = self._session.library
        size = len(library)
        with self._lock:
            if self._folders is None or self._folders[0] != size:
                folders = {track.path.parent for track in library.tracks()}
                found = {self._home.resolve(), *(folder.resolve() for folder in folders)}
                self._folders = size, frozenset(found)
            return self._folders[1]

    # --- the map

    def map(self) -> dict[str, Any]:
        """Return where each track lies, in whole numbers that pack well."""
        found = self._atlas()
        return {
            "ids": found.ids.tolist(),
            "x": (found.x * _MAP_UNITS).round().astype(int).tolist(),
            "y": (found.y * _MAP_UNITS).round().astype(int).tolist(),
            "cluster": found.cluster.tolist(),
            "clusters": [
                {
                    "label": label,
                    "x": round(float(x) * _MAP_UNITS),
                    "y": round(float(y) * _MAP_UNITS),
                    "count": int(count),
                }
                for label, x, y, count in found.clusters
            ],
        }

    def path(self, start: int, end: int, count: int) -> list[Track]:
        """Return tracks on the way from one to another, both included."""
        found = self._atlas().path(start, end, count)
        tracks = map(self._session.track, found)
        return [track for track in tracks if track is not None]

    def _atlas(self) -> LibraryMap:
        from engine.library.atlas import library_map

        size = len(self._session.library)
        with self._lock:
            if self._map is None or self._map[0] != size:
                self._map = size, library_map(self._session.library)
            return self._map[1]

    # --- waveforms

    def overview(self, track: Track, bars: int) -> Overview:
        """Return the outline of a track; AudioFileError if its file is gone."""
        with self._decoding:
            return overview(track.path, bars)


def shown(path: Path) -> str:
    """Return a path as text, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
