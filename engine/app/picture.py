"""Pictures of evidence: the clip's spectrogram with the track's peaks laid over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.app.drawing import AMBER, CORAL, GROUND, INK, pyplot
from fingerprint import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fingerprint.explain import Explanation


def draw_evidence(evidence: Evidence, title: str, path: Path) -> None:
    """Write a PNG: what was heard, and where the track said its peaks must be.

    Parameters
    ----------
    evidence : Evidence
    title : str
        Drawn above; plain text, whatever a tag holds.
    path : Path
        The file to write.
    """
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(11, 5.5), dpi=110, facecolor=GROUND)
    matched = evidence.matched
    heard = f"{int(matched.sum())} of {len(matched)} peaks of the track, heard"
    _lay_over(axes, evidence, matched, heard, "expected, not heard")
    _finish(axes, title, "seconds", "kHz")
    figure.tight_layout()
    figure.savefig(path, facecolor=GROUND, format="png")
    plt.close(figure)


def draw_explanation(explanation: Explanation, title: str, path: Path) -> None:
    """Write a PNG: the evidence, and for which offset each landmark in common speaks.

    Parameters as of `draw_evidence`.
    """
    import numpy as np

    from fingerprint.agreeing import agreeing

    plt = pyplot()
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(11, 8), dpi=110, facecolor=GROUND, height_ratios=(5, 2)
    )
    own = explanation.evidence.query_peaks
    above.scatter(own[:, 0], own[:, 1] / 1000.0, s=5, c=INK, label="peaks of the clip", zorder=2)
    shared = agreeing(explanation.evidence)
    both = f"{int(shared.sum())} of {len(shared)} peaks of the track, also in the clip"
    _lay_over(above, explanation.evidence, shared, both, "in the track alone")
    _finish(above, title, "seconds of the clip", "kHz")
    offsets, at = explanation.vote_offsets_s, explanation.match.offset_s
    low = min([at - 5.0, *offsets[:1]])
    high = max([at + 5.0, *offsets[-1:]])
    below.set_facecolor(GROUND)
    below.hist(offsets, np.linspace(low, high, 600), color=INK)
    said = f"{explanation.votes} speak for {at:.1f} s, {explanation.next_votes} for the next best"
    below.axvline(at, color=AMBER, linewidth=1.0, label=said, zorder=0)
    below.set_xlim(low, high)
    _finish(below, "landmarks in common", "offset: second of the track where the clip begins", "")
    figure.tight_layout()
    figure.savefig(path, facecolor=GROUND, format="png")
    plt.close(figure)


def _lay_over(
    axes: Any, evidence: Evidence, matched: NDArray[np.bool_], good: str, bad: str
) -> None:
    axes.set_facecolor(GROUND)
    top = float(evidence.spectrogram_db.max())
    axes.pcolormesh(
        evidence.times_s,
        evidence.frequencies_hz / 1000.0,
        evidence.spectrogram_db.T,
        cmap="bone",
        vmin=top - 70.0,
        vmax=top,
        shading="auto",
        rasterized=True,
    )
    peaks = evidence.reference_peaks
    for chosen, colour, label in ((matched, AMBER, good), (~matched, CORAL, bad)):
        axes.scatter(
            peaks[chosen, 0],
            peaks[chosen, 1] / 1000.0,
            s=34,
            facecolors="none",
            edgecolors=colour,
            linewidths=1.1,
            label=label,
        )


def _finish(axes: Any, title: str, across: str, up: str) -> None:
    # mathtext off: a title may hold a dollar sign
    axes.set_title(title, color=INK, loc="left", fontsize=13, parse_math=False)
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.tick_params(colors=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    legend = axes.legend(loc="upper right", facecolor=GROUND, edgecolor="none", fontsize=10)
    for text in legend.get_texts():
        text.set_color(INK)
