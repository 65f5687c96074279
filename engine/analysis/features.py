"""The streams from which beats are found, taken block by block from mono sound at 22 050 Hz.

Frame k of every stream is centred on sample k * hop, the sound before the first sample counting as
silence; so a stream's times begin at 0 whatever its window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.analysis._kernels import flux
from engine.analysis._kernels import magnitude as magnitude_kernel

Floats = NDArray[np.float32]

SAMPLE_RATE = 22_050
FINE_HOP = 55
FINE_HOP_S = FINE_HOP / SAMPLE_RATE
HOP = 220
HOP_S = HOP / SAMPLE_RATE
TONE_HOP = 1024
TONE_HOP_S = TONE_HOP / SAMPLE_RATE

_FINE_FFT, _FFT, _TONE_FFT = 512, 2048, 4096
_FRAMES_AT_ONCE = 256  # keeps the transform's working set inside the cache
_RELEASE_S = 8.0  # of the level to which onsets are relative


@dataclass(frozen=True)
class Features:
    """The streams of one track.

    Attributes
    ----------
    fine : ndarray of float32, shape (n,)
        Onset strength every `FINE_HOP_S`.
    onset : ndarray of float32, shape (n, 4)
        SuperFlux every `HOP_S`: low, middle, high band and their sum.
    pitch : ndarray of float32, shape (n, PITCHES)
        Magnitude of every semitone from `LOWEST_NOTE` every `TONE_HOP_S`.
    samples : int
        At `SAMPLE_RATE`.
    """

    fine: Floats
    onset: Floats
    pitch: Floats
    samples: int

    @property
    def duration_s(self) -> float:
        """Length of the track in seconds."""
        return self.samples / SAMPLE_RATE


def _edges(per_octave: float, lowest: float, highest: float, n_fft: int) -> NDArray[np.int64]:
    """Return bins, each once, at which bands of equal width in pitch begin; the last ends there."""
    count = int(np.floor(per_octave * np.log2(highest / lowest)))
    hz = lowest * 2.0 ** (np.arange(count + 1) / per_octave)
    return np.unique(np.round(hz * n_fft / SAMPLE_RATE).astype(np.int64))


class Frames:
    """Windowed magnitude spectra of a stream that is fed in pieces of any length."""

    def __init__(self, n_fft: int, hop: int) -> None:
        self.n_fft, self.hop = n_fft, hop
        n = np.arange(n_fft)
        self._window = np.asarray(
            (0.5 - 0.5 * np.cos(2 * np.pi * n / n_fft)) * 2 / n_fft, dtype=np.float32
        )
        self._rest = np.zeros(n_fft // 2, dtype=np.float32)

    def feed(self, audio: Floats) -> list[Floats]:
        """Return magnitudes, each (frames, n_fft / 2 + 1), of the frames that are complete."""
        held = np.concatenate([self._rest, audio])
        count = 0 if len(held) < self.n_fft else 1 + (len(held) - self.n_fft) // self.hop
        self._rest = held[count * self.hop :].copy()
        if not count:
            return []
        views = np.lib.stride_tricks.sliding_window_view(held, self.n_fft)[:: self.hop]
        out = []
        for at in range(0, count, _FRAMES_AT_ONCE):
            spectrum = fft.rfft(views[at : min(count, at + _FRAMES_AT_ONCE)] * self._window, axis=1)
            magnitude = np.empty(spectrum.shape, dtype=np.float32)
            magnitude_kernel(spectrum, magnitude)
            out.append(magnitude)
        return out

    def finish(self) -> list[Floats]:
        """Return the frames that reach beyond the end."""
        return self.feed(np.zeros(self.n_fft // 2, dtype=np.float32))


class Onsets:
    """Onset strength in three bands and together, of magnitudes fed frame by frame.

    The logarithm of each band's magnitude, compressed relative to the track's level of late, rises
    where something begins; what rises more than its neighbours lately had is counted.

    Notes
    -----
    S. Boeck, G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013, where
    `widen` is 1; plain flux of wide bands where it is 0.
    """

    def __init__(
        self, edges: NDArray[np.int64], n_fft: int, hop: int, lag: int, widen: int
    ) -> None:
        self._edges, self._lag, self._widen = edges, lag, widen
        hz = edges[:-1] * SAMPLE_RATE / n_fft
        self._group = np.searchsorted(np.array([180.0, 2000.0]), hz, side="right").astype(np.int64)
        self._history = np.zeros((lag, len(edges) - 1), dtype=np.float32)
        self._level = np.zeros(1, dtype=np.float32)
        self._keep = np.float32(np.exp(-hop / SAMPLE_RATE / _RELEASE_S))
        self._seen = 0
        self.out: list[Floats] = []

    def feed(self, magnitude: Floats) -> Floats:
        """Return the strength at frames, shape (frames, bins): low, middle, high, together."""
        out = np.zeros((len(magnitude), 4), dtype=np.float32)
        flux(
            magnitude, self._edges, self._group, self._history, self._level, self._keep,
            self._lag, self._widen, self._seen, out,
        )  # fmt: skip
        self._seen += len(magnitude)
        return out


LOWEST_NOTE, PITCHES = 28, 72  # E1 to D#7


def pitch_filters() -> Floats:
    """Return how much each bin of the tone spectrum speaks for each semitone."""
    hz = np.maximum(np.arange(_TONE_FFT // 2 + 1) * SAMPLE_RATE / _TONE_FFT, 1.0)
    note = 69 + 12 * np.log2(hz / 440.0)
    wanted = LOWEST_NOTE + np.arange(PITCHES)
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(note[:, None] - wanted)), dtype=np.float32)


class FeatureStream:
    """Takes a track block by block; gives its `Features` at the end."""

    def __init__(self) -> None:
        self._frames = [Frames(_FINE_FFT, FINE_HOP), Frames(_FFT, HOP), Frames(_TONE_FFT, TONE_HOP)]
        self._fine = Onsets(_edges(3, 30.0, 10_500.0, _FINE_FFT), _FINE_FFT, FINE_HOP, 2, 0)
        self._onset = Onsets(_edges(24, 30.0, 10_500.0, _FFT), _FFT, HOP, 2, 1)
        self._filters = pitch_filters()
        self._pitch: list[Floats] = []
        self.samples = 0

    def feed(self, audio: Floats) -> None:
        """Take the next samples: shape (n,), float32, mono, at `SAMPLE_RATE`."""
        self.samples += len(audio)
        for at in range(0, len(audio), 1 << 16):
            self._take([frames.feed(audio[at : at + (1 << 16)]) for frames in self._frames])

    def finish(self) -> Features:
        """Return the streams of all that was fed."""
        self._take([frames.finish() for frames in self._frames])
        pitch = np.concatenate([np.zeros((0, PITCHES), dtype=np.float32), *self._pitch])
        none = np.zeros((0, 4), dtype=np.float32)
        return Features(
            fine=np.concatenate([none[:, 3], *self._fine.out]),
            onset=np.concatenate([none, *self._onset.out]),
            pitch=pitch,
            samples=self.samples,
        )

    def _take(self, parts: list[list[Floats]]) -> None:
        for magnitude in parts[0]:
            self._fine.out.append(self._fine.feed(magnitude)[:, 3].copy())
        for magnitude in parts[1]:
            self._onset.out.append(self._onset.feed(magnitude))
        for magnitude in parts[2]:
            self._pitch.append(magnitude @ self._filters)


class FineStream:
    """The `fine` stream of `Features`, frame by frame as the sound comes in."""

    def __init__(self) -> None:
        self._frames = Frames(_FINE_FFT, FINE_HOP)
        self._onsets = Onsets(_edges(3, 30.0, 10_500.0, _FINE_FFT), _FINE_FFT, FINE_HOP, 2, 0)

    def feed(self, audio: Floats) -> Floats:
        """Take samples, (n,) at `SAMPLE_RATE`; return the frames they complete, (m, 4)."""
        found = [self._onsets.feed(magnitude) for magnitude in self._frames.feed(audio)]
        return np.concatenate([np.zeros((0, 4), dtype=np.float32), *found])
