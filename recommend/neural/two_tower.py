"""Two towers: a playlist with its name on one side, a track with its sound on the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from recommend import modelfile
from recommend.answer import Answer, Share, by_loss
from recommend.interactions import Interactions, as_ids
from recommend.neural.checkpoint import Checkpoint, restore, state_of
from recommend.neural.common import Floats, Ids, artist_numbers, require
from recommend.neural.names import as_bags, pieces
from recommend.neural.prefixes import as_batch
from recommend.neural.towers import PlaylistTower, TrackTower, sound_table
from recommend.progress import training
from recommend.scorer import Scorer

_KIND = "two-tower"
_HIDDEN = 0.05  # of the playlists are kept from the training, for its measures
_LEAST = 200  # playlists: with fewer none is kept away
_TARGETS = 8  # tracks of its rest that a playlist is asked for at a time
_SEEDS = 25  # tracks of the longest question; of longer ones the last count
_ALONE = 0.2  # of the questions are a name without tracks
_NAMELESS = 0.3  # of the names are passed over
_FORGET = 0.2  # of the tracks' ids are passed over
_TOP = (10, 100)  # of the measures during training

Columns = Mapping[int, ArrayLike]


class TwoTower(Scorer):
    """Rank tracks by the product of their vector with the playlist's.

    The playlist's tower sees the tracks so far and the name; the track's sees its id, artist, audio
    features and audio embedding. So a name alone gives a ranking, and so does a track that stands
    in no playlist but has a sound. Trained by softmax among the tracks of a batch, each corrected
    by how often it turns up there.

    Parameters
    ----------
    factors : int
        Length of the vectors.
    epochs : int
    dropout : float
        0..0.9.
    learning_rate, batch_size : float, int
    buckets : int
        Of the hashed pieces of names.
    seed : int

    Notes
    -----
    X. Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"
    (2019).

    Examples
    --------
    >>> lists, names = [[1, 2, 3], [4, 5, 6]] * 20, ["rainy day", "beach party"] * 20
    >>> model = TwoTower(8, epochs=20, batch_size=8).fit(Interactions.from_playlists(lists), names)
    >>> sorted(model.recommend([], 3, name="Rainy Sunday")[0].tolist())
    [1, 2, 3]
    """

    def __init__(
        self,
        factors: int = 64,
        epochs: int = 30,
        *,
        dropout: float = 0.3,
        learning_rate: float = 5e-3,
        batch_size: int = 256,
        buckets: int = 1 << 14,
        seed: int = 0,
    ) -> None:
        super().__init__()
        require("factors", factors, 1, 2048)
        require("epochs", epochs, 1, 10_000)
        require("dropout", dropout, 0.0, 0.9)
        require("learning_rate", learning_rate, 1e-9, 1.0)
        require("batch_size", batch_size, 2, 1 << 20)
        require("buckets", buckets, 1, 1 << 24)
        require("seed", seed, 0, 2**31 - 1)
        self.settings: dict[str, Any] = {
            "factors": factors,
            "epochs": epochs,
            "dropout": dropout,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "buckets": buckets,
            "seed": seed,
        }

    def fit(
        self,
        interactions: Interactions,
        names: Sequence[str] | None = None,
        artists: Mapping[int, int] | None = None,
        features: Columns | None = None,
        embeddings: Columns | None = None,
        checkpoint: str | Path | None = None,
    ) -> TwoTower:
        """Learn from playlists; what an earlier fit learnt is forgotten.

        Parameters
        ----------
        interactions : Interactions
            At least one playlist of two tracks.
        names : sequence of str, optional
            One a playlist; '' where there is none.
        artists : mapping of track id to int, optional
        features, embeddings : mapping of track id to vector, optional
            Such as key, loudness and tempo; and an audio embedding. Tracks that stand here and in
            no playlist can be recommended as well.
        checkpoint : str or Path, optional
            A file to write after each epoch. If it is there already, training goes on from it, and
            ends as if it had never been interrupted. It is removed when the model is whole.

        Raises
        ------
        ValueError
            If there is no playlist of two tracks, names are not one a playlist, or a vector is of
            another length than the others or not finite.
        FormatError
            If the checkpoint is damaged, or of other playlists or settings.
        """
        count = interactions.matrix.shape[0]
        if names is not None and len(names) != count:
            raise ValueError(f"names must be one a playlist ({count}), got {len(names)}")
        own = [*(features or ()), *(embeddings or ())]
        ids = np.union1d(interactions.track_ids, as_ids(own, "features and embeddings"))
        columns = np.searchsorted(ids, interactions.track_ids)
        popularity = np.zeros(len(ids), dtype=np.int64)
        popularity[columns] = interactions.popularity()
        matrix = interactions.matrix
        lists = [columns[p] for p in np.split(matrix.indices, matrix.indptr[1:-1])]
        random = np.random.default_rng(self.settings["seed"])
        apart = random.random(count) < (_HIDDEN if count >= _LEAST else 0.0)
        named = list(names) if names is not None else [""] * count
        learn = [i for i in range(count) if not apart[i] and len(lists[i]) >= 2]
        judge = [i for i in np.flatnonzero(apart).tolist() if len(lists[i]) > 2]
        if not learn:
            raise ValueError("interactions must hold a playlist of at least 2 tracks, got none")
        sound = sound_table(ids, {"features": features, "embeddings": embeddings})
        self._restore(ids, popularity)
        numbers = artist_numbers(ids, artists)
        self._build(popularity, numbers, sound)
        towers = nn.ModuleDict({"track": self._track, "playlist": self._playlist})
        rate = self.settings["learning_rate"]
        optimiser = torch.optim.AdamW(towers.parameters(), lr=rate, weight_decay=0.01)
        letters = np.frombuffer("\0".join(named).encode("utf-8", "replace"), dtype=np.uint8)
        seen = interactions.digest(ids, numbers, sound, letters)
        stored = Checkpoint(checkpoint, {**self.settings, "playlists": seen})
        self.history_: list[dict[str, float]]
        done, self.history_ = stored.resume(towers, optimiser)
        self._ready()
        with training("two towers", self.settings["epochs"], done) as tell:
            for epoch in range(done, self.settings["epochs"]):
                told = {"loss": self._epoch(optimiser, lists, named, learn, epoch)}
                self._ready()
                told |= self._measure([(lists[i], named[i]) for i in judge])
                self.history_.append(told)
                stored.write(towers, optimiser, epoch + 1, self.history_)
                tell("  ".join(f"{what} {value:.3f}" for what, value in told.items()))
        stored.done()
        return self

    def scores(self, seeds: Iterable[int], name: str = "") -> Floats:
        """Return the score of every track for these seeds and this name, shape (tracks,)."""
        known = self._known(seeds)[-_SEEDS:]
        with torch.inference_mode():
            return np.array(self._score([known], [name])[0].numpy())

    def recommend(
        self, seeds: Iterable[int], n: int = 10, exclude: Iterable[int] = (), *, name: str = ""
    ) -> tuple[Ids, Floats]:
        """Return the `n` best tracks that are neither seeds nor excluded, best first.

        With neither a known seed nor a name the most popular come first.

        Returns
        -------
        ids : ndarray of int64, shape (at most n,)
        scores : ndarray of float32, same shape
        """
        seeds = as_ids(seeds, "seeds")
        told = (self.rows_of(seeds) >= 0).any() or len(as_bags([name], 1)[0])
        return self._best(self.scores(seeds, name) if told else None, n, seeds, exclude)

    def called(self, name: str) -> Called:
        """Return this model with the name of the playlist that it is asked to go on with."""
        return Called(self, name)

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        self._fitted()
        arrays: modelfile.Arrays = {
            "track_ids": self.track_ids,
            "popularity": self.popularity_,
            "artists": self._track.artists.numpy(),
            "sound": self._track.sound.numpy(),
        }
        for prefix, net in (("track.", self._track), ("playlist.", self._playlist)):
            arrays |= {prefix + name: value for name, value in state_of(net).items()}
        modelfile.write(path, _KIND, self.settings, arrays)

    @classmethod
    def load(cls, path: str | Path) -> TwoTower:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        settings, arrays = modelfile.read(path, _KIND)
        model = cls(**settings)
        model._restore(arrays["track_ids"], arrays["popularity"])
        tracks = len(arrays["track_ids"])
        modelfile.require_shape("artists", arrays["artists"], (tracks,))
        modelfile.require_shape("sound", arrays["sound"], (tracks, None))
        model._build(arrays["popularity"], arrays["artists"], arrays["sound"])
        restore(model._track, arrays, "track.")
        restore(model._playlist, arrays, "playlist.")
        model._ready()
        return model

    def _build(self, popularity: Ids, artists: Ids, sound: Floats) -> None:
        s = self.settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(s["seed"])
            self._track = TrackTower(popularity, artists, sound, s["factors"])
            self._playlist = PlaylistTower(s["factors"], s["buckets"], s["dropout"])

    def _epoch(
        self,
        optimiser: torch.optim.Optimizer,
        lists: list[Ids],
        names: list[str],
        learn: list[int],
        epoch: int,
    ) -> float:
        s = self.settings
        random = np.random.default_rng([s["seed"], epoch])
        order = random.permutation(learn)
        batches = math.ceil(len(order) / s["batch_size"])
        self._playlist.train()
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random.integers(2**31)))
            for number in range(batches):
                done = (epoch * batches + number + 1) / (s["epochs"] * batches)
                for group in optimiser.param_groups:
                    group["lr"] = s["learning_rate"] * min(1.0, 10 * done, 1.05 - done)
                chosen = order[number::batches].tolist()
                loss = self._loss([lists[i] for i in chosen], [names[i] for i in chosen], random)
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
                total += loss.item() / batches
        return total

    def _loss(self, lists: list[Ids], names: list[str], random: np.random.Generator) -> Tensor:
        """Return the corrected in-batch softmax of some tracks of each playlist's rest."""
        pairs, held = [], []
        for playlist in lists:
            mixed = random.permutation(playlist)
            most = min(_SEEDS, len(mixed) - 1)
            k = min(int(math.exp(random.uniform(0.0, math.log(most + 1)))), most)
            given = 0 if random.random() < _ALONE else k
            pairs.append((mixed[:given], mixed[k : k + _TARGETS]))
            held.append(mixed)
        names = ["" if random.random() < _NAMELESS else name for name in names]
        batch = as_batch(pairs, len(self.track_ids))
        query = self._query([s for s, _ in pairs], names, forget=_FORGET)
        columns, place = torch.unique(batch.targets, return_inverse=True)
        scores = query @ self._track(columns, _FORGET).T + self._track.common[columns]
        often = torch.from_numpy(self.popularity_)[columns].to(torch.float32)
        scores = scores - torch.log(often / often.sum())
        # what else stands in the playlist is no wrong answer
        scores = scores.masked_fill(_held_by(held, columns.numpy()), -1e9)
        own = (query[batch.rows] * self._track(batch.targets, _FORGET)).sum(1)
        own = own + self._track.common[batch.targets] - torch.log(often / often.sum())[place]
        likely = own - torch.logaddexp(own, torch.logsumexp(scores, 1)[batch.rows])
        loss: Tensor = -(likely * batch.weights).sum() / len(pairs)
        return loss

    def _query(self, seeds: list[Ids], names: list[str], forget: float = 0.0) -> Tensor:
        """Return the playlists' vectors, (batch, factors)."""
        tracks = len(self.track_ids)
        wide = as_batch([(s, s[:0]) for s in seeds], tracks).seeds
        if not wide.shape[1]:
            wide = torch.full((len(seeds), 1), tracks)
        vectors = self._track(wide.clamp(max=tracks - 1), forget)
        bags, starts = as_bags(names, self.settings["buckets"])
        pooled: Tensor = self._playlist(
            vectors, wide == tracks, torch.from_numpy(bags), torch.from_numpy(starts)
        )
        return pooled

    def _score(self, seeds: list[Ids], names: list[str]) -> Tensor:
        scores: Tensor = self._query(seeds, names) @ self._catalogue.T + self._track.common
        return scores

    def _ready(self) -> None:
        """Keep the vector of every track at hand."""
        self._playlist.eval()
        with torch.inference_mode():
            self._catalogue = self._track(torch.arange(len(self.track_ids)))

    def _measure(self, judge: list[tuple[Ids, str]]) -> dict[str, float]:
        """Return how much of hidden playlists their first two tracks and name bring to the top."""
        if not judge:
            return {}
        with torch.inference_mode():
            scores = self._score([p[:2] for p, _ in judge], [name for _, name in judge])
            best = scores.topk(min(max(_TOP) + 2, scores.shape[1]), dim=1).indices.numpy()
        told = {}
        for k in _TOP:
            found = []
            for (playlist, _), ranking in zip(judge, best, strict=True):
                kept = ranking[~np.isin(ranking, playlist[:2])][:k]
                found.append(np.isin(playlist[2:], kept).mean())
            told[f"recall@{k}"] = float(np.mean(found))
        return told


class Called:
    """Two towers that know the name of the playlist: it speaks even where no track does.

    Parameters
    ----------
    towers : TwoTower
    name : str
    """

    def __init__(self, towers: TwoTower, name: str) -> None:
        self._towers, self._name = towers, name

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the place of each track in the scores, -1 where the model does not know it."""
        return self._towers.rows_of(ids)

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores, and what each loses without a seed, or without the name."""
        if not pieces(self._name):
            return self._towers.answer(seeds)
        rows = self._towers.rows_of(seeds)
        known = self._towers.track_ids[np.unique(rows[rows >= 0])].tolist()
        told = by_loss(lambda tracks: self._towers.scores(tracks, self._name), known)
        nameless = self._towers.scores(known)

        def shares(row: int) -> list[Share]:
            track = int(self._towers.track_ids[row])
            value = float(told.scores[row] - nameless[row])
            return [*told.shares(row), Share("name", track, value)]

        return Answer(told.scores, shares)


def _held_by(lists: list[Ids], columns: Ids) -> Tensor:
    """Return which playlist holds which column, (playlists, columns) of bool."""
    held: NDArray[np.bool_] = np.stack([np.isin(columns, playlist) for playlist in lists])
    return torch.from_numpy(held)
