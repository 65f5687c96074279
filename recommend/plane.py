"""Vectors of many dimensions laid out on a plane, neighbours beside each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

DIMENSIONS = 16
LANDMARKS = 3000  # vectors whose place is sought; the others lie among their nearest
NEIGHBOURS = 10
_EPOCHS = 200
_STRANGERS = 10  # that each vector is pushed away from, an epoch
_PUSH = 5.0
_FARTHEST_STEP = 4.0
_BLOCK = 4096


@dataclass(frozen=True)
class Plane:
    """Where vectors lie.

    Attributes
    ----------
    points : ndarray of float32, shape (n, 2)
        0 to 1.
    reduced : ndarray of float32, shape (n, DIMENSIONS or fewer)
        The vectors' principal components.
    landmarks : ndarray of int64, shape (m,)
        Rows that stand for the others, ascending.
    near : ndarray of int64, shape (m, k)
        The nearest landmarks of each, as places in `landmarks`.
    """

    points: Floats
    reduced: Floats
    landmarks: Ints
    near: Ints

    def way(self, start: int, end: int, stops: int) -> list[int]:
        """Return rows on the way from one to another, both included, each once.

        The way leads from neighbour to neighbour, by short steps rather than straight.

        Parameters
        ----------
        start, end : int
            Rows.
        stops : int
            How many rows, 2 to n.
        """
        corners = self.reduced[[start, *self._between(start, end), end]].astype(np.float64)
        lengths = np.concatenate(
            [[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))]
        )
        taken = [start, end]
        for at in np.linspace(0.0, lengths[-1], stops)[1:-1]:
            point = [np.interp(at, lengths, column) for column in corners.T]
            far = ((self.reduced - np.array(point, dtype=np.float32)) ** 2).sum(axis=1)
            far[taken] = np.inf
            taken.insert(-1, int(np.argmin(far)))
        return taken

    def _between(self, start: int, end: int) -> list[int]:
        """Return the landmarks on the shortest way, by squared steps; none if there is no way."""
        marks = self.reduced[self.landmarks]
        first, last = (
            int(np.argmin(((marks - self.reduced[r]) ** 2).sum(axis=1))) for r in (start, end)
        )
        count, k = self.near.shape
        if k == 0 or first == last:
            return []
        rows, columns = np.repeat(np.arange(count), k), self.near.ravel()
        steps = ((marks[rows] - marks[columns]) ** 2).sum(axis=1).astype(np.float64) + 1e-9
        graph = sparse.csr_array((steps, (rows, columns)), shape=(count, count))
        far, before = csgraph.dijkstra(
            graph, directed=False, indices=np.array([first]), return_predecessors=True
        )
        if not np.isfinite(far[0, last]):
            return []
        way = [last]
        while way[-1] != first:
            way.append(int(before[0, way[-1]]))
        rows_of_way = [int(self.landmarks[place]) for place in reversed(way)]
        return [row for row in rows_of_way if row not in (start, end)]


def lay_out(vectors: Floats, seed: int = 0) -> Plane:
    """Lay vectors out on a plane; the same vectors always in the same way.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dimensions)
        Finite; likeness is the cosine between them.
    seed : int

    Notes
    -----
    Principal components first; then neighbours draw each other and strangers push each other
    apart, with the forces of McInnes, Healy, Melville, "UMAP" (2018) for a = b = 1, averaged over
    each vector's neighbours.
    """
    reduced = principal(vectors)
    count = len(reduced)
    rng = np.random.default_rng(seed)
    marks = np.arange(count)
    if count > LANDMARKS:
        marks = np.sort(rng.choice(count, LANDMARKS, replace=False))
    near = nearest(reduced[marks], reduced[marks], min(NEIGHBOURS, len(marks) - 1), itself=True)
    points = _relax(reduced[marks], near, rng)
    if count > len(marks):
        three = nearest(reduced[marks], reduced, min(3, len(marks)))
        weights = np.empty(three.shape, dtype=np.float32)
        for place in range(three.shape[1]):
            step = reduced - reduced[marks[three[:, place]]]
            weights[:, place] = 1.0 / (1e-6 + (step**2).sum(axis=1))
        weights /= weights.sum(axis=1, keepdims=True)
        placed = (points[three] * weights[:, :, None]).sum(axis=1)
        placed[marks] = points
        points = placed
    return Plane(_to_square(points), reduced, marks, near)


def principal(vectors: Floats) -> Floats:
    """Return the first principal components of the vectors' directions, shape (n, d)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-12)
    return components(unit - unit.mean(axis=0) if len(unit) else unit, DIMENSIONS)


def components(centred: Floats, count: int) -> Floats:
    """Return the first principal components, at most `count`, of rows whose mean is 0."""
    _, basis = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    basis = basis[:, ::-1][:, :count]
    # the sign of a component is chance; here its largest weight is positive
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    reduced: Floats = (centred @ basis.astype(np.float32)).astype(np.float32)
    return reduced


def nearest(of: Floats, rows: Floats, k: int, itself: bool = False) -> Ints:
    """Return the places in `of` nearest to each row, shape (n, k), nearest first.

    `itself`: the rows are those of `of`, and none is its own neighbour.
    """
    out = np.empty((len(rows), max(k, 0)), dtype=np.int64)
    if k <= 0:
        return out
    squares = (of**2).sum(axis=1)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        far = squares - 2.0 * (block @ of.T)
        if itself:
            far[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        some = np.argpartition(far, min(k, far.shape[1] - 1), axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(far, some, axis=1), axis=1, kind="stable")
        out[start : start + len(block)] = np.take_along_axis(some, order, axis=1)
    return out


def _relax(reduced: Floats, near: Ints, rng: np.random.Generator) -> Floats:
    """Move points from the plane of the first two components until neighbours are together."""
    count, k = near.shape
    points = np.zeros((count, 2))
    points[:, : min(2, reduced.shape[1])] = reduced[:, :2]
    points += 1e-4 * rng.standard_normal(points.shape)  # equal vectors part
    points *= 10.0 / max(float(np.abs(points).max(initial=0.0)), 1e-9)
    if k == 0:
        return points.astype(np.float32)
    here, there = np.repeat(np.arange(count), k), near.ravel()
    here, there = np.concatenate([here, there]), np.concatenate([there, here])
    degree = np.bincount(here, minlength=count)[:, None]
    for epoch in range(_EPOCHS):
        step = points[here] - points[there]
        pull = step * (2.0 / (1.0 + (step**2).sum(axis=1)))[:, None]
        drawn = np.stack([np.bincount(here, pull[:, axis], count) for axis in (0, 1)], axis=1)
        apart = points[:, None, :] - points[rng.integers(count, size=(count, _STRANGERS))]
        square = (apart**2).sum(axis=2)
        push = apart * (2.0 / ((0.01 + square) * (1.0 + square)))[:, :, None]
        move = _PUSH * push.mean(axis=1) - drawn / degree
        rate = 0.5 * (1.0 - epoch / _EPOCHS)
        points += rate * np.clip(move, -_FARTHEST_STEP, _FARTHEST_STEP)
    return points.astype(np.float32)


def _to_square(points: Floats) -> Floats:
    """Scale points to 0..1 in both directions; the outermost hundredth goes to the edge."""
    if len(points) == 0:
        return points
    low, high = np.percentile(points, [1.0, 99.0], axis=0)
    inner = (points - low) / np.maximum(high - low, 1e-9)
    square: Floats = np.clip(0.03 + 0.94 * inner, 0.0, 1.0).astype(np.float32)
    return square
