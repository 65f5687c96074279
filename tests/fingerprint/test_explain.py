"""Explanations: that they agree with what the index answers, and with the peaks themselves."""

import numpy as np
import pytest

from fingerprint.agreeing import agreeing
from fingerprint.confidence import KNOWN_FROM
from fingerprint.evidence import evidence
from fingerprint.explain import explain
from fingerprint.peaks import look, prepare

from .conftest import RATE, with_noise


def clip_of(tunes: list[np.ndarray], number: int, start_s: float = 6.0) -> np.ndarray:
    audio = tunes[number][round(start_s * RATE) : round((start_s + 6.0) * RATE)]
    return with_noise(audio, 15.0)


def test_the_right_track_is_explained_as_it_is_identified(library, tunes) -> None:
    clip = clip_of(tunes, 2)
    [best, *_] = library.identify(clip, RATE)
    told = explain(library, clip, RATE, 12)
    assert told is not None
    assert told.match == best
    assert best.known
    assert told.strength >= told.needed
    assert told.score > told.rival_score
    assert told.rival != 12
    assert told.votes > 3 * told.next_votes
    assert told.shared > 3 * told.by_chance
    counts, edges = np.histogram(told.vote_offsets_s, np.arange(-7, 21, 0.2))
    assert edges[np.argmax(counts)] == pytest.approx(6.0, abs=0.3)


def test_a_wrong_track_is_refused_for_its_rival(library, tunes) -> None:
    told = explain(library, clip_of(tunes, 2), RATE, 14)
    assert told is not None
    assert told.match.track_id == 14
    assert not told.match.known
    assert told.rival == 12
    assert told.rival_score > told.score


def test_a_tune_that_is_not_there_stays_below_what_is_needed(library, tunes) -> None:
    told = explain(library, clip_of(tunes, 8), RATE, 10)
    assert told is not None
    assert told.strength < told.needed
    assert told.match.confidence < KNOWN_FROM
    right = explain(library, clip_of(tunes, 2), RATE, 12)
    assert right is not None
    assert told.shared < 0.5 * right.shared


def test_nothing_is_said_of_silence_and_of_half_a_second(library, tunes) -> None:
    assert explain(library, np.zeros(5 * RATE, np.float32), RATE, 10) is None
    assert explain(library, tunes[0][: RATE // 4], RATE, 10) is None


def test_a_track_that_is_not_in_the_index_is_an_error(library, tunes) -> None:
    with pytest.raises(KeyError):
        explain(library, tunes[0], RATE, 99)


def test_agreeing_peaks_are_those_that_a_search_of_all_pairs_finds(library, tunes) -> None:
    from dsp.spectrum import log_power
    from fingerprint import settings as s

    clip = clip_of(tunes, 1)
    match = library.identify(clip, RATE)[0]
    level = log_power(prepare(clip, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN)
    seen = evidence(look(level), library.peaks(11), match)
    late = np.rint(50 * seen.query_peaks[:, 0]) - np.rint(50 * seen.reference_peaks[:, :1])
    higher = (seen.query_peaks[:, 1] - seen.reference_peaks[:, 1:]) / s.BIN_HZ
    expected = ((np.abs(late) <= 1) & (np.abs(higher) <= 1.5)).any(axis=1)
    same = agreeing(seen) == expected
    assert same.mean() > 0.99  # an eighth of a bin is the least that is told apart
    assert agreeing(seen).mean() > 0.5
