"""Gradient-boosted symmetric trees: a small learner for the last step of a ranking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from recommend.errors import FormatError
from recommend.modelfile import require_shape

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_MAX_BINS = 64


@dataclass(frozen=True)
class Trees:
    """Symmetric trees: all nodes of a level ask the same question, so a tree is a small table.

    Attributes
    ----------
    features : ndarray of int32, shape (trees, depth)
        Which column each level looks at.
    thresholds : ndarray of float32, shape (trees, depth)
        The answer is 1 where the value is above.
    leaves : ndarray of float32, shape (trees, 2 ** depth)
        What a row gains; the answers are the bits of the index, the first level's lowest.
    """

    features: NDArray[np.int32]
    thresholds: Floats
    leaves: Floats

    @property
    def parts(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The three tables."""
        return self.features, self.thresholds, self.leaves

    def check(self, columns: int) -> None:
        """Refuse tables that do not belong together, or ask for more columns than there are.

        Raises
        ------
        FormatError
        """
        trees, depth = len(self.leaves), self.features.shape[-1]
        require_shape("features", self.features, (trees, depth))
        require_shape("thresholds", self.thresholds, (trees, depth))
        require_shape("leaves", self.leaves, (trees, 2**depth))
        if trees and not 0 <= self.features.min() <= self.features.max() < columns:
            raise FormatError(f"features must lie in 0..{columns - 1}")

    def score(self, X: Floats) -> Floats:
        """Return the sum over trees of each row, shape (rows, columns) -> (rows,)."""
        out = np.zeros(len(X), dtype=np.float32)
        columns = np.ascontiguousarray(X.T, dtype=np.float32)
        _score(columns, self.features, self.thresholds, self.leaves, out)
        return out


def fit_trees(
    X: Floats,
    y: Floats,
    weights: Floats,
    *,
    trees: int = 300,
    depth: int = 5,
    learning_rate: float = 0.05,
    share: float = 0.5,
    l2: float = 20.0,
    seed: int = 0,
    start: Trees | None = None,
    tell: Callable[[Trees], None] = lambda _: None,
) -> Trees:
    """Fit trees to the weighted logistic loss.

    Parameters
    ----------
    X : ndarray of float32, shape (rows, columns)
        Finite.
    y : ndarray of float32, shape (rows,)
        0 or 1.
    weights : ndarray of float32, shape (rows,)
        At least 0.
    share : float
        Of the rows each tree is grown on, above 0 and up to 1.
    l2 : float
        Penalty of a leaf's value, above 0.
    start : Trees, optional
        The first trees of an earlier call with the same arguments, to go on from.
    tell : callable
        Told all trees so far after each new one.

    Raises
    ------
    ValueError
        If shapes disagree or a value is not finite.

    Notes
    -----
    Second-order boosting (Chen and Guestrin, 2016) of oblivious trees (Prokhorenkova et al.,
    "CatBoost", 2018), on 64 bins a column.
    """
    if X.ndim != 2 or y.shape != (len(X),) or weights.shape != (len(X),) or len(X) == 0:
        raise ValueError(f"X, y and weights must agree, got {X.shape}, {y.shape}, {weights.shape}")
    if not (np.isfinite(X).all() and np.isfinite(y).all() and np.isfinite(weights).all()):
        raise ValueError("X, y and weights must be finite")
    random = np.random.default_rng(seed)
    borders = _borders(X, random)
    binned = np.stack(
        [np.searchsorted(b, X[:, j], side="left") for j, b in enumerate(borders)], axis=1
    ).astype(np.uint8)
    model = Trees(
        np.zeros((trees, depth), dtype=np.int32),
        np.zeros((trees, depth), dtype=np.float32),
        np.zeros((trees, 2**depth), dtype=np.float32),
    )
    raw = np.zeros(len(X), dtype=np.float32)
    leaf = np.zeros(len(X), dtype=np.uint8)
    grown = 0 if start is None else min(len(start.leaves), trees)
    for tree in range(trees):
        chosen = np.flatnonzero(random.random(len(X)) < share).astype(np.int64)
        if start is not None and tree < grown:
            for kept, made in zip(model.parts, start.parts, strict=True):
                kept[tree] = made[tree]
            leaf[:] = 0
            for level in range(depth):
                above = X[:, model.features[tree, level]] > model.thresholds[tree, level]
                leaf |= (above << level).astype(np.uint8)
            raw += model.leaves[tree][leaf]
            continue
        p = 1.0 / (1.0 + np.exp(-raw))
        gradient = ((y - p) * weights).astype(np.float32)
        curvature = (p * (1.0 - p) * weights).astype(np.float32)
        leaf[:] = 0
        sums = np.zeros((2**depth, X.shape[1], _MAX_BINS, 2), dtype=np.float32)
        for level in range(depth):
            sums[: 2**level] = 0.0
            _histogram(binned, chosen, leaf, gradient, curvature, sums)
            column, cut = _best_split(sums[: 2**level].astype(np.float64), l2, borders)
            model.features[tree, level] = column
            has_cut = cut < len(borders[column])
            model.thresholds[tree, level] = borders[column][cut] if has_cut else np.inf
            leaf |= ((binned[:, column] > cut) << level).astype(np.uint8)
        g = np.bincount(leaf[chosen], weights=gradient[chosen], minlength=2**depth)
        h = np.bincount(leaf[chosen], weights=curvature[chosen], minlength=2**depth)
        model.leaves[tree] = learning_rate * g / (h + l2)
        raw += model.leaves[tree][leaf]
        tell(Trees(*(part[: tree + 1] for part in model.parts)))
    return model


