"""Verification against plain Python, and what right and wrong alignments must score."""

import numpy as np
import pytest

from dsp.spectrum import log_power
from fingerprint import extract
from fingerprint import settings as s
from fingerprint.peaks import look, prepare
from fingerprint.run import Run, build_run
from fingerprint.verify import (
    BAND_OF_BIN,
    BANDS,
    FINE,
    HIGHER,
    SHIFTS,
    add_agreement,
    advantage,
    agreement,
    refine,
)
from fingerprint.worth import AWAY, KNOT_LOW, KNOT_STEP, NEAR, worth

from .conftest import RATE


@pytest.fixture(scope="module")
def run(tunes):
    return Run(build_run([(k, extract(tunes[k], RATE)) for k in range(3)]))


@pytest.fixture(scope="module")
def picture(tunes):
    clip = tunes[1][250 * s.HOP : 250 * s.HOP + 3 * RATE]
    return look(log_power(prepare(clip, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))


@pytest.fixture(scope="module")
def evidence(picture):
    return worth(picture)


def place(run, row):
    first = int(run.track_start[row])
    last = first + int(run.track_frames[row])
    return run.block_peak, run.peak_frame, run.peak_code, first, last


def plainly(run, row, align, pitch, tempo, evidence):
    peaks = run.peaks(row)
    total, count = 0.0, 0
    for frame, code in zip(peaks.frame.tolist(), peaks.code.tolist(), strict=True):
        t = int(np.floor((frame - align) / tempo + 0.5))
        place_in_bins = (s.FIRST_BIN + (code & 0xFFF) / s.SUB_BIN) * pitch - s.FIRST_BIN
        b = int(np.floor(place_in_bins + 0.5))
        if 0 <= t < evidence.shape[0] and 0 <= b < evidence.shape[1]:
            total += float(evidence[t, b])
            count += 1
    return total, count


@pytest.mark.parametrize(
    ("row", "align", "pitch", "tempo"),
    [(1, 250, 1.0, 1.0), (1, 251.5, 1.03, 0.97), (0, -20, 1.0, 1.0), (2, 900, 0.94, 1.06)],
)
def test_agreement_equals_plain_python(run, evidence, row, align, pitch, tempo):
    first = int(run.track_start[row])
    got = agreement(*place(run, row), first + align, pitch, tempo, evidence)
    total, count = plainly(run, row, align, pitch, tempo, evidence)
    assert got[1] == count
    assert got[0] == pytest.approx(total, abs=1e-3)


def test_bands_add_up_to_the_whole(run, evidence):
    sums, counts = np.zeros(BANDS), np.zeros(BANDS, np.int64)
    at = int(run.track_start[1]) + 250.0
    add_agreement(*place(run, 1), at, 1.0, 1.0, 0.0, evidence, BAND_OF_BIN, sums, counts)
    total, count = agreement(*place(run, 1), at, 1.0, 1.0, evidence)
    assert counts.sum() == count
    assert sums.sum() == pytest.approx(total, abs=1e-6)


def above_chance(run, row, align, evidence, pitch=1.0):
    room = np.empty((4, BANDS)), np.empty((4, BANDS), np.int64)
    at = int(run.track_start[row]) + float(align)
    return advantage(*place(run, row), at, pitch, 1.0, evidence, BAND_OF_BIN, SHIFTS, HIGHER, *room)


def test_only_the_right_alignment_stands_out(run, evidence):
    right = above_chance(run, 1, 250, evidence)
    assert right > 12
    for row, align, pitch in ((1, 258, 1), (1, 600, 1), (0, 250, 1), (2, 400, 1), (1, 250, 1.03)):
        assert above_chance(run, row, align, evidence, pitch) < right / 2


def test_refine_brings_a_rough_proposal_home(run, evidence):
    first = int(run.track_start[1])
    found = np.empty(4)
    refine(*place(run, 1), first + 249.0, 1.016, 1.016, evidence, FINE, found)
    assert found[0] - first == pytest.approx(250, abs=1.1)
    assert found[1:3] == pytest.approx([1, 1], abs=0.005)


def test_worth_is_read_off_the_curves(picture, evidence):
    knots = KNOT_LOW + KNOT_STEP * np.arange(len(AWAY))
    away = np.interp(picture.contrast, knots, AWAY)
    near = np.interp(picture.contrast, knots, NEAR)
    is_away = np.abs(evidence - away) < 2e-3
    is_near = np.abs(evidence - near) < 2e-3
    assert np.all(is_away | is_near)
    bins = (picture.position + s.SUB_BIN // 2) // s.SUB_BIN
    bins = np.minimum(bins, s.BINS - 1)
    assert np.all(is_near[picture.frame, bins])
    assert is_away.mean() > 0.8
