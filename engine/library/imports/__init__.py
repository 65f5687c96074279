"""What other programs know of one's music: playlists and listening histories in JSON."""

from __future__ import annotations

from typing import Any

from engine.library.imports import listenbrainz, million, spotify
from engine.library.playlists import PlaylistFile

__all__ = ["recognise"]


def recognise(content: Any, stem: str) -> list[PlaylistFile] | None:
    """Return the playlists in parsed JSON, by what it holds and not by how the file is called.

    Parameters
    ----------
    content : object
        Of a JSON file; of JSON lines, the list of all of them.
    stem : str
        Of the file's name, for playlists that have none.

    Returns
    -------
    list of PlaylistFile, or None
        None if it is nothing that is known here.

    Raises
    ------
    ValueError
        If it is something known, but a part of it is not as it should be; says which.
    """
    for reader in (million.read, spotify.read, listenbrainz.read):
        found = reader(content, stem)
        if found is not None:
            return found
    return None
