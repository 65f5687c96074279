"""Five seconds of each second of a track: the moment at which it sounds like another.

Time averages rank tracks better than fragments do, so these explain and the averages rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommend.errors import FormatError
from recommend.interactions import as_ids

Floats = NDArray[np.float32]

FRAGMENT_S = 5.0
STEP_S = 1.0
DIMENSIONS = 200  # MusiCNN's last layer before the tags
_STEPS = 127  # of a number as it is stored


@dataclass(frozen=True)
class Moment:
    """Where two tracks sound most alike.

    Attributes
    ----------
    start_s : float
        Of the fragment, in the track that is explained.
    liked_start_s : float
        Of the fragment it is most like, in the liked track.
    distance : float
        L2 between the two, as unit vectors: 0 alike, 2 opposite.
    """

    start_s: float
    liked_start_s: float
    distance: float


@dataclass(frozen=True)
class Found:
    """A track that sounds like the liked ones.

    Attributes
    ----------
    track_id : int
    likeness : float
        Cosine of the time averages, -1..1; what the tracks are ranked by.
    start_s : float
        Of the fragment whose summed distance to all liked fragments is least.
    distance : float
        That sum over the number of liked fragments, 0..2.
    """

    track_id: int
    likeness: float
    start_s: float
    distance: float


def pack(vectors: Floats) -> bytes:
    """Return fragments as they are stored: a signed byte a number, each row's largest is 127.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, DIMENSIONS)
        Finite. Only their directions are kept.
    """
    if vectors.ndim != 2 or vectors.shape[1] != DIMENSIONS or not np.isfinite(vectors).all():
        raise ValueError(f"vectors must be finite, of shape (n, {DIMENSIONS})")
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0.0, keepdims=True), 1e-12)
    packed: bytes = np.rint(vectors * (_STEPS / largest)).astype(np.int8).tobytes()
    return packed


def unpack(data: bytes) -> Floats:
    """Return packed fragments as unit vectors, shape (n, DIMENSIONS).

    Raises
    ------
    FormatError
        If the length is not that of whole fragments.
    """
    if len(data) % DIMENSIONS:
        raise FormatError(f"fragments must be a multiple of {DIMENSIONS} bytes, got {len(data)}")
    return unit(np.frombuffer(data, np.int8).reshape(-1, DIMENSIONS).astype(np.float32))


def unit(vectors: Floats) -> Floats:
    """Return the rows, each of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return units


def distances(one: Floats, other: Floats) -> Floats:
    """Return the L2 distance of each unit vector of `one` to each of `other`."""
    squares = np.float32(2) - np.float32(2) * (one @ other.T)
    apart: Floats = np.sqrt(np.maximum(squares, np.float32(0)))
    return apart


def alike(liked: Floats, track: Floats) -> Moment | None:
    """Return where a track is most like a liked one; None if either has no fragment.

    Parameters
    ----------
    liked, track : ndarray of float32, shapes (m, DIMENSIONS) and (n, DIMENSIONS)
        As of `unpack`: the fragment of row i begins at i * STEP_S seconds.

    Examples
    --------
    >>> rows = np.eye(4, DIMENSIONS, dtype=np.float32)
    >>> alike(rows[[0, 3]], rows[[1, 2, 3]])
    Moment(start_s=2.0, liked_start_s=1.0, distance=0.0)
    """
    if not (len(liked) and len(track)):
        return None
    apart = distances(track, liked)
    own, other = divmod(int(apart.argmin()), apart.shape[1])
    return Moment(own * STEP_S, other * STEP_S, float(apart[own, other]))


def rank(liked: Sequence[int], tracks: Mapping[int, Floats], n: int = 10) -> list[Found]:
    """Return the tracks most like the liked ones, best first, each with its best fragment.

    Parameters
    ----------
    liked : sequence of int
        Track ids with fragments; the others are passed over.
    tracks : mapping of int to ndarray
        Fragments by track id, as of `unpack`.
    n : int
        How many.
    """
    known = [int(i) for i in as_ids(liked, "liked") if len(tracks.get(int(i), ()))]
    if not known:
        return []
    wanted = np.concatenate([tracks[i] for i in known])
    centre = unit(np.stack([tracks[i].mean(axis=0) for i in known]).mean(axis=0, keepdims=True))[0]
    others = [i for i in tracks if i not in set(known) and len(tracks[i])]
    averages = unit(np.stack([tracks[i].mean(axis=0) for i in others])) if others else None
    if averages is None:
        return []
    likeness = averages @ centre
    found = []
    for place in np.argsort(-likeness, kind="stable")[:n]:
        apart = distances(tracks[others[place]], wanted).sum(axis=1, dtype=np.float64)
        best = int(apart.argmin())
        found.append(
            Found(
                others[place],
                float(likeness[place]),
                best * STEP_S,
                float(apart[best] / len(wanted)),
            )
        )
    return found
