"""A table of tags and a folder of audio: what a tagger is trained on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import AudioFileError, ModelError
from engine.io import audiofile

if TYPE_CHECKING:
    from recommend.neural.tagger import Song

FRAGMENT_S = 5.0
FRAGMENTS = 8  # a song, evenly spread
LEAST_SONGS = 5  # that have a tag, and that lack it: a rarer one can be neither learnt nor judged
_PER_FRAME = 2  # frames of the picture that are averaged: 31 a second are left
_LARGEST = 64 << 20  # bytes of a table


@dataclass(frozen=True)
class Tagged:
    """A file and the tags that the table gives it."""

    path: Path
    tags: frozenset[str]


def read_table(table: Path, folder: Path) -> list[Tagged]:
    """Return the rows of a CSV table with the columns `path` and `tags`.

    Parameters
    ----------
    table : Path
        UTF-8. Tags of a file stand in one cell, with ';' between.
    folder : Path
        What relative paths begin from.

    Raises
    ------
    ModelError
        If the table cannot be read, lacks a column, or names a file twice.
    """
    try:
        if table.stat().st_size > _LARGEST:
            raise ModelError(f"{table} is larger than {_LARGEST >> 20} MB")
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = {"path", "tags"} - set(rows.fieldnames or ())
            if missing:
                raise ModelError(f"{table} lacks the column {' and '.join(sorted(missing))}")
            found = [
                Tagged(folder / row["path"], _tags(row["tags"] or ""))
                for row in rows
                if row["path"]
            ]
    except OSError as error:
        raise ModelError(f"{table} cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{table} cannot be read ({error})") from error
    twice = [path for path, count in Counter(song.path for song in found).items() if count > 1]
    if twice:
        raise ModelError(f"{table} names {twice[0]} twice")
    return found


def usual_tags(songs: list[Tagged]) -> list[str]:
    """Return the tags that enough songs have and enough lack, sorted.

    Raises
    ------
    ModelError
        If there is none.
    """
    counts = Counter(tag for song in songs for tag in song.tags)
    kept = [t for t, n in counts.items() if LEAST_SONGS <= n <= len(songs) - LEAST_SONGS]
    if not kept:
        raise ModelError(
            f"no tag stands at {LEAST_SONGS} songs or more and is missing at as many, of"
            f" {len(songs)} songs"
        )
    return sorted(kept)


def hear(
    songs: list[Tagged], tags: list[str], on_error: Callable[[Path, str], None]
) -> Iterator[Song | None]:
    """Yield the fragments and tags of each song; None where it cannot be heard.

    Parameters
    ----------
    songs, tags
        As of `read_table` and `usual_tags`.
    on_error : callable
        Called with a path and why it cannot be heard.
    """
    from recommend import windows
    from recommend.logmel import HOP, SAMPLE_RATE, log_mel
    from recommend.musicnn import levelling
    from recommend.neural.tagger import BANDS, Song

    samples = int(FRAGMENT_S * SAMPLE_RATE)
    frames = samples // HOP // _PER_FRAME * _PER_FRAME
    for song in songs:
        try:
            audio, rate = audiofile.read(song.path, mono=True)
            if not len(audio):
                raise AudioFileError(f"{song.path}: holds no audio that can be decoded")
        except AudioFileError as error:
            on_error(song.path, str(error).removeprefix(f"{song.path}: "))
            yield None
            continue
        parts = list(windows.spread(audio, rate, SAMPLE_RATE, FRAGMENT_S, FRAGMENTS))
        gain = levelling(float(np.mean([np.mean(np.square(part)) for part in parts])))
        pictures = [log_mel(np.resize(part * gain, samples), BANDS)[:frames] for part in parts]
        halved = np.stack(pictures).reshape(len(pictures), -1, _PER_FRAME, BANDS).mean(axis=2)
        yield Song(halved, np.array([tag in song.tags for tag in tags]))


def split(count: int, seed: int = 0, part: float = 0.2) -> tuple[list[int], list[int]]:
    """Return the songs to train on, and those to judge by: no song is in both."""
    order = np.random.default_rng(seed).permutation(count)
    held = max(1, round(part * count))
    return sorted(order[held:].tolist()), sorted(order[:held].tolist())


def _tags(cell: str) -> frozenset[str]:
    return frozenset(tag.strip() for tag in cell.split(";") if tag.strip())
