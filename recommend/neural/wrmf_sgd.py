"""Weighted matrix factorisation by gradient descent on samples, as courses teach it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from recommend import modelfile
from recommend.answer import Answer, Share
from recommend.interactions import Interactions
from recommend.neural.checkpoint import Checkpoint
from recommend.neural.common import Floats, Ids, require
from recommend.neural.samples import InteractionSamples
from recommend.progress import training
from recommend.scorer import Scorer

_KIND = "wrmf-sgd"
_START = 0.01  # spread of the random factors


class FactorNet(nn.Module):
    """Two tables of factors; a pair's prediction is the sigmoid of their product."""

    def __init__(self, playlists: int, tracks: int, factors: int, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.playlists = nn.Parameter(_START * torch.randn(playlists, factors, generator=random))
        self.tracks = nn.Parameter(_START * torch.randn(tracks, factors, generator=random))

    def forward(self, playlists: Tensor, tracks: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions in 0..1 and squared lengths of the factors, each (samples,)."""
        x, y = self.playlists[playlists], self.tracks[tracks]  # (samples, factors)
        lengths = (x * x).sum(1) + (y * y).sum(1)
        return torch.sigmoid((x * y).sum(1)), lengths


def weighted_error(prediction: Tensor, feedback: Tensor, confidence: Tensor) -> Tensor:
    """Return the mean over samples of confidence * (feedback - prediction)^2.

    Some course notes print `1 - feedback - prediction`: that drives the prediction of what stands
    in a playlist to 0, and the model's own order of the tracks stands on its head.
    """
    return (confidence * (feedback - prediction) ** 2).mean()


class SampledWRMF(Scorer):
    """Factors of playlists and tracks, learnt from sampled pairs.

    Minimises the mean over samples of confidence * (feedback - sigmoid(x . y))^2 +
    regularization * (|x|^2 + |y|^2) with Adam. A playlist's embedding is the mean of its tracks'
    factors, and tracks are ranked by their cosine to it. `recommend.WRMF` solves the same idea
    exactly over all pairs, and ranks better.

    Parameters
    ----------
    factors : int
        1..2048.
    regularization : float
        At least 0.
    alpha : float
        Weight of one count in the confidence 1 + alpha * count, at least 0.
    epochs : int
        Each sees every interaction once, and as many new negatives.
    learning_rate : float
        Above 0.
    batch_size : int
    seed : int
        Of factors, negatives and order. The same seed gives the same factors.

    Examples
    --------
    >>> playlists = [[1, 2, 3], [1, 2, 4], [1, 2]] * 8 + [[5, 6, 7], [5, 6, 8], [5, 6]] * 8
    >>> model = SampledWRMF(8, learning_rate=0.05).fit(Interactions.from_playlists(playlists))
    >>> model.recommend([1], 1)[0].tolist()
    [2]
    """

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 0.003,
        alpha: float = 1.0,
        epochs: int = 10,
        learning_rate: float = 0.01,
        batch_size: int = 4096,
        *,
        seed: int = 0,
    ) -> None:
        super().__init__()
        require("factors", factors, 1, 2048)
        require("regularization", regularization, 0.0, 1e3)
        require("alpha", alpha, 0.0, 1e6)
        require("epochs", epochs, 1, 10_000)
        require("learning_rate", learning_rate, 1e-9, 10.0)
        require("batch_size", batch_size, 1, 1 << 24)
        require("seed", seed, 0, 2**63 - 1)
        self.factors, self.regularization, self.alpha = factors, regularization, alpha
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size
        self.seed = seed

    def fit(self, interactions: Interactions, checkpoint: str | Path | None = None) -> SampledWRMF:
        """Learn from playlists; what an earlier fit learnt is forgotten.

        Parameters
        ----------
        interactions : Interactions
        checkpoint : str or Path, optional
            A file to write after each epoch. If it is there already, training goes on from it, and
            ends as if it had never been interrupted. It is removed when the model is whole.

        Raises
        ------
        ValueError
            If there is no track in any playlist.
        FormatError
            If the checkpoint is damaged, or of other playlists or settings.
        """
        if interactions.matrix.nnz == 0:
            raise ValueError("interactions must hold at least one track in a playlist, got none")
        samples = InteractionSamples(interactions, self.alpha, self.seed)
        net = FactorNet(*interactions.matrix.shape, self.factors, self.seed)
        optimiser = torch.optim.Adam(net.parameters(), lr=self.learning_rate)
        generator = torch.Generator().manual_seed(self.seed)
        stored = Checkpoint(checkpoint, {**self._settings, "playlists": interactions.digest()})
        self.losses_: list[float]
        done, self.losses_ = stored.resume(net, optimiser)
        with training("WRMF by samples", self.epochs, done) as tell:
            for epoch in range(self.epochs):
                if epoch:
                    samples.draw()
                if epoch < done:  # as far as chance goes
                    _ = list(samples.order(self.batch_size, generator))
                    continue
                total = 0.0
                for playlists, tracks, feedback, confidence in samples.loader(
                    self.batch_size, generator
                ):
                    prediction, lengths = net(playlists, tracks)
                    loss = weighted_error(prediction, feedback, confidence)
                    loss = loss + self.regularization * lengths.mean()
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
                    total += loss.item() * len(feedback)
                self.losses_.append(total / len(samples))
                stored.write(net, optimiser, epoch + 1, self.losses_)
                tell(f"loss {self.losses_[-1]:.4f}")
        self.track_factors_: Floats = net.tracks.detach().numpy().copy()
        self.playlist_factors_: Floats = net.playlists.detach().numpy().copy()
        self._take(interactions)
        stored.done()
        return self

    def predict(self, playlist: int) -> Floats:
        """Return the model's own prediction for every track of a playlist it was fitted to.

        Returns
        -------
        ndarray of float32, shape (tracks,), 0..1
        """
        self._fitted()
        product = self.track_factors_ @ self.playlist_factors_[playlist]
        return np.asarray(1.0 / (1.0 + np.exp(-product)), dtype=np.float32)

    def embed(self, seeds: Iterable[int]) -> Floats:
        """Return the mean of the known tracks' factors, shape (factors,); 0 without any."""
        known = self._known(seeds)
        if not len(known):
            return np.zeros(self.factors, dtype=np.float32)
        return np.asarray(self.track_factors_[known].mean(axis=0), dtype=np.float32)

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the cosine of every track to the playlist's embedding, shape (tracks,)."""
        embedding = self.embed(seeds)
        lengths = np.linalg.norm(self.track_factors_, axis=1) * np.linalg.norm(embedding)
        cosines = self.track_factors_ @ embedding
        return np.asarray(cosines / np.maximum(lengths, np.finfo(np.float32).tiny))

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores with the share of each seed; None where no seed is known."""
        known = self._known(seeds)
        if not len(known):
            return None
        lengths = np.linalg.norm(self.track_factors_, axis=1)
        embedding = np.linalg.norm(self.track_factors_[known].mean(axis=0))

        def shares(row: int) -> list[Share]:
            products = self.track_factors_[known] @ self.track_factors_[row] / len(known)
            values = products / np.maximum(lengths[row] * embedding, np.finfo(np.float32).tiny)
            given = zip(self.track_ids[known].tolist(), values.tolist(), strict=True)
            return [Share("playlists", seed, value) for seed, value in given]

        return Answer(self.scores(seeds), shares)

    @property
    def _settings(self) -> dict[str, float]:
        return {
            "factors": self.factors,
            "regularization": self.regularization,
            "alpha": self.alpha,
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        arrays: modelfile.Arrays = {
            "track_ids": self.track_ids,
            "popularity": self.popularity_,
            "track_factors": self.track_factors_,
            "playlist_factors": self.playlist_factors_,
        }
        modelfile.write(path, _KIND, self._settings, arrays)

    @classmethod
    def load(cls, path: str | Path) -> SampledWRMF:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        settings, arrays = modelfile.read(path, _KIND)
        model = cls(**settings)
        model.track_factors_ = arrays["track_factors"]
        model.playlist_factors_ = arrays["playlist_factors"]
        ids: Ids = arrays["track_ids"]
        modelfile.require_shape("track_factors", model.track_factors_, (len(ids), model.factors))
        modelfile.require_shape("playlist_factors", model.playlist_factors_, (None, model.factors))
        model._restore(ids, arrays["popularity"])
        return model
