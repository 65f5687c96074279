"""Kernels of exact alternating least squares for implicit feedback.

With the fixed factors rotated so that their Gram matrix is diagonal, one row's normal equations are

    (diag(d) + Z' W Z) x = Z' c,      d = gram + penalty,   W = diag(c - 1),

with Z the rotated factors of the row's interactions. A row with fewer interactions than factors is
solved by Woodbury's identity: x = D^-1 Z' t, (W^-1 + Z D^-1 Z') t = W^-1 c, a system of the size of
the row. Both systems are built from rank-8 updates and solved by a blocked Cholesky.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

Floats = NDArray[np.float32]
PANEL = 8
LANES = 16  # columns are padded to this, so that inner loops have no remainder


@kernel(fast=True)
def _add_panel(a: Floats, panel: Floats, sign: np.float32, start: int, size: int) -> None:
    """Add sign * panel' panel to the upper triangle of a, from row and column `start`."""
    for i in range(start, size):
        p0 = sign * panel[0, i]
        p1 = sign * panel[1, i]
        p2 = sign * panel[2, i]
        p3 = sign * panel[3, i]
        p4 = sign * panel[4, i]
        p5 = sign * panel[5, i]
        p6 = sign * panel[6, i]
        p7 = sign * panel[7, i]
        for j in range(i // LANES * LANES, size):
            a[i, j] += (
                p0 * panel[0, j]
                + p1 * panel[1, j]
                + p2 * panel[2, j]
                + p3 * panel[3, j]
                + p4 * panel[4, j]
                + p5 * panel[5, j]
                + p6 * panel[6, j]
                + p7 * panel[7, j]
            )


@kernel(fast=True)
def _cholesky_solve(a: Floats, b: Floats, panel: Floats, size: int) -> None:
    """Overwrite b with a^-1 b; a (upper triangle, size a multiple of PANEL) becomes its factor."""
    for p in range(0, size, PANEL):
        for q in range(p, p + PANEL):
            scale = np.float32(1.0) / math.sqrt(a[q, q])
            for j in range(q, size):
                a[q, j] *= scale
            for r in range(q + 1, p + PANEL):
                s = a[q, r]
                for j in range(r, size):
                    a[r, j] -= s * a[q, j]
        if p + PANEL < size:
            for q in range(PANEL):
                for j in range(p, size):
                    panel[q, j] = a[p + q, j]
            _add_panel(a, panel, np.float32(-1.0), p + PANEL, size)
    for q in range(size):
        s = b[q] / a[q, q]
        b[q] = s
        for j in range(q + 1, size):
            b[j] -= a[q, j] * s
    for q in range(size - 1, -1, -1):
        s = b[q]
        for j in range(q + 1, size):
            s -= a[q, j] * b[j]
        b[q] = s / a[q, q]


@kernel(fast=True)
def solve_rows(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: Floats,
    penalty: Floats,
    fixed: Floats,
    gram: Floats,
    out: Floats,
) -> None:
    """Solve every row of `out` (rows, k) exactly, given `fixed` (columns, k) and its Gram diagonal.

    `weights` (entries,) is confidence - 1 of each entry, above 0; `penalty` (rows,) above 0.
    """
    k = fixed.shape[1]
    k_padded = (k + LANES - 1) // LANES * LANES
    a = np.zeros((k_padded, k_padded), dtype=np.float32)
    panel = np.zeros((PANEL, k_padded), dtype=np.float32)
    b = np.zeros(k_padded, dtype=np.float32)
    inverse = np.zeros(k_padded, dtype=np.float32)
    for row in range(out.shape[0]):
        first = indptr[row]
        n = indptr[row + 1] - first
        if n == 0:
            for f in range(k):
                out[row, f] = 0.0
        elif n <= k_padded - LANES:
            size = (n + LANES - 1) // LANES * LANES
            for f in range(k):
                inverse[f] = np.float32(1.0) / (gram[f] + penalty[row])
            for i in range(size):
                for j in range(i // LANES * LANES, size):
                    a[i, j] = 0.0
                b[i] = 0.0
                a[i, i] = 1.0
            for s in range(n):
                w = weights[first + s]
                a[s, s] = np.float32(1.0) / w
                b[s] = (w + np.float32(1.0)) / w
            for f in range(0, k, PANEL):
                for s in range(size):
                    for q in range(PANEL):
                        panel[q, s] = 0.0
                last = min(PANEL, k - f)
                for q in range(last):
                    root = math.sqrt(inverse[f + q])
                    for s in range(n):
                        panel[q, s] = root * fixed[indices[first + s], f + q]
                _add_panel(a, panel, np.float32(1.0), 0, size)
            _cholesky_solve(a, b, panel, size)
            for f in range(k):
                out[row, f] = 0.0
            for s in range(n):
                t = b[s]
                column = indices[first + s]
                for f in range(k):
                    out[row, f] += t * fixed[column, f]
            for f in range(k):
                out[row, f] *= inverse[f]
        else:
            for i in range(k_padded):
                for j in range(i // LANES * LANES, k_padded):
                    a[i, j] = 0.0
                a[i, i] = gram[i] + penalty[row] if i < k else np.float32(1.0)
                b[i] = 0.0
            for s in range(0, n, PANEL):
                for q in range(PANEL):
                    if s + q < n:
                        w = weights[first + s + q]
                        column = indices[first + s + q]
                        root = math.sqrt(w)
                        for f in range(k):
                            panel[q, f] = root * fixed[column, f]
                            b[f] += (w + np.float32(1.0)) * fixed[column, f]
                    else:
                        for f in range(k):
                            panel[q, f] = 0.0
                    for f in range(k, k_padded):
                        panel[q, f] = 0.0
                _add_panel(a, panel, np.float32(1.0), 0, k_padded)
            _cholesky_solve(a, b, panel, k_padded)
            for f in range(k):
                out[row, f] = b[f]


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
