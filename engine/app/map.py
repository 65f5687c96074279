"""`antiphon map`: which groups of alike tracks there are, in the library or in tables."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.terminal import LibraryOption, command, say, spare_music, waiting
from engine.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.library.atlas import Cluster

_LONGEST_NAME = 60


@dataclass(frozen=True)
class _Map:
    """Tracks by id and name; where they lie, 0 to 1; their groups, largest first."""

    ids: Sequence[int]
    names: Sequence[str]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    cluster: NDArray[np.int64]
    clusters: list[Cluster]


@command
def show_map(
    library: LibraryOption = None,
    fma: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Tables instead: features.csv, echonest.csv and tracks.csv as the FMA has them.",
        ),
    ] = None,
    groups: Annotated[
        int | None,
        typer.Option(min=1, max=1000, show_default=False, help="How many; with --fma alone."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the map into this file.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print every track with its group and place.")
    ] = False,
) -> None:
    """Show the groups of tracks that sound alike, with what is typical of each.

    Example: antiphon map --plot map.png
    """
    if groups is not None and fma is None:
        raise typer.BadParameter("--groups needs --fma; a library's groups are those of its page")
    spare_music(plot, "--plot")
    with waiting("drawing the map"):
        drawn = _of_library(library) if fma is None else _of_tables(fma, groups)
    if as_csv:
        _print(drawn)
    else:
        for number, one in enumerate(drawn.clusters, 1):
            share = 100.0 * one.size / max(len(drawn.ids), 1)
            say(f"{number:3d}  {one.size:7d} tracks {share:5.1f} %  {one.label}")
        say(f"{len(drawn.ids)} tracks in {len(drawn.clusters)} groups")
    if plot is not None:
        from engine.app.map_picture import draw_map

        draw_map(drawn.x, drawn.y, drawn.cluster, drawn.clusters, plot)


def _of_library(directory: Path | None) -> _Map:
    from engine.library import Library
    from engine.library.atlas import library_map

    with Library.open(directory, create=False, writable=False) as opened:
        found = library_map(opened)
        ids = found.ids.tolist()
        tracks = opened.many(ids)
        names = [tracks[i].name if i in tracks else "" for i in ids]
    return _Map(ids, names, found.x, found.y, found.cluster, found.clusters)


def _of_tables(folder: Path, groups: int | None) -> _Map:
    from engine.library.atlas import Cluster, usual_groups
    from recommend import FormatError
    from recommend.clusters import k_means, typical_tags
    from recommend.fma import read_folder
    from recommend.plane import lay_out

    try:
        tables = read_folder(folder)
    except FormatError as error:
        raise ModelError(str(error)) from error
    ids = tables.features.ids.tolist()
    reduced = tables.features.reduced()
    if groups is not None and groups > len(ids):
        raise ModelError(f"--groups must be at most the {len(ids)} tracks of {folder}")
    cluster = k_means(reduced, groups or usual_groups(len(ids)))
    typical = typical_tags([tables.genres.get(i, "") for i in ids], cluster)
    points = lay_out(reduced).points
    clusters = []
    for number, label in enumerate(typical):
        rows = cluster == number
        x, y = points[rows].mean(axis=0).tolist()
        clusters.append(Cluster(label or f"group {number + 1}", x, y, int(rows.sum())))
    names = [tables.titles.get(i, "") for i in ids]
    return _Map(ids, names, points[:, 0], points[:, 1], cluster, clusters)


def _print(drawn: _Map) -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["track_id", "name", "group", "label", "x", "y"])
    for row, (track_id, name) in enumerate(zip(drawn.ids, drawn.names, strict=True)):
        group = int(drawn.cluster[row])
        place = [f"{float(drawn.x[row]):.4f}", f"{float(drawn.y[row]):.4f}"]
        rows.writerow(
            [track_id, name[:_LONGEST_NAME], group + 1, drawn.clusters[group].label, *place]
        )
