"""Follow what a stream plays: find it, stay on it, notice when it is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .candidate import Candidate
from .confidence import confidence, strength
from .explained import owners
from .identify import Ear
from .match import Match
from .peaks import look
from .place import elsewhere, place
from .search import compare
from .worth import worth

AT_ONCE = 14.2  # strength at which one look is enough; a stream looks 300,000 times a day

CONFIRMED = 12.1  # strength at which two looks with new audio between them are enough
MORE = 0.6  # strength asked besides of a window below BRIEF: music of one kind shares a few notes
BRIEF = 150  # frames
NEW_AUDIO = 24  # frames between two such looks, at least
LASTING = 11.0  # strength at which this many looks in a row are enough: chance does not last
LASTING_LOOKS = 7
NEAR = 4.0  # frames: two alignments of one track this close are the same
SHORT = 60  # frames of the window that tells whether the track still plays
LOST_SHARE = 0.35  # of the usual advantage; below it the track may be gone
LOST_LEAST = 1.0
LOST_LOOKS = 6  # looks in a row below that, and it is gone: 1.5 s
NEVER = 1 << 62
AGAIN = (100, 200, 400)  # frames after which the place is looked at anew: music repeats itself
LATEST = 30  # frames by which a room may be late with what we play: 0.6 s
AS_MUCH = 0.7  # of the advantage of what is heard
ELSEWHERE = 100  # frames of the window that is compared with other places of the track
ELSEWHERE_LOOKS = 2  # looks between: a chorus agrees with the verse, so a seek may not be missed
MOVED = 20.0  # nats by which another place is better, twice, when the track was moved
FORGET = 0.15  # of the usual advantage, a look
WINDOWS = (120, 250, 120, 400)  # frames of the newest audio that a search takes, in turn
ADDITIONS = 1_200_000_000  # of a sweep, 37 ms; every other search, of other speeds, has none
SEARCH_EVERY = (4, 2, 150, 500)  # looks between searches when unknown for over 500, 150 frames


@dataclass
class Line:
    """A track under way: at frame k of the stream it is at frame origin + k * tempo."""

    candidate: Candidate
    confidence: float
    origin: float
    since: int
    usual: float
    again: int = AGAIN[0]
    elsewhere: float | None = None  # the origin that agreed better at the look before

    def align(self, at: int) -> float:
        """Return the track's frame at frame `at` of the stream."""
        return self.origin + at * self.candidate.tempo

    def same(self, other: Line, at: int) -> bool:
        """Tell whether both are at the same place of the same track."""
        return self.of_track(other) and abs(self.align(at) - other.align(at)) < NEAR

    def of_track(self, other: Line) -> bool:
        """Tell whether both are of the same track."""
        mine, its = self.candidate, other.candidate
        return (mine.run, mine.row) == (its.run, its.row)


@dataclass
class Doubt:
    """A line that was found but is not sure yet, and how long searches have agreed on it."""

    line: Line
    looks: int = 0
    strong_since: int = NEVER  # frame of the stream since which every search was strong

    def add(self, strength: float, strong: bool, heard: int) -> None:
        """Take one more search that found it in."""
        self.looks = self.looks + 1 if strength >= LASTING else 0
        self.strong_since = min(self.strong_since, heard) if strong else NEVER

    def settled(self, heard: int) -> bool:
        """Tell whether the searches together are enough."""
        return self.looks >= LASTING_LOOKS or heard - self.strong_since >= NEW_AUDIO


