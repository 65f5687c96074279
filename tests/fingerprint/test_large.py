"""An index whose runs count as large: it must answer as one of small runs does."""

import json
import shutil

import numpy as np
import pytest

import fingerprint.index
from fingerprint import FingerprintIndex, FormatError, extract
from fingerprint import settings as s
from fingerprint.layout import HEAD

from .conftest import RATE, with_noise


@pytest.fixture
def large(tunes, tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprint.index, "LARGEST_SMALL", 3000)
    with FingerprintIndex.create(tmp_path / "index") as index:
        for k in range(6):
            index.add_peaks(10 + k, extract(tunes[k], RATE))
        index.commit()
        yield index


def kinds(index):
    return [run.shift is not None for run in index._runs]


def clip_of(tune, at, seconds=3.0):
    return tune[int(at * RATE) : int((at + seconds) * RATE)]


@pytest.mark.parametrize("snr_db", [60.0, 5.0])
def test_track_and_place_are_found_in_a_large_run(large, tunes, snr_db):
    assert kinds(large) == [True]
    for k in range(6):
        match = large.identify(with_noise(clip_of(tunes[k], 7.31), snr_db), RATE)[0]
        assert (match.track_id, match.known) == (10 + k, True)
        assert match.offset_s == pytest.approx(7.31, abs=0.03)


def test_another_speed_is_found_in_a_large_run(large, tunes):
    clip = clip_of(tunes[3], 5.0, 4.0)
    match = large.identify(clip, RATE * 1.04)[0]
    assert (match.track_id, match.known) == (13, True)
    assert match.speed == pytest.approx(1.04, abs=0.004)


def test_what_is_not_in_a_large_run_is_not_named(large, tunes):
    matches = large.identify(clip_of(tunes[8], 4.0), RATE)
    assert not any(match.known for match in matches)


def test_small_runs_beside_a_large_one_become_one_large_run(large, tunes):
    large.add_peaks(16, extract(tunes[6], RATE))
    large.commit()
    assert kinds(large) == [True, False]
    large.remove(11)
    large.compact()
    assert kinds(large) == [True]
    assert large.track_ids.tolist() == [10, 12, 13, 14, 15, 16]
    assert large.identify(clip_of(tunes[6], 9.0), RATE)[0].track_id == 16
    found = large.identify(clip_of(tunes[1], 9.0), RATE)
    assert 11 not in [match.track_id for match in found]


def test_three_large_runs_of_a_size_become_one(tunes, tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprint.index, "LARGEST_SMALL", 1500)
    with FingerprintIndex.create(tmp_path / "index") as index:
        counts = []
        for first in (0, 2, 4):
            for k in (first, first + 1):
                index.add_peaks(k, extract(tunes[k], RATE))
            index.commit()
            counts.append(len(kinds(index)))
        assert counts == [1, 2, 1]
        assert kinds(index) == [True]
        assert index.track_ids.tolist() == [0, 1, 2, 3, 4, 5]
        assert index.identify(clip_of(tunes[3], 6.0), RATE)[0].track_id == 3
        for k in (6, 7):
            index.add_peaks(k, extract(tunes[k], RATE))
            index.commit()
        assert kinds(index) == [True, False, False]  # small ones do not move a large one


def test_peaks_come_back_from_a_large_run_as_they_went_in(large, tunes):
    before, after = extract(tunes[4], RATE), large.peaks(14)
    np.testing.assert_array_equal(before.frame, after.frame)
    np.testing.assert_array_equal(before.code, after.code)
    assert before.frames == after.frames


def test_a_large_run_that_becomes_small_keeps_pairs_again(large, tunes):
    for track in (10, 11, 12, 13, 14):
        large.remove(track)
    large.compact()
    assert kinds(large) == [False]
    assert large.identify(clip_of(tunes[5], 9.0), RATE)[0].track_id == 15


def test_damage_in_the_table_of_a_large_run_is_refused_with_its_name(large, tmp_path):
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    path = next((tmp_path / "copy").glob("*.run"))
    data = bytearray(path.read_bytes())
    _, length, _ = HEAD.unpack_from(data)
    header = json.loads(data[HEAD.size : HEAD.size + length])
    assert header["format"] == 2
    base = -(-(HEAD.size + length) // 64) * 64
    data[base + header["sections"]["key_start"]["offset"] + 4001] ^= 4
    path.write_bytes(data)
    with pytest.raises(FormatError, match="key_start is damaged"):
        FingerprintIndex.open(tmp_path / "copy")


def test_a_run_of_a_format_to_come_is_refused(large, tmp_path, monkeypatch):
    monkeypatch.setattr("fingerprint.layout.LARGE_FORMAT", 3)
    with pytest.raises(FormatError, match="another version"):
        FingerprintIndex.open(tmp_path / "index")


def test_what_a_broken_off_sort_leaves_is_cleared_away(large, tmp_path):
    folder = tmp_path / "index" / "run-000007.run.tmpabc"
    folder.mkdir()
    (folder / "key-0").write_bytes(b"\0" * 8)
    large.close()
    with FingerprintIndex.open(tmp_path / "index", writable=True):
        assert not folder.exists()
    assert s.FORMAT == 1  # small runs of older indexes stay as they are
