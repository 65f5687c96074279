"""Session: synth, listener, decks and queue together, for an evening."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from engine.decks import Cue, Decks
from engine.errors import LibraryError
from engine.follow import Follower
from engine.io.device import Stream
from engine.library import Library, Track
from engine.listener import Heard, Listener
from engine.session.adding import Adding, AddProgress
from engine.session.chooser import Chooser
from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.history import History
from engine.session.learning import Learning
from engine.session.moments import Moments
from engine.session.play_queue import PlayQueue
from engine.session.renewing import Renewing, RenewProgress
from engine.session.rules import Rules
from engine.synth import Synth
from engine.watch import played_until

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope

_OWN_S = 8.0  # what a deck stopped playing still rings and is still in the listener's ear


class Session:
    """What the room plays drives what comes next.

    Parameters
    ----------
    library : Library
    synth : Synth
    stream : Stream
        Already open, with its microphone feeding the synth's state.
    on_heard : callable, optional
        Told (Heard, Track or None) from the listening thread, after the queue was renewed.
    play_queue : bool
        Let the decks play the queue, each track into the next.
    on_error : callable, optional
        Told (path, reason) of a file that the decks cannot play, from one of their threads.
    round_trip_s : float, optional
        From the making of a frame to its return by the microphone, as `antiphon devices --latency`
        measures it; what the device says of itself if not given.

    Attributes
    ----------
    decks : Decks
    queue : PlayQueue
    history : History
    follower : Follower
        Keeps the synthesizer in time with what is heard, or with the decks.
    listener : Listener
    heard : Heard or None
        What the room played last, as far as it was not our own.
    on_change : list of callables
        Each is told the name of a part that changed ('queue', 'room', 'decks', 'library', 'keys' or
        'rules'), from whichever thread changed it, while no lock is held.

    Examples
    --------
    See examples/session.py.
    """

    def __init__(
        self,
        library: Library,
        synth: Synth,
        stream: Stream,
        on_heard: Callable[[Heard, Track | None], None] | None = None,
        play_queue: bool = False,
        on_error: Callable[[Path, str], None] | None = None,
        round_trip_s: float | None = None,
    ) -> None:
        self.library = library
        self.synth = synth
        self.stream = stream
        self.on_change: list[Callable[[str], None]] = []
        self.history = History()
        self._on_heard = on_heard
        self._evening = Evening()
        self._lock = threading.Lock()
        self._adding: Adding | None = None
        self._learning: Learning | None = None
        self._renewing: Renewing | None = None
        self._opened: list[Library] = []  # by the session, each in place of the one before
        self._room: tuple[str, int | None] | None = None
        self.heard: Heard | None = None
        self._facts = Facts(library)
        self.queue = PlayQueue(
            Chooser(self._facts, library.recommender()),
            self._evening,
            self._queue_changed,
            self._playing_left_s,
            lambda: self.decks.crossfade_s,
        )
        self._moments = Moments(
            library.embeddings, self._path, self.queue.note_moment, library.heard.fragments
        )
        self.decks = Decks(synth.state, synth.sample_rate, self._next, on_error)
        self.decks.auto = play_queue
        self.decks.on_change.append(self._decks_changed)
        self.queue.renew()
        if round_trip_s is None:
            round_trip_s = stream.latency_s + stream.input_latency_s
        self.follower = Follower(synth, self._beats, round_trip_s, self.decks.place)
        self.listener = self._listen()
        self._learn()
        if not library.writable:  # otherwise nothing but this process can store
            self._renewing = Renewing(library.directory, self._is_adding, self._take_renewed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; the stream and the library stay their owner's."""
        if self._adding is not None:
            self._adding.close()
        if self._learning is not None:
            self._learning.close()
        if self._renewing is not None:
            self._renewing.close()
        self._moments.close()
        self.listener.close()
        self.follower.close()
        self.decks.close()
        for library in self._opened:
            library.close()

    def tell(self, part: str) -> None:
        """Tell all who want to know that a part changed."""
        for told in list(self.on_change):
            told(part)

    # --- what comes next

    @property
    def rules(self) -> Rules:
        """What the queue observes beside taste; set it to change that."""
        return self.queue.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self.queue.rules = rules
        self.tell("rules")

    def like(self, track_id: int) -> None:
        """More like this."""
        self.queue.like(self._known(track_id))
        self.history.note("like", self.track(track_id))

    def unlike(self, track_id: int) -> None:
        """Take a like back."""
        self.queue.unlike(self._known(track_id))

    def skip(self, track_id: int) -> None:
        """Not this one, and less like it; what plays now plays on."""
        self.queue.skip(self._known(track_id))
        self.history.note("skip", self.track(track_id))

    def more_like(self, track_id: int) -> None:
        """Go on from this track alone, and from what is heard and liked after it."""
        self.queue.more_like(self._known(track_id))

    def renew(self) -> None:
        """Suggest anew, from what was heard, liked and skipped; behind a fitted queue, too."""
        self.queue.open()

    def _queue_changed(self) -> None:
        for speaker, track_id, moment_s in self._moments.look(self.queue.entries):
            self.queue.note_moment(speaker, track_id, moment_s)
        self.tell("queue")

    def _path(self, track_id: int) -> Path | None:
        track = self.track(track_id)
        return None if track is None else track.path

    def track(self, track_id: int) -> Track | None:
        """Return a track of the library; None if there is none of this id."""
        return self._facts.track(track_id)

    # --- what there is

    @property
    def adding(self) -> AddProgress | None:
        """How far the adding of a folder has come; None before the first one."""
        return None if self._adding is None else self._adding.progress

    def add_folder(self, path: Path) -> None:
        """Add the music of a folder to the library, in another process, while all goes on.

        Raises
        ------
        LibraryError
            If a folder is being added, or this process holds the library for writing.
        """
        if self.library.writable:
            raise LibraryError("the library is open for writing here; only another process can add")
        with self._lock:
            if self._adding is not None and not self._adding.progress.finished:
                raise LibraryError(f"{self._adding.progress.folder} is being added; wait for it")
            self._adding = Adding(
                path, self.library.directory, lambda: self.tell("library"), self.reload
            )
        self.tell("library")

    def wait_for_adding(self, timeout_s: float) -> bool:
        """Wait until a folder is added; False if it is not within `timeout_s`."""
        return self._adding is None or self._adding.wait(timeout_s)

    def _is_adding(self) -> bool:
        return self._adding is not None and not self._adding.progress.finished

    @property
    def renewing(self) -> RenewProgress | None:
        """How far analysing anew what an older version analysed has come; None if nothing is."""
        progress = None if self._renewing is None else self._renewing.progress
        return progress if progress is not None and progress.total else None

    def wait_for_renewing(self, timeout_s: float) -> bool:
        """Wait until all is analysed anew; False if it is not within `timeout_s`."""
        return self._renewing is None or self._renewing.wait(timeout_s)

    def _take_renewed(self) -> None:
        self._facts.forget_traits()
        self.tell("library")

    def reload(self) -> None:
        """Take in what another process changed in the library; the sound goes on."""
        library = Library.open(self.library.directory, create=False, writable=False)
        chooser = Chooser(Facts(library), library.recommender())
        _ = library.index  # opened before the listener has to wait for it
        self._opened.append(library)
        self.library, self._facts = library, chooser.facts
        self.queue.use(chooser)
        self.listener.close()
        self.listener = self._listen()
        self._learn()
        self.tell("library")

    def _learn(self) -> None:
        """Train a better model, in another process, where playlists can teach one."""
        running = self._learning is not None and self._learning.running
        if not running and self.library.taste.is_due():
            self._learning = Learning(self.library.directory, self._use_what_was_learnt)

    def _use_what_was_learnt(self) -> None:
        self.queue.use(Chooser(self._facts, self.library.recommender()))

    # --- what is played

    def play(self, track_id: int, start_s: float = 0.0) -> None:
        """Play a track on the decks, now."""
        track = self.track(self._known(track_id))
        assert track is not None
        self.decks.play(self._cue(track, start_s))
        self._evening.play(track_id)
        self.history.note("played", track, start_s)
        self.queue.renew()

    def play_next(self) -> Track | None:
        """Play the head of the queue, now; None when the library is empty."""
        following = self._next()
        if following is None:
            return None
        self.decks.play(following)
        return self.track(following.track_id)

    def _cue(self, track: Track, start_s: float | None = None) -> Cue:
        trim = self.decks.crossfade_s > 0.0
        return Cue.of(track.id, track.path, self.library.analysis(track.id), start_s, trim)

    def _next(self) -> Cue | None:
        entry = self.queue.advance()
        if entry is None:
            return None
        self.history.note("played", entry.track)
        return self._cue(entry.track)

    def _playing_left_s(self) -> float:
        return self.decks.remaining_s or 0.0

    def _decks_changed(self) -> None:
        if self.decks.playing is None:
            self.history.end_played()
        self.tell("decks")

    # --- what is heard

    def is_own(self, track_id: int) -> bool:
        """Whether our own decks play this track, or did until a moment ago."""
        return self.decks.sent_within(track_id, _OWN_S)

    def _beats(self, track_id: int) -> tuple[Analysis, OnsetEnvelope | None] | None:
        found = self.library.analysis(track_id)
        return None if found is None else (found, self.library.onsets(track_id))

    def _listen(self) -> Listener:
        return Listener(
            self.synth.state,
            self.library.index,
            self.synth.sample_rate,
            self._take,
            follower=self.follower,
            own_sound=self._own_sound,
        )

    def _own_sound(self, track_id: int, frame: int, count: int) -> NDArray[np.float32] | None:
        """Return what we played besides this track; see `engine.listener.OwnSound`."""
        if self.is_own(track_id):
            return None
        return played_until(self.synth.state, frame, count)

    def _take(self, heard: Heard) -> None:
        track = self.track(heard.track_id) if heard.track_id is not None else None
        if track is not None and self.is_own(track.id):
            return  # we know what we play
        self.heard = heard
        state = heard.state, track.id if track is not None else None
        if state != self._room:  # and not just another place in it
            self._room = state
            kind = "heard" if track is not None else heard.state
            self.history.note(
                "unknown" if kind == "known" else kind, track, heard.position_s, heard.confidence
            )
        if track is not None and self._evening.hear(track.id):
            self.queue.renew()
        if self._on_heard is not None:
            self._on_heard(heard, track)
        self.tell("room")

    def _known(self, track_id: int) -> int:
        if track_id not in self._facts:
            raise ValueError(f"track_id must be a track of the library, got {track_id}")
        return track_id
