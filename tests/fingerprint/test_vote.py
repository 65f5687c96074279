"""Votes against plain Python, and what a shift of a track must give."""

from collections import Counter
from dataclasses import replace

import numpy as np

from dsp.spectrum import log_power
from fingerprint import extract
from fingerprint import settings as s
from fingerprint.peaks import look, prepare
from fingerprint.run import Run, build_run
from fingerprint.tally import WINDOW, strongest
from fingerprint.vote import all_votes, lookups, postings, votes_within

from .conftest import RATE

FIELDS = ("frame", "position", "rank", "height")


def picture_of(audio):
    return look(log_power(prepare(audio, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))


def votes_for(run, picture, pitch=1.0, tempo=1.0, most=400_000):
    return all_votes(
        run.bucket_start, run.landmark_delta, run.landmark_frame,
        picture.frame, picture.position, picture.rank, pitch, tempo, most,
    )  # fmt: skip


def test_the_shift_of_a_clip_gets_most_votes(tunes):
    run = Run(build_run([(k, extract(tunes[k], RATE)) for k in range(3)]))
    shift = 250
    clip = tunes[1][shift * s.HOP : shift * s.HOP + 3 * RATE]
    align, count = Counter(votes_for(run, picture_of(clip)).tolist()).most_common(1)[0]
    assert align == int(run.track_start[1]) + shift
    assert count > 20


def test_most_of_a_tracks_own_landmarks_are_found_again(tunes):
    run = Run(build_run([(0, extract(tunes[0], RATE))]))
    votes = votes_for(run, picture_of(tunes[0]))
    assert np.sum(votes == 0) >= 0.99 * len(run.landmark_frame)


def test_where_votes_are_too_many_the_strongest_peaks_are_asked(tunes):
    run = Run(build_run([(k, extract(tunes[k], RATE)) for k in range(3)]))
    picture = picture_of(tunes[1][5 * RATE : 8 * RATE])
    every = votes_for(run, picture)
    some = votes_for(run, picture, most=len(every) // 4)
    assert 0 < len(some) <= len(every) // 4
    strongest_ones = [
        votes_for(run, replace(picture, **{n: getattr(picture, n)[keep] for n in FIELDS}))
        for keep in (picture.rank < k for k in range(s.KEPT_A_SLOT + 1))
    ]
    assert any(np.array_equal(np.sort(some), np.sort(v)) for v in strongest_ones)


def test_one_rank_of_peaks_is_asked_at_least(tunes):
    run = Run(build_run([(0, extract(tunes[0], RATE))]))
    assert len(votes_for(run, picture_of(tunes[0]), most=5)) == 5


def test_no_peaks_no_votes(tunes):
    run = Run(build_run([(0, extract(tunes[0], RATE))]))
    silence = look(np.full((60, s.BINS), -40, np.float32))
    assert len(votes_for(run, silence)) == 0


def test_the_votes_for_one_track_are_those_of_the_run_that_fall_into_it(tunes):
    run = Run(build_run([(k, extract(tunes[k], RATE)) for k in range(3)]))
    picture = picture_of(tunes[1][5 * RATE : 8 * RATE])
    bucket, gap, at, _ = lookups(picture.frame, picture.position, picture.rank, 1.0, 1.0)
    begin, length = postings(run.bucket_start, run.landmark_delta, bucket, gap)
    first, last = int(run.track_start[1]), int(run.track_start[2])
    expected = [
        int(run.landmark_frame[i]) - int(at[k])
        for k in range(len(begin))
        for i in range(begin[k], begin[k] + length[k])
        if first <= run.landmark_frame[i] < last
    ]
    got = np.empty(len(expected) + 10, np.int64)
    n = votes_within(
        run.landmark_frame, run.landmark_delta, begin, length, gap, at, first, last, got
    )
    assert n == len(expected) > 100
    assert Counter(got[:n].tolist()) == Counter(expected)


def test_strongest_finds_the_fullest_windows(rng):
    votes = np.sort(
        np.concatenate([rng.integers(0, 5000, 300), [77] * 20, [4002] * 15 + [4003] * 9])
    )
    align, count = np.empty(5, np.int64), np.empty(5, np.int32)
    found = strongest(votes, 5, align, count)
    assert found == 5
    assert align[0] in (4002, 4003)
    assert align[1] == 77
    windows = {int(v): int(np.sum((votes >= v) & (votes < v + WINDOW))) for v in votes}
    assert count[0] == max(windows.values())
    assert np.all(np.diff(count) <= 0)


def test_neighbours_of_a_strong_alignment_are_left_out(rng):
    votes = np.sort(np.array([100] * 9 + [101] * 8 + [102] * 7 + [500] * 3))
    align, count = np.empty(4, np.int64), np.empty(4, np.int32)
    found = strongest(votes, 4, align, count)
    assert found == 2
    assert align[:2].tolist() == [101, 500]
    assert count[:2].tolist() == [24, 3]


def test_no_votes_no_alignments():
    empty = np.empty(0, np.int64)
    assert strongest(empty, 4, np.empty(4, np.int64), np.empty(4, np.int32)) == 0
