"""Picture of an analysis: sound, onsets, beats and bars, key over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.onsets import HOP_S
from engine.analysis.result import KEY_STEP_S
from engine.app.drawing import AMBER, CORAL, GROUND, INK, pyplot

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope

_DIM = "#6d6759"

_PIXELS = 2400  # of the waveform's outline
_MOST_LINES = 120  # of beats or bars in one row
_CLOSE_BARS = 4  # seen in the magnified row


def draw_analysis(
    found: Analysis, onsets: OnsetEnvelope, source: Path, title: str, path: Path
) -> None:
    """Write a PNG with the waveform, the onsets with beats and downbeats, and the keys.

    Parameters
    ----------
    found : Analysis
    onsets : OnsetEnvelope
    source : Path
        The music, for its waveform.
    title : str
        Drawn above; plain text, whatever a tag holds.
    path : Path
        The file to write.

    Raises
    ------
    AudioFileError
        If the music cannot be read.
    """
    plt = pyplot()
    figure, rows = plt.subplots(
        4, 1, figsize=(14, 9), dpi=110, facecolor=GROUND, height_ratios=(3, 3, 3, 1.2)
    )
    low, high, at = outline(source, found.duration_s)
    rows[0].fill_between(at, low, high, color=INK, linewidth=0)
    for cue in (found.cue_in_s, found.cue_out_s):
        rows[0].axvline(cue, color=CORAL, linewidth=1.2)
    _draw_onsets(rows[1], found, onsets, 0.0, found.duration_s)
    start, stop = _close_up(found)
    _draw_onsets(rows[2], found, onsets, start, stop)
    _draw_keys(rows[3], found)
    said = f"{title}   {_said(found)}"
    for axes, text in zip(
        rows,
        (said, "onsets and bars", "onsets, beats and bars, close", "keys"),
        strict=True,
    ):
        axes.set_facecolor(GROUND)
        # mathtext off: a title may hold a dollar sign
        axes.set_title(text, color=INK, loc="left", fontsize=11, parse_math=False)
        axes.tick_params(colors=INK)
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
    for axes in (rows[0], rows[1], rows[3]):
        axes.set_xlim(0.0, max(found.duration_s, 0.1))
    rows[2].set_xlim(start, max(stop, start + 0.1))
    rows[3].set_xlabel("seconds", color=INK)
    figure.tight_layout()
    figure.savefig(path, facecolor=GROUND, format="png")
    plt.close(figure)


def outline(
    source: Path, duration_s: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Return lowest and highest sample of each stretch of the sound, and its time."""
    from engine.io import audiofile

    low = np.zeros(_PIXELS, dtype=np.float32)
    high = np.zeros(_PIXELS, dtype=np.float32)
    done = 0
    with audiofile.blocks(source, mono=True) as file:
        for block in file:
            times = (done + np.arange(len(block))) / file.file_rate
            place = (times / max(duration_s, 1e-9) * _PIXELS).astype(np.int64)
            place = np.minimum(place, _PIXELS - 1)
            np.minimum.at(low, place, block)
            np.maximum.at(high, place, block)
            done += len(block)
    return low, high, (np.arange(_PIXELS) + 0.5) / _PIXELS * duration_s


def _draw_onsets(
    axes: Any, found: Analysis, onsets: OnsetEnvelope, start: float, stop: float
) -> None:
    strength = np.sqrt(onsets.at(start, stop))
    axes.plot(start + np.arange(len(strength)) * HOP_S, strength, color=INK, linewidth=0.6)
    if found.grid is None:
        return
    sure = found.follows
    for times, colour, width in (
        (found.grid.beats(), AMBER if sure else _DIM, 0.7),
        (found.grid.downbeats(), CORAL if sure else _DIM, 1.3),
    ):
        seen = times[(times >= start) & (times <= stop)]
        if len(seen) < _MOST_LINES:  # more would hide the onsets
            axes.vlines(seen, 0.0, 1.0, color=colour, linewidth=width)


def _draw_keys(axes: Any, found: Analysis) -> None:
    for step, key in enumerate(found.keys):
        if key is None:
            continue
        same = found.key is not None and (key.tonic, key.mode) == (found.key.tonic, found.key.mode)
        begin = step * KEY_STEP_S
        axes.axvspan(begin, begin + KEY_STEP_S, color=AMBER if same else _DIM, alpha=0.35)
        label = key.name.replace(" major", "").replace(" minor", "m")
        if len(found.keys) < 80:
            axes.text(begin + 0.3, 0.4, label, color=INK, fontsize=8, clip_on=True)
    axes.set_ylim(0.0, 1.0)


def _close_up(found: Analysis) -> tuple[float, float]:
    middle = found.duration_s / 2
    if found.grid is None:
        return max(0.0, middle - 4.0), min(found.duration_s, middle + 4.0)
    grid = found.grid
    first = round(float(grid.beat_at(middle)))
    first -= (first - grid.downbeat) % grid.beats_per_bar
    beats = _CLOSE_BARS * grid.beats_per_bar
    start, stop = grid.time_at([first - 0.5, first + beats + 0.5])
    return max(0.0, float(start)), min(found.duration_s, float(stop))


def _said(found: Analysis) -> str:
    parts = []
    if found.grid is None or not found.follows:
        parts.append("no sure beat")
    else:
        parts.append(f"{found.grid.bpm:.2f} BPM ({found.grid.confidence:.2f})")
    if found.key is not None:
        parts.append(f"{found.key.name} ({found.key.confidence:.2f})")
    if found.loudness_lufs is not None:
        parts.append(f"{found.loudness_lufs:.1f} LUFS")
    return ", ".join(parts)
