"""Add music: find files, analyse the new ones in parallel processes, keep what is done.

Files are told apart by size and time first and by a digest of their content then, so that nothing
is decoded twice: not what is unchanged, not what was renamed, not what lies in two places.
A file is reported only after the database and the index hold it, durably.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import AudioFileError
from engine.io import audiofile
from engine.io.audiofile import SUFFIXES
from engine.library import Library
from engine.library.catalogue import KnownFile, Track, as_key
from engine.library.crew import AudioFile, Outcome, look, outcomes
from engine.library.refresh import embed, refresh

_BATCH_TRACKS = 64
_BATCH_S = 2.0  # a commit costs a few milliseconds and some waits for the disk


@dataclass(frozen=True)
class Progress:
    """What happened to one file.

    Attributes
    ----------
    path : Path
    outcome : str
        'added', 'damaged' (added as far as it decodes), 'known' (its content was there already:
        renamed, or the same file twice) or 'failed'.
    done, total : int
        Files finished so far, and files to look into; unchanged ones are not among them.
    reason : str
        Why it failed, in words; else empty.
    duration_s : float
        Of the audio that was added.
    """

    path: Path
    outcome: str
    done: int
    total: int
    reason: str = ""
    duration_s: float = 0.0


@dataclass
class Report:
    """What `add` did.

    Attributes
    ----------
    added : list of int
        Ids of tracks that are new or were analysed anew.
    unchanged : int
        Files that were known already, by size and time.
    known : list of Path
        New paths of contents that were known already.
    damaged : list of Path
        Files that are cut or faulty, among the added ones.
    failed : list of (Path, str)
        Files that could not be added, and why.
    analysed : int
        Tracks that were there, and whose beat and key were found anew.
    heard : int
        Tracks that were there, and that the network in use heard now.
    duration_s : float
        Of the added audio.
    """

    added: list[int] = field(default_factory=list)
    unchanged: int = 0
    known: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    analysed: int = 0
    heard: int = 0
    duration_s: float = 0.0


def add(
    library: Library,
    paths: Iterable[Path],
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_refresh: Callable[[Track, int, int], None] | None = None,
) -> Report:
    """Add audio files, and all audio files of folders, to a library.

    May be interrupted at any moment, also by `kill -9`: what was reported is kept, and the next
    call goes on with the rest.

    Parameters
    ----------
    library : Library
        Opened for writing.
    paths : iterable of Path
        Files, and folders that are searched through.
    workers : int, optional
        Processes; by default one for each processor of this process. 0 analyses in this process,
        without its limits of memory and time: for audio that one trusts.
    on_progress : callable, optional
        Called with a `Progress` for each file, once it is safe on disk or has failed.
    on_refresh : callable, optional
        Called as by `refresh.refresh`, for each track of the library whose beat and key an older
        version found.

    Returns
    -------
    Report

    Raises
    ------
    DiskFullError, LibraryError
        What was reported as added is safe.
    """
    if workers is not None and workers < 0:
        raise ValueError(f"workers must not be negative, got {workers}")
    report = Report()
    found, unreadable = find_files(paths)
    files = []
    for path in found:
        try:
            files.append(look(path))
        except AudioFileError as error:
            unreadable.append((path, str(error).removeprefix(f"{path}: ")))
    library.commit()  # what an earlier run left half done, or another version left stale, is seen
    library.label()
    known = library.known_files()
    todo = [file for file in files if not _is_unchanged(file, known.get(as_key(file.path)))]
    report.unchanged = len(files) - len(todo)
    batch = _Batch(library, report, len(todo) + len(unreadable), on_progress)
    for path, why in unreadable:
        batch.fail(path, why)
    count = processors() if workers is None else workers
    with closing(outcomes(todo, library.known_contents(), count)) as results:
        try:
            for outcome in results:
                batch.take(outcome)
            batch.commit()
        except KeyboardInterrupt:
            batch.commit()  # what is done is kept
            raise
        except BaseException:
            library.rollback()
            raise
    waiting = [track for track in library.waiting_for_analysis() if track.path.is_file()]
    report.analysed = len(waiting) - len(refresh(library, waiting, count, on_refresh))
    unheard = [library.track(track_id) for track_id in library.heard.waiting()]
    unheard = [track for track in unheard if track.path.is_file()]
    report.heard = len(unheard) - len(embed(library, unheard, count, on_refresh))
    return report


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return the audio files of folders, by their suffix, and all files named themselves.

    Returns
    -------
    files : list of Path
        Sorted, each once.
    failed : list of (Path, str)
        Paths and folders that cannot be read, and why.
    """
    files: set[Path] = set()
    failed: list[tuple[Path, str]] = []

    def unreadable(error: OSError) -> None:
        failed.append((Path(error.filename), f"cannot be read ({audiofile.reason(error)})"))

    for path in (Path(os.path.abspath(p)) for p in paths):  # noqa: PTH100
        if not path.exists():
            failed.append((path, "does not exist"))
            continue
        if not path.is_dir():
            files.add(path)
            continue
        for folder, _, names in os.walk(path, onerror=unreadable):
            files.update(
                Path(folder, name)
                for name in names
                if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
            )
    return sorted(files), failed


def _is_unchanged(file: AudioFile, known: KnownFile | None) -> bool:
    return known is not None and (file.size, file.mtime_ns, True) == (
        known.size,
        known.mtime_ns,
        known.current,
    )


class _Batch:
    """Collects outcomes, commits them together, and reports them after that."""

    def __init__(
        self,
        library: Library,
        report: Report,
        total: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._library, self._report, self._total = library, report, total
        self._on_progress = on_progress
        self._done = 0
        self._since = time.monotonic()
        self._unsafe: list[tuple[int, Outcome]] = []

    def take(self, outcome: Outcome) -> None:
        """Store one outcome; commit when enough have come together."""
        file = outcome.file
        if outcome.error:
            self.fail(file.path, outcome.error)
        else:
            track_id = self._library.store(
                file.path, file.size, file.mtime_ns, outcome.digest, outcome.found
            )
            self._unsafe.append((track_id, outcome))
        if len(self._unsafe) >= _BATCH_TRACKS or time.monotonic() - self._since > _BATCH_S:
            self.commit()

    def commit(self) -> None:
        """Make what was stored safe, then report it."""
        self._library.commit()
        safe, self._unsafe = self._unsafe, []
        for track_id, outcome in safe:
            path, found = outcome.file.path, outcome.found
            if found is None:
                self._report.known.append(path)
                self._tell(path, "known")
                continue
            self._report.added.append(track_id)
            self._report.duration_s += found.duration_s
            if found.damaged:
                self._report.damaged.append(path)
            self._tell(path, "damaged" if found.damaged else "added", "", found.duration_s)
        self._since = time.monotonic()

    def fail(self, path: Path, reason: str) -> None:
        """Report a file that cannot be added."""
        self._report.failed.append((path, reason))
        self._tell(path, "failed", reason)

    def _tell(self, path: Path, outcome: str, reason: str = "", duration_s: float = 0.0) -> None:
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(Progress(path, outcome, self._done, self._total, reason, duration_s))
