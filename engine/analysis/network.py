"""A small network that gives each of several candidates a score, and its stored weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_CLIP = 4.0  # standard deviations: further out nothing was learnt
_FOLDER = Path(__file__).resolve().parent / "weights"


@dataclass(frozen=True)
class Network:
    """One hidden layer beside a linear way: score = tanh(x U + c) v + x b, x standardised.

    Attributes
    ----------
    mean, spread, b : ndarrays, shape (inputs,)
    U : ndarray, shape (inputs, hidden)
    c, v : ndarrays, shape (hidden,)
    """

    mean: Doubles
    spread: Doubles
    U: Doubles
    c: Doubles
    v: Doubles
    b: Doubles

    def __call__(self, rows: NDArray[np.floating]) -> Doubles:
        """Return the scores, shape (n,), of rows of evidence, shape (n, inputs)."""
        x = np.clip((rows - self.mean) / self.spread, -_CLIP, _CLIP)
        return np.asarray(np.tanh(x @ self.U + self.c) @ self.v + x @ self.b)

    def save(self, path: Path) -> None:
        """Write the weights, as float32."""
        np.savez_compressed(
            path, **{name: value.astype(np.float32) for name, value in vars(self).items()}
        )


@cache
def load(name: str) -> Network:
    """Return the network of this name that comes with the program."""
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return Network(**{key: file[key].astype(np.float64) for key in file.files})


def softmax(scores: Doubles) -> Doubles:
    """Return the probabilities of scores."""
    power = np.exp(scores - scores.max())
    return np.asarray(power / power.sum())
