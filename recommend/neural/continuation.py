"""Continue a playlist: attention over its first tracks, softmax over the catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recommend import modelfile
from recommend.interactions import Interactions
from recommend.neural import losses
from recommend.neural.base import Base, fold_numbers, short_wrmf
from recommend.neural.checkpoint import Checkpoint, restore, state_of
from recommend.neural.common import (
    Floats,
    Ids,
    artist_numbers,
    playlists_of,
    require,
)
from recommend.neural.continuation_net import ContinuationNet
from recommend.neural.pooling import POOLINGS, AttentionPool, MeanVariancePool
from recommend.neural.prefixes import as_batch, draw_prefixes
from recommend.progress import training
from recommend.scorer import Scorer
from recommend.wrmf import WRMF

_KIND = "continuation"
_SPREAD = 0.1  # of the factors at the start
_HIDDEN = 0.05  # of the playlists are kept from the training, to tell how sure an answer is
_LEAST = 200  # playlists: with fewer none is kept away
_RATES = {"seen": 0.3, "asked": 0.3, "mix": 50.0}  # of the learning rate, where it is not 1


class Continuation(Scorer):
    """Rank the catalogue after the first tracks of a playlist.

    Trained on random prefixes of playlists: the softmax over the catalogue shall lie on the tracks
    of the rest. The ground is an exact `WRMF`; the network learns, from playlists that the
    factorisation did not see, what to add to it. A temperature, found on playlists that the
    training did not see, makes the softmax an honest chance.

    Parameters
    ----------
    factors : int
        Width of the vectors, a multiple of `heads`.
    epochs : int
        Each cuts every playlist once. The start knows the playlists already: on 4,700 of them more
        than a few epochs at this rate only learn them by heart.
    layers, heads : int
        Of the transformer.
    dropout : float
        0..0.9.
    learning_rate : float
        At its highest; it rises over the first tenth of the steps and falls to 0.
    longest : int
        Tracks of the longest prefix; of longer questions the last ones count.
    negatives : int
        0: softmax over the whole catalogue. Above: over so many sampled tracks, for catalogues of
        hundreds of thousands.
    pooling : str
        'attention', or 'mean-variance', the plain reference.
    grounded : bool
        False: the network stands alone, and starts from the factors of a `WRMF`.
    seed : int
        The same seed gives the same model on one machine and number of threads.

    Examples
    --------
    >>> playlists = [[1, 2, 3], [1, 2, 4], [1, 2]] * 8 + [[5, 6, 7], [5, 6, 8], [5, 6]] * 8
    >>> model = Continuation(8, epochs=3).fit(Interactions.from_playlists(playlists))
    >>> model.recommend([1], 1)[0].tolist()
    [2]
    """

    def __init__(
        self,
        factors: int = 128,
        epochs: int = 3,
        *,
        layers: int = 1,
        heads: int = 4,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        batch_size: int = 256,
        longest: int = 25,
        negatives: int = 0,
        pooling: str = "attention",
        grounded: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        require("factors", factors, 1, 2048)
        require("epochs", epochs, 1, 10_000)
        require("layers", layers, 0, 12)
        require("heads", heads, 1, 64)
        require("dropout", dropout, 0.0, 0.9)
        require("learning_rate", learning_rate, 1e-9, 1.0)
        require("batch_size", batch_size, 1, 1 << 20)
        require("longest", longest, 1, 1000)
        require("negatives", negatives, 0, 1 << 24)
        require("seed", seed, 0, 2**31 - 1)
        if factors % heads:
            raise ValueError(f"factors must be a multiple of heads ({heads}), got {factors}")
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {POOLINGS}, got {pooling!r}")
        self.settings: dict[str, Any] = {
            "factors": factors,
            "epochs": epochs,
            "layers": layers,
            "heads": heads,
            "dropout": dropout,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "longest": longest,
            "negatives": negatives,
            "pooling": pooling,
            "grounded": bool(grounded),
            "seed": seed,
        }
        self.temperature_ = 1.0

    def fit(
        self,
        interactions: Interactions,
        artists: Mapping[int, int] | None = None,
        checkpoint: str | Path | None = None,
    ) -> Continuation:
        """Learn from playlists; what an earlier fit learnt is forgotten.

        Parameters
        ----------
        interactions : Interactions
            At least one playlist of two tracks.
        artists : mapping of track id to int, optional
            Who made a track.
        checkpoint : str or Path, optional
            A file to write after each epoch. If it is there already, training goes on from it, and
            ends as if it had never been interrupted. It is removed when the model is whole.

        Raises
        ------
        ValueError
            If there is no playlist of two tracks.
        FormatError
            If the checkpoint is damaged, or of other playlists or settings.
        """
        numbers = artist_numbers(interactions.track_ids, artists)
        learnt, hidden = self._part(interactions)
        folds = fold_numbers(learnt.matrix.shape[0], self.settings["seed"])
        playlists = playlists_of(learnt, 2)
        of_fold = folds[np.diff(learnt.matrix.indptr) >= 2]
        about = {**self.settings, "playlists": interactions.digest(numbers)}
        stored = Checkpoint(checkpoint, about)
        factors, seed = self.settings["factors"], self.settings["seed"]
        self._base = Base.fit(learnt, folds, factors, seed) if self.settings["grounded"] else None
        wrmf = self._base.whole if self._base else short_wrmf(learnt, factors, seed)
        net = self._build(_start(wrmf), interactions.popularity(), numbers)
        optimiser = _optimiser(net, self.settings["learning_rate"])
        done, self.losses_ = stored.resume(net, optimiser)
        with training("continuation", self.settings["epochs"], done) as tell:
            for epoch in range(done, self.settings["epochs"]):
                self.losses_.append(self._epoch(net, optimiser, playlists, of_fold, epoch))
                stored.write(net, optimiser, epoch + 1, self.losses_)
                tell(f"loss {self.losses_[-1]:.3f}")
        self._ready(net)
        self._take(interactions)
        self.temperature_ = self._calibrate(hidden)
        stored.done()
        return self

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track, shape (tracks,); by popularity with no known seed."""
        known = self._known(seeds)[-self.settings["longest"] :]
        with torch.inference_mode():
            if not len(known):
                return np.array(self._net.popularity.numpy())
            return np.array(self._ask(torch.from_numpy(known).unsqueeze(0))[0].numpy())

    def continue_with(self, seeds: Iterable[int], n: int = 15) -> tuple[Ids, Floats]:
        """Return the `n` tracks most likely to be the next, and how likely each is.

        Returns
        -------
        ids : ndarray of int64, shape (at most n,)
        confidences : ndarray of float32, same shape
            0..1; they sum to 1 over all tracks that are no seeds.
        """
        given = self._known(seeds)
        scores = self.scores(seeds) / np.float32(self.temperature_)
        scores[given] = -np.inf
        if len(given) == len(scores):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        chances = np.exp(scores - scores.max())
        ids, likely = self._best(chances / chances.sum(), n, self.track_ids[given], ())
        return ids, likely

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        self._fitted()
        arrays: modelfile.Arrays = {
            "track_ids": self.track_ids,
            "popularity": self.popularity_,
            "artists": self._net.artists[:-1].numpy(),
        }
        arrays |= {f"net.{name}": value for name, value in state_of(self._net).items()}
        about = {"model": self.settings, "temperature": self.temperature_, "base": None}
        if self._base is not None:
            about["base"] = self._base.whole.settings
            arrays |= {f"base.{name}": a for name, a in self._base.whole.arrays.items()}
        modelfile.write(path, _KIND, about, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Continuation:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        stored, arrays = modelfile.read(path, _KIND)
        model = cls(**stored["model"])
        modelfile.require_shape("artists", arrays["artists"], arrays["track_ids"].shape)
        start = np.zeros((len(arrays["track_ids"]), model.settings["factors"]), dtype=np.float32)
        net = model._build(start, arrays["popularity"], arrays["artists"])
        restore(net, arrays, "net.")
        model._ready(net)
        model._base = None
        if stored["base"] is not None:
            parts = {name: arrays[f"base.{name}"] for name in WRMF.ARRAYS}
            model._base = Base(WRMF.restore(stored["base"], parts))
        model.temperature_ = float(stored["temperature"])
        model._restore(arrays["track_ids"], arrays["popularity"])
        return model

    def _build(self, start: Floats, popularity: Ids, artists: Ids) -> ContinuationNet:
        s = self.settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(s["seed"])
            if s["pooling"] == "attention":
                pool: nn.Module = AttentionPool(s["factors"], s["layers"], s["heads"], s["dropout"])
            else:
                pool = MeanVariancePool(s["factors"], s["dropout"])
            net = ContinuationNet(start, popularity, artists, pool, s["dropout"])
        if s["grounded"]:  # the network starts silent
            with torch.no_grad():
                net.common.zero_()
                if isinstance(pool, AttentionPool):
                    pool.straight.weight.zero_()
        return net

    def _ready(self, net: ContinuationNet) -> None:
        """Take over a network that is whole, with the vector of every track at hand."""
        self._net = net.eval()
        with torch.inference_mode():
            self._vectors, self._common = net.catalogue()

    def _ask(self, seeds: Tensor) -> Tensor:
        scores = self._net.query(seeds) @ self._vectors.T + self._common
        if self._base is not None:
            scores = scores + self._net.ground(seeds, self._base.scores(seeds))
        return scores

    def _part(self, interactions: Interactions) -> tuple[Interactions, list[tuple[Ids, Ids]]]:
        """Return what to learn from, and prefixes with their next track to judge by."""
        count = interactions.matrix.shape[0]
        if count < _LEAST:
            return interactions, []
        random = np.random.default_rng(self.settings["seed"])
        apart = random.random(count) < _HIDDEN
        pairs = []
        for number in np.flatnonzero(apart):
            start, end = interactions.matrix.indptr[number : number + 2]
            columns = interactions.matrix.indices[start:end].astype(np.int64)
            for k in (1, 2, 5, 10):
                if len(columns) > k:
                    pairs.append(
                        (columns[:k].astype(np.int64), columns[k : k + 1].astype(np.int64))
                    )
        kept = interactions.matrix[np.flatnonzero(~apart)]
        return Interactions(kept, interactions.track_ids), pairs

    def _epoch(
        self,
        net: ContinuationNet,
        optimiser: torch.optim.Optimizer,
        playlists: list[Ids],
        folds: Ids,
        epoch: int,
    ) -> float:
        """Cut every playlist once and learn from it; all chance hangs on the epoch's number."""
        s = self.settings
        random = np.random.default_rng([s["seed"], epoch])
        batches = _batches(folds, s["batch_size"], random)
        total = 0.0
        net.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random.integers(2**31)))
            for number, rows in enumerate(batches):
                batch = draw_prefixes(
                    [playlists[i] for i in rows], net.tracks, s["longest"], random
                )
                done = (epoch + (number + 1) / len(batches)) / s["epochs"]
                for group in optimiser.param_groups:
                    group["lr"] = group["highest"] * _warmth(done)
                said = self._base.scores(batch.seeds, int(folds[rows[0]])) if self._base else None
                if s["negatives"]:
                    loss = losses.sampled(net, batch, s["negatives"], random, said)
                else:
                    loss = losses.full(net(batch.seeds, said), batch)
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimiser.step()
                total += loss.item() / len(batches)
        return total

    def _calibrate(self, pairs: list[tuple[Ids, Ids]]) -> float:
        """Return the temperature at which hidden next tracks are likeliest (Guo et al., 2017)."""
        if not pairs:
            return 1.0
        batch = as_batch(pairs, self._net.tracks)
        with torch.inference_mode():
            scores = self._ask(batch.seeds)
            wide = torch.nn.functional.pad(scores, (0, 1))
            scores = wide.scatter(1, batch.seeds, -1e9)[:, :-1]
            grid = np.exp(np.linspace(math.log(0.3), math.log(5.0), 60))
            costs = [float(losses.full(scores / t, batch)) for t in grid]
        return float(grid[int(np.argmin(costs))])


