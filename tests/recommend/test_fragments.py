"""Fragments: where two tracks are alike, against the obvious loops."""

from __future__ import annotations

import numpy as np
import pytest

from recommend import FormatError
from recommend.fragments import DIMENSIONS, alike, distances, pack, rank, unit, unpack


def rows(rng: np.random.Generator, count: int) -> np.ndarray:
    return unit(rng.standard_normal((count, DIMENSIONS)).astype(np.float32))


def test_a_byte_a_number_keeps_the_direction(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((40, DIMENSIONS)).astype(np.float32) * 30
    packed = pack(vectors)
    assert len(packed) == vectors.size
    cosines = (unpack(packed) * unit(vectors)).sum(axis=1)
    assert cosines.min() > 0.9998
    assert unpack(pack(vectors[:0])).shape == (0, DIMENSIONS)
    assert not unpack(pack(np.zeros((1, DIMENSIONS), dtype=np.float32))).any()


def test_what_is_no_fragment_is_refused() -> None:
    with pytest.raises(FormatError, match="multiple of 200"):
        unpack(bytes(201))
    with pytest.raises(ValueError, match="finite"):
        pack(np.full((1, DIMENSIONS), np.nan, dtype=np.float32))
    with pytest.raises(ValueError, match="shape"):
        pack(np.zeros((2, 3), dtype=np.float32))


def test_distances_are_those_of_the_obvious_loop(rng: np.random.Generator) -> None:
    one, other = rows(rng, 5), rows(rng, 7)
    wanted = [[np.linalg.norm(a - b) for b in other] for a in one]
    np.testing.assert_allclose(distances(one, other), wanted, atol=1e-5)


def test_the_moment_is_where_a_track_quotes_another(rng: np.random.Generator) -> None:
    liked, track = rows(rng, 60), rows(rng, 90)
    track[72] = unit(liked[41:42] + np.float32(0.02) * rows(rng, 1))[0]
    moment = alike(liked, track)
    assert moment is not None
    assert (moment.start_s, moment.liked_start_s) == (72.0, 41.0)
    assert moment.distance == pytest.approx(0.02, abs=0.003)
    assert alike(liked[:0], track) is None
    assert alike(liked, track[:0]) is None


def test_tracks_are_ranked_by_their_averages_and_explained_by_fragments(
    rng: np.random.Generator,
) -> None:
    centre, off = rows(rng, 2)
    tracks = {i: unit(off + 2 * rows(rng, 30)) for i in range(10, 20)}
    tracks[1] = unit(centre + rows(rng, 30))
    tracks[2] = unit(centre + rows(rng, 30))
    tracks[12][17] = tracks[1].mean(axis=0) / np.linalg.norm(tracks[1].mean(axis=0))
    tracks[99] = np.empty((0, DIMENSIONS), dtype=np.float32)
    found = rank([1, 404], tracks, 3)
    assert found[0].track_id == 2  # its average is alike; 12 has one moment only
    explained = {f.track_id: f for f in rank([1], tracks, 20)}
    assert set(explained) == {2, *range(10, 20)}
    assert explained[12].start_s == 17.0
    sums = [sum(np.linalg.norm(a - b) for b in tracks[1]) for a in tracks[12]]
    assert explained[12].distance == pytest.approx(min(sums) / 30, abs=1e-4)
    averages = {i: unit(tracks[i].mean(axis=0, keepdims=True))[0] for i in (1, 2)}
    assert found[0].likeness == pytest.approx(averages[1] @ averages[2], abs=1e-5)


def test_nothing_to_go_on_from_gives_nothing(rng: np.random.Generator) -> None:
    assert rank([], {1: rows(rng, 3)}) == []
    assert rank([5], {1: rows(rng, 3)}) == []
    assert rank([1], {1: rows(rng, 3)}) == []
