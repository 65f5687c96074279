"""Signatures in bands: which sets may be alike, without comparing all with all.

A signature is cut into bands of so many rows. Sets all of whose rows agree in one band fall into
one bucket there and are candidates: for sets of Jaccard similarity s that happens with the
probability 1 - (1 - s^rows)^bands, an S-shaped curve that rises at about (1 / bands)^(1 / rows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .minhash import EMPTY, mix

CHANCE = 0.01  # similarity of music that has nothing in common (median 0.004, 90 % below 0.02)
CHANCE_CANDIDATES = 20.0  # of each signature that may be looked at in vain
MOST_A_BUCKET = 32  # signatures of one bucket that each is compared with

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]


def collision(similarity: float, bands: int, rows: int) -> float:
    """Return the probability that sets of this Jaccard similarity share a bucket.

    Examples
    --------
    >>> [round(collision(s, bands=33, rows=3), 3) for s in (0.02, 0.2, 0.4, 0.6)]
    [0.0, 0.233, 0.887, 1.0]
    """
    return float(1.0 - (1.0 - similarity**rows) ** bands)


def choose_bands(permutations: int, signatures: int) -> tuple[int, int]:
    """Return bands and rows for comparing so many signatures with each other.

    More rows let fewer pairs collide. The least rows are taken for which a signature meets at
    most `CHANCE_CANDIDATES` others of similarity `CHANCE`.

    Examples
    --------
    >>> choose_bands(100, 10), choose_bands(100, 3_000), choose_bands(100, 500_000)
    ((100, 1), (50, 2), (33, 3))
    """
    for rows in range(1, permutations + 1):
        bands = permutations // rows
        if signatures * collision(CHANCE, bands, rows) <= CHANCE_CANDIDATES:
            return bands, rows
    return 1, permutations


def candidates(probes: U32, signatures: U32, bands: int, rows: int) -> tuple[I64, I64]:
    """Return the pairs (row of `probes`, row of `signatures`) that share a bucket.

    Parameters
    ----------
    probes, signatures : ndarray, uint32, shape (n, permutations) and (m, permutations)
        Rows of empty sets have no bucket.
    bands, rows : int
        As `choose_bands` gives them.

    Returns
    -------
    probe, signature : ndarray of int64, shape (pairs,)
        Each pair once, in ascending order. Of a bucket, each probe meets the first
        `MOST_A_BUCKET`, so that a thousand copies of one thing stay a thousand answers.

    Raises
    ------
    ValueError
        If bands times rows are more than the numbers of a signature.
    """
    width = signatures.shape[1]
    if bands * rows > width:
        raise ValueError(f"bands * rows must be at most {width}, got {bands} * {rows}")
    some = np.flatnonzero((signatures != EMPTY).any(axis=1))
    asking = np.flatnonzero((probes != EMPTY).any(axis=1))
    found: list[I64] = [np.empty(0, np.int64)]
    for band in range(bands):
        columns = slice(band * rows, (band + 1) * rows)
        keys = _keys(signatures[some, columns])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        wanted = _keys(probes[asking, columns])
        first = np.searchsorted(keys, wanted, "left")
        last = np.searchsorted(keys, wanted, "right")
        for k in range(min(MOST_A_BUCKET, int((last - first).max(initial=0)))):
            there = np.flatnonzero(first + k < last)
            met = some[order[first[there] + k]]
            found.append(asking[there] * np.int64(len(signatures)) + met)
    pairs = np.unique(np.concatenate(found))
    return pairs // max(1, len(signatures)), pairs % max(1, len(signatures))


def _keys(rows: U32) -> U64:
    """Return one number for each row; rows that differ rarely share one (2 in 10^19)."""
    key = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        key = mix(key ^ column.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
    return key
