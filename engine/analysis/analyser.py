"""The whole analysis of a track: from an array, or block by block in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.resample import StreamResampler
from engine.analysis.beats import find_grid
from engine.analysis.cues import cues
from engine.analysis.features import FINE_HOP_S, SAMPLE_RATE, Features, FeatureStream
from engine.analysis.loudness import LoudnessMeter
from engine.analysis.onsets import HOP_S, OnsetEnvelope
from engine.analysis.result import Analysis
from engine.analysis.tonality import find_key, tuning
from engine.analysis.tones import ToneStream

Floats = NDArray[np.float32]

_BLOCK = 1 << 16  # frames taken at once from a whole array
_LONGEST = 3 * 3600 * SAMPLE_RATE  # samples in which beats are looked for
_LOUDEST = 0.999  # quantile of the onset strength that the largest level stands for


class Analyser:
    """Learns what there is to learn of a track that is fed block by block.

    Memory grows by 3 MB for each minute of audio, whatever its sample rate, up to 3 hours. Beats
    are looked for in these alone; of a longer track the grid goes on from there.

    Parameters
    ----------
    sample_rate : float
        Frames per second, 1000 to 768000.
    channels : int
    """

    def __init__(self, sample_rate: float, channels: int) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        self._rate, self._channels, self._frames = sample_rate, channels, 0
        self._resampler = StreamResampler(sample_rate, SAMPLE_RATE)
        self._meter = LoudnessMeter(sample_rate, channels)
        self._features, self._tones = FeatureStream(), ToneStream()

    def feed(self, block: Floats) -> Floats:
        """Take the next frames: shape (n, channels), float32, finite; full scale is 1.

        Returns
        -------
        ndarray of float32
            What is ready of the sound in mono at `features.SAMPLE_RATE`, for others to use.
        """
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"block must have shape (n, {self._channels}), got {block.shape}")
        self._frames += len(block)
        self._meter.feed(block)
        mono = self._resampler.feed(block.mean(axis=1, dtype=np.float32))
        self._take(mono)
        return mono

    def finish(self) -> tuple[Analysis, OnsetEnvelope]:
        """Return what was learnt, and the onsets to find places by."""
        self._take(self._resampler.feed(np.zeros(0, dtype=np.float32), last=True))
        features = self._features.finish()
        duration_s = self._frames / self._rate
        grid = find_grid(features)
        cells = self._tones.finish()
        cents, sure = tuning(cells)
        cue_in, cue_out, cue_sure = cues(self._meter.steps(), duration_s, grid)
        cue_out = min(round(cue_out, 4), duration_s)
        loudness, peak = self._meter.integrated(), self._meter.true_peak_db()
        analysis = Analysis(
            duration_s=duration_s,
            grid=grid,
            key=find_key(cells, cents),
            keys=tuple(
                find_key(cells[max(0, k - 1) : k + 2], cents) if cells[k].any() else None
                for k in range(len(cells))
            ),
            tuning_cents=round(cents, 2),
            tuning_confidence=sure,
            loudness_lufs=None if loudness is None else round(loudness, 2),
            true_peak_db=None if peak is None else round(peak, 2),
            energy_db=tuple(np.round(self._meter.seconds(), 1).tolist()),
            cue_in_s=min(round(cue_in, 4), cue_out),
            cue_out_s=cue_out,
            cue_confidence=cue_sure,
        )
        return analysis, _envelope(features)

    def _take(self, mono: Floats) -> None:
        self._features.feed(mono[: max(0, _LONGEST - self._features.samples)])
        self._tones.feed(mono)


def analyse(audio: NDArray[np.floating], sample_rate: float) -> Analysis:
    """Return the analysis of a track.

    Parameters
    ----------
    audio : ndarray of float, shape (frames,) or (frames, channels)
        Finite; full scale is 1.
    sample_rate : float
        Frames per second, 1000 to 768000.

    Raises
    ------
    TypeError, ValueError
        If `audio` is not floating point, has another shape, or holds NaN or infinity.

    Examples
    --------
    >>> time = np.arange(5 * 22_050) / 22_050
    >>> round(analyse(0.1 * np.sin(2 * np.pi * 440 * time), 22_050).tuning_cents)
    0
    """
    return analyse_with_onsets(audio, sample_rate)[0]


def analyse_with_onsets(
    audio: NDArray[np.floating], sample_rate: float
) -> tuple[Analysis, OnsetEnvelope]:
    """Return the analysis of a track with its onset envelope; otherwise as `analyse`."""
    if not isinstance(audio, np.ndarray) or audio.dtype.kind != "f":
        raise TypeError("audio must be a floating point ndarray")
    if audio.ndim not in (1, 2):
        raise ValueError(f"audio must have 1 or 2 dimensions, got {audio.ndim}")
    frames = audio if audio.ndim == 2 else audio[:, None]
    analyser = Analyser(sample_rate, frames.shape[1])
    for at in range(0, len(frames), _BLOCK):
        block = frames[at : at + _BLOCK].astype(np.float32)
        if not np.isfinite(block).all():
            raise ValueError("audio must be finite, got NaN or infinity")
        analyser.feed(block)
    return analyser.finish()


def _envelope(features: Features) -> OnsetEnvelope:
    """Return the fine onsets at the coarser step and the few levels in which they are stored."""
    fine = features.fine
    frames = int(features.duration_s / HOP_S) + 1 if len(fine) else 0
    at = np.arange(frames) * HOP_S
    strength = np.interp(at, np.arange(len(fine)) * FINE_HOP_S, fine) if frames else np.zeros(0)
    loud = strength[strength > 0]
    scale = float(np.quantile(loud, _LOUDEST)) if len(loud) else 1.0
    levels = np.sqrt(np.clip(strength / scale, 0.0, 1.0)) * 255
    return OnsetEnvelope(np.round(levels).astype(np.uint8))
