"""Which repeat it is, and at what tempo: on tracks whose repeats differ in a known way."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import resample_poly

from dsp.spectrum import log_power
from fingerprint import extract
from fingerprint import settings as s
from fingerprint.candidate import Candidate
from fingerprint.explained import owners
from fingerprint.peaks import look, prepare
from fingerprint.place import place
from fingerprint.run import Run, build_run
from fingerprint.worth import worth

from .conftest import RATE, tune, with_noise

PART_S = 8.0
PART = round(PART_S * s.FRAMES_PER_SECOND)


@pytest.fixture(scope="module")
def repeating(tunes):
    """A part three times over; the second time with a second voice."""
    part = tunes[0][: int(PART_S * RATE)]
    voice = tune(30, PART_S)
    return np.concatenate([part, part + voice, part])


@pytest.fixture(scope="module")
def run(tunes, repeating):
    return Run(build_run([(0, extract(tunes[2], RATE)), (1, extract(repeating, RATE))]))


def picture_of(clip):
    return look(log_power(prepare(clip, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))


def at(align, pitch=1.0):
    return Candidate(0, 1, align, pitch, 1.0, True, 10, 0.0, 9.0, 0.5)


def placed(run, clip, candidate):
    picture = picture_of(clip)
    return place(run, candidate, picture, worth(picture), owners(picture))


@pytest.mark.parametrize("start_s", [1.0, 3.5])
def test_the_repeat_with_the_voice_that_is_heard_is_chosen(run, repeating, start_s):
    begin = int((PART_S + start_s) * RATE)
    clip = with_noise(repeating[begin : begin + 3 * RATE], 15.0)
    found = placed(run, clip, at(start_s * s.FRAMES_PER_SECOND))
    assert found.align == pytest.approx(PART + start_s * s.FRAMES_PER_SECOND, abs=1.5)


def test_without_the_voice_one_of_the_other_two_is_chosen(run, repeating):
    clip = with_noise(repeating[2 * RATE : 5 * RATE], 15.0)
    found = placed(run, clip, at(PART + 100.0))
    assert min(abs(found.align - 100), abs(found.align - 2 * PART - 100)) < 1.5


@pytest.mark.parametrize("edge_s", [-9.0, 19.0])
def test_noise_does_not_move_a_clip_to_where_little_of_it_lies_in_the_track(run, tunes, edge_s):
    clip = with_noise(tunes[2][5 * RATE : 15 * RATE], -10.0)
    found = placed(run, clip, replace(at(edge_s * s.FRAMES_PER_SECOND), row=0))
    assert found.align == pytest.approx(5.0 * s.FRAMES_PER_SECOND, abs=1.5)


def test_a_tempo_that_is_a_little_off_is_found_in_a_long_clip(run, tunes):
    faster = resample_poly(tunes[2][: 11 * RATE].astype(np.float64), 100, 102)[: 10 * RATE]
    found = placed(run, faster.astype(np.float32), replace(at(0.0, pitch=1.02), row=0))
    assert found.tempo == pytest.approx(1.02, abs=0.003)
    assert found.align == pytest.approx(0.0, abs=2.0)


def test_a_wrong_tempo_of_two_seconds_is_taken_back(run, tunes):
    clip = with_noise(tunes[2][3 * RATE : 5 * RATE], 15.0)
    found = placed(run, clip, replace(at(3.0 * s.FRAMES_PER_SECOND), row=0, tempo=1.016))
    assert (found.pitch, found.tempo) == (1.0, 1.0)
    assert found.align == pytest.approx(3.0 * s.FRAMES_PER_SECOND, abs=1.5)


def test_the_evidence_for_the_track_is_left_as_it_was(run, repeating):
    candidate = at(100.0)
    found = placed(run, repeating[2 * RATE : 5 * RATE], candidate)
    assert replace(found, align=100.0, pitch=1.0, tempo=1.0) == candidate
    assert found.score == candidate.score
