"""A track in a few words, as every part of the page shows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from engine.analysis.result import PITCHES
from engine.web.numbers import tidy

if TYPE_CHECKING:
    from engine.analysis import Analysis
    from engine.library import Library, Track

_KEPT = 20_000
_LEAST_CONFIDENCE = 0.5


class Briefs:
    """Makes and remembers briefs: a page asks for the same few hundred tracks again and again."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._sounds: dict[int, dict[str, Any]] = {}

    def of(self, track: Track, liked: bool = False) -> dict[str, Any]:
        """Return the TrackBrief of docs/api.md."""
        return {
            "id": track.id,
            "title": track.title,
            "artist": track.artist,
            "album": track.album,
            "duration_s": tidy(track.duration_s),
            **self._sound(track.id),
            "liked": liked,
        }

    def _sound(self, track_id: int) -> dict[str, Any]:
        with self._lock:
            known = self._sounds.get(track_id)
        if known is not None:
            return known
        found = self._library.analysis(track_id)
        sound = sound_of(found)
        if found is not None:  # else it may be analysed by and by
            with self._lock:
                if len(self._sounds) >= _KEPT:
                    self._sounds.clear()
                self._sounds[track_id] = sound
        return sound


def sound_of(found: Analysis | None) -> dict[str, Any]:
    """Return tempo, key and loudness; null where they are not known well."""
    sound: dict[str, Any] = {"bpm": None, "key": None, "key_short": None, "lufs": None}
    if found is None:
        return sound
    if found.grid is not None and found.grid.confidence >= _LEAST_CONFIDENCE:
        sound["bpm"] = tidy(float(found.grid.bpm), 1)
    if found.key is not None and found.key.confidence >= _LEAST_CONFIDENCE:
        sound["key"] = found.key.name
        sound["key_short"] = PITCHES[found.key.tonic] + ("m" if found.key.mode == "minor" else "")
    sound["lufs"] = tidy(found.loudness_lufs, 1)
    return sound
