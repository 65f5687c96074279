"""Kernels of exact alternating least squares for implicit feedback.

With the fixed factors rotated so that their Gram matrix is diagonal, one row's normal equations are

    (diag(d) + Z' W Z) x = Z' c,      d = gram + penalty,   W = diag(c - 1),

with Z the rotated factors of the row's interactions. A row with fewer interactions than factors is
solved by Woodbury's identity: x = D^-1 Z' t, (W^-1 + Z D^-1 Z') t = W^-1 c, a system of the size of
the row. Either matrix is a product P' P plus a diagonal, built from tiles that stay in registers,
and solved by a Cholesky that consists of the same tiles.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from recommend._block import factor_block, solve_block, solve_down, solve_up
from recommend._tile import LANES, ROWS, add_row, add_tile, dot_row, transpose

Floats = NDArray[np.float32]
_CHUNK = 64  # interactions gathered at a time: with 128 factors they still fit the fastest cache


@kernel(fast=True)
def _cholesky_solve(a: Floats, b: Floats, inverse: Floats, size: int) -> None:
    """Overwrite b with the solution of a x = b; a (flat, upper triangle) becomes its factor."""
    for p in range(0, size, LANES):
        if p > 0:
            for j in range(p, size, LANES):
                for i in range(p, p + LANES, ROWS):
                    add_tile(a, i * size + j, size, a, i, j, size, p, np.float32(-1.0))
        diagonal = p * size + p
        factor_block(a, diagonal, size, inverse, p)
        for j in range(p + LANES, size, LANES):
            solve_block(a, p * size + j, size, diagonal, inverse, p)
        solve_down(a, diagonal, size, inverse, b, p)
        after = p + LANES
        for q in range(p, after):
            add_row(b, after, a, q * size + after, size - after, -b[q])
    for p in range(size - LANES, -1, -LANES):
        after = p + LANES
        if after < size:
            for q in range(p, after):
                b[q] -= dot_row(a, q * size + after, b, after, size - after)
        solve_up(a, p * size + p, size, inverse, b, p)


@kernel(fast=True)
def _symmetric_product(a: Floats, p: Floats, depth: int, size: int) -> None:
    """Add p' p to the upper triangle of a, with p (flat, depth x size)."""
    for j in range(0, size, LANES):
        for i in range(0, j + LANES, ROWS):
            add_tile(a, i * size + j, size, p, i, j, size, depth, np.float32(1.0))


@kernel(fast=True)
def solve_padded(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: Floats,
    penalty: Floats,
    fixed: Floats,
    gram: Floats,
    out: Floats,
) -> None:
    """Solve every row of `out` (rows, k) exactly; k a multiple of LANES."""
    k = fixed.shape[1]
    longest = 0
    for row in range(out.shape[0]):
        longest = max(longest, indptr[row + 1] - indptr[row])
    # one short row, which is a query, shall not clear what long ones need
    side = min((longest + LANES - 1) // LANES * LANES, k)
    gathered = np.zeros((side if side < k else max(k, _CHUNK)) * k, dtype=np.float32)
    flipped = np.zeros(side * k, dtype=np.float32)
    a = np.zeros(side * side, dtype=np.float32)
    b = np.zeros(k, dtype=np.float32)
    inverse = np.zeros(k, dtype=np.float32)
    root = np.zeros(k, dtype=np.float32)
    for row in range(out.shape[0]):
        first = indptr[row]
        n = indptr[row + 1] - first
        size = (n + LANES - 1) // LANES * LANES
        for f in range(k):
            out[row, f] = 0.0
        if n == 0:
            continue
        if size < k:
            for f in range(k):
                root[f] = np.float32(1.0) / math.sqrt(gram[f] + penalty[row])
            for s in range(n):
                column = indices[first + s]
                for f in range(k):
                    gathered[s * k + f] = root[f] * fixed[column, f]
            for i in range(n * k, size * k):
                gathered[i] = 0.0
            for i in range(0, k, LANES):
                for s in range(0, size, LANES):
                    transpose(flipped, i * size + s, size, gathered, s * k + i, k)
            for i in range(size * size):
                a[i] = 0.0
            _symmetric_product(a, flipped, k, size)
            for s in range(size):
                if s < n:
                    w = weights[first + s]
                    a[s * size + s] += np.float32(1.0) / w
                    b[s] = np.float32(1.0) + np.float32(1.0) / w
                else:
                    a[s * size + s] = 1.0
                    b[s] = 0.0
            _cholesky_solve(a, b, inverse, size)
            for s in range(n):
                add_row(out[row], 0, gathered, s * k, k, b[s])
            for f in range(k):
                out[row, f] *= root[f]
        else:
            for i in range(k * k):
                a[i] = 0.0
            for f in range(k):
                b[f] = 0.0
            for start in range(0, n, _CHUNK):
                depth = min(_CHUNK, n - start)
                for s in range(depth):
                    w = weights[first + start + s]
                    column = indices[first + start + s]
                    scale = math.sqrt(w)
                    for f in range(k):
                        gathered[s * k + f] = scale * fixed[column, f]
                    add_row(b, 0, gathered, s * k, k, (w + np.float32(1.0)) / scale)
                _symmetric_product(a, gathered, depth, k)
            for f in range(k):
                a[f * k + f] += gram[f] + penalty[row]
            _cholesky_solve(a, b, inverse, k)
            for f in range(k):
                out[row, f] = b[f]


def solve_rows(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: Floats,
    penalty: Floats,
    fixed: Floats,
    gram: Floats,
) -> Floats:
    """Return the exact solution of every row, shape (rows, k).

    Parameters
    ----------
    indptr, indices : ndarray, shapes (rows + 1,) and (entries,)
        As in CSR.
    weights : ndarray of float32, shape (entries,)
        Confidence - 1 of each entry, above 0.
    penalty : ndarray of float32, shape (rows,)
        Above 0.
    fixed : ndarray of float32, shape (columns, k)
        Factors whose Gram matrix is diagonal.
    gram : ndarray of float32, shape (k,)
        That diagonal.
    """
    rows, k = len(indptr) - 1, fixed.shape[1]
    more = -k % LANES
    if more:
        fixed = np.pad(fixed, ((0, 0), (0, more)))
        gram = np.pad(gram, (0, more), constant_values=1.0)
    out = np.empty((rows, k + more), dtype=np.float32)
    solve_padded(indptr, indices, weights, penalty, np.ascontiguousarray(fixed), gram, out)
    return np.ascontiguousarray(out[:, :k])


def solve_rows_dense(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: Floats,
    penalty: Floats,
    fixed: Floats,
    gram: Floats,
) -> NDArray[np.float64]:
    """Return what `solve_rows` computes, by one dense float64 solve a row: the plain reference."""
    out = np.zeros((len(indptr) - 1, fixed.shape[1]))
    for row in range(len(out)):
        entries = slice(indptr[row], indptr[row + 1])
        Z = fixed[indices[entries]].astype(np.float64)
        w = weights[entries].astype(np.float64)
        A = np.diag(gram.astype(np.float64) + penalty[row]) + Z.T @ (w[:, None] * Z)
        out[row] = np.linalg.solve(A, Z.T @ (w + 1.0))
    return out
