"""A picture of a map: every track a dot, in the colour of its group, groups by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.app.drawing import GROUND, INK, pyplot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.library.atlas import Cluster

_DOTS = 40_000.0  # their area, all together, in points
_NAMED = 16  # groups; more names would cover each other


def draw_map(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    cluster: NDArray[np.int64],
    clusters: list[Cluster],
    path: Path,
) -> None:
    """Write a PNG.

    Parameters
    ----------
    x, y : ndarrays of float32, shape (n,)
        Places of the tracks, 0 to 1.
    cluster : ndarray of int64, shape (n,)
        Of each track, a place in `clusters`.
    clusters : list of Cluster
    path : Path
        The file to write.
    """
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(10, 10), dpi=110, facecolor=GROUND)
    axes.set_facecolor(GROUND)
    size = min(max(_DOTS / max(len(x), 1), 1.0), 40.0)
    axes.scatter(x, y, s=size, c=cluster % 20, cmap="tab20", vmin=0, vmax=20, linewidths=0)
    for one in clusters[:_NAMED]:
        box = {"facecolor": GROUND, "alpha": 0.7, "edgecolor": "none", "pad": 2.0}
        where = {"ha": "center", "va": "center", "parse_math": False}
        axes.text(one.x, one.y, one.label, color=INK, bbox=box, **where)
    axes.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, facecolor=GROUND, format="png")
    plt.close(figure)
