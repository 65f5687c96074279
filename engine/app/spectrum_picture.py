"""A picture of a sound: its level over time, and its spectrum over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.app.drawing import AMBER, GROUND, INK, pyplot

_WINDOW = 4096
_HOP = 512
_RANGE_DB = 90.0
_LOWEST_HZ = 20.0
_ROWS = 480


def spectrogram_db(
    audio: NDArray[np.float32], sample_rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the spectrum over time on a logarithmic axis.

    Parameters
    ----------
    audio : ndarray, shape (frames, 2)
    sample_rate : float

    Returns
    -------
    frequencies : ndarray, shape (480,)
        Hz, from 20 to half of the sample rate, evenly spaced in octaves.
    levels : ndarray, shape (columns, 480)
        dB against a sine of full scale in both channels; a column every 512 frames.
    """
    window = np.hanning(_WINDOW)
    mono = np.pad(audio.mean(axis=1, dtype=np.float64), (_WINDOW // 2, _WINDOW))
    pieces = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(pieces * window)) ** 2 * (2.0 / window.sum()) ** 2
    frequencies = np.geomspace(_LOWEST_HZ, sample_rate / 2, _ROWS)
    # A row is its strongest bin: high rows span many, low ones less than one.
    bins = frequencies / sample_rate * _WINDOW
    edges = np.sqrt(bins[1:] * bins[:-1])
    low = np.floor(np.concatenate([bins[:1], edges])).astype(int)
    high = np.ceil(np.concatenate([edges, bins[-1:]])).astype(int)
    levels = np.stack(
        [power[:, a : max(a + 1, b)].max(axis=1) for a, b in zip(low, high, strict=True)], axis=1
    )
    return frequencies, 10.0 * np.log10(np.maximum(levels, 1e-20))


def draw_sound(audio: NDArray[np.float32], sample_rate: float, title: str, path: Path) -> None:
    """Write a PNG of a sound, shape (frames, 2): peaks above, spectrum below."""
    plt = pyplot()
    frequencies, levels = spectrogram_db(audio, sample_rate)
    seconds = len(audio) / sample_rate
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(11, 6), dpi=100, facecolor=GROUND, sharex=True, height_ratios=(1, 4)
    )
    step = max(1, len(audio) // 2000)
    whole = len(audio) // step * step
    peaks = np.abs(audio[:whole]).max(axis=1).reshape(-1, step).max(axis=1)
    t = np.linspace(0.0, seconds, len(peaks))
    above.fill_between(t, -peaks, peaks, color=AMBER, linewidth=0)
    above.set_ylim(-1.0, 1.0)
    above.set_title(title, color=INK, loc="left", fontsize=13, parse_math=False)
    times = np.arange(len(levels)) * _HOP / sample_rate
    below.pcolormesh(
        times, frequencies, levels.T, cmap="magma", vmin=levels.max() - _RANGE_DB,
        vmax=levels.max(), shading="nearest", rasterized=True,
    )  # fmt: skip
    below.set_yscale("log")
    below.set_ylim(_LOWEST_HZ, sample_rate / 2)
    below.set_xlim(0.0, seconds)
    ticks = [
        tick for tick in (50, 100, 200, 500, 1000, 2000, 5000, 10_000) if tick < sample_rate / 2
    ]
    below.set_yticks(ticks, [f"{tick / 1000:g}" for tick in ticks])
    below.set_yticks([], minor=True)
    below.set_ylabel("kHz", color=INK)
    below.set_xlabel("seconds", color=INK)
    for axes in (above, below):
        axes.set_facecolor(GROUND)
        axes.tick_params(colors=INK)
        for spine in axes.spines.values():
            spine.set_visible(False)
    figure.tight_layout()
    figure.savefig(path, facecolor=GROUND)
    plt.close(figure)
