"""A whole mix, heard once from start to end: which track plays from when to when.

The stream names a track some seconds after it has come in, and notices its end some seconds late.
So the last minute of spectra is kept, and where a track was found or lost, its peaks are laid over
them: it begins and ends where they begin and cease to be there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsp.resample import StreamResampler
from dsp.spectrum import StreamSpectrum

from . import settings as s
from .agreeing import agreeing
from .evidence import evidence
from .index import FingerprintIndex
from .match import Evidence, Identification, Match
from .peaks import TrackPeaks, look

KEPT_S = 60.0  # of spectra
FED_S = 0.2  # of audio at a time: the stream answers every quarter of a second
JUMP_S = 0.5  # a place this far from where it should be is another passage
AGAIN_S = 12.0  # a track that goes on as before after such a gap was there all the time
NEAR_END_S = 2.5  # this near its beginning or end, a track is taken to begin or end there
SHOWN_S = 1.5  # window in which the share of peaks is counted
STEP_S = 0.25
FAINT = 0.35  # of the usual lead over chance; below it a track is not there
LEAST_S = 6.0  # a name for less than this is more often wrong than right
CHANCE_S = (-0.62, -0.46, -0.34, 0.34, 0.46, 0.62)  # shifts at which a track must not fit
GAP_S = 3.0  # shorter stretches without a track are not worth a line
QUIET_RMS = 10 ** (-60 / 20)

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Passage:
    """A stretch of a mix.

    Attributes
    ----------
    track_id : int or None
        None for sound that is not known.
    start_s, end_s : float
        In the mix. Tracks that are mixed overlap.
    position_s : float
        Where in the track it starts; 0 for the unknown.
    speed : float
        Tempo over that of the track.
    pitch_cents : float
        Pitch less that of the track.
    confidence : float
        Greatest on the way; 0 for the unknown.
    """

    track_id: int | None
    start_s: float
    end_s: float
    position_s: float
    speed: float
    pitch_cents: float
    confidence: float


@dataclass
class _Line:
    """A track under way: at second t of the mix it is at first_position + (t - first) * speed."""

    match: Match
    first: float
    first_position: float
    last: float
    last_position: float
    confidence: float
    start: float = 0.0

    @property
    def speed(self) -> float:
        span = self.last - self.first
        if span < 10.0:
            return self.match.speed
        return (self.last_position - self.first_position) / span

    def position(self, at: float) -> float:
        return self.last_position + (at - self.last) * self.speed

    def at(self, position: float) -> float:
        return self.last + (position - self.last_position) / self.speed


class Tracklist:
    """Hears a mix piece by piece, in bounded memory whatever its length.

    Parameters
    ----------
    index : FingerprintIndex
    sample_rate : float
        Of the mix, Hz, 1000 to 768000.
    """

    def __init__(self, index: FingerprintIndex, sample_rate: float) -> None:
        self._index = index
        self._rate = sample_rate
        self._stream = index.stream(sample_rate)
        self._resampler = StreamResampler(sample_rate, s.SAMPLE_RATE)
        self._spectrum = StreamSpectrum(s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN)
        self._kept: list[NDArray[np.float32]] = []
        self._spectra = 0
        self._heard = 0
        self._loud: list[bool] = []  # of every piece of FED_S
        self._line: _Line | None = None
        self._passages: list[Passage] = []

    @property
    def heard_s(self) -> float:
        """Seconds of the mix so far."""
        return self._heard / self._rate

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Hear more of the mix, shape (n,), any n; finite.

        Raises
        ------
        ValueError
            As `Stream.feed`.
        """
        step = max(1, round(FED_S * self._rate))
        for at in range(0, len(samples), step):
            piece = np.asarray(samples[at : at + step], np.float32)
            answer = self._stream.feed(piece)
            self._keep(self._spectrum.feed(self._resampler.feed(piece)))
            self._heard += len(piece)
            loud = float(np.sqrt(np.mean(np.square(piece)))) > QUIET_RMS
            place = int((self.heard_s - 0.5 * len(piece) / self._rate) / FED_S)
            self._loud += [False] * (place + 1 - len(self._loud))
            self._loud[place] |= loud
            if answer is not None:
                self._judge(answer)

    def finish(self) -> list[Passage]:
        """Return the passages in the order of their starts, stretches of the unknown between."""
        self._end()
        known = _untwined(_joined(sorted(self._passages, key=lambda p: p.start_s)))
        out: list[Passage] = []
        heard_to = 0.0
        for passage in known:
            out += self._unknown(heard_to, passage.start_s)
            out.append(passage)
            heard_to = max(heard_to, passage.end_s)
        return out + self._unknown(heard_to, self.heard_s)

    def _keep(self, spectra: NDArray[np.float32]) -> None:
        if len(spectra):
            self._kept.append(spectra)
            self._spectra += len(spectra)
        room = int(KEPT_S * s.FRAMES_PER_SECOND)
        while sum(map(len, self._kept)) - len(self._kept[0] if self._kept else []) > room:
            del self._kept[0]

    def _judge(self, answer: Identification) -> None:
        match, line = answer.match, self._line
        if match is None or answer.position_s is None:
            self._end()
            return
        now = answer.frame / self._rate
        position = float(answer.position_s)
        if (
            line is not None
            and line.match.track_id == match.track_id
            and abs(line.position(now) - position) < JUMP_S
        ):
            line.last, line.last_position = now, position
            line.confidence = max(line.confidence, match.confidence)
            return
        self._end()
        line = _Line(match, now, position, now, position, match.confidence)
        line.start = self._extent(line)[0]
        self._line = line

    def _end(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        start, end = line.start, max(line.start, self._extent(line)[1])
        seconds = self._index.peaks(line.match.track_id).seconds
        if 0 < line.position(start) < NEAR_END_S or line.position(start) < 0:
            start = max(0.0, line.at(0.0))
        if seconds - line.position(end) < NEAR_END_S:
            end = min(self.heard_s, line.at(seconds))
        match, position = line.match, max(0.0, line.position(start))
        self._passages.append(
            Passage(
                track_id=match.track_id,
                start_s=start,
                end_s=end,
                position_s=position,
                speed=line.speed,
                pitch_cents=match.pitch_cents,
                confidence=line.confidence,
            )
        )

    def _extent(self, line: _Line) -> tuple[float, float]:
        """Return from when to when the track is there, around the last time it was named."""
        level = np.concatenate(self._kept)
        begin = (self._spectra - len(level)) / s.FRAMES_PER_SECOND
        lead = _lead(level, begin, self._index.peaks(line.match.track_id), line)
        times = begin + STEP_S * np.arange(len(lead))
        middle = int(np.clip(round((line.last - 2 * SHOWN_S - begin) / STEP_S), 0, len(lead) - 1))
        usual = float(np.median(lead[max(0, middle - 8) : middle + 9]))
        there = lead >= FAINT * max(usual, 0.1)
        first, last = middle, middle
        patience = round(SHOWN_S / STEP_S)
        while there[max(0, first - patience) : first].any():
            first -= 1
        while there[last + 1 : last + 1 + patience].any():
            last += 1
        start = float(times[first]) if first > 0 or begin == 0 else begin
        # a window that is half full is there
        return start, min(self.heard_s, float(times[last]) + 0.5 * STEP_S)

    def _unknown(self, start: float, end: float) -> list[Passage]:
        """Return the stretch from start to end if it is long enough and not silent."""
        # one piece less at either end: the last note of a track is none of the unknown
        places = range(round(start / FED_S) + 1, min(round(end / FED_S) - 1, len(self._loud)))
        loud = [k for k in places if self._loud[k]]
        if end - start < GAP_S or not loud:
            return []
        start = max(start, loud[0] * FED_S) if loud[0] > places[0] else start
        end = min(end, (loud[-1] + 1) * FED_S) if loud[-1] < places[-1] else end
        if end - start < GAP_S:
            return []
        return [Passage(None, start, end, 0.0, 1.0, 0.0, 0.0)]


def _lead(level: NDArray[np.float32], begin: float, peaks: TrackPeaks, line: _Line) -> F64:
    """Return the share of the track's peaks that are there, less that at wrong alignments.

    One number for every STEP_S of the spectra: 0 is chance. A peak that is heard counts one, which
    tells most where tracks are mixed, and another one if the clip has a peak of its own there,
    which tells most in noise.
    """
    picture = look(level)
    offset = line.position(begin)
    right = _shares(evidence(picture, peaks, _moved(line, offset)), len(level))
    wrong = [
        _shares(evidence(picture, peaks, _moved(line, offset + shift)), len(level))
        for shift in CHANCE_S
    ]
    return np.asarray(right - np.mean(wrong, axis=0), np.float64)


def _moved(line: _Line, offset: float) -> Match:
    match = line.match
    return Match(match.track_id, offset, 1.0, line.speed, match.pitch_cents, True)


def _shares(found: Evidence, frames: int) -> F64:
    count = int(frames / s.FRAMES_PER_SECOND / STEP_S) + 1
    place = np.clip((found.reference_peaks[:, 0] / STEP_S).astype(np.int64), 0, count - 1)
    window = np.ones(round(SHOWN_S / STEP_S))
    total = np.convolve(np.bincount(place, minlength=count), window, "same")
    worth = found.matched * 1.0 + agreeing(found)
    hit = np.convolve(np.bincount(place, weights=worth, minlength=count), window, "same")
    return np.asarray(hit / np.maximum(total, 1.0), np.float64)


def _joined(passages: list[Passage]) -> list[Passage]:
    """Join passages of one track that goes on as if it had not been lost."""
    out: list[Passage] = []
    for new in passages:
        for k in range(len(out) - 1, -1, -1):
            old = out[k]
            if old.track_id != new.track_id or new.start_s - old.end_s > AGAIN_S:
                continue
            expected = old.position_s + (new.start_s - old.start_s) * old.speed
            if abs(expected - new.position_s) < 2 * JUMP_S:
                out[k] = replace(
                    old if old.end_s - old.start_s > new.end_s - new.start_s else new,
                    start_s=old.start_s,
                    end_s=max(old.end_s, new.end_s),
                    position_s=old.position_s,
                    confidence=max(old.confidence, new.confidence),
                )
                break
        else:
            out.append(new)
    return out


def _untwined(passages: list[Passage]) -> list[Passage]:
    """Cut passages where the same track plays already: music that repeats fits at two places."""
    out: list[Passage] = []
    for passage in sorted(passages, key=lambda p: p.start_s - p.end_s):
        start, end = passage.start_s, passage.end_s
        for other in out:
            if other.track_id == passage.track_id and other.start_s < end and other.end_s > start:
                before, after = other.start_s - start, end - other.end_s
                start, end = (start, other.start_s) if before > after else (other.end_s, end)
        if end - start >= LEAST_S:
            position = passage.position_s + (start - passage.start_s) * passage.speed
            out.append(replace(passage, start_s=start, end_s=end, position_s=position))
    return sorted(out, key=lambda p: p.start_s)
