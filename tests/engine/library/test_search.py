"""Full-text search: what it finds, in which order, and in libraries of every age."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.library import Library, tags
from engine.library.database import FILE_NAME, SCHEMA_VERSION

from ..made import Made, made_library, make_older

_NAMES = [
    ("Jóga", "Björk"),
    ("Help!", "The Beatles"),
    ("Don't Stop", "Fleetwood Mac"),
    ("Stop", "Spice Girls"),
    ("Straße nach Süden", "Ärzte & Freunde"),
    ("東京の夜", "東京事変"),
    ("नमस्ते", "कोई"),
    ("A Night in the Ukraine", "Various"),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with made_library(tmp_path, [Made(title, artist) for title, artist in _NAMES]) as library:
        yield library


def titles(library: Library, text: str, limit: int = 100, offset: int = 0) -> list[str]:
    return [track.title for track in library.search(text, limit, offset).tracks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("joga BJÖRK", ["Jóga"]),
        ("bjo jo", ["Jóga"]),
        ("dont", ["Don't Stop"]),
        ("don't", ["Don't Stop"]),
        ("strasse", ["Straße nach Süden"]),
        ("arzte and fre", ["Straße nach Süden"]),
        ("東京", ["東京の夜"]),
        ("नम", ["नमस्ते"]),
        ("stop", ["Stop", "Don't Stop"]),  # the shorter name is the nearer one
        ("top", []),  # words are found by their beginnings
        ("help nobody", []),
    ],
)
def test_words_are_found_by_their_beginnings_however_spelt(
    library: Library, text: str, expected: list[str]
) -> None:
    assert titles(library, text) == expected


@pytest.mark.parametrize(
    "text",
    ['"', "'", "*", "help OR", "-help", "NEAR(a b)", "search_text:help", "a^b", "\0", "%", "("],
)
def test_nothing_that_is_typed_is_taken_for_a_command(library: Library, text: str) -> None:
    words = tags.fold(text).split()
    for title in titles(library, text):
        name = next(f"{artist} {title}" for t, artist in _NAMES if t == title)
        assert all(word in tags.fold(name) for word in words)


def test_pages_hold_all_tracks_once_in_order(library: Library) -> None:
    for text in ("", "s", "a"):
        whole = library.search(text)
        assert whole.total == len(whole.tracks)
        pages = [library.search(text, 2, offset) for offset in range(0, whole.total, 2)]
        assert [track for page in pages for track in page.tracks] == whole.tracks
        assert {page.total for page in pages} == {whole.total}
    assert library.search("").tracks == library.tracks()
    with pytest.raises(ValueError, match="at least 0"):
        library.search("a", -1)


def test_the_index_agrees_with_reading_every_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    words = ["sun", "sunny", "moon", "night", "knight", "über", "day", "today"]
    tracks = [
        Made(" ".join(rng.choice(words, 2)), " ".join(rng.choice(words, 1)) + f" {i}")
        for i in range(150)
    ]
    with made_library(tmp_path, tracks) as library:
        for text in ("sun", "night d", "uber", "sunny 1", "to da", "moon moon"):
            asked = tags.fold(text).split()
            expected = {
                i + 1
                for i, made in enumerate(tracks)
                if all(
                    any(
                        word.startswith(one)
                        for word in tags.fold(f"{made.artist} {made.title}").split()
                    )
                    for one in asked
                )
            }
            assert {track.id for track in library.search(text).tracks} == expected


def test_the_index_follows_what_is_added_and_removed(library: Library, tmp_path: Path) -> None:
    (stop, _) = library.search("stop").tracks
    library.remove(stop.id)
    assert titles(library, "stop") == ["Don't Stop"]
    assert library.check() == [problem for problem in library.check() if "missing file" in problem]
    with sqlite3.connect(library.directory / FILE_NAME) as other:
        other.execute("UPDATE track SET title = 'New', search_text = 'new' WHERE title = 'Jóga'")
    assert titles(library, "new") == ["New"]
    assert titles(library, "joga") == []


def test_a_damaged_index_is_found_and_mended(library: Library) -> None:
    with sqlite3.connect(library.directory / FILE_NAME) as other:
        other.execute("DROP TRIGGER track_search_update")
        other.execute("UPDATE track SET search_text = 'other' WHERE title = 'Jóga'")
    assert "database: the search index disagrees with the tracks" in library.check()
    library.mend()
    assert titles(library, "other") == ["Jóga"]
    assert not any(problem.startswith("database") for problem in library.check())


def test_genres_are_found_too(tmp_path: Path) -> None:
    tracks = [Made("Barco Negro", "Amália", genre="Fado"), Made("One Step", "Madness")]
    with made_library(tmp_path, tracks) as library:
        assert titles(library, "fad amalia") == ["Barco Negro"]
        assert library.genres() == {1: "Fado"}


@pytest.mark.parametrize("version", [1, 2, 4])
def test_an_older_library_is_searched_as_it_is_and_migrated_when_it_may_be_changed(
    library: Library, version: int
) -> None:
    directory = library.directory
    library.close()
    make_older(directory, version)
    before = (directory / FILE_NAME).read_bytes()
    with Library.open(directory, writable=False) as old:
        assert titles(old, "joga bjork") == ["Jóga"]
        assert old.genres() == {}
        assert sorted(titles(old, "stop")) == ["Don't Stop", "Stop"]
        assert old.search("stop", 1, 1).total == 2
        assert len(old.search("stop", 1, 1).tracks) == 1
        assert old.search("").total == len(_NAMES)
    assert (directory / FILE_NAME).read_bytes() == before
    with Library.open(directory) as opened:
        assert titles(opened, "stop") == ["Stop", "Don't Stop"]
        opened.remove(1)
        assert titles(opened, "joga") == []
    with sqlite3.connect(directory / FILE_NAME) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
