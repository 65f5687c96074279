"""From the tracks of a prefix to one vector: by attention, or by mean and variance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

POOLINGS = ("attention", "mean-variance")


class AttentionPool(nn.Module):
    """Let the tracks see each other, then weigh them by a learned question.

    The answer is a linear map of the weighted mean of the tracks themselves, plus what a small
    network makes of that mean and of the tracks after they saw each other; the network starts at
    zero. There is no sense of place: the first track of a playlist says no more than the third.

    Parameters
    ----------
    width : int
    layers, heads : int
        Of the transformer.
    dropout : float
        0..1.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.key = nn.Linear(width, 1)
        self.straight = nn.Linear(width, width, bias=False)
        self.bent = small_network(2 * width, width, dropout, silent=True)
        nn.init.zeros_(self.key.weight)  # the mean, to begin with
        nn.init.eye_(self.straight.weight)

    def forward(self, tracks: Tensor, empty: Tensor) -> Tensor:
        """Return (batch, width) for tracks (batch, seeds, width), empty (batch, seeds)."""
        seen = tracks
        for layer in self.layers:
            seen = layer(seen, src_key_padding_mask=empty)
        heed = self.key(seen).squeeze(2).masked_fill(empty, -1e9).softmax(1)  # (batch, seeds)
        mean = torch.einsum("bs,bsw->bw", heed, tracks)
        after = torch.einsum("bs,bsw->bw", heed, seen)
        pooled: Tensor = self.straight(mean) + self.bent(torch.cat([after, mean], 1))
        return pooled


class MeanVariancePool(nn.Module):
    """The plain reference: mean and variance of the tracks, each through a small network."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.mean = small_network(width, width, dropout)
        self.variance = small_network(width, width, dropout)
        self.together = nn.Linear(2 * width, width)

    def forward(self, tracks: Tensor, empty: Tensor) -> Tensor:
        """Return (batch, width) for tracks (batch, seeds, width), empty (batch, seeds)."""
        kept = (~empty).unsqueeze(2).to(tracks.dtype)
        count = kept.sum(1).clamp(min=1.0)
        mean = (tracks * kept).sum(1) / count
        variance = ((tracks - mean.unsqueeze(1)) ** 2 * kept).sum(1) / count
        both = torch.cat([self.mean(mean), self.variance(variance)], 1)
        pooled: Tensor = self.together(both)
        return pooled


def small_network(width: int, out: int, dropout: float, silent: bool = False) -> nn.Sequential:
    """Return two layers with one bend between them; a silent one says 0 before it is trained."""
    last = nn.Linear(2 * out, out)
    if silent:
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, 2 * out), nn.GELU(), nn.Dropout(dropout), last)
