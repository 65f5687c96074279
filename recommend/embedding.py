"""What every audio embedding offers."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Kind(NamedTuple):
    """Which embedding some vectors come from; only those of one kind are compared."""

    name: str
    version: int
    dimensions: int


@runtime_checkable
class Embedding(Protocol):
    """A vector that says how a track sounds; tracks that sound alike point the same way.

    Attributes
    ----------
    name : str
        Of the method; vectors of different names are never compared.
    version : int
        Changes whenever the vectors do.
    dimensions : int
    """

    @property
    def name(self) -> str:
        """Name of the method."""
        ...

    @property
    def version(self) -> int:
        """Version of the method."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def __call__(self, audio: NDArray[Any], sample_rate: int) -> NDArray[np.float32]:
        """Embed a whole track.

        Parameters
        ----------
        audio : ndarray of float32, shape (frames,) or (frames, channels)
        sample_rate : int
            Frames per second.

        Returns
        -------
        ndarray of float32, shape (dimensions,)
        """
        ...
