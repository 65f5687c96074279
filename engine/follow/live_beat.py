"""The beat of music that is not in the library, from the last seconds of it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis import Grid
from engine.analysis.beats import find_grid
from engine.analysis.features import SAMPLE_RATE, FeatureStream
from engine.follow.own_sound import without

LONGEST_S = 16.0  # of sound that a look takes
SHORTEST_S = 8.0
_SEEK_EVERY_S = 2.0
_KEEP_EVERY_S = 4.0
_SURE = 0.4  # confidence of a look that counts: of such, 29 in 30 were right in a noisy room
_LOOKS = 3  # in a row that must agree: neighbours share most of their sound, and their mistakes
_NEAR_S = 0.035  # two looks whose beats are this near agree
_SAME_TEMPO = 0.01
_SAME_LEVEL = 0.03
_LOST_S = 14.0  # without a look that agrees
_QUIET_RMS = 1e-3
_OURS = 0.9  # of the power: what is left is our own sound, a little bent by the loudspeaker


@dataclass(frozen=True)
class BeatLine:
    """Beats that pass at a steady tempo.

    Attributes
    ----------
    time_s : float
        Of a beat, in the time of the stream.
    beat : float
        Its number; whole bars begin at multiples of the metre where that is known.
    bpm, confidence : float
    """

    time_s: float
    beat: float
    bpm: float
    confidence: float

    def at(self, time_s: float) -> float:
        """Return the beat at a moment."""
        return self.beat + (time_s - self.time_s) * self.bpm / 60.0

    def agrees(self, other: BeatLine) -> bool:
        """Whether another has the same beats, whatever their numbers."""
        if abs(other.bpm / self.bpm - 1.0) > _SAME_TEMPO:
            return False
        off = self.at(other.time_s)
        return abs(off - round(off)) * 60.0 / self.bpm < _NEAR_S

    def at_level_of(self, other: BeatLine) -> BeatLine:
        """Return this one at half or double tempo where that is what `other` counts."""
        for factor in (2.0, 0.5):
            if abs(self.bpm * factor / other.bpm - 1.0) <= _SAME_LEVEL:
                return BeatLine(self.time_s, self.beat * factor, other.bpm, self.confidence)
        return self


class LiveBeat:
    """Looks for the beat every few seconds, and believes what three looks agree on.

    Parameters
    ----------
    background : bool
        Look in a thread of its own: a look takes a tenth of a second or two.

    Attributes
    ----------
    line : BeatLine or None
        What is believed.
    """

    def __init__(self, background: bool = True) -> None:
        self.line: BeatLine | None = None
        self._doubts: list[BeatLine] = []
        self._looked_s = -np.inf
        self._agreed_s = -np.inf
        self._pool = ThreadPoolExecutor(1, "live-beat") if background else None
        self._look: Future[BeatLine | None] | None = None

    def close(self) -> None:
        """End the thread."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def forget(self) -> None:
        """Begin anew: what plays is known, or another."""
        self.line = self._look = None
        self._doubts = []
        self._looked_s = self._agreed_s = -np.inf

    def feed(
        self, sound: NDArray[np.float32], end_s: float, own: NDArray[np.float32] | None = None
    ) -> None:
        """Take the latest sound, and look if it is time to.

        Parameters
        ----------
        sound : ndarray of float32, shape (n,)
            At `features.SAMPLE_RATE`; all that is kept of what has played without a break.
        end_s : float
            Moment of the stream at its end.
        own : ndarray of float32, shape (n,), optional
            What of it we may have played ourselves: its beat is none to follow.
        """
        if self._look is not None:
            if not self._look.done():
                return
            self._judge(self._look.result(), end_s)
            self._look = None
        if self.line is not None and end_s - self._agreed_s > _LOST_S:
            self.forget()
        every = _SEEK_EVERY_S if self.line is None else _KEEP_EVERY_S
        if len(sound) < SHORTEST_S * SAMPLE_RATE or end_s - self._looked_s < every:
            return
        self._looked_s = end_s
        start_s = end_s - len(sound) / SAMPLE_RATE
        if self._pool is None:
            self._judge(look(sound, start_s, own), end_s)
        else:
            own = None if own is None else own.copy()
            self._look = self._pool.submit(look, sound.copy(), start_s, own)

    def _judge(self, found: BeatLine | None, now_s: float) -> None:
        if found is None:
            return
        if self.line is not None:
            found = found.at_level_of(self.line)
            if self.line.agrees(found):
                self._believe(found, round(self.line.at(found.time_s)), now_s)
                return
        same = bool(self._doubts) and self._doubts[-1].agrees(found)
        self._doubts = [*self._doubts, found] if same else [found]
        if len(self._doubts) >= _LOOKS:
            self._believe(found, found.beat, now_s)

    def _believe(self, found: BeatLine, beat: float, now_s: float) -> None:
        self.line = BeatLine(found.time_s, beat, found.bpm, found.confidence)
        self._agreed_s = now_s
        self._doubts = []


def look(
    sound: NDArray[np.float32], start_s: float, own: NDArray[np.float32] | None = None
) -> BeatLine | None:
    """Return the beat of a few seconds of sound; None where there is none to be sure of.

    Parameters
    ----------
    sound : ndarray of float32, shape (n,)
        At `features.SAMPLE_RATE`.
    start_s : float
        Moment of its first sample.
    own : ndarray of float32, shape (n,), optional
        What we played meanwhile.
    """
    if own is not None and own.any():
        sound, share = without(sound, own)
        if share > _OURS:
            return None
    if float(np.sqrt(np.mean(np.square(sound)))) < _QUIET_RMS:
        return None
    stream = FeatureStream()
    stream.feed(sound)
    grid = find_grid(stream.finish())
    # where the tempo moves, its last beats do not tell the next well enough
    if grid is None or not grid.steady or grid.confidence < _SURE:
        return None
    return _of_grid(grid, start_s)


def _of_grid(grid: Grid, start_s: float) -> BeatLine:
    last_s = grid.last_s
    beat = round(float(grid.beat_at(last_s))) - grid.downbeat
    return BeatLine(start_s + last_s, beat, float(grid.bpm_at(last_s)), grid.confidence)
