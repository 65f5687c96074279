"""Softmax over the catalogue, whole or sampled."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from recommend.neural.prefixes import Prefixes


class Scorer(Protocol):
    """What the sampled loss asks of a network."""

    tracks: int

    def query(self, seeds: Tensor) -> Tensor:
        """Return (batch, width)."""
        ...

    def ground(self, seeds: Tensor, base: Tensor) -> Tensor:
        """Return what is added to the scores, (batch, tracks)."""
        ...

    def catalogue(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors (rows, width) and what is added to their scores, (rows,)."""
        ...


def full(scores: Tensor, batch: Prefixes) -> Tensor:
    """Return the mean over rows of how unlikely their targets are.

    Parameters
    ----------
    scores : Tensor, shape (batch, tracks)
    """
    likely = torch.log_softmax(scores, 1)[batch.rows, batch.targets]
    return -(likely * batch.weights).sum() / len(scores)


def sampled(
    net: Scorer,
    batch: Prefixes,
    count: int,
    random: np.random.Generator,
    base: Tensor | None = None,
) -> Tensor:
    """Return `full` from the targets and a sample of the catalogue instead of all of it.

    Tracks are drawn evenly, and each stands for `tracks / count` of them, so that the sum under
    the softmax is right on average; each target joins the sum once (Bengio and Senecal, 2008).
    """
    drawn = torch.from_numpy(random.integers(0, net.tracks, count))
    query = net.query(batch.seeds)  # (batch, width)
    vectors, common = net.catalogue(drawn)
    others = query @ vectors.T + common + float(np.log(net.tracks / count))  # (batch, count)
    ground = net.ground(batch.seeds, base) if base is not None else None
    if ground is not None:
        others = others + ground[:, drawn]
    sums = torch.logsumexp(others, 1)[batch.rows]
    vectors, common = net.catalogue(batch.targets)
    own = (query[batch.rows] * vectors).sum(1) + common  # (answers,)
    if ground is not None:
        own = own + ground[batch.rows, batch.targets]
    return -((own - torch.logaddexp(own, sums)) * batch.weights).sum() / len(query)
