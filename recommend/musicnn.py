"""MusiCNN as an embedding: what a network that was taught to name tags hears in a track."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommend import modelfile, windows
from recommend.fragments import FRAGMENT_S, STEP_S
from recommend.logmel import BANDS, HOP, SAMPLE_RATE, log_mel
from recommend.musicnn_weights import KIND

if TYPE_CHECKING:
    from recommend.neural.musicnn_layers import Heard, Network

Floats = NDArray[np.float32]

WINDOW_S = 5.0
WINDOWS = 5
LEVEL_DB = -20.0  # RMS re full scale that every track is brought to
_SILENCE = 1e-5  # RMS below which a track is left as it is
_QUIET_DB = 20.0
_BATCH = 1  # patches heard at once: of more the maps leave the cache, measured 10 % slower for 4


class MusicnnEmbedding:
    """Mean and largest of all feature maps of MusiCNN, and its last layer before the tags.

    All three are averages over windows that lie evenly over the track, so a track costs the same
    whatever its length. It is brought to one level first: the network itself hears a softer copy
    as other music.

    Parameters
    ----------
    weights : str or Path
        The file that `musicnn_weights.convert` wrote.

    Raises
    ------
    FileNotFoundError, FormatError
        If there is none, or it is damaged.
    """

    name = "musicnn"
    version = 1
    dimensions = 753 + 753 + 200

    def __init__(self, weights: str | Path) -> None:
        settings, self._weights = modelfile.read(weights, KIND)
        self.tags: tuple[str, ...] = tuple(settings["tags"])

    def __call__(self, audio: NDArray[Any], sample_rate: int) -> Floats:
        """Embed a track.

        Parameters
        ----------
        audio : ndarray of float, shape (frames,) or (frames, channels)
            Finite; at least one frame. Less than 5 s are repeated, as in training.
        sample_rate : int
            Frames per second, at least 1000.

        Returns
        -------
        ndarray of float32, shape (dimensions,)

        Raises
        ------
        TypeError, ValueError
            If the audio is not floating point, is empty, or holds NaN or infinity.
        MissingExtraError
            If torch is not installed.
        """
        parts = list(windows.spread(audio, sample_rate, SAMPLE_RATE, WINDOW_S, WINDOWS))
        gain = levelling(float(np.mean([np.mean(np.square(part)) for part in parts])))
        heard = self.hear(np.stack([_patch(part * gain) for part in parts]))
        heights = (heard.mean_pool, heard.max_pool, heard.penultimate)
        return np.concatenate([height.mean(axis=0) for height in heights])

    def fragments(self, audio: NDArray[Any], sample_rate: int) -> Floats:
        """Return the last layer before the tags for 5 s of each second of a track.

        One pass over the track; the feature maps are pooled for each fragment.

        Parameters
        ----------
        audio, sample_rate
            As when called.

        Returns
        -------
        ndarray of float32, shape (n, 200)
            Row i is of the 5 s from second i; a shorter track is one row. Where a track is quiet,
            more than 20 dB below its level, the row is 0: a fade is like any other.
        """
        whole = len(audio) / sample_rate
        (mono,) = windows.spread(audio, sample_rate, SAMPLE_RATE, whole, 1)
        mono = mono * levelling(float(np.mean(np.square(mono))))
        mel = log_mel(np.resize(mono, max(len(mono), round(FRAGMENT_S * SAMPLE_RATE))))
        length = int(FRAGMENT_S * SAMPLE_RATE / HOP)
        count = 1 + int((len(mel) - length) * HOP / SAMPLE_RATE / STEP_S)
        starts = np.rint(np.arange(count) * STEP_S * SAMPLE_RATE / HOP).astype(int)
        rows = self.network.pooled(mel, starts.tolist(), length)
        # the picture of a part has as much power as the part
        power = np.concatenate([[0.0], np.cumsum((10.0**mel - 1).sum(axis=1, dtype=np.float64))])
        mean = (power[starts + length] - power[starts]) / length
        rows[mean < 10 ** (-_QUIET_DB / 10) * power[-1] / len(mel)] = 0
        return rows

    def tags_of(self, fragment: Floats, n: int = 2) -> list[str]:
        """Return the tags that stand out for the last layer of a fragment; needs no torch.

        Parameters
        ----------
        fragment : ndarray of float32, shape (200,)
        n : int
            How many, the likeliest first.
        """
        logits = fragment @ self._weights["tags.kernel"] + self._weights["tags.bias"]
        return [self.tags[i] for i in np.argsort(-logits, kind="stable")[:n]]

    def hear(self, patches: Floats) -> Heard:
        """Return all that the network makes of log-mel patches, shape (patches, time, 96)."""
        if patches.ndim != 3 or patches.shape[2] != BANDS or not patches.size:
            raise ValueError(f"patches must have shape (n, time, {BANDS}), got {patches.shape}")
        return self.network(patches, _BATCH)

    @cached_property
    def network(self) -> Network:
        """The layers in torch, which is loaded now."""
        from recommend.neural.musicnn_layers import Network

        return Network(self._weights)


def levelling(mean_square: float) -> np.float32:
    """Return the gain that brings a sound of this power to `LEVEL_DB`; 1 for silence."""
    rms = mean_square**0.5
    return np.float32(10 ** (LEVEL_DB / 20) / rms if rms > _SILENCE else 1.0)


def _patch(mono: Floats) -> Floats:
    """Return the picture of a window, repeated where the sound is shorter, shape (312, 96)."""
    frames = int(WINDOW_S * SAMPLE_RATE / HOP)
    return log_mel(np.resize(mono, round(WINDOW_S * SAMPLE_RATE)))[:frames]
