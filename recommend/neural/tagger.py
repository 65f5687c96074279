"""A tagger that one trains on one's own music: what it hears, it hears as the sound goes by.

Log-mel bands, causal convolutions, an LSTM that runs frame by frame, and a likelihood for each
tag. Songs, never fragments, are kept apart for the test: with fragments of one song on both sides,
tags drawn at random per song would be told as well as meaningful ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from recommend import modelfile
from recommend.neural.checkpoint import Checkpoint, restore, state_of
from recommend.tag_scores import TagScores, score

Floats = NDArray[np.float32]

BANDS = 80
_KIND = "tagger"


@dataclass(frozen=True)
class Settings:
    """Of the network and its training.

    Attributes
    ----------
    channels, hidden : int
        Width of the convolutions, and of the LSTM: the length of an embedding.
    epochs, batch : int
    learning_rate : float
    seed : int
    """

    channels: int = 64
    hidden: int = 96
    epochs: int = 15
    batch: int = 16
    learning_rate: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("channels", "hidden", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must be between 0 and 1, got {self.learning_rate}")


@dataclass(frozen=True)
class Song:
    """Some fragments of a song, and its tags.

    Attributes
    ----------
    fragments : ndarray of float32, shape (n, time, BANDS)
        Log-mel pictures; n at least 1, one `time` for all songs.
    tags : ndarray of bool, shape (tags,)
    """

    fragments: Floats
    tags: NDArray[np.bool_]


class _Layers(nn.Module):
    def __init__(self, tags: int, settings: Settings) -> None:
        super().__init__()
        width = settings.channels
        self.convolutions = nn.ModuleList(
            nn.Conv1d(BANDS if i == 0 else width, width, 3, dilation=2**i) for i in range(3)
        )
        self.lstm = nn.LSTM(width, settings.hidden, batch_first=True)
        self.out = nn.Linear(settings.hidden, tags)

    def embed(self, x: Tensor) -> Tensor:
        """Return the LSTM's mean over time, (batch, hidden), of (batch, time, BANDS)."""
        x = x.transpose(1, 2)  # (batch, bands, time)
        for i, convolution in enumerate(self.convolutions):
            x = functional.relu(convolution(functional.pad(x, (2 * 2**i, 0))))  # the past alone
        heard: Tensor = self.lstm(x.transpose(1, 2))[0]  # (batch, time, hidden)
        return heard.mean(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logit of each tag, (batch, tags)."""
        logits: Tensor = self.out(self.embed(x))
        return logits


class Tagger:
    """Tells how likely each tag is.

    Parameters
    ----------
    tags : sequence of str
        Without repeats.
    settings : Settings
    """

    def __init__(self, tags: Sequence[str], settings: Settings | None = None) -> None:
        if not tags or len(set(tags)) != len(tags):
            raise ValueError("tags must be at least one, without repeats")
        self.tags = tuple(tags)
        self.settings = settings or Settings()
        torch.set_num_threads(1)
        torch.manual_seed(self.settings.seed)
        self._layers = _Layers(len(tags), self.settings)
        self._mean, self._deviation = 0.0, 1.0

    def fit(
        self,
        songs: Sequence[Song],
        on_epoch: Callable[[int, float], None] | None = None,
        checkpoint: str | Path | None = None,
    ) -> Tagger:
        """Train on songs; each epoch hears one fragment of every song.

        Parameters
        ----------
        songs : sequence of Song
        on_epoch : callable, optional
            Called with the number of epochs done, and the mean loss of the last.
        checkpoint : str or Path, optional
            A file that holds the state after each epoch, and from which an interrupted training
            goes on to the same result.

        Raises
        ------
        ValueError
            If there are no songs, or their shapes disagree.
        FormatError
            If the checkpoint is damaged, or of other songs or settings.
        """
        truth = self._check(songs)
        stacked = np.concatenate([song.fragments[:1] for song in songs])
        self._mean, self._deviation = float(stacked.mean()), float(max(stacked.std(), 1e-6))
        optimiser = torch.optim.Adam(self._layers.parameters(), self.settings.learning_rate)
        state = Checkpoint(checkpoint, self._about() | {"songs": _digest(songs)})
        done, told = state.resume(self._layers, optimiser)
        for epoch in range(done, self.settings.epochs):
            told.append(self._epoch(songs, truth, optimiser, epoch))
            state.write(self._layers, optimiser, epoch + 1, told)
            if on_epoch is not None:
                on_epoch(epoch + 1, told[-1])
        state.done()
        return self

    def _epoch(
        self,
        songs: Sequence[Song],
        truth: Tensor,
        optimiser: torch.optim.Optimizer,
        epoch: int,
    ) -> float:
        rng = np.random.default_rng([self.settings.seed, epoch])  # the same after a resumption
        total = 0.0
        order = rng.permutation(len(songs))
        for start in range(0, len(order), self.settings.batch):
            rows = order[start : start + self.settings.batch]
            chosen = [songs[i].fragments[rng.integers(len(songs[i].fragments))] for i in rows]
            logits = self._layers(self._scaled(np.stack(chosen)))
            loss = functional.binary_cross_entropy_with_logits(logits, truth[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self._layers.parameters(), 1.0)
            optimiser.step()
            total += loss.item() * len(rows)
        return total / len(songs)

    @torch.inference_mode()
    def predict(self, fragments: Floats) -> Floats:
        """Return how likely each tag is, 0..1, the mean over a song's fragments, shape (tags,)."""
        likely: Floats = torch.sigmoid(self._layers(self._scaled(fragments))).mean(0).numpy()
        return likely

    @torch.inference_mode()
    def embed(self, fragments: Floats) -> Floats:
        """Return the layer before the tags, the mean over a song's fragments, shape (hidden,)."""
        layer: Floats = self._layers.embed(self._scaled(fragments)).mean(0).numpy()
        return layer

    def evaluate(self, songs: Sequence[Song]) -> TagScores:
        """Return how well the tags of songs that it was not trained on are told."""
        self._check(songs)
        told = np.stack([self.predict(song.fragments) for song in songs])
        return score(np.stack([song.tags for song in songs]), told)

    def save(self, path: str | Path) -> None:
        """Write the tagger to a checksummed file, which is there whole or not at all."""
        about = self._about() | {"mean": self._mean, "deviation": self._deviation}
        modelfile.write(path, _KIND, about, state_of(self._layers))

    @classmethod
    def load(cls, path: str | Path) -> Tagger:
        """Read a tagger.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        about, arrays = modelfile.read(path, _KIND)
        tagger = cls(about["tags"], Settings(**about["settings"]))
        restore(tagger._layers, arrays)
        tagger._mean, tagger._deviation = about["mean"], about["deviation"]
        return tagger

    def _about(self) -> dict[str, object]:
        return {"tags": list(self.tags), "settings": asdict(self.settings)}

    def _scaled(self, fragments: Floats) -> Tensor:
        return (torch.from_numpy(np.array(fragments)) - self._mean) / self._deviation

    def _check(self, songs: Sequence[Song]) -> Tensor:
        """Return the tags of songs that are as they should be, (songs, tags)."""
        if not songs:
            raise ValueError("songs must not be empty")
        time = songs[0].fragments.shape[1]
        for number, song in enumerate(songs):
            shape = song.fragments.shape
            if len(shape) != 3 or not shape[0] or shape[1:] != (time, BANDS):
                raise ValueError(f"song {number} must have shape (n, {time}, {BANDS}), got {shape}")
            if song.tags.shape != (len(self.tags),):
                raise ValueError(f"song {number} must have {len(self.tags)} tags")
        return torch.from_numpy(np.stack([song.tags for song in songs]).astype(np.float32))


def _digest(songs: Sequence[Song]) -> str:
    total = hashlib.sha256()
    for song in songs:
        total.update(np.ascontiguousarray(song.fragments).tobytes())
        total.update(np.ascontiguousarray(song.tags).tobytes())
    return total.hexdigest()
