"""Kernels that find the best rows of a matrix for a query without reading all of it in full."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

Floats = NDArray[np.float32]
Codes = NDArray[np.int8]
Rows = NDArray[np.int64]

BLOCK = 16  # rows, of which the best alone counts at first


@kernel(fast=True)
def dots(factors: Floats, rows: Rows, x: Floats, out: Floats) -> None:
    """Set out[i] to the product of x with the row rows[i]; the same bits wherever it is called."""
    for i in range(len(rows)):
        row = rows[i]
        total = np.float32(0.0)
        for k in range(len(x)):
            total += factors[row, k] * x[k]
        out[i] = total


@kernel(fast=True)
def _coarse(codes: Codes, row: int, x: NDArray[np.int16]) -> np.int32:
    """Return the integer product of x with a row of codes."""
    total = np.int32(0)
    for k in range(len(x)):
        total = np.int32(total + np.int32(np.int32(codes[row, k]) * np.int32(x[k])))
    return total


@kernel(fast=True)
def block_tops(codes: Codes, scale: Floats, x: NDArray[np.int16], out: Floats) -> None:
    """Set out[b] to the largest scaled product with x in each block of `BLOCK` rows."""
    for b in range(len(out)):
        largest = np.float32(-np.inf)
        for row in range(b * BLOCK, min((b + 1) * BLOCK, len(scale))):
            product = scale[row] * np.float32(_coarse(codes, row, x))
            if product > largest:
                largest = product
        out[b] = largest


@kernel(fast=True)
def rows_above(
    codes: Codes,
    scale: Floats,
    radius: Floats,
    length: np.float32,
    x: NDArray[np.int16],
    blocks: Rows,
    least: np.float32,
    out: Rows,
) -> int:
    """Write the rows of some blocks whose upper bound reaches `least`; return their number."""
    count = 0
    for b in blocks:
        for row in range(b * BLOCK, min((b + 1) * BLOCK, len(scale))):
            if scale[row] * np.float32(_coarse(codes, row, x)) + radius[row] * length >= least:
                out[count] = row
                count += 1
    return count
