"""The index on disk: nothing lost, nothing half there, one writer, many readers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fingerprint import FingerprintIndex, FormatError, TrackPeaks, extract
from fingerprint import index as module
from fingerprint import settings as s

from .conftest import RATE


@pytest.fixture(scope="module")
def peaks(tunes):
    return [extract(t, RATE) for t in tunes]


@pytest.fixture
def filled(tmp_path, peaks):
    path = tmp_path / "index"
    with FingerprintIndex.create(path) as index:
        for k in range(4):
            index.add_peaks(k, peaks[k])
        index.commit()
    return path


def clip_of(tune):
    return tune[5 * RATE : 8 * RATE]


def found(index, tune):
    return {m.track_id for m in index.identify(clip_of(tune), RATE) if m.known}


def test_what_was_committed_is_there_after_opening_again(filled, tunes):
    with FingerprintIndex.open(filled) as index:
        np.testing.assert_array_equal(index.track_ids, [0, 1, 2, 3])
        assert len(index) == 4
        assert 2 in index
        assert 4 not in index
        assert found(index, tunes[2]) == {2}


def test_added_tracks_are_found_before_they_are_committed(filled, peaks, tunes):
    with FingerprintIndex.open(filled, writable=True) as index:
        assert found(index, tunes[6]) == set()
        index.add_peaks(6, peaks[6])
        assert found(index, tunes[6]) == {6}
        assert 6 in index


def test_what_was_not_committed_is_not_there_afterwards(filled, peaks):
    with FingerprintIndex.open(filled, writable=True) as index:
        index.add_peaks(6, peaks[6])
        index.remove(1)
    with FingerprintIndex.open(filled) as index:
        np.testing.assert_array_equal(index.track_ids, [0, 1, 2, 3])


def test_appending_leaves_earlier_runs_as_they_are(filled, peaks):
    before = {p.name: p.stat().st_mtime_ns for p in filled.glob("*.run")}
    with FingerprintIndex.open(filled, writable=True) as index:
        index.add_peaks(6, peaks[6])
        index.commit()
    after = {p.name: p.stat().st_mtime_ns for p in filled.glob("*.run")}
    assert before.items() < after.items()


def test_a_removed_track_is_not_found_and_can_come_back(filled, peaks, tunes):
    with FingerprintIndex.open(filled, writable=True) as index:
        index.remove(2)
        assert found(index, tunes[2]) == set()
        index.commit()
    with FingerprintIndex.open(filled, writable=True) as index:
        assert found(index, tunes[2]) == set()
        index.add_peaks(2, peaks[2])
        index.commit()
        assert found(index, tunes[2]) == {2}
        assert len(index) == 4
    with FingerprintIndex.open(filled) as index:
        assert found(index, tunes[2]) == {2}


def test_compaction_frees_the_room_of_removed_tracks(filled, tunes):
    size = sum(p.stat().st_size for p in filled.glob("*.run"))
    with FingerprintIndex.open(filled, writable=True) as index:
        index.remove(0)
        index.remove(1)
        index.compact()
        assert found(index, tunes[3]) == {3}
        np.testing.assert_array_equal(index.track_ids, [2, 3])
    assert sum(p.stat().st_size for p in filled.glob("*.run")) < size
    assert len(list(filled.glob("*.run"))) == 1


def test_removing_everything_leaves_an_empty_index(filled, tunes):
    with FingerprintIndex.open(filled, writable=True) as index:
        for k in range(4):
            index.remove(k)
        index.compact()
        assert len(index) == 0
        assert index.identify(clip_of(tunes[0]), RATE) == []


def test_many_small_commits_are_merged_into_few_runs(tmp_path, peaks, tunes):
    with FingerprintIndex.create(tmp_path / "index") as index:
        for k in range(9):
            index.add_peaks(k, peaks[k])
            index.commit()
        assert len(list((tmp_path / "index").glob("*.run"))) < 9
        np.testing.assert_array_equal(index.track_ids, np.arange(9))
        assert found(index, tunes[0]) == {0}
        assert found(index, tunes[8]) == {8}
        assert index.verify() == []


def test_peaks_come_back_for_another_index(filled, peaks):
    with FingerprintIndex.open(filled) as index:
        again = index.peaks(3)
    np.testing.assert_array_equal(again.frame, peaks[3].frame)
    np.testing.assert_array_equal(again.code, peaks[3].code)


def test_an_id_may_be_added_once_only(filled, peaks):
    with FingerprintIndex.open(filled, writable=True) as index:
        with pytest.raises(ValueError, match="track_id must be new to the index, got 2"):
            index.add_peaks(2, peaks[2])
        with pytest.raises(ValueError, match="must not be negative, got -1"):
            index.add_peaks(-1, peaks[2])
        with pytest.raises(KeyError):
            index.remove(77)


def test_unsorted_peaks_are_refused(filled):
    bad = TrackPeaks(np.array([5, 3], np.uint32), np.array([1, 2], np.uint16), 10)
    with (
        FingerprintIndex.open(filled, writable=True) as index,
        pytest.raises(FormatError, match="ascend"),
    ):
        index.add_peaks(9, bad)


def test_a_reader_may_not_write(filled, peaks):
    with FingerprintIndex.open(filled) as index:
        for change in (
            lambda: index.add_peaks(9, peaks[8]),
            lambda: index.remove(1),
            index.commit,
            index.compact,
        ):
            with pytest.raises(PermissionError, match="not opened for writing"):
                change()


def test_there_is_one_writer_and_any_number_of_readers(filled, tunes):
    with FingerprintIndex.open(filled, writable=True):
        with pytest.raises(BlockingIOError, match="another process is writing"):
            FingerprintIndex.open(filled, writable=True)
        with FingerprintIndex.open(filled) as one, FingerprintIndex.open(filled) as two:
            assert found(one, tunes[1]) == found(two, tunes[1]) == {1}
    FingerprintIndex.open(filled, writable=True).close()


def test_a_reader_keeps_its_view_while_the_writer_compacts(filled, tunes):
    with FingerprintIndex.open(filled) as reader:
        with FingerprintIndex.open(filled, writable=True) as writer:
            writer.remove(1)
            writer.compact()
        assert found(reader, tunes[1]) == {1}


def test_creating_where_an_index_is_does_not_touch_it(filled):
    with pytest.raises(FileExistsError):
        FingerprintIndex.create(filled)
    with FingerprintIndex.open(filled) as index:
        assert len(index) == 4


def test_opening_where_nothing_is_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no fingerprint index"):
        FingerprintIndex.open(tmp_path)


def test_other_settings_are_refused_by_name(filled, monkeypatch):
    monkeypatch.setattr(s, "CELL", 0.009)
    with pytest.raises(FormatError, match="other settings: cell"):
        FingerprintIndex.open(filled)


def test_another_version_is_refused(filled, monkeypatch):
    monkeypatch.setattr(s, "FORMAT", s.FORMAT + 1)
    with pytest.raises(FormatError, match="format 1, not 2"):
        FingerprintIndex.open(filled)


def test_any_change_of_the_manifest_is_noticed(filled):
    path = filled / "index.json"
    data = path.read_bytes()
    for position in np.random.default_rng(1).integers(0, 8 * len(data), 60):
        broken = bytearray(data)
        broken[position // 8] ^= 1 << (position % 8)
        path.write_bytes(broken)
        with pytest.raises(FormatError):
            FingerprintIndex.open(filled)


def test_a_flipped_bit_in_a_run_is_found_and_named(filled):
    (run,) = filled.glob("*.run")
    data = bytearray(run.read_bytes())
    data[-1000] ^= 4
    run.write_bytes(data)
    with FingerprintIndex.open(filled) as index:
        assert [p for p in index.verify() if run.name in p]


def test_damage_is_never_given_new_checksums(filled, peaks):
    (run,) = filled.glob("*.run")
    data = bytearray(run.read_bytes())
    data[-1000] ^= 4
    run.write_bytes(data)
    with FingerprintIndex.open(filled, writable=True) as index:
        for track_id in range(100, 120):  # so many runs that they are merged
            index.add_peaks(track_id, peaks[6])
            index.commit()
            assert [problem for problem in index.verify() if run.name in problem]
        with pytest.raises(FormatError, match=run.name):
            index.compact()
        assert 119 in index


@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
def test_the_rest_of_a_damaged_index_stays_usable(filled, peaks, tunes, harm):
    with FingerprintIndex.open(filled, writable=True) as index:
        index.add_peaks(6, peaks[6])
        index.commit()
    run = filled / "run-000001.run"
    if harm == "delete":
        run.unlink()
    else:
        data = bytearray(run.read_bytes())
        data[20] ^= 1
        run.write_bytes(data if harm == "flip" else data[:3000])
    with pytest.raises(FormatError, match="run-000001"):
        FingerprintIndex.open(filled)
    with FingerprintIndex.open(filled, writable=True, skip_damaged=True) as index:
        assert "run-000001" in index.damaged[0]
        assert found(index, tunes[6]) == {6}
        index.commit()
    with FingerprintIndex.open(filled) as index:
        np.testing.assert_array_equal(index.track_ids, [6])


def test_no_flipped_bit_crashes_a_query(filled, tunes):
    (run,) = filled.glob("*.run")
    data = run.read_bytes()
    random = np.random.default_rng(4)
    for _ in range(5):
        broken = bytearray(data)
        for at in random.integers(len(data) // 3, len(data), 300):
            broken[at] = random.integers(256)
        run.write_bytes(broken)
        with FingerprintIndex.open(filled, skip_damaged=True) as index:
            assert len(index.identify(clip_of(tunes[1]), RATE)) <= 5


def test_leftovers_of_a_crash_are_cleared_by_the_next_writer(filled):
    for name in ("run-000099.run", "run-000100.run.tmp123", "index.json.tmp123"):
        (filled / name).write_bytes(b"half")
    with FingerprintIndex.open(filled) as index:
        assert len(index) == 4
    with FingerprintIndex.open(filled, writable=True) as index:
        assert len(index) == 4
    assert {p.name for p in filled.iterdir()} == {"index.json", "run-000001.run", "writer.lock"}


WRITER = """
import sys
from pathlib import Path
from fingerprint import FingerprintIndex, TrackPeaks
path, stored = Path(sys.argv[1]), Path(sys.argv[2])
peaks = TrackPeaks.from_bytes(stored.read_bytes())
with FingerprintIndex.open(path, writable=True) as index:
    for track_id in range(len(index), 10**6):
        index.add_peaks(track_id, peaks)
        index.commit()
        print(track_id, flush=True)
