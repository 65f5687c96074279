"""Kernels that find the best rows of a matrix for a query without reading it in full.

Rows lie in blocks of `ROWS` with four-bit codes (see `_nibbles`). Row r of block b is the row
r * blocks + b of the matrix, so that neighbours, which are often alike, lie in different blocks.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from recommend._nibbles import CODES, ROWS, TOGETHER, block_bounds, largest

HALF = 7.5  # codes are 0 to 15 and stand for -7.5 to 7.5 steps
LEVELS = 127  # of a query, to either side

Floats = NDArray[np.float32]
Codes = NDArray[np.uint16]
Rows = NDArray[np.int64]


@kernel(fast=True)
def dots(factors: Floats, rows: Rows, x: Floats, out: Floats) -> None:
    """Set out[i] to the product of x with the row rows[i]; the same bits wherever it is called."""
    for i in range(len(rows)):
        row = rows[i]
        total = np.float32(0.0)
        for k in range(len(x)):
            total += factors[row, k] * x[k]
        out[i] = total


@kernel
def encode(
    rotated: NDArray[np.float64], start: int, codes: Codes, scale: Floats, left: Floats
) -> None:
    """Write the codes of the blocks from `start` on, their steps and what they leave out.

    rotated: (blocks, ROWS, width); scale: (all blocks * ROWS,); left[b]: the largest distance
    between a row of block b and its codes, and the largest length of one, in steps of the row.
    """
    blocks, _, width = rotated.shape
    words = len(codes) // (len(left) * ROWS)
    for i in range(blocks):
        b = start + i
        for r in range(ROWS):
            row = rotated[i, r]
            most = 1e-30
            for k in range(width):
                most = max(most, abs(row[k]))
            step = np.float32(most / HALF)
            error, length = 0.0, 0.0
            for k in range(width):
                value = row[k] / step
                code = min(max(int(np.floor(value + HALF + 0.5)), 0), int(2 * HALF))
                codes[(b * words + k // CODES) * ROWS + r] |= np.uint16(code << 4 * (k % CODES))
                error += (value - (code - HALF)) ** 2
                length += value**2
            scale[b * ROWS + r] = step
            left[b, 0] = max(left[b, 0], np.float32(np.sqrt(error)))
            # short rows too: the rounding of sums of codes does not shrink with them
            left[b, 1] = max(left[b, 1], np.float32(max(np.sqrt(length), HALF)))


@kernel
def bounds(
    codes: Codes,
    scale: Floats,
    left: Floats,
    x: NDArray[np.float64],
    rows: int,
    hidden: Rows,
    out: Floats,
    tops: Floats,
) -> float:
    """Set `out` to each place's upper bound and `tops` to the largest of each TOGETHER.

    Returns the unit of both: the query's, which is rounded to whole numbers up to LEVELS. Hidden
    rows, and places that none of the `rows` has, get -inf.
    """
    blocks, size = len(left), len(codes) // max(len(left), 1)
    most = 1e-300
    for k in range(len(x)):
        most = max(most, abs(x[k]))
    unit = most / LEVELS
    numbers = np.zeros(size // ROWS * CODES, dtype=np.int32)
    total = length = apart = 0.0
    for k in range(len(x)):
        exact = x[k] / unit
        whole = np.rint(exact)
        numbers[k] = np.int32(whole) & 0xFFFF | np.int32(whole) << 16
        total += whole
        length += whole**2
        apart += (exact - whole) ** 2
    length, apart = 1.0001 * math.sqrt(length), 1.0001 * math.sqrt(apart)
    apart += 4 * (len(x) + 8) * 2.0**-24 * length  # of adding up in single precision
    for b in range(blocks):
        more = left[b, 0] * length + left[b, 1] * apart - HALF * total
        block_bounds(codes, b * size, numbers, scale, b * ROWS, np.float32(more), out)
    for row in range(rows, blocks * ROWS):
        out[row % blocks * ROWS + row // blocks] = -np.inf
    for row in hidden:
        out[row % blocks * ROWS + row // blocks] = -np.inf
    for p in range(len(tops)):
        tops[p] = largest(out, p * TOGETHER)
    return unit


@kernel
def above(bounds: Floats, blocks: int, parts: Rows, least: Floats, out: Rows) -> int:
    """Write the rows of parts[i] whose bound reaches least[i]; return their number."""
    count = 0
    for i in range(len(parts)):
        for place in range(parts[i] * TOGETHER, (parts[i] + 1) * TOGETHER):
            if bounds[place] >= least[i] and bounds[place] > -np.inf:
                out[count] = place % ROWS * blocks + place // ROWS
                count += 1
    return count
