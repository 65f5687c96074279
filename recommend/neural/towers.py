"""The two networks of the two-tower model: of a track, and of a playlist with its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from recommend.neural.common import Floats, Ids
from recommend.neural.pooling import AttentionPool, small_network

_SPREAD = 0.05  # of the vectors at the start


class TrackTower(nn.Module):
    """A track's vector: the sum of what its id, its artist and its sound say.

    Parameters
    ----------
    popularity : ndarray of int64, shape (tracks,)
        A track that stands in no playlist (0) has no vector for its id.
    artists : ndarray of int64, shape (tracks,)
        0: unknown.
    sound : ndarray of float32, shape (tracks, columns)
        Standardised; zeros where unknown.
    width : int
    """

    def __init__(self, popularity: Ids, artists: Ids, sound: Floats, width: int) -> None:
        super().__init__()
        tracks = len(popularity)
        self.own = nn.Parameter(_SPREAD * torch.randn(tracks, width))
        self.by = nn.Parameter(_SPREAD * torch.randn(int(artists.max(initial=0)) + 1, width))
        self.sounds = nn.Linear(max(sound.shape[1], 1), width, bias=False)
        nn.init.normal_(self.sounds.weight, std=_SPREAD / max(sound.shape[1], 1) ** 0.5)
        common = np.log1p(popularity.astype(np.float32))
        self.common = nn.Parameter(torch.from_numpy(common - common.mean()))
        self.heard = torch.from_numpy((popularity > 0).astype(np.float32))
        self.artists = torch.from_numpy(artists)
        self.known = torch.from_numpy((artists > 0).astype(np.float32))
        self.sound = torch.from_numpy(sound)

    def forward(self, rows: Tensor, forget: float = 0.0) -> Tensor:
        """Return vectors, shape of `rows` + (width,).

        Parameters
        ----------
        forget : float
            Share of the ids that are passed over, so that artist and sound learn to stand alone.
        """
        own = self.heard[rows]
        if forget:
            own = own * (torch.rand(rows.shape) >= forget)
        vectors = self.own[rows] * own.unsqueeze(-1)
        vectors = vectors + self.by[self.artists[rows]] * self.known[rows].unsqueeze(-1)
        if self.sound.shape[1]:
            vectors = vectors + self.sounds(self.sound[rows])
        return vectors


class PlaylistTower(nn.Module):
    """A playlist's vector: what its tracks say, pooled by attention, and what its name says."""

    def __init__(self, width: int, buckets: int, dropout: float) -> None:
        super().__init__()
        self.pool = AttentionPool(width, layers=0, heads=1, dropout=dropout)
        self.pieces = nn.Parameter(_SPREAD * torch.randn(buckets, width))
        self.name = small_network(width, width, dropout)
        self.alone = nn.Parameter(torch.zeros(width))  # of a playlist without tracks
        self.dropout = nn.Dropout(dropout)

    def forward(self, tracks: Tensor, empty: Tensor, bags: Tensor, starts: Tensor) -> Tensor:
        """Return (batch, width).

        Parameters
        ----------
        tracks : Tensor, shape (batch, seeds, width)
        empty : Tensor of bool, shape (batch, seeds)
            Where there is no track.
        bags, starts : Tensor of int64
            Buckets of all names one after another, and where each of the batch begins.
        """
        some = (~empty).any(1, keepdim=True).to(tracks.dtype)
        pooled = self.pool(self.dropout(tracks), empty) * some + self.alone * (1.0 - some)
        said = nn.functional.embedding_bag(bags, self.pieces, starts, mode="mean")
        ends = torch.cat([starts[1:], torch.tensor([len(bags)])])
        named = (ends > starts).unsqueeze(1).to(tracks.dtype)
        both: Tensor = pooled + self.name(said) * named
        return both


def sound_table(ids: Ids, parts: Mapping[str, Mapping[int, ArrayLike] | None]) -> Floats:
    """Return what is known of the tracks' sound, standardised, shape (tracks, columns).

    Parameters
    ----------
    ids : ndarray of int64, shape (tracks,)
    parts : mapping of a name to a mapping of track id to vector
        Vectors of one part are of one length. A track that a part does not know gets its mean, 0.

    Raises
    ------
    ValueError
        If vectors of one part differ in length or hold a value that is not finite.
    """
    columns = []
    for name, part in parts.items():
        if not part:
            continue
        given = {i: np.asarray(v, dtype=np.float64).reshape(-1) for i, v in part.items()}
        lengths = {len(v) for v in given.values()}
        if len(lengths) != 1:
            raise ValueError(f"{name} must be vectors of one length, got {sorted(lengths)}")
        rows = [i for i, track_id in enumerate(ids.tolist()) if track_id in given]
        table = np.zeros((len(ids), lengths.pop()))
        if rows:
            values = np.stack([given[int(ids[i])] for i in rows])
            if not np.isfinite(values).all():
                bad = int(ids[rows[int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])]])
                raise ValueError(f"{name} must be finite, that of track {bad} is not")
            spread = np.maximum(values.std(axis=0), 1e-9)
            table[rows] = (values - values.mean(axis=0)) / spread
        columns.append(table)
    joined = np.concatenate(columns, axis=1) if columns else np.zeros((len(ids), 0))
    return joined.astype(np.float32)
