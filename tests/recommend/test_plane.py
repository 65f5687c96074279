"""The plane: neighbours stay neighbours, the same vectors lie where they lay."""

from __future__ import annotations

import numpy as np
import pytest

from recommend import plane as module
from recommend.clusters import k_means
from recommend.plane import lay_out, nearest, principal


def worlds(rng: np.random.Generator, count: int, per: int, spread: float = 0.6):
    """Return vectors around some centres of 40 dimensions, and which centre each has."""
    centres = rng.standard_normal((count, 40))
    own = np.repeat(np.arange(count), per)
    return (centres[own] + spread * rng.standard_normal((len(own), 40))).astype(np.float32), own


def agreement(points, own, k=5):
    """Return the share of the nearest neighbours on the plane that are of the same world."""
    near = nearest(points, points, k, itself=True)
    return float((own[near] == own[:, None]).mean())


def test_nearest_is_what_all_distances_say(rng):
    of, rows = rng.standard_normal((50, 6)), rng.standard_normal((9, 6))
    slow = np.argsort(((rows[:, None] - of[None]) ** 2).sum(axis=2), axis=1)[:, :4]
    assert (nearest(of, rows, 4) == slow).all()
    inner = np.argsort(((of[:, None] - of[None]) ** 2).sum(axis=2), axis=1)[:, 1:4]
    assert (nearest(of, of, 3, itself=True) == inner).all()


def test_worlds_that_components_alone_mix_are_kept_apart(rng):
    vectors, own = worlds(rng, 20, 40)
    plane = lay_out(vectors)
    assert agreement(plane.points, own) > 0.9
    assert agreement(principal(vectors)[:, :2], own) < 0.75
    assert plane.points.min() >= 0.0
    assert plane.points.max() <= 1.0


def test_the_same_vectors_lie_where_they_lay(rng):
    vectors, _ = worlds(rng, 4, 30)
    assert (lay_out(vectors).points == lay_out(vectors).points).all()


def test_tracks_beside_the_landmarks_lie_among_their_like(rng, monkeypatch):
    monkeypatch.setattr(module, "LANDMARKS", 150)
    vectors, own = worlds(rng, 6, 100)
    plane = lay_out(vectors)
    assert len(plane.landmarks) == 150
    assert agreement(plane.points, own) > 0.9


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_vectors_have_a_place_too(rng, count):
    plane = lay_out(rng.standard_normal((count, 8)).astype(np.float32))
    assert plane.points.shape == (count, 2)
    assert np.isfinite(plane.points).all()


def test_equal_vectors_do_no_harm():
    assert np.isfinite(lay_out(np.ones((30, 8), np.float32)).points).all()


def test_the_way_along_a_bow_follows_it_and_does_not_cut_across(rng):
    """Vectors on a half circle: the straight line between its ends leads through the void."""
    angle = np.sort(rng.uniform(0.0, np.pi, 400))
    vectors = np.stack([np.cos(angle), np.sin(angle), np.zeros(400)], axis=1).astype(np.float32)
    way = lay_out(vectors).way(0, 399, 7)
    assert way[0] == 0
    assert way[-1] == 399
    assert way == sorted(way)
    steps = np.diff(angle[way])
    assert steps.max() < 1.3 * np.pi / 6
    assert steps.min() > 0.7 * np.pi / 6


def test_a_way_holds_as_many_as_asked_each_once_also_between_islands(rng):
    vectors, _ = worlds(rng, 3, 20, spread=0.01)  # no neighbour is of another world
    way = lay_out(vectors).way(0, 59, 12)
    assert len(set(way)) == 12
    assert (way[0], way[-1]) == (0, 59)


def test_k_means_finds_worlds_and_puts_the_largest_first(rng):
    vectors, own = worlds(rng, 5, 60, spread=0.3)
    found = k_means(vectors, 5)
    assert len({(int(a), int(b)) for a, b in zip(found, own, strict=True)}) == 5
    sizes = np.bincount(k_means(vectors[:220], 4))
    assert (np.diff(sizes) <= 0).all()


def test_more_groups_than_vectors_are_refused():
    with pytest.raises(ValueError, match="count must be 1 to 3"):
        k_means(np.zeros((3, 2), np.float32), 4)
