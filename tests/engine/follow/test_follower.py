"""The follower: a coarse ear and the sound itself become an exact beat, or none at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from engine.analysis import Analysis, Grid, Key, OnsetEnvelope
from engine.analysis.features import FINE_HOP_S, SAMPLE_RATE, FineStream
from engine.analysis.onsets import HOP_S
from engine.follow import Follower
from engine.parts import Follow
from engine.synth import Synth
from fingerprint import Identification
from fingerprint.match import Match
from tests.engine.analysis.conftest import sounded, steady

_RATE = 48_000
_BLOCK = 4_096
_TRACK = 7
_LENGTH_S = 60.0
_GRID = Grid(first_s=0.2, period_s=0.5, count=118, downbeat=1, confidence=0.9)
_ANALYSIS = Analysis(
    duration_s=_LENGTH_S,
    grid=_GRID,
    key=Key(9, "minor", 0.9),
    keys=(),
    tuning_cents=14.0,
    tuning_confidence=0.9,
    loudness_lufs=None,
    true_peak_db=None,
    energy_db=(),
    cue_in_s=0.0,
    cue_out_s=_LENGTH_S,
    cue_confidence=0.0,
)


@pytest.fixture(scope="module")
def track() -> NDArray[np.float32]:
    """Return a piece of short noises on and off the beat, at 48 kHz."""
    rng = np.random.default_rng(1)
    out = np.zeros(round(_LENGTH_S * _RATE), np.float32)
    decay = np.exp(-np.arange(2_400) / 480)
    for step in range(238):
        if rng.random() < 0.6:
            at = round((0.2 + step * 0.25 + rng.normal(0, 0.004)) * _RATE)
            part = (rng.uniform(0.1, 0.5) * decay * rng.standard_normal(2_400))[: len(out) - at]
            out[at : at + len(part)] += part.astype(np.float32)
    return out


@pytest.fixture(scope="module")
def envelope(track: NDArray[np.float32]) -> OnsetEnvelope:
    """Return its onset envelope."""
    stream = FineStream()
    audio = soxr.resample(track, _RATE, SAMPLE_RATE)
    fine = stream.feed(np.asarray(audio, np.float32))[:, 3]
    times = np.arange(0, _LENGTH_S - 1, HOP_S)
    level = np.interp(times, np.arange(len(fine)) * FINE_HOP_S, fine)
    return OnsetEnvelope((np.sqrt(level / level.max()) * 255).astype(np.uint8))


class _Room:
    """Plays a track to a follower, and answers for the ear every quarter of a second."""

    def __init__(self, follower: Follower, synth: Synth, track: NDArray[np.float32]) -> None:
        self.follower, self.synth, self.track = follower, synth, track
        self.start_s = 0.0  # of the track at frame 0 of the stream
        self.off_s = 0.015  # error of the ear
        self.cents = 0.0
        self.guessed: float | None = None  # confidence of what is not named but guessed
        self.guess_off_s = 0.0  # by how much the guess is elsewhere
        self._blocks = 0
        self._out = np.zeros((_BLOCK, 2), np.float32)
        self._noise = np.random.default_rng(5)

    def play(self, seconds: float, silent: bool = False) -> None:
        """Let time pass: sound for the microphone, answers, and the synthesizer's own frames."""
        for _ in range(round(seconds * _RATE / _BLOCK)):
            frame = self.synth.frame
            at = round(self.start_s * _RATE) + frame
            sound = np.zeros(_BLOCK, np.float32) if silent else self.track[at : at + _BLOCK]
            sound = sound + self._noise.normal(0, 1e-3, len(sound)).astype(np.float32)
            self.synth.render_block(self._out)
            self.follower.feed(sound, frame)
            self._blocks += 1
            if not silent and self._blocks % 3 == 0:
                self._answer(frame + _BLOCK)

    def _answer(self, frame: int) -> None:
        position_s = self.start_s + frame / _RATE + self.off_s
        if self.guessed is not None:
            offset_s = position_s - 3.0 + self.guess_off_s
            guess = Match(_TRACK, offset_s, self.guessed, 1.0, self.cents, known=False)
            self.follower.hear(Identification(None, frame, None, 3.0, guess), frame)
            return
        match = Match(_TRACK, position_s - 3.0, 0.99, 1.0, self.cents, known=True)
        self.follower.hear(Identification(match, frame, position_s, 3.0), frame)

    @property
    def state(self) -> str:
        """What the follower says of itself."""
        return self.follower.following.state

    @property
    def error_s(self) -> float:
        """By how much the synthesizer's beat is ahead of the music, in seconds."""
        ahead = self.synth.frame - self.synth.beat_frame
        beat = self.synth.beat + ahead * float(self.synth.state[0]["beats_per_frame"])
        true = float(_GRID.beat_at(self.start_s + self.synth.frame / _RATE)) - _GRID.downbeat
        return (beat - true) * _GRID.period_s


