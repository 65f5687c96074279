"""Pictures of evidence: the clip's spectrogram with the matched peaks laid over it."""

from __future__ import annotations

from pathlib import Path

from fingerprint import Evidence

_INK = "#e9e4d8"
_GROUND = "#141310"
_AMBER = "#f0b056"
_CORAL = "#ec8272"


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
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(11, 5.5), dpi=110, facecolor=_GROUND)
    axes.set_facecolor(_GROUND)
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
    peaks, matched = evidence.reference_peaks, evidence.matched
    for chosen, colour, label in (
        (matched, _AMBER, f"{int(matched.sum())} of {len(matched)} peaks of the track, heard"),
        (~matched, _CORAL, "expected, not heard"),
    ):
        axes.scatter(
            peaks[chosen, 0],
            peaks[chosen, 1] / 1000.0,
            s=34,
            facecolors="none",
            edgecolors=colour,
            linewidths=1.1,
            label=label,
        )
    # mathtext off: a title may hold a dollar sign
    axes.set_title(title, color=_INK, loc="left", fontsize=13, parse_math=False)
    axes.set_xlabel("seconds", color=_INK)
    axes.set_ylabel("kHz", color=_INK)
    axes.tick_params(colors=_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    legend = axes.legend(loc="upper right", facecolor=_GROUND, edgecolor="none", fontsize=10)
    for text in legend.get_texts():
        text.set_color(_INK)
    figure.tight_layout()
    figure.savefig(path, facecolor=_GROUND)
    plt.close(figure)
