"""Which tracks were found to be one recording: kept beside the library until the next search."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fingerprint.duplicates import Duplicate

_FILE_NAME = "duplicates"
_KIND = "duplicates"
_ONE_RECORDING = frozenset({"copy", "same", "speed", "excerpt", "edit"})  # a passage is not


def save(directory: Path, found: Sequence[Duplicate]) -> None:
    """Keep the pairs that are one recording.

    Parameters
    ----------
    directory : Path
        Of the library. One that may only be read stays as it is.
    found : sequence of Duplicate
        As of `fingerprint.duplicates.find`, of all tracks.
    """
    from recommend import modelfile

    pairs = [(d.one, d.other) for d in found if d.relation in _ONE_RECORDING]
    with contextlib.suppress(OSError):
        array = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
        modelfile.write(directory / _FILE_NAME, _KIND, {}, {"pairs": array})


def load(directory: Path) -> list[tuple[int, int]]:
    """Return pairs of ids of tracks, perhaps removed since; none before the first search."""
    from recommend import FormatError, modelfile

    with contextlib.suppress(FormatError, OSError, KeyError):
        pairs = modelfile.read(directory / _FILE_NAME, _KIND)[1]["pairs"]
        return [(int(one), int(other)) for one, other in pairs]
    return []