class Follower:
    """Decides, look by look, what is playing.

    Parameters
    ----------
    ear : Ear
    """

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._line: Line | None = None
        self._doubt: Doubt | None = None
        self._guess: Line | None = None  # what this look found best, if nothing is named
        self._misses = 0
        self._changed = 0  # frame of the stream before which nothing counts any more
        self._looks = 0

    def look(self, level: NDArray[np.float32], heard: int) -> tuple[Match, int] | None:
        """Return the match and the number of frames it speaks of, or None.

        A match that is not `known` is a guess: what a search at this look found best.

        Parameters
        ----------
        level : ndarray, float32, shape (frames, BINS)
            The newest spectra.
        heard : int
            Spectra of the stream so far, those of `level` the last.
        """
        self._looks += 1
        self._guess = None
        if self._line is not None:
            self._follow(level, heard)
        if self._line is None or self._misses:
            self._seek(level, heard)
        elif heard - self._line.since >= self._line.again:
            self._line.again = next((k for k in AGAIN if k > self._line.again), NEVER)
            self._place(level, heard)
        elif self._looks % ELSEWHERE_LOOKS == 0:
            self._notice_move(level, heard)
        line = self._line or self._guess
        if line is None:
            return None
        frames = min(len(level), max(SHORT, heard - line.since))
        match = self._ear.match([line.candidate], line.align(heard - frames))
        match = replace(
            match, known=line is self._line, confidence=line.confidence
        )  # what is followed was sure when it was found
        return match, frames

    def agrees(self, level: NDArray[np.float32], other: NDArray[np.float32], heard: int) -> bool:
        """Tell whether another sound is as much that place of the track as what was heard.

        Parameters
        ----------
        level, other : ndarray, float32, shape (frames, BINS)
            The newest spectra of what is heard, and of another sound at the same time or up to
            `LATEST` frames sooner.
        heard : int
            As of `look`.
        """
        line = self._line
        frames = min(len(level), len(other))
        if line is None or frames < SHORT:
            return False
        run, start = self._ear.runs[line.candidate.run], line.align(heard - frames)
        here = compare(run, line.candidate, start, worth(look(level[-frames:]))).advantage
        seen = worth(look(other[-frames:]))
        best = max(
            compare(run, line.candidate, start + lag * line.candidate.tempo, seen).advantage
            for lag in range(LATEST + 1)
        )
        return best >= AS_MUCH * here

    def drop(self, heard: int) -> None:
        """Forget what plays, and look anew in what comes from here on."""
        self._line = self._doubt = None
        self._misses = 0
        self._changed = heard

    def _follow(self, level: NDArray[np.float32], heard: int) -> None:
        line = self._line
        assert line is not None
        window = level[-SHORT:]
        start = heard - len(window)
        seen = compare(
            self._ear.runs[line.candidate.run],
            line.candidate,
            line.align(start),
            worth(look(window)),
        )
        if seen.advantage < max(LOST_LEAST, LOST_SHARE * line.usual):
            self._misses += 1
            if self._misses >= LOST_LOOKS:
                self._line = None
                self._misses = 0
                self._changed = heard - SHORT
            return
        self._misses = 0
        line.usual += FORGET * (seen.advantage - line.usual)
        # a quarter of the way: single looks are good to a frame, the line to a fraction
        line.origin += 0.25 * (seen.align - line.align(start))

    def _place(self, level: NDArray[np.float32], heard: int) -> None:
        """Look, with more heard than when the track was found, which of its repeats it is."""
        line = self._line
        assert line is not None
        window = level[-max(SHORT, heard - line.since) :]
        start = heard - len(window)
        picture = look(window)
        there = replace(line.candidate, align=line.align(start))
        there = place(self._ear.runs[there.run], there, picture, worth(picture), owners(picture))
        line.candidate = there
        line.origin = there.align - start * there.tempo

    def _notice_move(self, level: NDArray[np.float32], heard: int) -> None:
        """Go where the newest sound agrees clearly better, though it agrees where the line is."""
        line = self._line
        assert line is not None
        window = level[-ELSEWHERE:]
        start = heard - len(window)
        here = replace(line.candidate, align=line.align(start))
        align, gain = elsewhere(self._ear.runs[here.run], here, look(window))
        origin = align - start * here.tempo
        if gain >= MOVED and line.elsewhere is not None and abs(line.elsewhere - origin) < NEAR:
            line.origin, line.elsewhere = origin, None
            line.since, line.again = heard - SHORT, AGAIN[0]
        else:
            line.elsewhere = origin if gain >= MOVED else None

    def _seek(self, level: NDArray[np.float32], heard: int) -> None:
        age = heard - self._changed
        unknown_long = age > SEARCH_EVERY[3]
        if self._line is None:
            if age < SHORT // 2:  # too little to know anything by, without what went before
                return
            if unknown_long and self._looks % SEARCH_EVERY[0]:
                return
            if age > SEARCH_EVERY[2] and self._looks % SEARCH_EVERY[1]:
                return
        searches = self._looks // (SEARCH_EVERY[1] if age > SEARCH_EVERY[2] else 1)
        length = SHORT + 30 if self._misses else min(age, WINDOWS[searches % len(WINDOWS)])
        window = level[-length:]
        scaled = searches % 2 == 0
        # where a track ends, some place of it resembles what follows: votes alone tell of a move
        additions = 0 if scaled or self._line is not None else ADDITIONS
        candidates = self._ear.candidates(look(window), scaled, additions)
        if not candidates:
            self._doubt = None
            return
        best = candidates[0]
        found_by = strength(candidates)
        sure_by = found_by - MORE * (len(window) < BRIEF)
        start = heard - len(window)
        new = Line(
            best, confidence(candidates), best.align - start * best.tempo, start, best.advantage
        )
        if self._line is not None and self._line.same(new, heard):
            if sure_by >= CONFIRMED:
                self._misses = 0
                self._line.confidence = max(new.confidence, self._line.confidence)
            return
        if self._doubt is None or not self._doubt.line.same(new, heard):
            self._doubt = Doubt(new)
        self._doubt.add(found_by, sure_by >= CONFIRMED, heard)
        moved = self._line is not None and self._line.of_track(new) and found_by >= LASTING
        if sure_by >= AT_ONCE or moved or self._doubt.settled(heard):
            newest = level[-SHORT:]
            seen = compare(
                self._ear.runs[best.run], best, new.align(heard - len(newest)), worth(look(newest))
            )
            new.usual = max(0.0, seen.advantage)
            self._line, self._doubt, self._misses = new, None, 0
        elif self._line is None:
            self._guess = new
