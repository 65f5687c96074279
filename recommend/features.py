"""What the last step of the ranking looks at, for each candidate of a query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommend.ranking import top
from recommend.signals import Signals, blend

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

COLUMNS = 21


def candidates(
    signals: Signals, said: Mapping[str, Floats], seeds: Ids, count: int
) -> tuple[Ids, Floats, Floats]:
    """Return the best of the plain blend, their features, and the blend itself.

    Parameters
    ----------
    said : mapping of str to ndarray of float32, shape (tracks,)
        The signals as z-scores.
    seeds : ndarray of int64
        Columns of the known seeds, at least one.
    count : int
        How many candidates.

    Returns
    -------
    columns : ndarray of int64, shape (at most count,)
        Best first, no seed among them.
    features : ndarray of float32, shape (len(columns), features)
    scores : ndarray of float32, shape (tracks,)
    """
    total = blend(said)
    chosen = top(total, count, seeds)
    if len(chosen) == 0:
        return chosen, np.empty((0, 0), dtype=np.float32), total
    rank = np.arange(1, len(chosen) + 1, dtype=np.float32)
    columns: list[Floats] = [total[chosen], np.log(rank)]
    small = signals.small(seeds, chosen)
    told = (said["wrmf"], None, said["items"], said["playlists"], said["artists"])
    values = np.stack([small if one is None else one[chosen] for one in told])
    lowest, spread = values.min(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    logs = np.log(values - lowest + np.float32(0.05) * spread + np.float32(1e-6))
    for pair in zip(values, logs, strict=True):
        columns += pair
    same = signals.same_artist(seeds)[chosen]
    popularity = np.log(signals.popularity[chosen] + 1)
    of_seeds = np.log(signals.popularity[seeds] + 1).mean()
    k = np.float32(len(seeds))
    distinct = len(np.unique(signals.artist_of[seeds])) / k
    artist = np.log(signals.artist_popularity[chosen] + 1)
    columns += [same / k, same, popularity, artist, popularity - artist, popularity - of_seeds]
    columns += [np.full(len(chosen), v, dtype=np.float32) for v in (np.log(k), of_seeds, distinct)]
    return chosen, np.stack(columns).astype(np.float32, copy=False).T, total
