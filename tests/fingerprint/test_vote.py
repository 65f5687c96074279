"""Votes against plain Python, and what a shift of a track must give."""

from collections import Counter

import numpy as np

from dsp.spectrum import log_power
from fingerprint import extract
from fingerprint import settings as s
from fingerprint.peaks import look, prepare
from fingerprint.run import Run, build_run
from fingerprint.vote import WINDOW, collect_votes, strongest

from .conftest import RATE


def picture_of(audio):
    return look(log_power(prepare(audio, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))


def votes_for(run, picture, pitch=1.0, tempo=1.0, room=400_000):
    votes = np.empty(room, np.int64)
    n = collect_votes(
        run.bucket_start, run.landmark_delta, run.landmark_frame,
        picture.frame, picture.position, pitch, tempo, votes,
    )  # fmt: skip
    return votes[:n]


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


def test_a_full_buffer_ends_the_collection(tunes):
    run = Run(build_run([(0, extract(tunes[0], RATE))]))
    assert len(votes_for(run, picture_of(tunes[0]), room=100)) == 100


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
