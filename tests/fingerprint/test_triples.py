"""Triples against plain Python, and what a track must find of its own."""

import math
from itertools import combinations

import numpy as np

from fingerprint import TrackPeaks, extract
from fingerprint import settings as s
from fingerprint.build import Source, write_large_run
from fingerprint.probes import (
    CLASSES,
    bytes_between,
    probes,
    read_cheapest,
    spans,
    triple_votes,
)
from fingerprint.run import Run
from fingerprint.triples import (
    GAP_BITS,
    KEYS,
    REST_BITS,
    shift_for,
    sort_by_key,
    triples_into,
)

from .conftest import RATE


def triples_of(peaks):
    room = len(peaks.frame) * s.FAN
    key, anchor = np.empty(room, np.uint32), np.empty(room, np.uint32)
    n = triples_into(peaks.frame, peaks.code, key, anchor)
    return key[:n], anchor[:n]


def in_plain_python(peaks):
    """The same by the sentence of docs/formats.md."""
    strong = []
    for frame, code in zip(peaks.frame.tolist(), peaks.code.tolist(), strict=True):
        hz = (s.FIRST_BIN + (code & 0xFFF) / s.SUB_BIN) * s.BIN_HZ
        cell = math.floor(math.log1p(hz / s.CORNER_HZ) / s.CELL - s.FIRST_CELL)
        if code & 0x8000:
            strong.append((frame, cell, code >> 12 & 7))
    out = []
    for a, (frame, cell, _) in enumerate(strong):
        near = [
            (-level, at - frame, b)
            for b, (at, other, level) in enumerate(strong)
            if b > a and 2 <= at - frame <= s.MAX_DELTA and abs(other - cell) <= s.MAX_STEP
        ]
        best = sorted(b for _, _, b in sorted(near)[: s.FAN])
        for b, c in combinations(best, 2):
            steps = (cell * 97 + strong[b][1] - cell + 48) * 97 + strong[c][1] - cell + 48
            gaps = (strong[b][0] - frame - 2) * 32 + strong[c][0] - frame - 2
            out.append((steps * 1024 + gaps, frame))
    return sorted(out)


def run_of(tracks, folder, **more):
    path = folder / "run-000001.run"
    write_large_run(
        path, [Source(k, p.frames, lambda p=p: p) for k, p in enumerate(tracks)], **more
    )
    return Run.open(path)


def asked(peaks):
    """A track's strong peaks, as if a clip showed exactly these."""
    strong = (peaks.code & 0x8000) > 0
    frame, position = peaks.frame[strong], peaks.code[strong] & 0xFFF
    return frame.astype(np.int32), position.astype(np.int32), np.zeros(len(frame), np.int32)


def votes_for(run, peaks, most=1_000_000):
    return triple_votes(
        run.key_start,
        run.key_rest,
        run.landmark_frame,
        run.shift,
        *asked(peaks),
        1.0,
        1.0,
        (1.0,),
        most,
    )[0]


def test_triples_are_those_of_the_three_best_targets(tunes):
    peaks = extract(tunes[0], RATE)
    key, anchor = triples_of(peaks)
    assert len(key) > 500
    assert sorted(zip(key.tolist(), anchor.tolist(), strict=True)) == in_plain_python(peaks)


