"""Writing a large run: any number of tracks in bounded memory, postings sorted in pieces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import settings as s
from .layout import RunWriter
from .peaks import TrackPeaks
from .run import BLOCK, starts_of
from .store import written_durably
from .triples import KEYS, REST_BITS, shift_for, sort_by_key, triples_into

U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]

_SORTED = 1 << 25  # postings sorted in memory at a time: 0.5 GB with what the sort needs
_MERGED = 1 << 23  # postings merged at a time
_COARSE = 16  # bits of a key that the plan of the merge does not look at


@dataclass(frozen=True)
class Source:
    """A track that is to be written: its id, its length in frames, how to get its peaks."""

    track_id: int
    frames: int
    load: Callable[[], TrackPeaks]

    @classmethod
    def held(cls, track_id: int, peaks: TrackPeaks) -> Source:
        """Return a track whose peaks are in memory."""
        return cls(track_id, peaks.frames, lambda: peaks)


def write_large_run(path: Path, tracks: Sequence[Source], at_once: int = _SORTED) -> None:
    """Write a run of triples with these tracks, in this order, `at_once` of them in memory.

    Raises
    ------
    ValueError
        If they have more than 2**32 frames.
    """
    frames = np.array([t.frames for t in tracks], np.int64)
    starts = starts_of(frames)
    block_peak = np.zeros(starts[-1] // BLOCK + 1, np.int64)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.tmp") as folder:
        postings = _Postings(Path(folder), at_once)
        for track, start in zip(tracks, starts, strict=False):
            peaks = track.load()
            blocks = np.bincount(peaks.frame // BLOCK)
            first = int(start) // BLOCK + 1
            block_peak[first : first + len(blocks)] = blocks
            postings.add(peaks, int(start))
        np.cumsum(block_peak, out=block_peak)
        shift = shift_for(postings.count)
        tables = {
            "track_id": np.array([t.track_id for t in tracks], np.int64),
            "track_start": starts,
            "track_frames": frames,
            "block_peak": block_peak,
        }
        peaks_in_all, places = int(block_peak[-1]), (KEYS >> shift) + 1
        lengths = {
            **{name: len(table) for name, table in tables.items()},
            "key_start": places + 1,
            "peak_frame": peaks_in_all,
            "peak_code": peaks_in_all,
            "key_rest": postings.count,
            "landmark_frame": postings.count,
        }
        with written_durably(path) as file:
            writer = RunWriter(file, lengths, shift)
            for name, table in tables.items():
                writer.write(name, table)
            for track in tracks:
                writer.write("peak_frame", track.load().frame % BLOCK)
            for track in tracks:
                writer.write("peak_code", track.load().code)
            starting = np.zeros(places + 1, np.int64)
            for key, anchor in postings.merged():
                place = key >> np.uint32(shift)
                found = np.bincount(place - place[0])
                starting[int(place[0]) + 1 :][: len(found)] += found
                rest = key >> np.uint32(shift - REST_BITS) & np.uint32(255)
                writer.write("key_rest", rest)
                writer.write("landmark_frame", anchor)
            writer.write("key_start", np.cumsum(starting))
            writer.finish()


class _Postings:
    """Sorts any number of postings, those that do not fit into memory by way of files."""

    def __init__(self, folder: Path, at_once: int) -> None:
        self._folder = folder
        self._at_once = at_once
        self._waiting: list[tuple[U32, U32]] = []
        self._waits = 0
        self._sorted: list[tuple[U32, U32]] = []
        self._coarse = np.zeros((KEYS >> _COARSE) + 1, np.int64)
        self.count = 0

    def add(self, peaks: TrackPeaks, start: int) -> None:
        """Take the triples of a track that starts at a frame of the run."""
        room = len(peaks.frame) * s.FAN
        key, anchor = np.empty(room, np.uint32), np.empty(room, np.uint32)
        n = triples_into(peaks.frame, peaks.code, key, anchor)
        self._waiting.append((key[:n].copy(), anchor[:n] + np.uint32(start)))
        self._waits += n
        self.count += n
        if self._waits >= self._at_once:
            self._sort()

    def merged(self) -> Iterator[tuple[U32, U32]]:
        """Give all postings by key, those of one key in order of arrival, in several parts."""
        self._sort()
        total = np.cumsum(self._coarse)
        ends = np.searchsorted(total, np.arange(_MERGED, total[-1] + _MERGED, _MERGED)) + 1
        bounds = (np.minimum(np.unique(ends), len(total)) << _COARSE).astype(np.uint32)
        at = [0] * len(self._sorted)
        for bound in bounds:
            parts = []
            for k, (key, anchor) in enumerate(self._sorted):
                last = int(np.searchsorted(key, bound))
                parts.append((key[at[k] : last], anchor[at[k] : last]))
                at[k] = last
            if any(len(key) for key, _ in parts):
                yield _in_order(parts)

    def _sort(self) -> None:
        if not self._waits:
            return
        key, anchor = _in_order(self._waiting)
        self._waiting, self._waits = [], 0
        found = np.bincount(key >> np.uint32(_COARSE))
        self._coarse[: len(found)] += found
        number = len(self._sorted)
        mapped = []
        for name, array in (("key", key), ("anchor", anchor)):
            path = self._folder / f"{name}-{number}"
            array.tofile(path)
            mapped.append(np.memmap(path, np.uint32, "r"))
        self._sorted.append((mapped[0], mapped[1]))


def _in_order(parts: list[tuple[U32, U32]]) -> tuple[U32, U32]:
    key = np.concatenate([key for key, _ in parts])
    anchor = np.concatenate([anchor for _, anchor in parts])
    key_out, anchor_out = np.empty_like(key), np.empty_like(anchor)
    sort_by_key(key, anchor, key_out, anchor_out)
    return key_out, anchor_out
