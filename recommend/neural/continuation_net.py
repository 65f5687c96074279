"""The network of the continuation: a prefix in, one score a track out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from recommend.neural.common import Floats, Ids

_TRUST = 0.6  # in one deviation of the factorisation's scores, at the start


class ContinuationNet(nn.Module):
    """Tracks of a prefix in, one score a track of the catalogue out."""

    def __init__(
        self, start: Floats, popularity: Ids, artists: Ids, pool: nn.Module, dropout: float
    ) -> None:
        super().__init__()
        tracks, width = start.shape
        self.seen = nn.Parameter(torch.from_numpy(np.vstack([start, np.zeros((1, width))])).float())
        self.asked = nn.Parameter(torch.from_numpy(start.copy()))
        by = int(artists.max(initial=0)) + 1
        self.seen_artist = nn.Parameter(torch.zeros(by, width))
        self.asked_artist = nn.Parameter(torch.zeros(by, width))
        common = np.log1p(popularity.astype(np.float32))
        self.popularity = torch.from_numpy(common - common.mean())
        self.common = nn.Parameter(self.popularity.clone())
        # how much the base and popularity count, each also by the logarithm of the seeds
        self.mix = nn.Parameter(torch.tensor([_TRUST, 0.0, 0.0, 0.0]))
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.tracks = tracks
        self.artists = torch.from_numpy(np.append(artists, 0))  # 0: unknown, and adds nothing

    def query(self, seeds: Tensor) -> Tensor:
        """Return (batch, width) for seeds (batch, seeds), filled up with `tracks`."""
        who = self.artists[seeds]
        tracks = self.seen[seeds] + self.seen_artist[who] * (who > 0).unsqueeze(2)
        pooled: Tensor = self.dropout(self.pool(self.dropout(tracks), seeds == self.tracks))
        return pooled

    def catalogue(self, rows: Tensor | slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Return vectors (tracks, width) and what popularity alone gives, (tracks,)."""
        who = self.artists[:-1][rows]
        vectors = self.asked[rows] + self.asked_artist[who] * (who > 0).unsqueeze(1)
        return vectors, self.common[rows]

    def ground(self, seeds: Tensor, base: Tensor) -> Tensor:
        """Return what is known before the network speaks, (batch, tracks), from its z-scores."""
        count = (seeds != self.tracks).sum(1, keepdim=True).clamp(min=1).log()
        trust, popular = self.mix[0] + self.mix[1] * count, self.mix[2] + self.mix[3] * count
        known: Tensor = base * trust + self.popularity * popular
        return known

    def forward(self, seeds: Tensor, base: Tensor | None = None) -> Tensor:
        """Return the score of every track, (batch, tracks)."""
        vectors, common = self.catalogue()
        scores = self.query(seeds) @ vectors.T + common
        return scores if base is None else scores + self.ground(seeds, base)
