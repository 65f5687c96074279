"""Random beginnings of playlists, with what stands in the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recommend.neural.common import Ids


@dataclass(frozen=True)
class Prefixes:
    """A batch of questions with their answers.

    Attributes
    ----------
    seeds : Tensor of int64, shape (batch, longest)
        Tracks that are given; `tracks` (one above the last index) fills the short ones up.
    rows, targets : Tensor of int64, shape (answers,)
        Track `targets[a]` stands in the rest of playlist `rows[a]`.
    weights : Tensor of float32, shape (answers,)
        One over the number of answers of the row, so that each row weighs 1.
    """

    seeds: Tensor
    rows: Tensor
    targets: Tensor
    weights: Tensor


def draw_prefixes(
    playlists: Sequence[Ids], tracks: int, longest: int, random: np.random.Generator
) -> Prefixes:
    """Cut each playlist at a random place.

    The length of the beginning is log-uniform in 1..longest, so that short ones are as common as
    they are hard. Every other playlist is first turned round by a random number of tracks: what
    goes together in its middle teaches as well.

    Parameters
    ----------
    playlists : sequence of ndarray of int64
        Columns of at least two tracks each.
    tracks : int
        Size of the catalogue.
    """
    cut = []
    for playlist in playlists:
        most = min(longest, len(playlist) - 1)
        length = min(int(math.exp(random.uniform(0.0, math.log(most + 1)))), most)
        turn = int(random.integers(len(playlist))) if random.random() < 0.5 else 0
        cut.append((np.roll(playlist, -turn), length))
    return as_batch([(p[:k], p[k:]) for p, k in cut], tracks)


def as_batch(pairs: Sequence[tuple[Ids, Ids]], tracks: int) -> Prefixes:
    """Return pairs of seeds and targets as one batch."""
    seeds = np.full((len(pairs), max(len(s) for s, _ in pairs)), tracks, dtype=np.int64)
    for row, (given, _) in enumerate(pairs):
        seeds[row, : len(given)] = given
    counts = np.array([len(t) for _, t in pairs])
    weights = np.repeat(1.0 / np.maximum(counts, 1), counts).astype(np.float32)
    return Prefixes(
        torch.from_numpy(seeds),
        torch.from_numpy(np.repeat(np.arange(len(pairs)), counts)),
        torch.from_numpy(np.concatenate([t for _, t in pairs])),
        torch.from_numpy(weights),
    )
