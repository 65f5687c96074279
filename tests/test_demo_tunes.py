"""The demo's promise for every tune: named from a noisy room, and the tune left out never is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import tunes
from engine.app.demo_library import LEFT_OUT
from engine.library import Library
from fingerprint import FingerprintIndex
from tests import hearing
from tests.conftest import Demo

pytestmark = pytest.mark.long

TUNES = [name for name in tunes.names() if name != LEFT_OUT]
SOONEST_S = 5.0


@pytest.fixture(scope="module")
def library(demo: Demo) -> Iterator[Library]:
    """Open the library that the demo made."""
    with Library.open(demo.library, create=False, writable=False) as it:
        yield it


@pytest.fixture(scope="module")
def index(library: Library) -> FingerprintIndex:
    """Return the index of that library."""
    return library.index


@pytest.mark.parametrize("name", TUNES)
@pytest.mark.parametrize("part", [0.1, 0.5])
def test_a_tune_is_named_in_five_seconds_and_never_taken_for_another(
    demo: Demo, library: Library, index: FingerprintIndex, name: str, part: float
) -> None:
    path = demo.tune(name)
    track = library.find(path)
    assert track is not None
    start_s = part * hearing.length_s(path)
    recording = hearing.in_a_room(hearing.excerpt(path, start_s, 8.0), seed=TUNES.index(name))
    said = hearing.said(index, recording)
    short = f"{name} is {track.id}; from {start_s:.1f} s: {hearing.in_short(said) or 'nothing'}"
    assert {heard.track_id for _, heard in said} <= {track.id, None}, short
    assert any(heard.track_id == track.id for second, heard in said if second <= SOONEST_S), short


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7])
def test_the_tune_left_out_is_never_named(
    demo: Demo, library: Library, index: FingerprintIndex, part: float
) -> None:
    path = demo.tune(LEFT_OUT)
    assert library.find(path) is None
    start_s = min(part * hearing.length_s(path), hearing.length_s(path) - 15.0)
    said = hearing.said(index, hearing.in_a_room(hearing.excerpt(path, start_s, 15.0), seed=20))
    assert [heard.state for _, heard in said] == ["unknown"], hearing.in_short(said)
