"""When a stream is sure: a place found again and again counts, a chance likeness does not."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.candidate import Candidate
from fingerprint.follow import CONFIRMED, LASTING, LASTING_LOOKS, NEW_AUDIO, Doubt, Line


@pytest.fixture
def doubt() -> Doubt:
    """Return a doubt that nothing has confirmed yet."""
    somewhere = Candidate(
        0, 0, 0.0, 1.0, 1.0, True, votes=5, total=30.0, advantage=6.0, explained=0.3
    )
    return Doubt(Line(somewhere, confidence=0.5, origin=0.0, since=0, usual=0.0))


def test_many_middling_searches_in_a_row_are_enough(doubt: Doubt) -> None:
    for look in range(LASTING_LOOKS):
        assert not doubt.settled(look)
        doubt.add(LASTING, strong=False, heard=look)
    assert doubt.settled(LASTING_LOOKS - 1)


def test_one_weak_search_begins_the_count_anew(doubt: Doubt) -> None:
    for look in range(2 * LASTING_LOOKS - 1):
        weak = look == LASTING_LOOKS - 1
        doubt.add(np.nextafter(LASTING, 0.0) if weak else LASTING, strong=False, heard=look)
        assert not doubt.settled(look)


def test_two_strong_searches_are_enough_only_with_new_audio_between_them(doubt: Doubt) -> None:
    doubt.add(CONFIRMED, strong=True, heard=100)
    doubt.add(CONFIRMED, strong=True, heard=100 + NEW_AUDIO - 1)
    assert not doubt.settled(100 + NEW_AUDIO - 1)
    doubt.add(CONFIRMED, strong=True, heard=100 + NEW_AUDIO)
    assert doubt.settled(100 + NEW_AUDIO)


def test_a_strong_search_long_ago_is_forgotten_when_the_next_is_not(doubt: Doubt) -> None:
    doubt.add(CONFIRMED, strong=True, heard=100)
    doubt.add(CONFIRMED - 1.0, strong=False, heard=110)
    doubt.add(CONFIRMED, strong=True, heard=100 + NEW_AUDIO)
    assert not doubt.settled(100 + NEW_AUDIO)