def _room(
    track: NDArray[np.float32],
    envelope: OnsetEnvelope | None,
    analysis: Analysis = _ANALYSIS,
    round_trip_s: float = 0.0,
) -> _Room:
    synth = Synth()
    follower = Follower(
        synth,
        lambda number: (analysis, envelope) if number == _TRACK else None,
        round_trip_s=round_trip_s,
    )
    return _Room(follower, synth, track)


def test_an_ear_that_is_15_ms_off_gives_a_beat_within_3_ms_and_its_downbeat(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.start_s = 10.1
    room.play(4.0)
    assert room.state == "locked"
    assert room.follower.following.bpm == pytest.approx(120.0, abs=0.2)
    assert abs(room.error_s) < 0.003


def test_a_guess_that_the_onsets_bear_out_is_followed_but_not_named(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.guessed, room.cents = 0.8, 20.0
    room.play(4.0)
    following = room.follower.following
    assert following.state == "tracking"
    assert (following.track_id, following.position_s, following.cents) == (None, None, 0.0)
    assert abs(room.error_s) < 0.003
    room.guessed = None
    room.play(0.3)  # the name, at last: nothing begins anew
    assert room.state == "locked"
    assert abs(room.error_s) < 0.003


@pytest.mark.parametrize("confidence", [0.5, 0.8])
@pytest.mark.parametrize("off_s", [-9.13, 0.12, 5.61, 21.4])
def test_a_guess_of_another_place_is_not_followed(
    track: NDArray[np.float32], envelope: OnsetEnvelope, confidence: float, off_s: float
) -> None:
    room = _room(track, envelope)
    room.synth.set_tempo(93.0)
    room.start_s, room.guessed, room.guess_off_s = 12.0, confidence, off_s
    room.play(4.0)
    assert room.state == "off"
    assert room.synth.tempo == pytest.approx(93.0)


def test_a_guess_is_let_go_when_it_is_not_guessed_again(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.guessed = 0.8
    room.play(3.0)
    assert room.state == "tracking"
    room.guessed = 0.3
    room.play(2.0)
    assert room.state == "tracking"
    room.play(1.5)
    assert room.state == "off"


def test_a_name_elsewhere_takes_the_place_of_a_guess_at_once(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.guessed = 0.8
    room.play(3.0)
    room.guessed = None
    room.start_s += 20.13
    room.play(2.6)
    assert room.state == "locked"
    assert abs(room.error_s) < 0.003


def test_without_an_envelope_the_ear_is_believed_once_it_is_steady(
    track: NDArray[np.float32],
) -> None:
    room = _room(track, None)
    room.play(1.0)
    assert room.state == "listening"
    room.play(4.0)
    assert room.state == "locked"
    assert room.error_s == pytest.approx(room.off_s, abs=0.003)


def test_the_round_trip_moves_the_beat_forward(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope, round_trip_s=0.03)
    room.play(4.0)
    assert room.error_s == pytest.approx(0.03, abs=0.003)


def test_a_nudge_moves_it_by_hand(track: NDArray[np.float32], envelope: OnsetEnvelope) -> None:
    room = _room(track, envelope)
    room.play(4.0)
    room.follower.nudge_s = 0.01
    room.play(4.0)
    assert room.error_s == pytest.approx(-0.01, abs=0.003)


def test_a_seek_is_followed_to_the_new_place(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.play(4.0)
    room.start_s += 20.13
    room.play(1.6)  # the shortest sound that a place is looked for in
    for _ in range(6):
        room.play(0.25)
        assert abs(room.error_s) < 0.003  # nothing from before the seek has a say


def test_a_seek_is_followed_within_three_seconds_by_the_ear_alone(
    track: NDArray[np.float32],
) -> None:
    room = _room(track, None)
    room.play(5.0)
    room.start_s += 20.13
    room.play(3.0)
    assert room.state == "locked"
    assert room.error_s == pytest.approx(room.off_s, abs=0.005)


def test_it_freewheels_through_16_beats_and_then_lets_go(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.play(6.0)
    room.play(8.0, silent=True)
    assert room.state == "freewheeling"
    assert abs(room.error_s) < 0.005
    room.play(6.0, silent=True)
    assert room.state == "off"
    assert room.synth.tempo == pytest.approx(120.0, abs=0.2)  # and goes on as it was


def test_it_lets_go_at_the_end_of_the_track(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.start_s = 55.0
    room.play(4.0)
    assert room.state == "locked"
    room.play(2.0, silent=True)
    assert room.state == "off"


def test_beats_that_are_not_trusted_are_not_followed(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    doubtful = replace(_ANALYSIS, grid=replace(_GRID, confidence=0.4))
    for analysis in (doubtful, replace(_ANALYSIS, grid=None)):
        room = _room(track, envelope, analysis)
        room.synth.set_tempo(93.0)
        room.play(4.0)
        assert room.state == "off"
        assert room.follower.following.track_id == _TRACK
        assert room.synth.tempo == pytest.approx(93.0)


def test_the_tuning_glides_to_the_tracks_and_back(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    seen = []
    for _ in range(40):
        room.play(_BLOCK / _RATE)
        seen.append(100.0 * float(room.synth.state[0]["master_tune"]))
    assert seen[-1] == pytest.approx(14.0, abs=0.01)
    assert np.abs(np.diff(seen)).max() < 5.0
    room.play(16.0, silent=True)
    assert room.state == "off"
    assert 100.0 * float(room.synth.state[0]["master_tune"]) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("cents", "tuned", "tonic"), [(20.0, 34.0, 9), (68.0, -18.0, 10)])
def test_another_speed_of_the_player_tunes_to_the_nearest_key(
    track: NDArray[np.float32], envelope: OnsetEnvelope, cents: float, tuned: float, tonic: int
) -> None:
    room = _room(track, envelope)
    room.cents = cents
    room.play(4.0)
    following = room.follower.following
    assert following.cents == pytest.approx(tuned)
    assert following.key == Key(tonic, "minor", 0.9)


def test_tuning_and_key_that_are_not_known_well_are_left_alone(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    vague = replace(_ANALYSIS, tuning_confidence=0.2, key=Key(9, "minor", 0.2))
    room = _room(track, envelope, vague)
    room.play(4.0)
    assert room.follower.following.cents == 0.0
    assert room.follower.following.key is None


def test_what_is_switched_off_does_not_follow(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    room = _room(track, envelope)
    room.follower.follow_beat = room.follower.follow_tuning = False
    room.synth.set_tempo(93.0)
    room.play(4.0)
    assert room.synth.tempo == pytest.approx(93.0)
    assert room.synth.state[0]["master_tune"] == 0.0


@pytest.mark.parametrize("wish", [Follow(beat=False), Follow(tuning=False)])
def test_a_patch_says_what_of_it_follows(
    track: NDArray[np.float32], envelope: OnsetEnvelope, wish: Follow
) -> None:
    room = _room(track, envelope)
    room.synth.program(replace(room.synth.patch(0), follow=wish))
    room.synth.set_tempo(93.0)
    room.play(4.0)
    assert (room.synth.tempo != pytest.approx(93.0, abs=0.5)) == wish.beat
    assert (room.synth.state[0]["master_tune"] != 0.0) == wish.tuning
    room.synth.program(replace(room.synth.patch(0), follow=Follow()))
    room.play(2.0)
    assert room.synth.tempo != pytest.approx(93.0, abs=0.5)
    assert room.synth.state[0]["master_tune"] != 0.0


def test_our_own_deck_is_followed_without_an_ear() -> None:
    synth = Synth()
    playing = True

    def place() -> tuple[int, float, int] | None:
        return (_TRACK, 5.0 + synth.frame / _RATE, synth.frame) if playing else None

    follower = Follower(synth, lambda _: (_ANALYSIS, None), round_trip_s=0.2, own=place)
    room = _Room(follower, synth, np.zeros(0, np.float32))
    room.start_s = 5.0
    room.play(2.0, silent=True)
    assert room.state == "locked"
    assert abs(room.error_s) < 0.0005
    playing = False
    room.play(0.1, silent=True)
    assert room.state == "off"


def test_a_track_without_an_analysis_is_not_followed(
    track: NDArray[np.float32], envelope: OnsetEnvelope
) -> None:
    synth = Synth()
    room = _Room(Follower(synth, lambda _: None), synth, track)
    room.play(2.0)
    assert room.state == "off"


def test_a_round_trip_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"round_trip_s must be between 0 and 2, got -0\.1"):
        Follower(Synth(), lambda _: None, round_trip_s=-0.1)


def test_music_that_nobody_knows_is_followed_by_ear() -> None:
    synth = Synth(sample_rate=_RATE)
    follower = Follower(synth, lambda _: None, background=False)
    music = sounded(steady(100.0, 20.0, 0.25))[: 14 * SAMPLE_RATE]
    sound = np.asarray(soxr.resample(music, SAMPLE_RATE, _RATE), np.float32)
    out = np.zeros((_BLOCK, 2), np.float32)
    for at in range(0, len(sound) - _BLOCK, _BLOCK):
        follower.feed(sound[at : at + _BLOCK], at)
        synth.render_block(out)
    assert follower.following.state == "tracking"
    assert follower.following.track_id is None
    assert follower.following.bpm == pytest.approx(100.0, rel=0.003)
    frame_s = synth.beat_frame / _RATE
    off = synth.beat - (frame_s - 0.25) / 0.6
    assert abs(off - round(off)) * 0.6 < 0.015
