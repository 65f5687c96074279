"""The map of a library: what sounds alike lies together, in groups with names."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.library import tags
from engine.library.library import Library

if TYPE_CHECKING:
    from recommend import EmbeddingTable
    from recommend.plane import Plane

FILE_NAME = "map"
_KIND = "map"
_VERSION = 2
_MOST_CLUSTERS = 16
_TRACKS_A_CLUSTER = 25  # in a library of a few hundred; their number grows with its root
_ASKED = 2000  # tracks whose tempo and key speak for all
_SEVERAL = 0.12  # share of a cluster that an artist needs to give it a name
_TIPPED = 0.15  # by which the share of minor keys differs where that is worth a word


class Cluster(NamedTuple):
    """A group of tracks: its label, its middle (0 to 1), how many it has."""

    label: str
    x: float
    y: float
    size: int


@dataclass(frozen=True)
class LibraryMap:
    """Where each track lies.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        The tracks that have an embedding, ascending.
    x, y : ndarrays of float32, shape (n,)
        0 to 1.
    cluster : ndarray of int64, shape (n,)
        Place in `clusters`.
    clusters : list of Cluster
        Largest first.
    """

    ids: NDArray[np.int64]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    cluster: NDArray[np.int64]
    clusters: list[Cluster]
    plane: Plane

    def path(self, start: int, end: int, count: int = 8) -> list[int]:
        """Return tracks on the way from one to another, by small steps in sound.

        Parameters
        ----------
        start, end : int
            Track ids; both are in the answer.
        count : int
            How many tracks, 2 to 100; fewer come where the library has fewer.

        Raises
        ------
        ValueError
            If a track is not on the map, or `count` out of range.
        """
        if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= 100:
            raise ValueError(f"count must be 2 to 100, got {count!r}")
        rows = []
        for name, track_id in (("start", start), ("end", end)):
            row = int(np.searchsorted(self.ids, track_id))
            if row >= len(self.ids) or self.ids[row] != track_id:
                raise ValueError(f"{name} must be a track on the map, got {track_id}")
            rows.append(row)
        if rows[0] == rows[1]:
            raise ValueError(f"end must be another track than start, got {end}")
        way = self.plane.way(rows[0], rows[1], min(count, len(self.ids)))
        return [int(self.ids[row]) for row in way]


def library_map(library: Library) -> LibraryMap:
    """Return the map of a library; it is kept beside it until the embeddings change."""
    from recommend import FormatError, modelfile
    from recommend.clusters import k_means
    from recommend.plane import Plane, lay_out

    table = library.embeddings
    digest = _digest(table, library.genres())
    path = library.directory / FILE_NAME
    with contextlib.suppress(FormatError, OSError, KeyError, TypeError):
        settings, found = modelfile.read(path, _KIND)
        if settings["digest"] == digest:
            plane = Plane(found["points"], found["reduced"], found["landmarks"], found["near"])
            clusters = [Cluster(*one) for one in settings["clusters"]]
            return _assemble(table, plane, found["cluster"], clusters)
    plane = lay_out(table.standardised(table.ids))
    cluster = k_means(plane.reduced, usual_groups(len(table)))
    clusters = _name(library, table.ids, plane.points, cluster)
    said = {"digest": digest, "clusters": [list(one) for one in clusters]}
    arrays: modelfile.Arrays = {
        "points": plane.points,
        "reduced": plane.reduced,
        "landmarks": plane.landmarks,
        "near": plane.near,
        "cluster": cluster,
    }
    with contextlib.suppress(OSError):  # a map that cannot be kept is drawn again
        modelfile.write(path, _KIND, said, arrays)
    return _assemble(table, plane, cluster, clusters)


def usual_groups(tracks: int) -> int:
    """Return into how many groups so many tracks fall on a map."""
    groups = min(round(math.sqrt(tracks / _TRACKS_A_CLUSTER)) + 1, _MOST_CLUSTERS)
    return min(groups, max(tracks, 1))


def _assemble(
    table: EmbeddingTable, plane: Plane, cluster: NDArray[np.int64], clusters: list[Cluster]
) -> LibraryMap:
    x, y = plane.points[:, 0], plane.points[:, 1]
    return LibraryMap(table.ids, x, y, cluster, clusters, plane)


def _digest(table: EmbeddingTable, genres: dict[int, str]) -> str:
    said = f"{_VERSION} {table.name} {table.version}".encode()
    content = hashlib.blake2b(said, digest_size=16)
    content.update(table.ids.tobytes())
    content.update(table.vectors.tobytes())
    content.update(json.dumps(sorted(genres.items())).encode())
    return content.hexdigest()


def _name(
    library: Library,
    ids: NDArray[np.int64],
    points: NDArray[np.float32],
    cluster: NDArray[np.int64],
) -> list[Cluster]:
    """Return the clusters with labels by what sets them apart: genre or artist, and the sound."""
    from recommend.clusters import typical_tags

    artists = {i: key.partition("\t")[0] for i, _, key in library.songs()}
    genres = library.genres()
    typical = typical_tags([tags.fold(genres.get(int(i), "")) for i in ids], cluster)
    some = ids[:: max(len(ids) // _ASKED, 1)].tolist()
    sounds = _Sounds(library, some, dict(zip(ids.tolist(), cluster.tolist(), strict=True)))
    taken: set[str] = set()
    clusters = []
    for number in range(int(cluster.max(initial=-1)) + 1):
        rows = np.flatnonzero(cluster == number)
        if len(rows) == 0:
            continue
        own = Counter(artists.get(int(i), "") for i in ids[rows])
        words = sounds.words(number)
        if typical[number]:
            said = Counter(genres[int(i)] for i in ids[rows] if int(i) in genres)
            words = [
                next(g for g, _ in said.most_common() if tags.fold(g) == typical[number]),
                *words,
            ]
        elif artist := _typical(own, len(rows), taken):
            taken.add(artist)
            row = next(r for r in rows if artists.get(int(ids[r])) == artist)
            words = [library.track(int(ids[row])).artist, *words]
        x, y = points[rows].mean(axis=0)
        label = ", ".join(words) or f"group {number + 1}"
        clusters.append(Cluster(label, float(x), float(y), len(rows)))
    return clusters


def _typical(own: Counter[str], size: int, taken: set[str]) -> str:
    """Return the artist with most tracks that makes up enough of a cluster and names no other."""
    for artist, count in own.most_common(5):
        if artist and artist not in taken and count >= max(2, _SEVERAL * size):
            return artist
    return ""


class _Sounds:
    """How the clusters sound against the whole library."""

    def __init__(self, library: Library, ids: Sequence[int], cluster: dict[int, int]) -> None:
        found = library.traits(ids)
        self._of = np.array([cluster[i] for i in found], dtype=np.int64)
        traits = list(found.values())
        self._bpm = np.array([t.bpm if t.bpm else np.nan for t in traits], dtype=np.float64)
        self._lufs = np.array([np.nan if t.lufs is None else t.lufs for t in traits], np.float64)
        mode = [np.nan if t.mode is None else float(t.mode == "minor") for t in traits]
        self._minor = np.array(mode, dtype=np.float64)

    def words(self, number: int) -> list[str]:
        """Say what is out of the ordinary in a cluster."""
        own = self._of == number
        words = [
            _where(self._bpm, own, "slow", "fast"),
            _where(self._lufs, own, "quiet", "loud"),
        ]
        share, whole = _mean(self._minor[own]), _mean(self._minor)
        if abs(share - whole) > _TIPPED:
            words.append("minor" if share > whole else "major")
        return [word for word in words if word]


def _where(values: NDArray[np.float64], own: NDArray[np.bool_], low: str, high: str) -> str:
    """Return a word where the middle of `own` lies in the lowest or highest third of all."""
    known = ~np.isnan(values)
    if not (known & own).any():
        return ""
    middle = float(np.median(values[known & own]))
    first, last = np.percentile(values[known], [33.0, 67.0])
    if first == last:
        return ""
    return low if middle <= first else high if middle >= last else ""


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0
