"""What a long fit has done so far, kept in a folder until the model is whole."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recommend import modelfile
from recommend.errors import FormatError

_KIND = "stage"


class Stages:
    """The finished stages of a fit, each a checksummed file.

    Parameters
    ----------
    folder : str or Path, optional
        Made when there is something to keep. None: nothing is kept.
    about : mapping
        All that the result depends on, as plain values: stages of another fit are passed over.
    """

    def __init__(self, folder: str | Path | None, about: Mapping[str, Any]) -> None:
        self._folder = Path(folder) if folder is not None else None
        self._about = dict(about)

    def load(self, name: str) -> tuple[Any, modelfile.Arrays] | None:
        """Return state and arrays of a stage; None where it is not done, or its file is damaged."""
        if self._folder is None:
            return None
        with contextlib.suppress(FormatError, OSError):
            settings, arrays = modelfile.read(self._folder / name, _KIND)
            if settings["of"] == self._about:
                return settings["state"], arrays
        return None

    def keep(self, name: str, arrays: modelfile.Arrays, state: Any = None) -> None:
        """Write a stage; `state` is what JSON can carry."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            about = {"of": self._about, "state": state}
            modelfile.write(self._folder / name, _KIND, about, arrays)

    def done(self) -> None:
        """Remove all: the model is whole."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