def test_keys_and_gaps_fit_their_bits(rng):
    assert 1 << GAP_BITS > s.MAX_DELTA - 2
    assert KEYS < 1 << 32
    for postings in (0, 10**6, 10**9, 4 * 10**9):
        shift = shift_for(postings)
        assert shift >= REST_BITS
        assert (KEYS >> shift) <= max(4096, postings // 32)


def test_sorting_is_by_key_and_keeps_the_order_of_arrival(rng):
    key = rng.integers(0, KEYS, 5000).astype(np.uint32)
    key[::3] = key[0]
    anchor = np.arange(5000, dtype=np.uint32)
    order = np.argsort(key, kind="stable")
    expected = key[order], anchor[order]
    out = np.empty_like(key), np.empty_like(anchor)
    sort_by_key(key.copy(), anchor.copy(), *out)
    np.testing.assert_array_equal(out[0], expected[0])
    np.testing.assert_array_equal(out[1], expected[1])


def test_a_run_holds_every_triple_at_its_place(tunes, tmp_path):
    tracks = [extract(tune, RATE) for tune in tunes[:3]]
    run = run_of(tracks, tmp_path)
    assert run.verify() == []
    expected = []
    for start, peaks in zip(run.track_start.tolist(), tracks, strict=False):
        key, anchor = triples_of(peaks)
        expected += zip(
            (key >> (run.shift - REST_BITS)).tolist(), (anchor + start).tolist(), strict=True
        )
    place = np.repeat(np.arange(len(run.key_start) - 1), np.diff(run.key_start.astype(np.int64)))
    held = (place << REST_BITS) + run.key_rest
    assert np.all(np.diff(held) >= 0)
    got = zip(held.tolist(), run.landmark_frame.tolist(), strict=True)
    assert sorted(got) == sorted(expected)
    for row, peaks in enumerate(tracks):
        again = run.peaks(row)
        np.testing.assert_array_equal(again.frame, peaks.frame)
        np.testing.assert_array_equal(again.code, peaks.code)


def test_a_run_sorted_in_pieces_on_disk_is_the_same_to_the_byte(tunes, tmp_path):
    tracks = [extract(tune, RATE) for tune in tunes[:4]]
    for name, at_once in (("one", 1 << 20), ("many", 100)):
        (tmp_path / name).mkdir()
        run_of(tracks, tmp_path / name, at_once=at_once)
        assert [p.name for p in (tmp_path / name).iterdir()] == ["run-000001.run"]
    one, many = ((tmp_path / k / "run-000001.run").read_bytes() for k in ("one", "many"))
    assert one == many


def test_a_track_without_peaks_is_a_track_of_a_large_run(tunes, tmp_path):
    empty = TrackPeaks(np.empty(0, np.uint32), np.empty(0, np.uint16), 700)
    run = run_of([empty, extract(tunes[0], RATE)], tmp_path)
    assert len(run.peaks(0).frame) == 0
    assert len(run.peaks(1).frame) > 500


def test_a_track_finds_nearly_all_its_own_triples(tunes, tmp_path):
    peaks = extract(tunes[1], RATE)
    run = run_of([extract(tunes[0], RATE), peaks], tmp_path)
    votes = votes_for(run, peaks)
    assert np.sum(votes == run.track_start[1]) >= 0.99 * len(triples_of(peaks)[0])


def test_spans_are_the_postings_within_a_frame_of_either_gap(tunes, tmp_path):
    peaks = extract(tunes[2], RATE)
    run = run_of([peaks], tmp_path)
    key, _, weaker = probes(*asked(peaks), 1.0, 1.0)
    key, weaker = key[::97], weaker[::97]
    begin, length, cost = spans(run.key_start, run.key_rest, run.shift, key, weaker, 10**6)
    place = np.repeat(np.arange(len(run.key_start) - 1), np.diff(run.key_start.astype(np.int64)))
    held = (place << REST_BITS) + run.key_rest
    fine = run.shift - REST_BITS
    assert len(key) > 200
    for k, row in zip(key.tolist(), range(len(key)), strict=True):
        for late in range(3):
            first, second = (k >> 5 & 31) + late - 1, k & 31
            if not 0 <= first <= 30:
                assert length[3 * row + late] == 0
                continue
            base = (k & ~1023) + (first << 5)
            least, most = base + max(0, second - 1), base + min(30, second + 1)
            wanted = np.flatnonzero((held >= least >> fine) & (held <= most >> fine))
            assert length[3 * row + late] == len(wanted)
            if len(wanted):
                assert begin[3 * row + late] == wanted[0]
            assert (cost[3 * row + late] == CLASSES) == (len(wanted) == 0)


def test_a_range_of_bytes_is_found_in_lists_of_any_length_to_the_end_of_the_memory(rng):
    for size in (1, 2, 63, 64, 65, 130, 700):
        for after in (0, 63, 64):  # bytes of other lists behind it
            held = np.sort(rng.integers(0, 12, size))
            rest = np.concatenate([np.full(5, 9), held, np.full(after, 3)]).astype(np.uint8)
            for lowest, highest in ((0, 0), (3, 5), (4, 4), (9, 11), (0, 255), (12, 13)):
                begin, end = bytes_between(rest, 5, size, np.uint8(lowest), np.uint8(highest))
                assert begin == 5 + np.searchsorted(held, lowest)
                assert end == max(begin, 5 + np.searchsorted(held, highest, side="right"))


def test_short_lists_of_strong_peaks_are_read_first():
    anchor = np.arange(1000, dtype=np.uint32)
    begin, length = np.zeros(9, np.int64), np.zeros(9, np.int32)
    begin[::3] = 0, 10, 500
    length[::3] = 5, 300, 5
    cost = np.full(9, CLASSES, np.uint8)
    cost[::3] = 4, 16, 12
    at = np.zeros(3, np.int32)
    room = np.empty(1000, np.int64)
    assert read_cheapest(anchor, begin, length, cost, at, room[:7]) == 5
    assert room[:5].tolist() == [0, 1, 2, 3, 4]
    assert read_cheapest(anchor, begin, length, cost, at, room[:10]) == 10
    assert read_cheapest(anchor, begin, length, cost, at, room[:309]) == 10
    assert read_cheapest(anchor, begin, length, cost, at, room[:310]) == 310