def _warmth(done: float) -> float:
    """Return the share of the learning rate at a share of the training."""
    rise = 0.1
    if done < rise:
        return done / rise
    return 0.5 * (1.0 + math.cos(math.pi * (done - rise) / (1.0 - rise)))


def _batches(folds: Ids, size: int, random: np.random.Generator) -> list[Ids]:
    """Return all playlists in random batches, each of one fold."""
    found = []
    for fold in np.unique(folds):
        rows = random.permutation(np.flatnonzero(folds == fold))
        found += np.array_split(rows, math.ceil(len(rows) / size))
    return [found[i] for i in random.permutation(len(found))]


def _optimiser(net: nn.Module, rate: float) -> torch.optim.Optimizer:
    groups: dict[float, list[nn.Parameter]] = {}
    for name, value in net.named_parameters():
        groups.setdefault(rate * _RATES.get(name, 1.0), []).append(value)
    listed = [{"params": p, "lr": highest, "highest": highest} for highest, p in groups.items()]
    return torch.optim.AdamW(listed, weight_decay=0.01)


def _start(wrmf: WRMF) -> Floats:
    """Return the factors of a WRMF, of one scale whatever the playlists."""
    factors = wrmf.track_factors_
    return np.asarray(factors * (_SPREAD / max(float(factors.std()), 1e-9)), dtype=np.float32)
