"""What the queue asks of tracks, answered quickly for libraries of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.library import Library, Track, Traits, tags, twins

Ids = NDArray[np.int64]


class Facts:
    """Durations, artists and songs of all tracks; names and sounds of those that are asked for.

    Parameters
    ----------
    library : Library

    Attributes
    ----------
    ids : ndarray of int64, shape (tracks,)
        Ascending.
    seconds : ndarray of float64, shape (tracks,)
    artist, song : ndarrays of int64, shape (tracks,)
        Equal numbers for equal artists, and for versions of one song, by their names or because
        `antiphon duplicates` heard one recording in both; -1 where unknown.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        rows = library.songs()
        self.ids: Ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        self.seconds = np.fromiter((row[1] for row in rows), dtype=np.float64, count=len(rows))
        self.artist = _numbers([row[2].partition("\t")[0] for row in rows])
        self.song = _numbers([tags.version_key(row[2]) if row[2] else "" for row in rows])
        self._join(twins.load(library.directory))
        self._tracks: dict[int, Track] = {}
        self._traits: dict[int, Traits | None] = {}

    def _join(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Give tracks that are one recording the same song."""
        for pair in pairs:
            one, other = self.rows(pair).tolist()
            if one < 0 or other < 0:
                continue
            song, gone = int(self.song[one]), int(self.song[other])
            if song < 0:
                song = gone if gone >= 0 else int(self.song.max()) + 1
            if gone >= 0:
                self.song[self.song == gone] = song
            self.song[[one, other]] = song

    def __contains__(self, track_id: object) -> bool:
        return isinstance(track_id, int) and bool(self.rows([track_id])[0] >= 0)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Sequence[int] | Ids) -> Ids:
        """Return the row of each track, -1 where it is unknown."""
        wanted = np.asarray(ids, dtype=np.int64)
        if len(self.ids) == 0:
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[place] == wanted, place, -1)

    def track(self, track_id: int) -> Track | None:
        """Return a track; None if the library has lost it."""
        if track_id not in self._tracks:
            self._tracks |= self._library.many([track_id])
        return self._tracks.get(track_id)

    def name(self, track_id: int) -> str:
        """Return artist and title for people."""
        track = self.track(track_id)
        return track.name if track is not None else f"track {track_id}"

    def traits(self, ids: Sequence[int]) -> list[Traits | None]:
        """Return how tracks sound; None for those that were not analysed."""
        held = self._traits  # another thread may let all be forgotten
        new = [i for i in ids if i not in held]
        if new:
            found = self._library.traits(new)
            held |= {i: found.get(i) for i in new}
        return [held[i] for i in ids]

    def forget_traits(self) -> None:
        """Ask the library again: tracks were analysed."""
        self._traits = {}

    def lengths(self, ids: Ids, trim: bool) -> NDArray[np.float64]:
        """Return `played_s` of many tracks, shape (len(ids),)."""
        self.traits(ids.tolist())  # all at once
        return np.array([self.played_s(track_id, trim) for track_id in ids.tolist()])

    def played_s(self, track_id: int, trim: bool) -> float:
        """Return how long a track is played: from cue to cue as by `Cue.of`, or not trimmed."""
        row = int(self.rows([track_id])[0])
        whole = float(self.seconds[row]) if row >= 0 else 0.0
        (traits,) = self.traits([track_id])
        if traits is None or not trim:
            return whole
        end = traits.cue_out_s if traits.cue_out_s > traits.cue_in_s else whole
        return max(end - traits.cue_in_s, 0.0)


def _numbers(names: list[str]) -> Ids:
    """Return a number for each name, in order of appearance; -1 for an empty one."""
    seen: dict[str, int] = {"": -1}
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)
