"""The loop of min-hash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]


@kernel
def signatures_into(
    tokens: U64, group: NDArray[np.int64], factor: U64, term: U64, out: U32
) -> None:
    """Lower `out[group]`, shape (groups, permutations), to the least hash of each permutation."""
    for i in range(len(tokens)):
        x = tokens[i]
        row = out[group[i]]
        for k in range(len(factor)):
            value = np.uint32(np.uint64(factor[k] * x + term[k]) >> np.uint64(32))
            row[k] = min(row[k], value)
