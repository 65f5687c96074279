"""Session: synth, listener, decks and queue together, for an evening."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from engine.decks import Cue, Decks
from engine.follow import Follower
from engine.io.device import Stream
from engine.library import Library, Track
from engine.listener import Heard, Listener
from engine.synth import Synth
from recommend import Reason, Recommender, Suggestion

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope

QUEUE_LENGTH = 5
_HEARD_KEPT = 20
_OWN_S = 8.0  # what a deck stopped playing still rings and is still in the listener's ear
_LEAST_SHARE = 0.01  # of all that speaks for a track: what weighs less is not worth a word
_VERBS = {
    "playlists": "shares playlists with",
    "sound": "sounds like",
    "cold": "sounds like neighbours of",
}


@dataclass(frozen=True)
class Entry:
    """A track of the queue: why it stands there, in words and in numbers."""

    track: Track
    suggestion: Suggestion | None
    reason: str


def reason_in_words(
    suggestion: Suggestion, title: Callable[[int], str], skips: Collection[int] = ()
) -> str:
    """Say why a track is suggested, what weighs most first.

    Parameters
    ----------
    suggestion : Suggestion
    title : callable
        Names a track.
    skips : collection of int
        Tracks that were skipped: to be unlike them speaks for another.
    """
    in_favour = sum(max(reason.share, 0.0) for reason in suggestion.reasons)
    words = list(
        dict.fromkeys(
            words_of(reason, title, skips)
            for reason in sorted(suggestion.reasons, key=lambda reason: -reason.share)
            if reason.share > 0 and reason.share >= _LEAST_SHARE * in_favour
        )
    )
    if len(words) < 2:
        return words[0] if words else "is left to hear"
    return f"above all {words[0]}; also {'; '.join(words[1:])}"


def words_of(reason: Reason, title: Callable[[int], str], skips: Collection[int] = ()) -> str:
    """Return one reason in words; parameters as of `reason_in_words`."""
    if reason.kind == "popular":
        return "stands in many playlists" if reason.share > 0 else "is left to hear"
    name = title(reason.track_id)
    if reason.track_id in skips and reason.share > 0:
        return f"is unlike {name}"
    words = f"{_VERBS.get(reason.kind, reason.kind)} {name}"
    if reason.share > 0:
        return words
    return f"although it {words}" if reason.track_id in skips else f"although it hardly {words}"


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
    follower : Follower
        Keeps the synthesizer in time with what is heard, or with the decks.

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
        self._on_heard = on_heard
        self._tracks = {track.id: track for track in library.tracks()}
        self._recommender: Recommender = library.recommender()
        self._lock = threading.RLock()
        self._heard: deque[int] = deque(maxlen=_HEARD_KEPT)
        self._likes: list[int] = []
        self._skips: list[int] = []
        self._played: list[int] = []
        self._queue: list[Entry] = []
        self.history: list[tuple[Heard, Track | None]] = []
        self.decks = Decks(synth.state, synth.sample_rate, self._next, on_error)
        self.decks.auto = play_queue
        self.renew()
        if round_trip_s is None:
            round_trip_s = stream.latency_s + stream.input_latency_s
        self.follower = Follower(synth, self._beats, round_trip_s, self.decks.place)
        self.listener = Listener(
            synth.state, library.index, synth.sample_rate, self._take, follower=self.follower
        )

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
        self.listener.close()
        self.decks.close()

    # --- what comes next

    @property
    def queue(self) -> list[Entry]:
        """What is to be played, next first."""
        with self._lock:
            return list(self._queue)

    def like(self, track_id: int) -> None:
        """More like this."""
        with self._lock:
            self._likes.append(self._known(track_id))
        self.renew()

    def skip(self, track_id: int) -> None:
        """Not this one, and less like it."""
        with self._lock:
            self._skips.append(self._known(track_id))
        self.renew()

    def renew(self) -> None:
        """Fill the queue from what was heard, liked and skipped."""
        with self._lock:
            seeds = list(dict.fromkeys(reversed(self._heard)))
            found = self._recommender.recommend(
                seeds,
                n=QUEUE_LENGTH,
                likes=self._likes,
                skips=self._skips,
                exclude=self._played,
            )
            self._queue = [
                Entry(
                    self._tracks[one.track_id], one, reason_in_words(one, self._title, self._skips)
                )
                for one in found
                if one.track_id in self._tracks
            ]

    def play(self, track_id: int, start_s: float = 0.0) -> None:
        """Play a track, now."""
        track = self._tracks[self._known(track_id)]
        with self._lock:
            self._played.append(track_id)
        self.decks.play(self._cue(track, start_s))

    def play_next(self) -> Track | None:
        """Play the head of the queue, now; None when the queue is empty."""
        following = self._next()
        if following is None:
            return None
        self.decks.play(following)
        return self._tracks[following.track_id]

    def _cue(self, track: Track, start_s: float | None = None) -> Cue:
        trim = self.decks.crossfade_s > 0.0
        return Cue.of(track.id, track.path, self.library.analysis(track.id), start_s, trim)

    def _next(self) -> Cue | None:
        with self._lock:
            if not self._queue:
                return None
            track = self._queue[0].track
            self._played.append(track.id)
            self._heard.append(track.id)
        self.renew()
        return self._cue(track)

    # --- what is heard

    def is_own(self, track_id: int) -> bool:
        """Whether our own decks play this track, or did until a moment ago."""
        return self.decks.sent_within(track_id, _OWN_S)

    def _beats(self, track_id: int) -> tuple[Analysis, OnsetEnvelope | None] | None:
        found = self.library.analysis(track_id)
        return None if found is None else (found, self.library.onsets(track_id))

    def _take(self, heard: Heard) -> None:
        track = self._tracks.get(heard.track_id) if heard.track_id is not None else None
        if track is not None:
            if self.is_own(track.id):
                return  # we know what we play
            with self._lock:
                new = not self._heard or self._heard[-1] != track.id
                if new:
                    self._heard.append(track.id)
            if new:  # and not just another place in it
                self.renew()
        self.history.append((heard, track))
        if self._on_heard is not None:
            self._on_heard(heard, track)

    def _known(self, track_id: int) -> int:
        if track_id not in self._tracks:
            raise ValueError(f"track_id must be a track of the library, got {track_id}")
        return track_id

    def _title(self, track_id: int) -> str:
        with contextlib.suppress(KeyError):
            return self._tracks[track_id].name
        return f"track {track_id}"
