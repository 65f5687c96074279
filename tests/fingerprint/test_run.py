import math

import numpy as np
import pytest

from fingerprint import FormatError, extract
from fingerprint import run as module
from fingerprint import settings as s
from fingerprint.landmarks import BUCKETS, CELL_OF, landmarks_into, order_landmarks, warp
from fingerprint.run import Run, build_run

from .conftest import RATE


@pytest.fixture(scope="module")
def tracks(tunes):
    return [
        (5, extract(tunes[0], RATE)),
        (3, extract(tunes[1], RATE)),
        (9, extract(np.zeros(9), 8000)),
    ]


@pytest.fixture(scope="module")
def data(tracks):
    return build_run(tracks)


def test_a_run_gives_back_the_peaks_of_every_track(tracks, data):
    run = Run(data)
    np.testing.assert_array_equal(run.track_id, [5, 3, 9])
    for row, (_, peaks) in enumerate(tracks):
        again = run.peaks(row)
        np.testing.assert_array_equal(again.frame, peaks.frame)
        np.testing.assert_array_equal(again.code, peaks.code)
        assert again.frames == peaks.frames


def test_landmarks_are_ordered_by_bucket_and_delta(data):
    run = Run(data)
    assert run.bucket_start[0] == 0
    assert np.all(np.diff(run.bucket_start.astype(np.int64)) >= 0)
    for bucket in np.flatnonzero(np.diff(run.bucket_start.astype(np.int64)) > 1)[:200]:
        part = run.landmark_delta[run.bucket_start[bucket] : run.bucket_start[bucket + 1]]
        assert np.all(np.diff(part.astype(int)) >= 0)


def test_a_peak_is_kept_in_the_cell_in_which_a_clip_looks_for_it():
    for position in range(s.BINS * s.SUB_BIN):
        assert CELL_OF[position] == math.floor(warp(s.FIRST_BIN + position / s.SUB_BIN))


def test_every_landmark_joins_two_strong_peaks_of_its_track(tracks):
    peaks = tracks[0][1]
    room = len(peaks.frame) * s.FAN
    bucket, delta = np.empty(room, np.int32), np.empty(room, np.uint8)
    anchor = np.empty(room, np.uint32)
    n = landmarks_into(peaks.frame, peaks.code, bucket, delta, anchor)
    strong = set(peaks.frame[peaks.code >> 15 == 1].tolist())
    assert n > 0.5 * s.FAN * np.sum(peaks.code >> 15)
    assert set(anchor[:n].tolist()) <= strong
    assert {int(a) + int(d) for a, d in zip(anchor[:n], delta[:n], strict=True)} <= strong
    assert delta[:n].min() >= 2
    assert delta[:n].max() <= s.MAX_DELTA
    assert bucket[:n].min() >= 0
    assert bucket[:n].max() < BUCKETS


def test_counting_sort_equals_numpys_stable_sort(rng):
    bucket = rng.integers(0, 50, 3000).astype(np.int32)
    delta = rng.integers(2, s.MAX_DELTA + 1, 3000).astype(np.uint8)
    anchor = rng.integers(0, 10_000, 3000).astype(np.uint32)
    start = np.empty(BUCKETS + 1, np.uint32)
    sorted_delta, sorted_anchor = np.empty_like(delta), np.empty_like(anchor)
    order_landmarks(bucket, delta, anchor, start, sorted_delta, sorted_anchor)
    order = np.lexsort((delta, bucket))
    np.testing.assert_array_equal(sorted_delta, delta[order])
    np.testing.assert_array_equal(sorted_anchor, anchor[order])
    np.testing.assert_array_equal(start[:51], np.searchsorted(bucket[order], np.arange(51)))


def test_an_hour_of_music_takes_at_most_two_megabytes(tracks, data):
    hours = sum(peaks.seconds for _, peaks in tracks) / 3600
    fixed = 4 * (BUCKETS + 1) + 4096  # the table of buckets and the header come once a run
    assert (len(data) - fixed) / hours < 2e6


def test_a_whole_run_has_nothing_to_report(data):
    assert Run(data).verify() == []


def test_every_flipped_bit_is_noticed(data):
    random = np.random.default_rng(8)
    end = len(data) - 64  # the last section is padded to a multiple of 64
    for position in random.integers(0, 8 * end, 80):
        broken = bytearray(data)
        broken[position // 8] ^= 1 << (position % 8)
        try:
            problems = Run(bytes(broken)).verify()
        except FormatError:
            continue
        in_padding = not problems and data[position // 8] == 0
        assert problems or in_padding


def test_damage_is_named_by_section_and_byte(data, monkeypatch):
    broken = bytearray(data)
    broken[-200] ^= 1
    (problem,) = Run(bytes(broken), "run-000007.run").verify()
    assert problem.startswith("run-000007.run: landmark_frame is damaged at byte ")


@pytest.mark.parametrize("length", [0, 3, 20, 500, 5000])
def test_a_run_cut_short_is_refused(data, length):
    with pytest.raises(FormatError):
        Run(data[:length])
    with pytest.raises(FormatError):
        Run(data[: -length - 100])


def test_a_run_of_other_settings_is_refused(tracks, monkeypatch):
    monkeypatch.setattr(s, "HOP", 256)
    other = build_run(tracks[:1])
    monkeypatch.undo()
    with pytest.raises(FormatError, match="other settings"):
        Run(other)


def test_a_run_of_a_later_format_is_refused(tracks, monkeypatch):
    monkeypatch.setattr(s, "FORMAT", s.FORMAT + 1)
    later = build_run(tracks[:1])
    monkeypatch.undo()
    with pytest.raises(FormatError, match="another version"):
        Run(later)


def test_opening_a_file_maps_it(data, tmp_path):
    path = tmp_path / "a.run"
    path.write_bytes(data)
    assert Run.open(path).verify() == []
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"a\.run is empty"):
        Run.open(path)
    assert module.BLOCK == 256
