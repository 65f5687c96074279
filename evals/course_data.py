"""Playlists for the course's protocol: made ones, a folder of lists, a dataset, a library."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recommend import EmbeddingTable
from recommend.synthetic import make_playlists


@dataclass(frozen=True)
class Data:
    """Playlists of integer track ids and what else is known.

    Attributes
    ----------
    what : str
        In words, for the head of the table.
    """

    what: str
    playlists: list[list[int]]
    names: list[str]
    artists: Mapping[int, int] = field(default_factory=dict)
    sound: EmbeddingTable | None = None


def made(playlists: int = 2000, seed: int = 0) -> Data:
    """Return made playlists, and for each track a made picture of its sound.

    The picture is a random direction for the genre and a weaker one for the artist, in noise: it
    knows something of what goes together, and not all.
    """
    story = make_playlists(playlists, 3000, artists=500, genres=12, mean_length=40, seed=seed)
    random = np.random.default_rng(seed + 1)
    genres, artists = random.standard_normal((12, 24)), random.standard_normal((500, 24))
    noise = random.standard_normal((3000, 24))
    vectors = genres[story.genres] + 0.7 * artists[story.artists] + 1.5 * noise
    return Data(
        f"{playlists} made playlists",
        [p.tolist() for p in story.playlists],
        story.names,
        dict(enumerate(story.artists.tolist())),
        EmbeddingTable("made", 1, range(3000), vectors),
    )


def load(directory: Path) -> Data:
    """Return the playlists of a folder.

    It holds train.jsonl.gz (one list of track numbers a line, and perhaps track_artist.jsonl.gz),
    or mpd.slice.*.json, or a library of Antiphon, whose tracks bring their sound.

    Raises
    ------
    FileNotFoundError
        If it holds none of these.
    """
    if (directory / "train.jsonl.gz").exists():
        lists = list(_lines(directory / "train.jsonl.gz"))
        path = directory / "track_artist.jsonl.gz"
        artists = {int(t): int(a) for t, a in _lines(path)} if path.exists() else {}
        return Data(f"{len(lists)} playlists of {directory}", lists, [""] * len(lists), artists)
    slices = sorted(directory.glob("mpd.slice.*.json"))
    if slices:
        return _dataset(directory, slices)
    if (directory / "library.sqlite").exists():
        return _library(directory)
    raise FileNotFoundError(
        f"{directory} holds neither train.jsonl.gz nor mpd.slice.*.json nor a library"
    )


def _dataset(directory: Path, slices: Sequence[Path]) -> Data:
    tracks: dict[str, int] = {}
    artists: dict[str, int] = {}
    by: dict[int, int] = {}
    lists, names = [], []
    for path in slices:
        for playlist in json.loads(path.read_text("utf-8"))["playlists"]:
            numbers = []
            for track in playlist["tracks"]:
                number = tracks.setdefault(track["track_uri"], len(tracks))
                by[number] = artists.setdefault(track["artist_uri"], len(artists))
                numbers.append(number)
            lists.append(numbers)
            names.append(str(playlist.get("name", "")))
    return Data(f"{len(lists)} playlists of {directory}", lists, names, by)


def _library(directory: Path) -> Data:
    from engine.library import Library

    with Library.open(directory, writable=False) as library:
        playlists = library.playlists()
        numbers = {name: i for i, name in enumerate({t.artist for t in library.tracks()} - {""})}
        by = {t.id: numbers[t.artist] for t in library.tracks() if t.artist}
        table = library.embeddings
        sound = EmbeddingTable(table.name, table.version, table.ids, np.array(table.vectors))
    return Data(
        f"{len(playlists)} playlists of {directory}",
        [list(p.track_ids) for p in playlists],
        [p.name for p in playlists],
        by,
        sound if len(sound) else None,
    )


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
