"""The state of an unfinished training, in the program's own checksummed file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from recommend import modelfile
from recommend.errors import FormatError

_KIND = "checkpoint"


def state_of(net: nn.Module) -> modelfile.Arrays:
    """Return the parameters of a network, by name."""
    return {name: value.detach().numpy() for name, value in net.named_parameters()}


def restore(net: nn.Module, arrays: Mapping[str, Any], prefix: str = "") -> None:
    """Fill the parameters of a network.

    Raises
    ------
    FormatError
        If one is missing or has another shape.
    """
    with torch.no_grad():
        for name, value in net.named_parameters():
            stored = arrays.get(prefix + name)
            if stored is None or stored.shape != tuple(value.shape):
                found = "nothing" if stored is None else f"shape {stored.shape}"
                raise FormatError(f"{name} must have shape {tuple(value.shape)}, found {found}")
            value.copy_(torch.from_numpy(np.array(stored)))


class Checkpoint:
    """Where a training writes after each epoch, and goes on from.

    Parameters
    ----------
    path : str or Path, optional
        None: nothing is written.
    settings : mapping
        All that the result depends on, as plain values.
    """

    def __init__(self, path: str | Path | None, settings: Mapping[str, Any]) -> None:
        self.path = Path(path) if path is not None else None
        self.settings = dict(settings)

    def resume(self, net: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, list[Any]]:
        """Fill network and optimiser; return the epochs done and what they told.

        Raises
        ------
        FormatError
            If the file is damaged, or of other playlists or settings.
        """
        if self.path is None or not self.path.exists():
            return 0, []
        stored, arrays = modelfile.read(self.path, _KIND)
        differ = sorted(k for k, v in self.settings.items() if stored["of"].get(k) != v)
        if differ:
            raise FormatError(
                f"{self.path} was begun with other {' and '.join(differ)}; remove it to begin anew"
            )
        restore(net, arrays, "net.")
        name_of = {id(value): name for name, value in net.named_parameters()}
        names = [name_of[id(p)] for group in optimiser.param_groups for p in group["params"]]
        moments = optimiser.state_dict()
        moments["state"] = {
            i: {
                "step": torch.tensor(float(stored["steps"])),
                "exp_avg": torch.from_numpy(np.array(arrays[f"first.{name}"])),
                "exp_avg_sq": torch.from_numpy(np.array(arrays[f"second.{name}"])),
            }
            for i, name in enumerate(names)
        }
        optimiser.load_state_dict(moments)
        return int(stored["epochs"]), list(stored["told"])

    def write(
        self, net: nn.Module, optimiser: torch.optim.Optimizer, epochs: int, told: list[Any]
    ) -> None:
        """Write the state after an epoch; the old file serves until the new one is whole."""
        if self.path is None:
            return
        arrays: modelfile.Arrays = {}
        steps = 0.0
        for name, value in net.named_parameters():
            arrays[f"net.{name}"] = value.detach().numpy()
            state = optimiser.state.get(value)
            if not state:  # a part that the settings leave out
                state = {"exp_avg": torch.zeros_like(value), "exp_avg_sq": torch.zeros_like(value)}
            arrays[f"first.{name}"] = state["exp_avg"].numpy()
            arrays[f"second.{name}"] = state["exp_avg_sq"].numpy()
            steps = max(steps, float(state.get("step", 0.0)))
        about = {"of": self.settings, "epochs": epochs, "told": told, "steps": steps}
        modelfile.write(self.path, _KIND, about, arrays)

    def done(self) -> None:
        """Remove the file: the model is whole."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
