"""The follower: the ear's answers become the synthesizer's beat and tuning."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.analysis import Analysis, Key, OnsetEnvelope
from engine.follow.live_beat import LiveBeat
from engine.follow.lock import Line, Lock
from engine.follow.onsets import LiveOnsets
from engine.follow.placed import FAINT_SIGMA_S, LEAST_S, SETTLED, Placed, find_place
from engine.rt.transport import HIGHEST_BPM, LOWEST_BPM
from engine.synth import Synth
from engine.watch import played_until
from fingerprint import Identification, Match

_REFINE_EVERY_S = 0.4
_COARSE_SIGMA_S = 0.018
_COARSE_AFTER_S = 1.0  # without a refined place, the ear's own counts
_DECK_SIGMA_S = 0.002
_SURE_S = 0.0065  # the beat is taken up when the place is known this well by the ear alone
_PLACED_S = 0.0125  # or this well by what begins when: after one look, that is
_FAR_S = 0.025  # a beat so far off is put right at once,
_FAR_AT_FIRST_S = 0.008  # or so far, while the speed is still being found
_FREEWHEEL_BEATS = 18.0
_LATE_S = 3.0  # after the last observation that was due, the beat freewheels
_HUNCH_FROM = 0.67  # confidence of a guess from which a clip would be named by it
_HUNCH_LOOKS = 2  # at what begins when, that must bear a guess out before it leads
_HUNCH_S = 3.0  # without a guess that agrees, and it is forgotten
_UNSEEN_S = 1.0  # without a look that agrees, and it is forgotten
_HERE_S = 0.1  # the ear's word of a place is of that of the line
_SAME_SPEED = 0.012  # and so is its word of a speed
_CENTS_PER_S = 40.0  # the tuning glides

State = Literal["off", "listening", "locked", "freewheeling", "tracking"]
Known = tuple[Analysis, OnsetEnvelope | None]


@dataclass(frozen=True)
class Following:
    """What the follower does now.

    Attributes
    ----------
    state : "off", "listening", "locked", "freewheeling" or "tracking"
        Off: nothing is named, or its beats are not to be trusted. Tracking: what plays is not
        known, but its beat is found by ear, less exactly; or it is not named yet, but what begins
        when bears out what the ear guesses.
    track_id : int or None
    position_s : float or None
        Second of the track that is heard while the synthesizer's present output is.
    beat, bpm : float
        Of the track there; beat 0 is its first downbeat.
    cents : float
        By which the synthesizer is tuned up.
    key : Key or None
        As it sounds; None where it is not known well.
    error_s : float
        Standard deviation of the place.
    """

    state: State = "off"
    track_id: int | None = None
    position_s: float | None = None
    beat: float = 0.0
    bpm: float = 0.0
    cents: float = 0.0
    key: Key | None = None
    error_s: float = 0.0


@dataclass(frozen=True)
class _Hunch:
    """That a guess of the ear is right: how sure the ear was at best, when it last agreed."""

    confidence: float
    agreed_s: float


class Follower:
    """Lets a synthesizer's beat and tuning follow the music that is heard; for one thread.

    Parameters
    ----------
    synth : Synth
    known : callable
        Returns the analysis of a track and its onset envelope, or None.
    round_trip_s : float
        From a frame's making to its return through the microphone, in seconds: so much later the
        music of a frame that is made now is heard.
    own : callable, optional
        Returns what our own deck sends out, as (track id, second of the track, frame), or None:
        it needs no ear.
    beat, tuning : bool
        What follows; `follow_beat` and `follow_tuning` change it later. The patch of the first
        channel must want it, too.
    background : bool
        Look for the beat of unknown music in a thread of its own, which `close` ends.

    Examples
    --------
    See examples/follow.py.
    """

    def __init__(
        self,
        synth: Synth,
        known: Callable[[int], Known | None],
        round_trip_s: float = 0.0,
        own: Callable[[], tuple[int, float, int] | None] | None = None,
        beat: bool = True,
        tuning: bool = True,
        background: bool = True,
    ) -> None:
        if not 0.0 <= round_trip_s <= 2.0:
            raise ValueError(f"round_trip_s must be between 0 and 2, got {round_trip_s}")
        self.follow_beat = beat
        self.follow_tuning = tuning
        self.nudge_s = 0.0  # by the player's own judgement, later is positive
        self.following = Following()
        self._synth = synth
        self._known = known
        self._own = own
        self._round_trip_s = round_trip_s
        self._rate = synth.sample_rate
        self._onsets = LiveOnsets(synth.sample_rate)
        self._lock = Lock()
        self._live = LiveBeat(background)
        self._track: tuple[int, Analysis, OnsetEnvelope | None] | None = None
        self._from_deck = False
        self._hunch: _Hunch | None = None  # None: the track is named, or nothing is followed
        self._refined_s = -math.inf  # when a place was refined last
        self._begun_s = -math.inf  # sound before this is of another place
        self._engaged = False
        self._placed = False  # the line rests on a refined place
        self._cents = 0.0
        self._wanted_cents = 0.0
        self._key: Key | None = None
        self._cents_s = 0.0

    @property
    def leads(self) -> bool:
        """Whether the synthesizer's beat follows: by the switch, and by the patch."""
        return self.follow_beat and self._synth.patch(0).follow.beat

    def close(self) -> None:
        """End the thread."""
        self._live.close()

    def feed(self, samples: NDArray[np.float32], frame: int) -> None:
        """Take sound of the microphone, shape (n,); `frame` is the stream's at its first sample."""
        end = frame + len(samples) - round(self._round_trip_s * self._rate)
        own = played_until(self._synth.state, end, len(samples))
        self._onsets.feed(samples, frame / self._rate, own)
        if (self._track is None or self._hunch is not None) and not self._from_deck:
            self._live.feed(self._onsets.sound, self._onsets.sound_end_s, self._onsets.own)
        place = self._own() if self._own is not None else None
        if place is not None:
            self._play(*place)
        elif self._from_deck:
            self._from_deck = False
            self._forget()
        self._conduct()

    def hear(self, answer: Identification, frame: int) -> None:
        """Take an answer of the ear that speaks of `frame` of the stream."""
        now_s = frame / self._rate
        if self._from_deck:
            return
        if answer.match is None or answer.position_s is None:
            if self._track is None or self._hunch is not None:
                self._suppose(answer.guess, answer.heard_s, now_s)
            return
        match, place = answer.match, float(answer.position_s)
        if self._hunch is not None:
            if not self._is_here(match, place, now_s):
                self._forget()
            self._hunch = None
        if not self._turn_to(match.track_id):
            return
        self._tune(match.pitch_cents)
        since_s = now_s - self._refined_s
        if since_s < _REFINE_EVERY_S or self._refine(now_s, place, match.speed):
            return
        if since_s > _COARSE_AFTER_S:
            began_s = now_s - LEAST_S
            self._add(now_s, place, _COARSE_SIGMA_S, match.speed, began_s)

    # --- the lock

    def _suppose(self, guess: Match | None, heard_s: float, now_s: float) -> None:
        """Follow what the ear guesses, for as long as what begins when agrees with it."""
        if guess is not None and guess.confidence >= _HUNCH_FROM:
            place = guess.offset_s + heard_s * guess.speed
            before = self._hunch.confidence if self._hunch is not None else 0.0
            if self._is_here(guess, place, now_s):
                self._hunch = _Hunch(max(before, guess.confidence), now_s)
            elif guess.confidence > before:
                self._try(guess, place, now_s)
        line = self._lock.line
        if self._hunch is None or line is None:
            return
        if now_s - self._refined_s > _UNSEEN_S or now_s - self._hunch.agreed_s > _HUNCH_S:
            self._forget()
        elif now_s > self._refined_s:
            self._refine(now_s, line.at(now_s), line.speed)

    def _try(self, guess: Match, place: float, now_s: float) -> None:
        """Take up another guess, if what begins when agrees."""
        known = self._known(guess.track_id)
        if known is None or not known[0].follows or self._live.line is not None:
            return
        found = self._find(known[1], now_s, place, guess.speed)
        if found is not None:
            self._forget()
            self._track = guess.track_id, *known
            self._hunch = _Hunch(guess.confidence, now_s)
            self._take(found, now_s)

    def _is_here(self, match: Match, place: float, now_s: float) -> bool:
        """Tell whether this place of this track, at this speed, is where the line is."""
        line, track = self._lock.line, self._track
        if line is None or track is None or track[0] != match.track_id:
            return False
        same_speed = abs(line.speed - match.speed) < _SAME_SPEED
        return same_speed and abs(line.at(now_s) - place) < _HERE_S

    def _play(self, track_id: int, position_s: float, frame: int) -> None:
        """Our own deck sends out this second of a track at this frame: nothing is more exact."""
        if not self._from_deck:
            self._forget()
            self._from_deck = True
        if self._turn_to(track_id):
            self._tune(0.0)
            now_s = frame / self._rate
            self._add(now_s, position_s, _DECK_SIGMA_S, 1.0, now_s)

    def _turn_to(self, track_id: int) -> bool:
        """Make a track the one that is followed; False when there is nothing to follow in it."""
        if self._track is None or self._track[0] != track_id:
            self._forget()
            known = self._known(track_id)
            if known is None:
                return False
            self._track = track_id, *known
            self._live.forget()
        return True

    def _forget(self) -> None:
        self._lock.clear()
        self._track = self._hunch = None
        self._refined_s = self._begun_s = -math.inf
        self._engaged = self._placed = False
        self._wanted_cents = 0.0
        self._key = None

    def _add(
        self, time_s: float, position_s: float, sigma_s: float, speed: float, since_s: float
    ) -> None:
        """Take an observation that rests on the sound from `since_s` on."""
        if self._lock.add(time_s, position_s, sigma_s, speed):
            self._engaged = self._placed = False
            self._begun_s = since_s
        self._placed = self._placed or sigma_s <= FAINT_SIGMA_S

    def _refine(self, now_s: float, place: float, named: float) -> bool:
        """Add a refined observation, if one can be had; `named` is the speed by the ear."""
        assert self._track is not None
        found = self._find(self._track[2], now_s, place, named, self._lock.line)
        if found is not None:
            self._take(found, now_s)
        return found is not None

    def _find(
        self,
        envelope: OnsetEnvelope | None,
        now_s: float,
        place: float,
        speed: float,
        line: Line | None = None,
    ) -> Placed | None:
        if envelope is None:
            return None
        return find_place(self._onsets, envelope, now_s, place, speed, line, self._begun_s)

    def _take(self, found: Placed, now_s: float) -> None:
        if not self._placed:
            self._engaged = False  # until now, the ear's word alone
        self._add(found.time_s, found.position_s, found.sigma_s, found.speed, found.since_s)
        self._refined_s = now_s

    # --- what follows

    def _conduct(self) -> None:
        frame = self._synth.frame
        now_s = frame / self._rate + (0.0 if self._from_deck else self._round_trip_s)
        self._glide(frame / self._rate)
        line, track = self._lock.line, self._track
        if line is None or track is None:
            self.following = self._track_unknown(frame, now_s)
            return
        track_id, analysis, _ = track
        position_s = line.at(now_s) - self.nudge_s
        grid = analysis.grid
        if grid is None or not analysis.follows:
            self.following = Following(
                "off",
                track_id,
                position_s,
                cents=self._cents,
                key=self._key,
                error_s=line.error_s(now_s),
            )
            return
        beat = float(grid.beat_at(position_s)) - grid.downbeat
        bpm = float(grid.bpm_at(position_s)) * line.speed
        gap = (now_s - self._lock.last_s) * bpm / 60.0
        over = position_s > analysis.duration_s
        late = now_s - self._lock.last_s > _LATE_S
        state: State = "freewheeling" if late else "locked"
        if over or gap > _FREEWHEEL_BEATS + _LATE_S * bpm / 60.0:
            self._forget()
            self.following = Following(cents=self._cents)
            return
        if self._hunch is not None:
            if self._lock.count < _HUNCH_LOOKS:
                self.following = Following(cents=self._cents)
                return
            self._lead(beat, frame, bpm)
            self.following = Following("tracking", beat=beat, bpm=bpm, cents=self._cents)
            return
        if not self._engaged and line.sigma_s > (_PLACED_S if self._placed else _SURE_S):
            state = "listening"
        else:
            self._lead(beat, frame, bpm)
        self.following = Following(
            state, track_id, position_s, beat, bpm, self._cents, self._key, line.error_s(now_s)
        )

    def _track_unknown(self, frame: int, now_s: float) -> Following:
        """Follow the beat of what is not named, if one is heard."""
        line = self._live.line
        if line is None:
            self._engaged = False
            return Following(cents=self._cents)
        beat = line.at(now_s - self.nudge_s)
        self._lead(beat, frame, line.bpm)
        return Following("tracking", beat=beat, bpm=line.bpm, cents=self._cents)

    def _lead(self, beat: float, frame: int, bpm: float) -> None:
        """Bring the synthesizer to a beat, if it is to follow."""
        if self.leads and LOWEST_BPM <= bpm <= HIGHEST_BPM:
            line = self._lock.line
            unsure = line is not None and line.speed_sigma >= SETTLED
            far = (_FAR_AT_FIRST_S if unsure else _FAR_S) * bpm / 60.0
            at_once = not self._engaged or abs(self._off(beat, frame)) > far
            sent = self._synth.follow_beat(beat, frame, bpm, at_once)
            self._engaged = self._engaged or sent

    def _off(self, beat: float, frame: int) -> float:
        """Return by how many beats the synthesizer is ahead of `beat` at `frame`, roughly."""
        synth = self._synth
        slope = float(synth.state[0]["beats_per_frame"])
        return synth.beat + (frame - synth.beat_frame) * slope - beat

    def _tune(self, pitch_cents: float) -> None:
        assert self._track is not None
        self._key, self._wanted_cents = self._track[1].as_played(pitch_cents)

    def _glide(self, now_s: float) -> None:
        """Draw the tuning nearer to what is wanted; without a track, to where it was."""
        passed_s, self._cents_s = max(0.0, now_s - self._cents_s), now_s
        follows = self.follow_tuning and self._synth.patch(0).follow.tuning
        wanted = self._wanted_cents if follows else 0.0
        step = float(np.clip(wanted - self._cents, -1.0, 1.0) * _CENTS_PER_S * passed_s)
        if step == 0.0:
            return
        cents = wanted if abs(step) >= abs(wanted - self._cents) else self._cents + step
        if self._synth.set_master_tuning(cents):
            self._cents = cents
