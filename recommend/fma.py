"""Tables as the FMA data set has them: several rows of headings, then a row for each track.

Source: Defferrard, Benzi, Vandergheynst, Bresson, "FMA: A Dataset For Music Analysis" (2017), its
tracks.csv, features.csv and echonest.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommend.errors import FormatError
from recommend.feature_table import FeatureTable

_KEY = "track_id"
_MOST_HEADINGS = 6
_MOST_COLUMNS = 10_000
_FEATURES = ("features.csv", "echonest.csv")
_TITLE, _ARTIST, _GENRE = "track.title", "artist.name", "track.genre_top"
# Of the echonest table: what it says of the sound, not of fame and dates.
_OF_SOUND = ("echonest.audio_features.", "echonest.temporal_features.")


@dataclass(frozen=True)
class FmaTables:
    """What a folder of such tables says.

    Attributes
    ----------
    features : FeatureTable
        features.csv and echonest.csv, as far as they are there, joined.
    genres, titles : dict of int to str
        By track; of tracks.csv. A title is 'artist - title'.
    """

    features: FeatureTable
    genres: dict[int, str]
    titles: dict[int, str]


def read_folder(folder: Path) -> FmaTables:
    """Read the tables of a folder.

    Raises
    ------
    FormatError
        If there is neither features.csv nor echonest.csv, or one of the tables is none.
    """
    tables = [read_features(folder / name) for name in _FEATURES if (folder / name).is_file()]
    if not tables:
        raise FormatError(f"{folder} has neither {' nor '.join(_FEATURES)}")
    genres: dict[int, str] = {}
    titles: dict[int, str] = {}
    if (folder / "tracks.csv").is_file():
        names, rows = _open(folder / "tracks.csv")
        places = {name: place for place, name in enumerate(names)}
        if missing := [name for name in (_TITLE, _GENRE) if name not in places]:
            raise FormatError(f"{folder / 'tracks.csv'} lacks the column {missing[0]}")
        for track_id, cells in rows:
            if genre := cells[places[_GENRE]].strip():
                genres[track_id] = genre
            artist = cells[places[_ARTIST]].strip() if _ARTIST in places else ""
            titles[track_id] = " - ".join(filter(None, (artist, cells[places[_TITLE]].strip())))
    return FmaTables(FeatureTable.merge(tables), genres, titles)


def read_features(path: Path) -> FeatureTable:
    """Read a table of numbers; columns with other things in them are left out.

    Raises
    ------
    FormatError
        If it is no such table; names the file and what is wrong with it.
    """
    names, rows = _open(path)
    said = [i for i, name in enumerate(names) if _is_of_sound(name)]
    ids: list[int] = []
    values: list[np.ndarray] = []
    words = np.zeros(len(said), dtype=bool)
    for track_id, cells in rows:
        own = np.full(len(said), np.nan, dtype=np.float32)
        for column, place in enumerate(said):
            if cell := cells[place]:
                try:
                    own[column] = float(cell)
                except ValueError:
                    words[column] = True
        ids.append(track_id)
        values.append(own)
    order = np.argsort(np.array(ids, dtype=np.int64), kind="stable")
    array = np.array(values, dtype=np.float32).reshape(len(ids), len(said))
    try:
        return FeatureTable(
            np.array(ids, dtype=np.int64)[order],
            tuple(names[i] for i, bad in zip(said, words, strict=True) if not bad),
            array[order][:, ~words],
        )
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None


def _is_of_sound(name: str) -> bool:
    return not name.startswith("echonest.") or name.startswith(_OF_SOUND)


def _open(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the columns behind the first, and the rows by their track."""
    lines = _lines(path)
    headings: list[list[str]] = []
    for cells in lines:
        if cells and cells[0] == _KEY and (len(cells) == 1 or not any(cells[1:])):
            break  # the row that names the index alone ends the headings
        headings.append(cells)
        if cells and cells[0] == _KEY:
            break  # one row of headings is all
        if len(headings) > _MOST_HEADINGS:
            raise FormatError(f"{path} has no row of headings that begins with {_KEY}")
    else:
        raise FormatError(f"{path} has no row of headings that begins with {_KEY}")
    if not headings or len(headings[0]) > _MOST_COLUMNS:
        raise FormatError(f"{path} has no headings, or more than {_MOST_COLUMNS} columns")
    columns = max(len(cells) for cells in headings)
    names = [".".join(h[i] for h in headings if i < len(h) and h[i]) for i in range(1, columns)]
    return names, _rows(path, lines, columns)


def _rows(path: Path, lines: Iterator[list[str]], columns: int) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(lines, 1):
        if not cells:
            continue
        if len(cells) != columns:
            raise FormatError(
                f"{path}: row {number} of the tracks must have {columns} cells, got {len(cells)}"
            )
        try:
            track_id = int(cells[0])
        except ValueError:
            raise FormatError(
                f"{path}: {_KEY} must be a whole number, got {cells[0][:40]!r}"
            ) from None
        if not 0 <= track_id < 1 << 62:
            raise FormatError(f"{path}: {_KEY} must not be negative, got {track_id}")
        yield track_id, cells[1:]


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from csv.reader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read ({error})") from None
