"""The sweep against plain NumPy, and what it finds where votes find nothing."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.signal import resample_poly

from fingerprint import extract, sweep
from fingerprint import settings as s
from fingerprint.candidate import CHANCE
from fingerprint.identify import Ear
from fingerprint.run import Run, build_run
from fingerprint.sweep import MOST, Sweep, cost
from fingerprint.worth import worth

from .conftest import RATE, with_noise
from .test_candidate import PLAIN
from .test_place import picture_of

AT = 300  # frame at which the clips begin


@pytest.fixture(scope="module")
def run(tunes):
    return Run(build_run([(k, extract(tunes[k], RATE)) for k in range(4)]))


@pytest.fixture(scope="module")
def noisy(tunes):
    clip = tunes[2][AT * s.HOP : AT * s.HOP + 3 * RATE]
    return picture_of(with_noise(clip, -12.0))


def everything(run):
    return np.arange(len(run.track_id))


def standings(run, row, evidence):
    """Return how far each alignment stands out, from the one of the last frame's overlap on."""
    centred = evidence - evidence.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    frames, peaks = len(evidence), run.peaks(row)
    sums = np.zeros(peaks.frames + frames)
    met = np.zeros(len(sums), np.bool_)
    bins = ((peaks.code & 0xFFF).astype(int) + s.SUB_BIN // 2) // s.SUB_BIN
    for t, b in zip(peaks.frame.astype(int), np.minimum(bins, s.BINS - 1), strict=True):
        sums[t : t + frames] += centred[::-1, b]  # frame q of the clip belongs to alignment t - q
        met[t : t + frames] = True
    return (sums - sums[met].mean()) / sums[met].std()


def test_every_alignment_stands_as_plain_numpy_has_it(run, noisy):
    evidence = worth(noisy)
    got = Sweep(run, everything(run), evidence)
    for row in (0, 2):
        wanted = standings(run, row, evidence)
        nearby = np.max([np.roll(wanted, k) for k in range(-2, 3)], axis=0)
        aligns = np.arange(2, len(wanted) - 2) - (len(evidence) - 1)
        there = [got.at(row, align) for align in aligns]
        assert there == pytest.approx(nearby[2:-2], abs=0.05)
        best = got.proposals(4)[0]
        assert run.track_start[row] + np.argmax(wanted) - (len(evidence) - 1.0) in best


def test_sums_hold_the_loudest_evidence_at_as_many_peaks_as_a_track_can_have(run):
    frames = 500
    evidence = np.full((frames, s.BINS), -3.0, np.float32)
    evidence[:, ::2] = 3.0
    rows = sweep._centred(
        evidence - np.linspace(0, 1, frames, dtype=np.float32)[:, None] * evidence
    )
    most = s.KEPT_A_SLOT * (frames // s.SLOT + 2)
    assert most * int(np.abs(rows.astype(int)).max()) <= np.iinfo(np.int16).max
    assert np.abs(rows.astype(int)).max() > 20


def test_the_right_alignment_stands_out_in_noise_and_no_other_does(run, noisy):
    found = Sweep(run, everything(run), worth(noisy))
    assert found.at(2, AT) > CHANCE + 2
    others = [found.at(2, AT + far) for far in range(30, 500)]
    others += [found.at(row, at) for row in (0, 1, 3) for at in range(900)]
    assert max(others) < CHANCE
    assert found.proposals(1)[0] == pytest.approx(run.track_start[2] + AT, abs=1)


def test_a_note_held_through_the_clip_makes_no_alignment_stand_out(run, tunes):
    t = np.arange(3 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 440.0, 660.0, 880.0, 1320.0))
    evidence = worth(picture_of(with_noise(hum.astype(np.float32), 20.0)))
    found = Sweep(run, everything(run), evidence)
    assert max(found.at(row, at) for row in range(4) for at in range(0, 900, 2)) < CHANCE + 0.5


def test_clips_that_votes_miss_are_found(run, tunes):
    ear = Ear([run], [everything(run) >= 0])
    found = {0: 0, MOST: 0}
    for row, seed in product(range(4), (1, 2, 3)):
        clip = tunes[row][AT * s.HOP : AT * s.HOP + 3 * RATE]
        picture = picture_of(with_noise(clip, -14.0, seed))
        for additions in found:
            best = ear.candidates(picture, scaled=False, additions=additions)[0]
            found[additions] += best.row == row and abs(best.align - AT) < 2
    assert found[MOST] >= found[0] + 3


def test_removed_tracks_have_no_standing(run, noisy):
    alive = everything(run) != 2
    found = Ear([run], [alive]).candidates(noisy)
    assert all(c.row != 2 for c in found)
    some = Sweep(run, np.flatnonzero(alive), worth(noisy))
    assert some.at(2, AT) == 0.0
    assert some.at(3, AT) == Sweep(run, everything(run), worth(noisy)).at(3, AT) != 0.0


def test_a_library_too_large_for_it_is_not_swept(run, noisy):
    ear, needed = Ear([run], [everything(run) >= 0]), cost(run, len(noisy.level))
    assert all(c.standing is None for c in ear.candidates(noisy, additions=needed - 1))
    assert all(c.standing is not None for c in ear.candidates(noisy, additions=needed))


def test_a_track_of_a_moment_cannot_stand_out_by_chance_nor_can_one_without_peaks(tunes, noisy):
    tracks = [(0, extract(tunes[1][:4000], RATE)), (1, extract(np.zeros(RATE, np.float32), RATE))]
    short = Run(build_run(tracks))
    found = Sweep(short, everything(short), worth(noisy))
    assert max(found.at(0, at) for at in range(-160, 20)) < CHANCE
    assert found.at(1, 0) == 0.0
    assert len(found.proposals(5)[0]) == 1


def test_music_at_another_speed_has_no_standing(run, tunes):
    played = resample_poly(tunes[2], 25, 24)[AT * s.HOP : AT * s.HOP + 3 * RATE]
    ear = Ear([run], [everything(run) >= 0])
    found = ear.candidates(picture_of(with_noise(played, 0.0)))
    assert (found[0].row, found[0].plain) == (2, False)
    assert found[0].standing is None or found[0].standing < CHANCE


def test_standing_beyond_chance_counts_and_chance_costs_a_little():
    asked = [replace(PLAIN, standing=z).score for z in (0.0, CHANCE, CHANCE + 2, 50.0, 60.0)]
    assert asked[0] == asked[1] < PLAIN.score < asked[2] < asked[3] == asked[4]
