"""What the exact factorisation says of a prefix: the ground that the neural model builds on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from recommend.interactions import Interactions
from recommend.neural.common import Ids
from recommend.wrmf import WRMF

_LEAST = 200  # playlists: with fewer a part of them teaches too little
_FOLDS = 4


class Base:
    """Factorisations of all playlists, and of all but each fold of them.

    A factorisation knows the playlists it was fitted to by heart. So that the neural model learns
    how far to trust it, each playlist is scored in training by one that never saw it.

    Parameters
    ----------
    whole : WRMF
    parts : sequence of WRMF
        Number f saw all playlists but those of fold f.
    """

    def __init__(self, whole: WRMF, parts: Sequence[WRMF] = ()) -> None:
        self.whole = whole
        self.parts = list(parts)

    @classmethod
    def fit(cls, interactions: Interactions, folds: Ids, factors: int, seed: int) -> Base:
        """Fit a factorisation to all playlists, and one to each part without a fold."""
        matrix, ids = interactions.matrix, interactions.track_ids
        parts = [
            short_wrmf(Interactions(matrix[np.flatnonzero(folds != f)], ids), factors, seed)
            for f in range(int(folds.max(initial=0)) + 1)
            if (folds != f).any()
        ]
        return cls(short_wrmf(interactions, factors, seed), parts)

    def scores(self, seeds: Tensor, fold: int | None = None) -> Tensor:
        """Return z-scores of every track, (batch, tracks).

        Parameters
        ----------
        seeds : Tensor of int64, shape (batch, seeds)
            Columns, filled up with the number of tracks.
        fold : int, optional
            The fold of all these playlists; None for playlists that nobody saw.
        """
        model = self.parts[fold] if fold is not None and self.parts else self.whole
        ids = self.whole.track_ids
        rows = seeds.numpy()
        folded = np.stack([model.fold_in(ids[row[row < len(ids)]]) for row in rows])
        said = folded @ model.track_factors_.T
        said -= said.mean(axis=1, keepdims=True)
        said /= np.maximum(said.std(axis=1, keepdims=True), 1e-9)
        return torch.from_numpy(said.astype(np.float32))


def fold_numbers(playlists: int, seed: int) -> Ids:
    """Return a fold for each playlist; all in fold 0 where they are too few to be parted."""
    if playlists < _LEAST:
        return np.zeros(playlists, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(playlists)
    return (order % _FOLDS).astype(np.int64)


def short_wrmf(interactions: Interactions, factors: int, seed: int) -> WRMF:
    """Return a factorisation in a few sweeps."""
    return WRMF(factors, regularization=0.02, iterations=8, seed=seed).fit(interactions)
