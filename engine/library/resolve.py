"""The one track that a user means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import NoSuchTrackError
from engine.library import tags

if TYPE_CHECKING:
    from engine.library.catalogue import Track
    from engine.library.library import Library


def resolve(library: Library, text: str) -> Track:
    """Return the one track that `text` names; see `Library.resolve`."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        by_number = library.many([int(text)])
        if by_number:
            return by_number[int(text)]
    by_path = library.find(Path(text))
    if by_path is not None:
        return by_path
    wanted = tags.fold(text)
    found = library.search(text).tracks if wanted else []
    exact = [t for t in found if wanted in (tags.fold(t.title), tags.fold(t.name))]
    found = sorted(exact or found, key=lambda track: track.name)
    if not found:
        raise NoSuchTrackError(f"the library has no track called {text!r}")
    if len(found) > 1:
        some = ", ".join(f"{track.name} ({track.id})" for track in found[:4])
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        raise NoSuchTrackError(f"{text!r} may be {some}{more}; give the number")
    return found[0]
