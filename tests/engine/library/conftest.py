"""A small library of music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.library import Library, ingest

from ..conftest import WriteTune


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(home: Path, write_tune: WriteTune) -> Iterator[Library]:
    """Return a writable library of three tunes."""
    write_tune("music/one.flac", 1, title="Jóga", artist="Björk", album="Homogenic")
    write_tune("music/two.flac", 2, title="Help!", artist="The Beatles")
    write_tune("music/three.flac", 3, title="Help", artist="Tony")
    with Library.open(home) as opened:
        ingest.add(opened, [home.parent / "music"], workers=0)
        yield opened
