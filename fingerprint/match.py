"""What an identification says: typed, frozen answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Match:
    """A track that a clip may come from.

    Attributes
    ----------
    track_id : int
    offset_s : float
        Where in the track the clip's first sample lies, in seconds; may be a little negative.
    confidence : float
        Probability, 0..1, that this is right.
    speed : float
        Tempo of the clip over that of the track: 1.0 as in the library.
    pitch_cents : float
        Pitch of the clip less that of the track.
    known : bool
        The decision: sure enough to be named.
    """

    track_id: int
    offset_s: float
    confidence: float
    speed: float
    pitch_cents: float
    known: bool


@dataclass(frozen=True)
class Identification:
    """What a stream says at one moment.

    Attributes
    ----------
    match : Match or None
        None: unknown. Its `offset_s` belongs to the start of the audio that was used.
    frame : int
        Input frame, counted from the stream's start, up to which was heard.
    position_s : float or None
        Position in the track at `frame`.
    heard_s : float
        Seconds of audio on which this rests.
    guess : Match or None
        Where `match` is None, what a search found best at this moment, too unsure to be named. At
        `frame` its track is at `guess.offset_s + heard_s * guess.speed`.
    """

    match: Match | None
    frame: int
    position_s: float | None
    heard_s: float
    guess: Match | None = None


@dataclass(frozen=True)
class Evidence:
    """The picture behind a match: the clip's spectrogram with the track's peaks laid over it.

    Attributes
    ----------
    spectrogram_db : ndarray, float32, shape (frames, bins)
    times_s : ndarray, shape (frames,)
        Seconds from the clip's first sample.
    frequencies_hz : ndarray, shape (bins,)
    query_peaks : ndarray, shape (n, 2)
        Seconds and Hz of the clip's own peaks.
    reference_peaks : ndarray, shape (m, 2)
        Seconds and Hz of the track's peaks, moved to the clip's time, tempo and pitch.
    matched : ndarray of bool, shape (m,)
        Which of them the clip shows.
    """

    spectrogram_db: NDArray[np.float32]
    times_s: NDArray[np.float64]
    frequencies_hz: NDArray[np.float64]
    query_peaks: NDArray[np.float64]
    reference_peaks: NDArray[np.float64]
    matched: NDArray[np.bool_]
