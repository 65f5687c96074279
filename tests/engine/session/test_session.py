"""The session: what is heard, liked and skipped drives the queue; our own music does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.io.device import Stream
from engine.library import Library, Track
from engine.listener import Heard
from engine.session import QUEUE_LENGTH, Session, reason_in_words
from engine.synth import Synth
from recommend import Reason, Suggestion

from ..made import Made, made_library

_COUNT = 24
_RATE = 48_000


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    """Return a library whose playlists hold either even or odd tracks (a checkerboard)."""
    rng = np.random.default_rng(0)
    sides = [np.arange(0, _COUNT, 2), np.arange(1, _COUNT, 2)]  # places; ids are one more
    playlists = [rng.permutation(sides[i % 2])[:8].tolist() for i in range(40)]
    tracks = [Made(f"Tune {i}", f"Artist {i}", 40.0, bpm=150.0) for i in range(1, _COUNT + 1)]
    with made_library(tmp_path, tracks, playlists) as library:
        yield library


@pytest.fixture
def synth() -> Synth:
    synth = Synth()
    synth.render([], 0.01)
    return synth


@pytest.fixture
def session(tmp_path: Path, shelf: Library, synth: Synth) -> Iterator[Session]:
    (tmp_path / "music").mkdir()
    with Session(shelf, synth, Stream(synth, 128)) as session:
        yield session


def _heard(track_id: int | None) -> Heard:
    state: Any = "unknown" if track_id is None else "known"
    return Heard(state, track_id, 3.0, 0.9, 1.0, 1_000, 1.5)


def _ids(session: Session) -> list[int]:
    return [entry.track.id for entry in session.queue]


def test_a_track_that_is_heard_fills_the_queue_with_its_like(session: Session) -> None:
    session._take(_heard(4))
    assert len(session.queue) == QUEUE_LENGTH
    assert all(track % 2 == 0 and track != 4 for track in _ids(session))
    (event,) = session.history.entries
    assert (event.kind, event.track_id, event.title) == ("heard", 4, "Tune 4")


def test_likes_and_skips_change_the_queue_at_once(session: Session) -> None:
    session._take(_heard(4))
    first = _ids(session)
    session.skip(first[0])
    assert first[0] not in _ids(session)
    for odd in (1, 3, 5, 7):
        session.like(odd)
    assert sum(track % 2 for track in _ids(session)) >= 3
    assert not {1, 3, 5, 7} & set(_ids(session))


def test_every_entry_says_why_it_stands_there(session: Session) -> None:
    session._take(_heard(4))
    for entry in session.queue:
        assert "shares playlists with Artist 4 - Tune 4" in entry.reason
        assert entry.suggestion is not None
        assert entry.suggestion.reasons[0].track_id == 4
        assert sum(voice.share for voice in entry.voices) == pytest.approx(1.0)
        assert {voice.track_id for voice in entry.voices} == {4}
    shares = [entry.share for entry in session.queue]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0


def test_reasons_are_put_in_words_each_once_and_none_of_those_against() -> None:
    reasons = (
        Reason("playlists", 1, 0.5),
        Reason("sound", 2, 0.3),
        Reason("sound", 2, 0.2),
        Reason("cold", 3, 0.1),
        Reason("playlists", 4, -0.4),
    )

    def words(*reasons: Reason) -> str:
        return reason_in_words(Suggestion(9, 1.0, reasons), lambda track: f"T{track}", {5})

    assert words(*reasons) == (
        "above all shares playlists with T1; also sounds like T2;"
        " goes by its sound and artist with T3"
    )
    assert words(*reasons[::-1]) == words(*reasons)  # what weighs most comes first
    assert words(reasons[1]) == "sounds like T2"
    assert words(reasons[0], Reason("sound", 2, 0.004)) == "shares playlists with T1"
    assert words(Reason("sound", 5, 0.1)) == "is unlike T5"
    popular = Suggestion(9, 1.0, (Reason("popular", 9, 0.1),))
    assert reason_in_words(popular, str) == "stands in many playlists"
    assert reason_in_words(Suggestion(9, 1.0, ()), str) == "is left to hear"


def test_an_unknown_sound_is_told_and_leaves_the_queue_alone(shelf: Library, synth: Synth) -> None:
    told: list[tuple[Heard, Track | None]] = []
    with Session(shelf, synth, Stream(synth, 128), lambda *what: told.append(what)) as session:
        session._take(_heard(4))
        before = _ids(session)
        session._take(_heard(None))
        assert _ids(session) == before
    assert [track and track.id for _, track in told] == [4, None]


def _play(synth: Synth, session: Session, until_playing: bool) -> None:
    idle = threading.Event()
    out = np.empty((480, 2), np.float32)
    for _ in range(30_000):
        synth.render_block(out)
        if (session.decks.playing is not None) == until_playing:
            return
        idle.wait(0.002)
    raise AssertionError("the deck did not obey")


def test_what_our_own_deck_plays_is_never_reported_nor_just_after_it_stopped(
    session: Session, synth: Synth, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "music/6.wav", np.full(_RATE * 20, 0.2), _RATE)
    session.play(6)
    _play(synth, session, until_playing=True)
    assert session.is_own(6)
    session._take(_heard(6))
    assert [event.kind for event in session.history.entries] == ["played"]
    synth.render([], 12.0)  # it plays on, and nobody asks
    session.decks.stop()
    _play(synth, session, until_playing=False)
    session._take(_heard(6))  # the room rings on, the listener is behind
    assert [event.kind for event in session.history.entries] == ["played"]
    synth.render([], 9.0)
    session._take(_heard(6))  # now it is somebody else's
    assert session.history.entries[-1].kind == "heard"


def test_the_synthesizer_is_in_time_with_our_own_deck(
    session: Session, synth: Synth, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "music/6.wav", np.full(_RATE * 40, 0.2), _RATE)
    session.play(6, start_s=3.3)
    _play(synth, session, until_playing=True)
    out = np.empty((480, 2), np.float32)
    for _ in range(20):
        session.follower.feed(np.zeros(480, np.float32), synth.frame)
        synth.render_block(out)
    assert session.follower.following.state == "locked"
    assert synth.tempo == pytest.approx(150.0, abs=0.01)
    place = session.decks.place()
    assert place is not None
    track_id, position_s, frame = place
    assert track_id == 6
    one = synth.state[0]
    beat = float(one["beat"] + (frame % 32) * one["beats_per_frame"])
    assert beat == pytest.approx(position_s / 0.4, abs=0.01)


def test_the_queue_is_played_from_its_head_and_repeats_only_when_all_was_played(
    session: Session, tmp_path: Path
) -> None:
    for i in range(_COUNT):
        soundfile.write(tmp_path / f"music/{i + 1}.wav", np.full(4_800, 0.1), _RATE)
    session._take(_heard(4))
    played: list[int] = []
    for _ in range(_COUNT - 1):
        head = session.queue[0].track.id
        track = session.play_next()
        assert track is not None
        assert track.id == head
        played.append(track.id)
    assert sorted([4, *played]) == list(range(1, _COUNT + 1))  # nothing twice
    for expected in (4, *played[:5]):  # what was never played, then the longest ago
        assert "heard the longest ago" in session.queue[0].reason
        track = session.play_next()
        assert track is not None
        assert track.id == expected


def test_a_track_that_is_none_of_the_library_is_refused(session: Session) -> None:
    for call in (session.like, session.unlike, session.skip, session.more_like, session.play):
        with pytest.raises(ValueError, match="track_id must be a track of the library, got 999"):
            call(999)