"""


def test_killed_at_any_moment_nothing_that_was_committed_is_lost(tmp_path, peaks):
    path, stored = tmp_path / "index", tmp_path / "peaks"
    stored.write_bytes(peaks[0].to_bytes())
    FingerprintIndex.create(path).close()
    root = Path(module.__file__).resolve().parent.parent
    reported = -1
    random = np.random.default_rng(2)
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(stored)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        assert child.stdout is not None
        for _ in range(int(random.integers(3, 12))):
            reported = int(child.stdout.readline())
        deadline = time.monotonic() + float(random.uniform(0, 0.02))
        while time.monotonic() < deadline:
            pass
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split()
        child.wait()
        child.stdout.close()
        reported = max([reported, *map(int, rest)])
        with FingerprintIndex.open(path, writable=True) as index:
            assert index.verify() == []
            assert index.track_ids[: reported + 1].tolist() == list(range(reported + 1))
            assert len(index) in (reported + 1, reported + 2)


def test_a_full_disk_leaves_the_old_index_in_place(filled, peaks, monkeypatch, tunes):
    def full(*_):
        raise OSError(28, "No space left on device")

    with FingerprintIndex.open(filled, writable=True) as index:
        index.add_peaks(6, peaks[6])
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space"):
                index.commit()
    assert not list(filled.glob("*.tmp*"))
    with FingerprintIndex.open(filled) as index:
        np.testing.assert_array_equal(index.track_ids, [0, 1, 2, 3])
        assert found(index, tunes[1]) == {1}


def test_a_silent_track_alone_makes_an_index_that_opens(tmp_path):
    with FingerprintIndex.create(tmp_path / "silence") as index:
        index.add_peaks(1, TrackPeaks(np.zeros(0, np.uint32), np.zeros(0, np.uint16), 1000))
        index.commit()
    with FingerprintIndex.open(tmp_path / "silence") as index:
        assert index.track_ids.tolist() == [1]
