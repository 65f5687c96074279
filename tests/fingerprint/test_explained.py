"""The share of a clip's peaks that a track has: against plain Python, and right against wrong."""

import numpy as np
import pytest

from dsp.spectrum import log_power
from fingerprint import extract
from fingerprint import settings as s
from fingerprint.explained import explained, owners
from fingerprint.peaks import look, prepare
from fingerprint.run import Run, build_run

from .conftest import RATE

START = 250  # frame of the second tune at which the clip begins


@pytest.fixture(scope="module")
def run(tunes):
    return Run(build_run([(k, extract(tunes[k], RATE)) for k in range(3)]))


@pytest.fixture(scope="module")
def picture(tunes):
    clip = tunes[1][START * s.HOP : START * s.HOP + 3 * RATE]
    return look(log_power(prepare(clip, RATE), s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))


def share(run, picture, row, align, pitch=1.0, tempo=1.0):
    first = int(run.track_start[row])
    last = first + int(run.track_frames[row])
    arrays = (run.block_peak, run.peak_frame, run.peak_code, first, last)
    return explained(*arrays, first + align, pitch, tempo, owners(picture), len(picture.frame))


def plainly(run, picture, row, align, pitch, tempo):
    peaks = run.peaks(row)
    t = np.floor((peaks.frame - align) / tempo + 0.5)
    bins = (s.FIRST_BIN + (peaks.code & 0xFFF) / s.SUB_BIN) * pitch - s.FIRST_BIN
    b = np.floor(bins + 0.5)
    mine = (picture.position + s.SUB_BIN // 2) // s.SUB_BIN
    near = [
        np.any((np.abs(t - frame) <= 1) & (np.abs(b - k) <= 1))
        for frame, k in zip(picture.frame, mine, strict=True)
    ]
    return np.mean(near)


@pytest.mark.parametrize(
    ("row", "align", "pitch", "tempo"),
    [(1, START, 1.0, 1.0), (1, START + 1.5, 1.03, 0.97), (2, 300, 0.94, 1.06)],
)
def test_the_share_equals_plain_python(run, picture, row, align, pitch, tempo):
    expected = plainly(run, picture, row, align, pitch, tempo)
    assert share(run, picture, row, align, pitch, tempo) == pytest.approx(expected)


def test_a_track_explains_its_own_clip_and_no_other(run, picture):
    assert share(run, picture, 1, START) > 0.8
    for row, align in ((1, START + 8), (1, 600), (0, START), (2, 400)):
        assert share(run, picture, row, align) < 0.3


def test_a_clip_beside_the_track_is_not_explained(run, picture):
    assert share(run, picture, 1, -len(picture.level) - 2) == 0.0


def test_a_clip_without_peaks_is_not_explained(run):
    silence = look(np.full((60, s.BINS), -40, np.float32))
    assert len(silence.frame) == 0
    assert share(run, silence, 1, START) == 0.0
