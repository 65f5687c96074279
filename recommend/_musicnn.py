"""MusiCNN's network in torch, from its own folded weights. Imported late: torch is an extra.

J. Pons, X. Serra: "musicnn: Pre-trained convolutional neural networks for music audio tagging",
2019. Wide filters hear timbre, long ones rhythm; then three layers over time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """What the network makes of each patch, one row a patch.

    Attributes
    ----------
    mean_pool, max_pool : ndarray, shape (patches, 753)
        All feature maps over time.
    penultimate : ndarray, shape (patches, 200)
    tags : ndarray, shape (patches, 50)
        0..1 each.
    """

    mean_pool: Floats
    max_pool: Floats
    penultimate: Floats
    tags: Floats


class Network:
    """The layers. `weights` are those of `musicnn_weights.fold`."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._w = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}

    @torch.inference_mode()
    def features(self, patches: Floats) -> Tensor:
        """Return the feature maps (batch, 753, time) of log-mel patches (batch, time, 96)."""
        scale, shift = self._w["input.scale"], self._w["input.shift"]
        x = torch.from_numpy(patches) * scale + shift  # (batch, time, mel)
        wide = functional.pad(x, (0, 0, 3, 3))[:, None]  # (batch, 1, time + 6, mel)
        maps = [self._highest(f"timbral{i}", functional.conv2d(wide, self._w[f"timbral{i}.kernel"]), 3)
                for i in (1, 2)]
        rows = x.transpose(1, 2)[:, None]  # (batch, 1, mel, time)
        for i in (1, 2, 3):
            kernel = self._w[f"temporal{i}.kernel"]  # (51, 1, 1, width)
            left = (kernel.shape[3] - 1) // 2
            padded = functional.pad(rows, (left, kernel.shape[3] - 1 - left))
            maps.append(self._highest(f"temporal{i}", functional.conv2d(padded, kernel), 2))
        front = torch.cat(maps, 1)  # (batch, 561, time)
        first = self._mid("mid1", front)
        second = self._mid("mid2", first) + first
        third = self._mid("mid3", second) + second
        return torch.cat([front, first, second, third], 1)

    @torch.inference_mode()
    def head(self, largest: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Return penultimate layer and tags of pooled maps, (batch, 753) each."""
        pooled = torch.stack([largest, mean], 2).flatten(1)  # interleaved, (batch, 1506)
        pooled = pooled * self._w["pool.scale"] + self._w["pool.shift"]
        hidden = functional.relu(pooled @ self._w["dense.kernel"] + self._w["dense.bias"])
        hidden = hidden * self._w["dense.scale"] + self._w["dense.shift"]
        return hidden, torch.sigmoid(hidden @ self._w["tags.kernel"] + self._w["tags.bias"])

    @torch.inference_mode()
    def __call__(self, patches: Floats, batch: int = 4) -> Heard:
        """Hear log-mel patches, shape (patches, time, 96), some at a time: memory stays small."""
        found = []
        for start in range(0, len(patches), batch):
            maps = self.features(patches[start : start + batch])
            mean, largest = maps.mean(2), maps.amax(2)
            found.append((mean, largest, *self.head(largest, mean)))
        return Heard(*(torch.cat(parts).numpy() for parts in zip(*found, strict=True)))

    def _highest(self, name: str, heard: Tensor, frequency: int) -> Tensor:
        """Add the bias, rectify, normalise, and take the largest over all frequencies."""
        bias, scale, shift = (self._w[f"{name}.{part}"][:, None] for part in ("bias", "scale", "shift"))
        # where the scale is negative the largest comes from the smallest
        high = functional.relu(heard.amax(frequency) + bias) * scale
        low = functional.relu(heard.amin(frequency) + bias) * scale
        return torch.maximum(high, low) + shift

    def _mid(self, name: str, x: Tensor) -> Tensor:
        padded = functional.pad(x, (3, 3))
        heard = functional.relu(
            functional.conv1d(padded, self._w[f"{name}.kernel"], self._w[f"{name}.bias"])
        )
        return heard * self._w[f"{name}.scale"][:, None] + self._w[f"{name}.shift"][:, None]
