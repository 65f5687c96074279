"""What a candidate's score takes into account."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.candidate import Candidate

from .conftest import RATE, with_noise
from .test_place import picture_of

PLAIN = Candidate(0, 1, 0.0, 1.0, 1.0, True, votes=10, total=0.0, advantage=4.0, explained=0.1)


def test_the_same_evidence_counts_more_in_noise_than_in_clear_sound():
    scores = [replace(PLAIN, clarity=clarity).score for clarity in (3.5, 5.0, 7.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[2] + 2.0


@pytest.mark.parametrize(("beyond", "end"), [(1.0, 3.5), (12.0, 7.0)])
def test_past_noise_alone_and_past_clear_sound_clarity_counts_no_more(beyond, end):
    assert replace(PLAIN, clarity=beyond).score == replace(PLAIN, clarity=end).score


def test_all_candidates_of_a_clip_have_its_clarity_and_noise_lowers_it(library, tunes):
    ear = library._the_ear()
    clarity = []
    for snr in (40.0, 0.0, -20.0):
        found = ear.candidates(picture_of(with_noise(tunes[0][: 3 * RATE], snr)))
        assert len({c.clarity for c in found}) == 1
        clarity.append(found[0].clarity)
    assert np.all(np.diff(clarity) < 0)
