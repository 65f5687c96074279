"""MusiCNN's network in torch, from its own folded weights.

J. Pons, X. Serra: "musicnn: Pre-trained convolutional neural networks for music audio tagging",
2019. Wide filters hear timbre, long ones rhythm; then three layers over time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float32]

_FRONT = ("timbral1", "timbral2", "temporal1", "temporal2", "temporal3")
_CHUNK = 512  # frames of a long sound whose maps are made at once: 50 MB
_MARGIN = 80  # frames on either side that an output depends on: 64 + 3 * 3, and some


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
        torch.set_num_threads(1)  # tracks are heard side by side, in processes
        self._w = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
        for name in _FRONT:
            # Where a filter's scale is negative, its largest output comes from the smallest sum:
            # turned round, that is the largest too, and one search finds both.
            sign = torch.where(self._w[f"{name}.scale"] < 0, -1.0, 1.0)
            self._w[f"{name}.kernel"] *= sign[:, None, None, None]
            self._w[f"{name}.sign"] = sign

    @torch.inference_mode()
    def features(self, patches: Floats) -> Tensor:
        """Return the feature maps (batch, 753, time) of log-mel patches (batch, time, 96)."""
        scale, shift = self._w["input.scale"], self._w["input.shift"]
        x = torch.from_numpy(patches) * scale + shift  # (batch, time, mel)
        maps = []
        wide = functional.pad(x, (0, 0, 3, 3))[:, None]  # (batch, 1, time + 6, mel)
        for name in _FRONT[:2]:
            maps.append(self._highest(name, wide, 3))
        rows = x.transpose(1, 2)[:, None]  # (batch, 1, mel, time)
        for name in _FRONT[2:]:
            width = self._w[f"{name}.kernel"].shape[3]
            left = (width - 1) // 2
            maps.append(self._highest(name, functional.pad(rows, (left, width - 1 - left)), 2))
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

    @torch.inference_mode()
    def pooled(self, mel: Floats, starts: Sequence[int], length: int) -> Floats:
        """Return the penultimate layer of overlapping parts of one long log-mel picture.

        Parameters
        ----------
        mel : ndarray of float32, shape (time, 96)
        starts : sequence of int
            First frames of the parts, ascending.
        length : int
            Frames of a part.

        Returns
        -------
        ndarray of float32, shape (len(starts), 200)
        """
        held = torch.empty(0)
        first = done = 0  # the frame at which `held` begins, and the one before which it ends
        rows = []
        for start in starts:
            while done < min(start + length, len(mel)):
                end = min(done + _CHUNK, len(mel))
                left = max(0, done - _MARGIN)
                maps = self.features(mel[None, left : end + _MARGIN])[0]  # (753, time)
                maps = maps[:, done - left : end - left]
                kept = held[:, start - first :] if done else maps[:, :0]
                held, first, done = torch.cat([kept, maps], 1), min(start, done), end
            part = held[:, start - first : start - first + length]
            rows.append(self.head(part.amax(1)[None], part.mean(1)[None])[0])
        return torch.cat(rows).numpy()

    def _highest(self, name: str, x: Tensor, frequency: int) -> Tensor:
        """Return the largest of each filter over all frequencies, (batch, filters, time)."""
        heard = functional.conv2d(x, self._w[f"{name}.kernel"]).amax(frequency)
        sign, bias, scale, shift = (
            self._w[f"{name}.{part}"][:, None] for part in ("sign", "bias", "scale", "shift")
        )
        return functional.relu(heard * sign + bias) * scale + shift

    def _mid(self, name: str, x: Tensor) -> Tensor:
        padded = functional.pad(x, (3, 3))
        heard = functional.relu(
            functional.conv1d(padded, self._w[f"{name}.kernel"], self._w[f"{name}.bias"])
        )
        return heard * self._w[f"{name}.scale"][:, None] + self._w[f"{name}.shift"][:, None]