def _borders(X: Floats, random: np.random.Generator) -> list[Floats]:
    """Return up to 63 ascending borders a column, at its quantiles."""
    sample = X[random.choice(len(X), min(len(X), 50_000), replace=False)]
    quantiles = np.linspace(0, 1, _MAX_BINS + 1)[1:-1]
    cuts = np.quantile(sample, quantiles, axis=0, method="lower").astype(np.float32)
    return [np.unique(cuts[:, j]) for j in range(X.shape[1])]


def _best_split(sums: NDArray[np.float64], l2: float, borders: list[Floats]) -> tuple[int, int]:
    """Return the column and the last bin on its low side that lower the loss most."""
    below = np.cumsum(sums, axis=2)
    total = below[:, :, -1:, :]
    above = total - below
    gain = below[..., 0] ** 2 / (below[..., 1] + l2) + above[..., 0] ** 2 / (above[..., 1] + l2)
    by_cut = gain.sum(axis=0)
    for column, cuts in enumerate(borders):
        by_cut[column, len(cuts) :] = -np.inf  # nothing lies above the last border's bin
    if not np.isfinite(by_cut).any():
        return 0, _MAX_BINS  # every column is constant
    column, cut = divmod(int(by_cut.argmax()), _MAX_BINS)
    return column, cut


@kernel
def _histogram(
    binned: Bytes,
    chosen: NDArray[np.int64],
    leaf: Bytes,
    gradient: Floats,
    curvature: Floats,
    sums: Floats,
) -> None:
    """Add each chosen row's slopes to its leaf's bins; sums (leaves, columns, bins, 2)."""
    columns = binned.shape[1]
    for c in range(len(chosen)):
        row = chosen[c]
        place = leaf[row]
        g = gradient[row]
        h = curvature[row]
        for j in range(columns):
            b = binned[row, j]
            sums[place, j, b, 0] += g
            sums[place, j, b, 1] += h


@kernel
def _score(
    columns: Floats, features: NDArray[np.int32], thresholds: Floats, leaves: Floats, out: Floats
) -> None:
    """Add every tree's leaf to each row; columns (columns, rows)."""
    depth = features.shape[1]
    index = np.zeros(len(out), dtype=np.int32)
    for tree in range(len(features)):
        index[:] = 0
        for level in range(depth):
            column = features[tree, level]
            threshold = thresholds[tree, level]
            bit = np.int32(1 << level)
            for row in range(len(out)):
                if columns[column, row] > threshold:
                    index[row] += bit
        for row in range(len(out)):
            out[row] += leaves[tree, index[row]]
