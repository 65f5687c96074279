"""What the models of this package share: playlists as columns, checks of settings, artists."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommend.interactions import Interactions

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def playlists_of(interactions: Interactions, least: int = 1) -> list[Ids]:
    """Return each playlist of at least so many tracks as columns, in its order.

    Raises
    ------
    ValueError
        If there is none.
    """
    matrix = interactions.matrix
    found = [
        columns.astype(np.int64)
        for columns in np.split(matrix.indices, matrix.indptr[1:-1])
        if len(columns) >= least
    ]
    if not found:
        raise ValueError(f"interactions must hold a playlist of at least {least} tracks, got none")
    return found


def require(name: str, value: float, lowest: float, highest: float) -> None:
    """Raise unless a number lies in a range; an integer is asked for where the ends are."""
    whole = isinstance(lowest, int) and isinstance(highest, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise TypeError(f"{name} must be {'an integer' if whole else 'a number'}, got {value!r}")
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise ValueError(f"{name} must lie in {lowest}..{highest}, got {value!r}")


def artist_numbers(ids: Ids, artists: Mapping[int, int] | None) -> Ids:
    """Return a small number for each track's artist, shape of `ids`; 0 where none is known."""
    known = artists or {}
    given = [known.get(int(t)) for t in ids]
    place = {who: i for i, who in enumerate(sorted({a for a in given if a is not None}), 1)}
    return np.array([0 if a is None else place[a] for a in given], dtype=np.int64)
