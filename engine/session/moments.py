"""At which moment two tracks sound most alike, found by a thread that works when nobody waits."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError, LibraryError
from engine.io import audiofile
from engine.session.entry import Entry
from recommend import EmbeddingTable, FormatError, HandmadeEmbedding
from recommend.fragments import DIMENSIONS
from recommend.fragments import STEP_S as FRAGMENT_STEP_S

Floats = NDArray[np.float32]

PIECE_S, STEP_S = 5.0, 2.5
_RATE = 22_050
_LONGEST_S = 900.0  # of a track that is listened to
_TRACKS_KEPT = 64  # 60 KB each
_NICE = 15

_Pair = tuple[int, int]  # who speaks, and for whom


class Moments:
    """Finds the moments of the voices that say 'sounds like'.

    Parameters
    ----------
    table : EmbeddingTable
        Of the hand-made embedding: in its z-scores pieces of the files are compared. Of a network:
        what it heard each second is compared, where that is stored.
    path_of : callable
        Returns the file of a track; None if there is none.
    found : callable
        Told (who speaks, for whom, second of the speaking track), from the thread.
    stored : callable
        Returns the fragments of a track as of `recommend.fragments.unpack`, none where there are
        none.
    """

    def __init__(
        self,
        table: EmbeddingTable,
        path_of: Callable[[int], Path | None],
        found: Callable[[int, int, float], None],
        stored: Callable[[int], Floats],
    ) -> None:
        self._table, self._path_of, self._found, self._stored = table, path_of, found, stored
        self._by_hand = table.name == HandmadeEmbedding.name
        self._pieces: OrderedDict[int, Floats] = OrderedDict()
        self._known: dict[_Pair, float | None] = {}
        self._wanted: list[_Pair] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="moments", daemon=True)
        self._thread.start()

    def look(self, entries: Iterable[Entry]) -> list[tuple[int, int, float]]:
        """Return what is known of these entries' voices; the rest is looked for, in order."""
        pairs = [
            (voice.track_id, entry.track.id)
            for entry in entries
            for voice in entry.voices[:2]
            if voice.kind == "sound" and voice.moment_s is None
        ]
        with self._changed:
            self._wanted = [pair for pair in pairs if pair not in self._known]
            self._changed.notify()
            known = [(*pair, self._known.get(pair)) for pair in pairs]
        return [(speaker, track, at) for speaker, track, at in known if at is not None]

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # of this thread, where that is possible
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted)
                if self._closing:
                    return
                speaker, track = pair = self._wanted.pop(0)
            at = self._compare(speaker, track)
            with self._changed:
                self._known[pair] = at
            if at is not None and not self._closing:
                self._found(speaker, track, at)

    def _compare(self, speaker: int, track: int) -> float | None:
        one, other = self._heard(speaker), self._heard(track)
        if len(one) == 0 or len(other) == 0:
            return None
        return alike(one, other) * (STEP_S if self._by_hand else FRAGMENT_STEP_S)

    def _heard(self, track_id: int) -> Floats:
        if not self._by_hand:
            with contextlib.suppress(LibraryError, FormatError):  # a reason stands without one, too
                return self._stored(track_id)
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        pieces = self._pieces.pop(track_id, None)
        if pieces is None:
            path = self._path_of(track_id)
            pieces = np.empty((0, self._table.dimensions), dtype=np.float32)
            with contextlib.suppress(AudioFileError):  # the deck says what is wrong with a file
                if path is not None:
                    vectors = fragments(path, lambda: self._closing)
                    pieces = (vectors - self._table.mean) * self._table.inverse
        self._pieces[track_id] = pieces
        while len(self._pieces) > _TRACKS_KEPT:
            self._pieces.popitem(last=False)
        return pieces


def fragments(path: Path, stop: Callable[[], bool] = lambda: False) -> Floats:
    """Return the embedding of each piece of 5 s, every 2.5 s of a file, shape (pieces, d).

    Parameters
    ----------
    path : Path
    stop : callable
        Asked between pieces; True ends early.

    Raises
    ------
    AudioFileError
        If nothing of it can be decoded.
    """
    embedding = HandmadeEmbedding()
    length, step = round(PIECE_S * _RATE), round(STEP_S * _RATE)
    rest = np.zeros(0, dtype=np.float32)
    vectors: list[Floats] = []
    for samples in _mono(path):
        rest = np.concatenate([rest, samples])
        while len(rest) >= length and not stop():
            vectors.append(embedding(rest[:length], _RATE))
            rest = rest[step:]
        if stop() or len(vectors) * STEP_S >= _LONGEST_S:
            break
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), embedding.dimensions)


def _mono(path: Path) -> Iterator[Floats]:
    """Yield a file at the rate of the embedding."""
    with audiofile.blocks(path) as file:
        converter = audiofile.RateConverter(file.file_rate, _RATE)
        for block in file:
            yield converter.feed(block.mean(axis=1, dtype=np.float32))
        yield converter.finish()[:, 0]


def alike(one: Floats, other: Floats) -> int:
    """Return the row of `one` that is most like any row of `other`, by cosine."""
    lengths = [
        np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) for rows in (one, other)
    ]
    cosines = (one / lengths[0]) @ (other / lengths[1]).T
    return int(cosines.max(axis=1).argmax())
