"""What an older version analysed is analysed anew while the session goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.analysis import VERSION
from engine.errors import AntiphonError, AudioFileError, LibraryLockedError, NoSuchTrackError
from engine.library import Library, Track
from engine.library.crew import look
from engine.library.database import WriterLock
from engine.library.worker import Worker, time_limit_s

_NICE = 15  # the session comes first
_AGAIN_S = 2.0  # while another process changes the library
_TELL_EVERY_S = 5.0  # to tell it all costs as much as to count a large library


@dataclass(frozen=True)
class RenewProgress:
    """How far it has come.

    Attributes
    ----------
    done, total : int
        Tracks analysed anew or given up, and how many there are to be.
    finished : bool
    error : str
        Why it ended early; else empty.
    """

    done: int = 0
    total: int = 0
    finished: bool = False
    error: str = ""


class Renewing:
    """Analyses one file after the other, in another process; what is done is kept.

    What was there serves until then. Files that are gone, or cannot be decoded, keep it. The right
    to change the library is taken for the moment of storing only, so that music can be added
    meanwhile; one session does it at a time.

    Parameters
    ----------
    directory : Path
        Of the library.
    busy : callable
        Returns whether there is something better to do, as long as which no file is begun.
    changed : callable
        Called, from a thread, every few seconds in which `progress` or the library became others.
    """

    def __init__(
        self, directory: Path, busy: Callable[[], bool], changed: Callable[[], None]
    ) -> None:
        self.progress = RenewProgress()
        self._directory = directory
        self._busy, self._changed = busy, changed
        self._told_s = time.monotonic()
        self._closing = threading.Event()
        self._worker = Worker(niceness=_NICE)
        self._thread = threading.Thread(target=self._run, name="renewing", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; False if it is not within `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End it; what is analysed so far is kept."""
        self._closing.set()
        self._worker.kill()
        self._thread.join()

    def _run(self) -> None:
        error = ""
        try:
            turn = WriterLock(self._directory, "renewing.lock", "analysed anew")
            try:
                with Library.open(self._directory, create=False, writable=False) as library:
                    self._renew(library)
            finally:
                turn.release()
                self._worker.close()
        except LibraryLockedError:
            pass  # another session is at it
        except (AntiphonError, OSError) as problem:
            error = str(problem)
        if self.progress.total and not self._closing.is_set():
            self.progress = replace(self.progress, finished=True, error=error)
            self._changed()

    def _renew(self, library: Library) -> None:
        tracks = [track for track in library.waiting_for_analysis() if track.path.is_file()]
        self.progress = RenewProgress(total=len(tracks))
        for done, track in enumerate(tracks, 1):
            while self._busy() and not self._closing.wait(_AGAIN_S):
                pass
            if self._closing.is_set():
                return
            if not _is_current(library, track):  # by `antiphon add`, meanwhile
                self._learn(library, track)
            self.progress = replace(self.progress, done=done)
            if time.monotonic() - self._told_s >= _TELL_EVERY_S:
                self._told_s = time.monotonic()
                self._changed()

    def _learn(self, library: Library, track: Track) -> None:
        try:
            limit_s = time_limit_s(look(track.path).size)
            sound, onsets = self._worker.learn(track.path, limit_s)
        except AudioFileError:
            return
        while not self._closing.is_set():
            try:
                with Library.open(self._directory, create=False) as writable:
                    writable.track(track.id)
                    if not _is_current(writable, track):
                        writable.store_analysis(track.id, sound, onsets)
                return
            except NoSuchTrackError:
                return  # removed meanwhile
            except LibraryLockedError:
                self._closing.wait(_AGAIN_S)


def _is_current(library: Library, track: Track) -> bool:
    found = library.analysis(track.id)
    return found is not None and found.version == VERSION
