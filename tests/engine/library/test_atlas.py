"""The map of a library: names of its groups, ways through it, kept until the sound changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.analysis import Key
from engine.library import Library
from engine.library import atlas as module
from engine.library.atlas import library_map

from ..made import Made, made_library

_WORLDS = 3


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Return a library of three worlds: slow and minor, in between, fast and major."""
    rng = np.random.default_rng(4)
    centres = 4.0 * rng.standard_normal((_WORLDS, 60))
    tracks = [
        Made(
            f"Tune {i}",
            ("Björk", "Nobody in particular", "The <b>Fast</b> Ones")[i % 3]
            if i < 60
            else f"Z {i}",
            bpm=(70.0, 110.0, 160.0)[i % 3] + i % 5,
            key=Key(i % 12, ("minor", "minor" if i % 2 else "major", "major")[i % 3], 0.9),
            vector=(centres[i % 3] + 0.3 * rng.standard_normal(60)).tolist(),
        )
        for i in range(150)
    ]
    with made_library(tmp_path, tracks) as library:
        yield library


def test_groups_are_named_by_artist_tempo_and_mode(library: Library) -> None:
    found = library_map(library)
    assert found.ids.tolist() == [
        track.id for track in sorted(library.tracks(), key=lambda t: t.id)
    ]
    assert len(found.clusters) == _WORLDS
    labels = {cluster.label for cluster in found.clusters}
    assert labels == {
        "Björk, slow, minor",
        "Nobody in particular",
        "The <b>Fast</b> Ones, fast, major",
    }
    assert [cluster.size for cluster in found.clusters] == [50, 50, 50]
    for number, (_, x, y, size) in enumerate(found.clusters):
        rows = found.cluster == number
        assert rows.sum() == size
        assert x == pytest.approx(found.x[rows].mean(), abs=1e-5)
        assert y == pytest.approx(found.y[rows].mean(), abs=1e-5)
        worlds = {int(i - 1) % 3 for i in found.ids[rows]}
        assert len(worlds) == 1


def test_a_group_is_named_by_the_genre_that_it_has_more_of_than_the_library(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(4)
    centres = 4.0 * rng.standard_normal((_WORLDS, 60))
    genres = ("Fado", "fado", "Pop"), ("Ska", "Pop", "Ska"), ("Pop", "", "")
    tracks = [
        Made(
            f"Tune {i}",
            f"Nobody {i}",
            genre=genres[i % 3][i // 3 % 3],
            vector=(centres[i % 3] + 0.3 * rng.standard_normal(60)).tolist(),
        )
        for i in range(150)
    ]
    with made_library(tmp_path, tracks) as library:
        labels = [cluster.label.partition(",")[0] for cluster in library_map(library).clusters]
        # a third of the last world is pop, and no more of the others: half of what is labelled
        assert sorted(labels)[:2] == ["Fado", "Ska"]
        assert "Pop" not in labels
        library.remove(1)


def test_the_map_is_kept_and_drawn_anew_when_the_sound_changes(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    name = module._name
    monkeypatch.setattr(module, "_name", lambda *given: drawn.append(given) or name(*given))
    first = library_map(library)
    again = library_map(library)
    assert len(drawn) == 1
    assert (again.x == first.x).all()
    assert again.clusters == first.clusters
    assert again.path(1, 3, 4) == first.path(1, 3, 4)
    library.remove(9)
    assert len(library_map(library).ids) == 149
    assert len(drawn) == 2


def test_a_damaged_map_is_drawn_again(library: Library) -> None:
    first = library_map(library)
    path = library.directory / module.FILE_NAME
    path.write_bytes(path.read_bytes()[:-7])
    assert (library_map(library).x == first.x).all()


def test_a_path_leads_from_one_track_to_the_other(library: Library) -> None:
    found = library_map(library)
    way = found.path(1, 2, 9)
    assert (way[0], way[-1], len(set(way))) == (1, 2, 9)
    world = [(track - 1) % 3 for track in way]
    assert world[:2] == [0, 0]
    assert world[-2:] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((1, 999, 5), "end must be a track on the map, got 999"),
        ((0, 1, 5), "start must be a track on the map, got 0"),
        ((1, 1, 5), "end must be another track than start"),
        ((1, 2, 1), "count must be 2 to 100, got 1"),
        ((1, 2, 101), "count must be 2 to 100"),
    ],
)
def test_a_path_that_cannot_be_is_refused(
    library: Library, asked: tuple[int, int, int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        library_map(library).path(*asked)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_library_of_hardly_any_tracks_has_a_map(tmp_path: Path, count: int) -> None:
    with made_library(tmp_path, [Made(f"Tune {i}") for i in range(count)]) as library:
        found = library_map(library)
        assert len(found.ids) == count
        assert sum(cluster.size for cluster in found.clusters) == count
