"""FingerprintIndex: the face of the package."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from dsp.spectrum import log_power

from . import settings as s
from . import store
from .build import Source, write_large_run
from .errors import FormatError, OtherVersionError
from .evidence import evidence
from .identify import Ear
from .match import Evidence, Match
from .peaks import Picture, TrackPeaks, extract, look, prepare
from .run import Run, build_run
from .stream import Stream
from .waves import Sound, Waves

_TIER = 8  # so many runs of one order of size are merged into one
_TIER_OF_LARGE = 3  # a question costs as much again for each large run, whatever its size
LARGEST_SMALL = 100 * 180_000  # frames, 100 hours: a run of more keeps triples instead of pairs


class FingerprintIndex:
    """Fingerprints of a library in a folder: one writer, many readers.

    What was added is found at once by the same object and is on disk, for everybody, after
    `commit`. Make one with `create` or `open`; use it as a context manager, or `close` it
    (changes that were not committed are given up).

    Examples
    --------
    >>> import tempfile
    >>> rng = np.random.default_rng(1)
    >>> noise = rng.standard_normal(16_000 * 20).astype(np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with FingerprintIndex.create(folder) as index:
    ...         index.add(7, noise, 16_000)
    ...         index.commit()
    ...         match = index.identify(noise[16_000 * 5 : 16_000 * 10], 16_000)[0]
    >>> match.track_id, match.known, round(match.offset_s, 1)
    (7, True, 5.0)
    """

    def __init__(self, path: Path, writable: bool, skip_damaged: bool = False) -> None:
        self.path = path
        self.writable = writable
        self.damaged: list[str] = []
        self._skip_damaged = skip_damaged
        self._stack = contextlib.ExitStack()
        if writable:
            self._stack.enter_context(store.writer_lock(path))
        try:
            self._load()
        except BaseException:
            self._stack.close()
            raise

    @classmethod
    def create(cls, path: str | Path) -> FingerprintIndex:
        """Make an empty index in a folder (made if missing) and open it for writing.

        Raises
        ------
        FileExistsError
            If the folder already holds an index.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / store.MANIFEST).exists():
            raise FileExistsError(f"there is an index in {folder} already")
        store.write_manifest(folder, [])
        return cls(folder, True)

    @classmethod
    def open(
        cls, path: str | Path, writable: bool = False, skip_damaged: bool = False
    ) -> FingerprintIndex:
        """Open the index in a folder.

        Parameters
        ----------
        path : str or Path
        writable : bool
            Take the folder's only right to write.
        skip_damaged : bool
            Leave out runs that cannot be read, instead of refusing: `damaged` then says which
            and why, and the next `commit` forgets them. Their tracks are to be added again.

        Raises
        ------
        FileNotFoundError
            If there is none.
        FormatError
            If it is of another version or other settings, or damaged.
        BlockingIOError
            If `writable` and another process is writing.
        """
        return cls(Path(path), writable, skip_damaged)

    def _load(self) -> None:
        named = store.read_manifest(self.path)
        if self.writable:
            store.clear_leftovers(self.path, named)
        self._entries: list[store.RunEntry] = []
        self._runs: list[Run] = []
        for entry in named:
            try:
                self._runs.append(Run.open(self.path / entry.file))
                self._entries.append(entry)
            except (FormatError, FileNotFoundError) as error:
                if isinstance(error, OtherVersionError) and not self._skip_damaged:
                    raise
                if not self._skip_damaged:
                    raise FormatError(str(error)) from error
                self.damaged.append(str(error))
        self._removed = [set(e.removed) for e in self._entries]
        self._pending: dict[int, TrackPeaks] = {}
        self._changed = len(named) > len(self._runs)
        self._alive = [
            ~np.isin(run.track_id, list(gone))
            for run, gone in zip(self._runs, self._removed, strict=True)
        ]
        ids = [run.track_id[rows] for run, rows in zip(self._runs, self._alive, strict=True)]
        rows = [np.flatnonzero(rows) for rows in self._alive]
        number = np.repeat(np.arange(len(ids)), [len(part) for part in ids])
        self._held = np.concatenate([*ids, np.empty(0, np.int64)])
        order = np.argsort(self._held, kind="stable")
        self._held = self._held[order]  # ascending, and by position its run and row
        self._run_of = number[order]
        self._row_of = np.concatenate([*rows, np.empty(0, np.int64)])[order]
        self._ear: Ear | None = None

    def __enter__(self) -> FingerprintIndex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up what was not committed and release the folder."""
        self._runs = []
        self._pending = {}
        self._ear = None
        self._stack.close()

    def __len__(self) -> int:
        return sum(int(rows.sum()) for rows in self._alive) + len(self._pending)

    def __contains__(self, track_id: object) -> bool:
        if not isinstance(track_id, int | np.integer):
            return False
        return track_id in self._pending or self._find(int(track_id)) is not None

    @property
    def track_ids(self) -> NDArray[np.int64]:
        """All track ids, ascending."""
        held = [run.track_id[rows] for run, rows in zip(self._runs, self._alive, strict=True)]
        return np.sort(np.concatenate([*held, np.array(list(self._pending), np.int64)]))

    def add(self, track_id: int, audio: NDArray[np.floating], sample_rate: float) -> None:
        """Add a track; the same as `add_peaks(track_id, extract(audio, sample_rate))`."""
        self.add_peaks(track_id, extract(audio, sample_rate))

    def add_peaks(self, track_id: int, peaks: TrackPeaks) -> None:
        """Add a track of which the peaks were extracted, perhaps in another process.

        Raises
        ------
        ValueError
            If the id is negative or already in the index.
        PermissionError
            If the index was not opened for writing.
        """
        self._must_write()
        if track_id < 0:
            raise ValueError(f"track_id must not be negative, got {track_id}")
        if track_id in self:
            raise ValueError(f"track_id must be new to the index, got {track_id}")
        peaks.check()
        self._pending[int(track_id)] = peaks
        self._ear = None

    def remove(self, track_id: int) -> None:
        """Remove a track; its bytes go with the next merge of runs.

        Raises
        ------
        KeyError
            If it is not in the index.
        """
        self._must_write()
        if track_id in self._pending:
            del self._pending[track_id]
        else:
            found = self._find(track_id)
            if found is None:
                raise KeyError(track_id)
            number, row = found
            self._alive[number][row] = False
            self._removed[number].add(track_id)
            self._changed = True
        self._ear = None

    def commit(self) -> None:
        """Make all changes durable and visible to those who open the index from now on."""
        self._must_write()
        if not self._pending and not self._changed:
            return
        groups = [([n], False) for n in range(len(self._runs))]
        self._rewrite(groups)

    def compact(self) -> None:
        """Rewrite the index as one run without removed tracks, unless it is that already.

        Raises
        ------
        FormatError
            If a byte of it is damaged: new checksums would hide that.
        """
        self._must_write()
        if len(self._runs) == 1 and not (self._pending or self._changed or self._removed[0]):
            return
        if problems := self.verify():
            raise FormatError(problems[0])
        self._rewrite([(list(range(len(self._runs))), True)] if self._runs else [])

    def peaks(self, track_id: int) -> TrackPeaks:
        """Return the stored peaks of a track: enough to add it to another index."""
        if track_id in self._pending:
            return self._pending[track_id]
        found = self._find(track_id)
        if found is None:
            raise KeyError(track_id)
        return self._runs[found[0]].peaks(found[1])

    def identify(
        self,
        audio: NDArray[np.floating],
        sample_rate: float,
        limit: int = 5,
        sound: Sound | None = None,
    ) -> list[Match]:
        """Return the tracks a clip may come from, best first, at most one match a track.

        Parameters
        ----------
        audio : ndarray, floating point, shape (frames,) or (frames, channels)
            Finite; a second or more. Of clips over 10 s, the first 10 are used.
        sample_rate : float
            Hz.
        limit : int
            Most matches returned, at least 1.
        sound : callable, optional
            Called with a track's id and two seconds of it, start (0 or more) and stop, it returns
            the track's sound between them, float32, mono, at `settings.SAMPLE_RATE`, shorter where
            the track ends; or None if it cannot be had. Music repeats itself, and peaks often
            cannot tell which repeat a clip is of: the sound can. It changes no more than the best
            match's `offset_s`.

        Returns
        -------
        list of Match
            Empty for silence, for less than half a second, and for an empty index. Only a match
            with `known` set should be named.

        Raises
        ------
        TypeError, ValueError
            As `extract`, and for `limit` below 1.
        """
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit}")
        mono = _heard(audio, sample_rate)
        waves = None if sound is None else Waves(mono, sound)
        return self._the_ear().identify(_picture_of(mono), waves)[:limit]

    def stream(self, sample_rate: float) -> Stream:
        """Return a listener to a mono stream; it sees the index as it is now."""
        return Stream(self._the_ear(), sample_rate)

    def explain(self, audio: NDArray[np.floating], sample_rate: float, match: Match) -> Evidence:
        """Return the clip's spectrogram with the peaks of `match`'s track laid over it."""
        return evidence(_picture(audio, sample_rate), self.peaks(match.track_id), match)

    def verify(self) -> list[str]:
        """Return a line for each damage that the checksums show; none when all is whole."""
        return [problem for run in self._runs for problem in run.verify()]

    def _the_ear(self) -> Ear:
        if self._ear is None:
            runs = list(self._runs)
            alive = [rows.copy() for rows in self._alive]
            if self._pending:
                runs.append(Run(build_run(list(self._pending.items()))))
                alive.append(np.ones(len(self._pending), np.bool_))
            self._ear = Ear(runs, alive)
        return self._ear

    def _must_write(self) -> None:
        if not self.writable:
            raise PermissionError(f"the index in {self.path} was not opened for writing")

    def _rewrite(self, groups: list[tuple[list[int], bool]]) -> None:
        """Write the manifest anew; a group with a mark becomes one new run."""
        entries: list[store.RunEntry] = []
        for numbers, merge in groups:
            if merge:
                entries += self._write_run([t for n in numbers for t in self._sources(n)])
            else:
                entries += [
                    store.RunEntry(self._entries[n].file, tuple(sorted(self._removed[n])))
                    for n in numbers
                ]
        entries += self._write_run(
            [Source.held(track_id, peaks) for track_id, peaks in self._pending.items()]
        )
        store.write_manifest(self.path, entries)
        self._load()
        groups = _tiers(self._runs)
        merged = [self._runs[n] for numbers, merge in groups if merge for n in numbers]
        # New checksums would hide that a run is damaged: such a one is left as it is.
        if merged and not any(run.verify() for run in merged):
            self._rewrite(groups)

    def _write_run(self, tracks: list[Source]) -> list[store.RunEntry]:
        if not tracks:
            return []
        name = store.next_run_file(self.path)
        if sum(track.frames for track in tracks) > LARGEST_SMALL:
            write_large_run(self.path / name, tracks)
        else:
            run = build_run([(track.track_id, track.load()) for track in tracks])
            store.write_durably(self.path / name, run)
        return [store.RunEntry(name)]

    def _sources(self, number: int) -> list[Source]:
        run = self._runs[number]
        return [
            Source(int(run.track_id[row]), int(run.track_frames[row]), partial(run.peaks, int(row)))
            for row in np.flatnonzero(self._alive[number])
        ]

    def _find(self, track_id: int) -> tuple[int, int] | None:
        """Return run and row of a track that is on disk and was not removed."""
        k = int(np.searchsorted(self._held, track_id))
        if k == len(self._held) or self._held[k] != track_id:
            return None
        number, row = int(self._run_of[k]), int(self._row_of[k])
        return (number, row) if self._alive[number][row] else None


def _tiers(runs: list[Run]) -> list[tuple[list[int], bool]]:
    """Group the runs at the end that are of one order of size, once there are enough of them."""
    size = [int(run.track_frames.sum()).bit_length() // 3 for run in runs]
    for tier in sorted(set(size)):
        last = [n for n in range(len(runs)) if size[n] <= tier]
        large = tier >= LARGEST_SMALL.bit_length() // 3
        if len(last) >= _TIER or (large and size.count(tier) >= _TIER_OF_LARGE):
            rest = [n for n in range(len(runs)) if n not in last]
            return [*(([n], False) for n in rest), (last, True)]
    return [([n], False) for n in range(len(runs))]


def _picture(audio: NDArray[np.floating], sample_rate: float) -> Picture:
    return _picture_of(_heard(audio, sample_rate))


def _heard(audio: NDArray[np.floating], sample_rate: float) -> NDArray[np.float32]:
    return prepare(audio, sample_rate)[: int(10.0 * s.SAMPLE_RATE)]


def _picture_of(mono: NDArray[np.float32]) -> Picture:
    return look(log_power(mono, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))
