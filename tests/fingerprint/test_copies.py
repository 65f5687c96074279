"""Copies of a recording in one library: none of them makes the others doubtful."""

import numpy as np
import pytest

from fingerprint import FingerprintIndex
from fingerprint.confidence import strength
from fingerprint.index import _picture

from .conftest import RATE, with_noise


@pytest.fixture(scope="module")
def clip(tunes):
    return with_noise(tunes[3][6 * RATE : 9 * RATE], 3.0)


def strength_in(folder, tracks, clip):
    with FingerprintIndex.create(folder) as index:
        for track_id, audio in tracks.items():
            index.add(track_id, audio, RATE)
        found = index._the_ear().candidates(_picture(clip, RATE), additions=0)
        return strength(found), found, index.identify(clip, RATE)


def test_a_second_copy_leaves_the_answer_as_sure(tunes, clip, tmp_path):
    tracks = dict(enumerate(tunes[:8]))
    alone, _, _ = strength_in(tmp_path / "alone", tracks, clip)
    # a copy at another level, half a second later, with the noise of a tape
    copy = np.concatenate([np.zeros(RATE // 2, np.float32), 0.4 * tunes[3]])
    tracks[8] = with_noise(copy, 30.0, seed=9)
    both, found, matches = strength_in(tmp_path / "both", tracks, clip)
    assert [c.copy for c in found[:2]] == [False, True]
    assert not any(c.copy for c in found[2:])
    assert both > alone - 1.5
    assert matches[0].known
    assert {m.track_id for m in matches[:2]} == {3, 8}


def test_other_music_is_no_copy(tunes, clip, tmp_path):
    _, found, _ = strength_in(tmp_path / "index", dict(enumerate(tunes)), clip)
    assert len(found) > 2
    assert not any(c.copy for c in found)
