"""The desk: a session and what is set by hand beside it, as the page, OSC and MPRIS share it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RecordingError
from engine.follow.harmony import Harmony
from engine.follow.tap import Taps
from engine.web.briefs import Briefs
from engine.web.instrument import Instrument
from engine.web.shelf import Shelf

if TYPE_CHECKING:
    from engine.io.record import Recorder
    from engine.session import Session

PARTS = ("status", "room", "decks", "queue", "keys", "library")
_MOST_NUDGE_S = 0.5


@dataclass
class Devices:
    """What sound goes in and out by, in words; None where there is nothing."""

    output: str | None = None
    input: str | None = None
    error: str | None = None


class Desk:
    """A session with its instrument, taps and recorder.

    Parameters
    ----------
    session : Session
    devices : Devices, optional
    midi : callable, optional
        Returns the port's name or None, and its state in a word.
    takes : Path, optional
        Folder of recordings; by default `antiphon` in the user's music folder.
    harmony : Harmony, optional
        Whoever gives one tells it of the keys that are heard.

    Attributes
    ----------
    started : float
        Epoch seconds.
    """

    def __init__(
        self,
        session: Session,
        devices: Devices | None = None,
        midi: Callable[[], tuple[str | None, str]] | None = None,
        takes: Path | None = None,
        harmony: Harmony | None = None,
    ) -> None:
        self.session = session
        self.synth = session.synth
        self.devices = devices or Devices()
        self.midi = midi or (lambda: (None, "off"))
        self.briefs = Briefs(session)
        self.shelf = Shelf(session)
        self.instrument = Instrument(session.synth, lambda: self.tell("keys"))
        self.harmony = harmony or Harmony(session.synth)
        self.master_db = 0.0
        self.tapped = False
        self.recorder: Recorder | None = None
        self.started = time.time()
        self._takes = takes
        self._taps = Taps(session.synth.sample_rate)
        self._lock = threading.Lock()
        self._listeners: list[Callable[[str], None]] = []
        session.on_change.append(self.tell)

    def close(self) -> None:
        """Finish a recording; the session stays its owner's."""
        with contextlib.suppress(ValueError):
            self.session.on_change.remove(self.tell)
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

    # --- who wants to know

    def listen(self, told: Callable[[str], None]) -> None:
        """Let `told` know the name of every part that changes, from whatever thread."""
        self._listeners.append(told)

    def unlisten(self, told: Callable[[str], None]) -> None:
        """Let it be left in peace."""
        with contextlib.suppress(ValueError):
            self._listeners.remove(told)

    def tell(self, part: str) -> None:
        """Say that a part has changed."""
        part = "queue" if part == "rules" else part
        for told in list(self._listeners):
            told(part)

    # --- time and level

    def set_tempo(self, bpm: float) -> None:
        """Go on at a tempo of our own; the music is no longer followed."""
        self.session.follower.follow_beat = False
        self.tapped = False
        self.synth.set_tempo(bpm)
        self.tell("status")

    def tap(self) -> float | None:
        """Take a tap; return the tempo in beats a minute once there is one."""
        frame = self.synth.frame
        with self._lock:
            found = self._taps.add(frame)
        if found is None:
            return None
        beat, bpm = found
        self.session.follower.follow_beat = False  # the hand knows better
        self.tapped = True
        self.synth.follow_beat(beat, frame, bpm, at_once=True)
        self.tell("status")
        return bpm

    def nudge(self, seconds: float) -> float:
        """Move the followed beat, later is positive; return by how much it is moved in all."""
        follower = self.session.follower
        moved = min(max(follower.nudge_s + seconds, -_MOST_NUDGE_S), _MOST_NUDGE_S)
        follower.nudge_s = moved
        self.tell("status")
        return moved

    def set_master(self, gain_db: float) -> None:
        """Set the level of everything."""
        self.synth.set_master(float(10.0 ** (gain_db / 20.0)))
        self.master_db = gain_db
        self.tell("status")

    def follow(self, beat: bool | None, tuning: bool | None, snap: bool | None) -> None:
        """Say what follows the music; None leaves it as it is."""
        follower = self.session.follower
        if beat is not None:
            follower.follow_beat = beat
        if tuning is not None:
            follower.follow_tuning = tuning
        if snap is not None:
            self.harmony.snap(snap)
        self.tell("status")

    # --- the music

    def go_on(self) -> None:
        """Go over to the head of the queue; play it, if nothing plays."""
        if self.session.decks.playing is None:
            self.session.play_next()
        else:
            self.session.decks.next()
        self.tell("decks")

    def present(self) -> int | None:
        """Return the track that is played, else the one that is heard."""
        playing = self.session.decks.playing
        if playing is not None:
            return playing.track_id
        heard = self.session.heard
        return None if heard is None else heard.track_id

    def like_present(self) -> None:
        """More like what is played or heard."""
        if (track_id := self.present()) is not None:
            self.session.like(track_id)

    def skip_next(self) -> None:
        """Not the head of the queue, and less like it."""
        entries = self.session.queue.entries
        if entries:
            self.session.skip(entries[0].track.id)

    # --- recording

    def record(self) -> str:
        """Begin to write what goes out into a new file; return its name.

        Raises
        ------
        RecordingError
            If one is being written, or cannot be.
        """
        with self._lock:
            if self.recorder is not None and self.recorder.error is None:
                raise RecordingError(f"{self.recorder.path.name} is being recorded")
            folder = self._takes or _takes_folder()
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RecordingError(f"{folder}: cannot be made ({error.strerror})") from None
            name = time.strftime("session-%Y-%m-%d-%H%M%S.flac")
            self.recorder = self.synth.record(folder / name)
        self.tell("status")
        return name

    def stop_recording(self) -> Path | None:
        """End the recording; return its file, None if there was none."""
        with self._lock:
            recorder, self.recorder = self.recorder, None
        if recorder is None:
            return None
        recorder.close()
        self.tell("status")
        recorder.check()
        return recorder.path


def _takes_folder() -> Path:
    import platformdirs

    return platformdirs.user_music_path() / "antiphon"
