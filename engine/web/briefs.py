"""A track in a few words, as every part of the page shows it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from engine.analysis.result import spell
from engine.web.numbers import tidy

if TYPE_CHECKING:
    from engine.library import Track, Traits
    from engine.session import Session

_KEPT = 20_000
_UNKNOWN: dict[str, Any] = {"bpm": None, "key": None, "key_short": None, "lufs": None}


class Briefs:
    """Makes briefs, and remembers how tracks sound: a page asks for the same ones again and again.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._sounds: dict[int, dict[str, Any]] = {}

    def of(self, track: Track, likes: Collection[int] = ()) -> dict[str, Any]:
        """Return the TrackBrief of docs/api.md."""
        return self.many([track], likes)[0]

    def many(self, tracks: Sequence[Track], likes: Collection[int] = ()) -> list[dict[str, Any]]:
        """Return the briefs of many tracks with one question to the library."""
        with self._lock:
            known = {track.id: self._sounds.get(track.id) for track in tracks}
        wanted = [track_id for track_id, sound in known.items() if sound is None]
        found = self._session.library.traits(wanted) if wanted else {}
        fresh = {track_id: sound_of(traits) for track_id, traits in found.items()}
        with self._lock:  # what is not analysed yet is asked for again
            if len(self._sounds) + len(fresh) > _KEPT:
                self._sounds.clear()
            self._sounds.update(fresh)
        return [
            {
                "id": track.id,
                "title": track.title,
                "artist": track.artist,
                "album": track.album,
                "duration_s": tidy(track.duration_s),
                **(known[track.id] or fresh.get(track.id, _UNKNOWN)),
                "liked": track.id in likes,
            }
            for track in tracks
        ]


def sound_of(traits: Traits) -> dict[str, Any]:
    """Return tempo, key and loudness; null where they are not known."""
    sound = dict(_UNKNOWN)
    sound["bpm"] = tidy(traits.bpm, 1)
    sound["lufs"] = tidy(traits.lufs, 1)
    if traits.tonic is not None and traits.mode is not None:
        pitch = spell(traits.tonic, traits.mode)
        sound["key"] = f"{pitch} {traits.mode}"
        sound["key_short"] = pitch + ("m" if traits.mode == "minor" else "")
    return sound
