"""The best rows by bounds are, to the bit, the best of all rows."""

import numpy as np
import pytest

from recommend import WRMF, Interactions, _scan
from recommend.ranking import top
from recommend.scan import Scan
from recommend.synthetic import make_playlists


def plain(factors: np.ndarray, x: np.ndarray, n: int, hidden: np.ndarray) -> tuple:
    scores = np.empty(len(factors), np.float32)
    _scan.dots(factors, np.arange(len(factors)), x, scores)
    order = top(scores, n, hidden)
    return order, scores[order]


@pytest.mark.parametrize("width", [1, 5, 64, 130])
@pytest.mark.parametrize("n", [1, 10, 90])
def test_the_best_by_bounds_are_the_best_of_all(
    width: int, n: int, rng: np.random.Generator
) -> None:
    factors = rng.standard_normal((6000, width)).astype(np.float32)
    factors *= rng.lognormal(0, 1, (6000, 1)).astype(np.float32)
    factors[17] = factors[4000] = factors[5999]  # ties
    factors[300:310] = 0.0
    factors[311] *= 1e-20
    factors[312] *= 1e-44
    scan = Scan(factors)
    for _ in range(20):
        x = rng.standard_normal(width).astype(np.float32)
        hidden = np.unique(rng.integers(0, 6000, 40))
        ours, expected = scan.best(x, n, hidden), plain(factors, x, n, hidden)
        assert np.array_equal(ours[0], expected[0])
        assert np.array_equal(ours[1], expected[1])


def test_rows_that_lie_within_the_rounding_of_bytes_are_told_apart(
    rng: np.random.Generator,
) -> None:
    one = rng.standard_normal(32).astype(np.float32)
    factors = np.tile(one, (4000, 1)) + 1e-5 * rng.standard_normal((4000, 32)).astype(np.float32)
    ours, expected = (
        Scan(factors).best(one, 7, np.array([3])),
        plain(factors, one, 7, np.array([3])),
    )
    assert np.array_equal(ours[0], expected[0])
    assert np.array_equal(ours[1], expected[1])


def test_only_a_few_rows_are_multiplied_in_full(rng: np.random.Generator) -> None:
    scan = Scan(rng.standard_normal((20_000, 64)).astype(np.float32))
    found = scan._candidates(rng.standard_normal(64).astype(np.float32), 10, np.array([5]))
    assert found is not None
    assert 10 <= len(found[0]) < 500  # of 20,000


@pytest.mark.parametrize("width", [1, 16, 100])
def test_no_product_exceeds_its_bound(width: int, rng: np.random.Generator) -> None:
    factors = (rng.standard_normal((1003, width)) ** 3).astype(np.float32)
    factors[:20] = 0.0
    factors[20:40] *= np.float32(1e-30)
    factors[40:60, 1:] = 0.0
    scan, none = Scan(factors), np.empty(0, dtype=np.int64)
    places = 1024
    for x in (rng.standard_normal((10, width)) ** 3).astype(np.float32):
        bounds, tops = np.empty(places, np.float32), np.empty(places // 16, np.float32)
        rotated, query = x @ scan._rotation, (len(factors), none, bounds, tops)
        unit = _scan.bounds(scan._codes, scan._scale, scan._left, rotated, *query)
        of_rows = bounds.reshape(-1, 32).T.ravel()  # back from blocks to rows
        assert np.all(of_rows[:1003] * unit >= factors.astype(np.float64) @ x)
        assert np.all(of_rows[1003:] == -np.inf)
        assert np.array_equal(tops, bounds.reshape(-1, 16).max(axis=1))


@pytest.mark.parametrize("size", [1e-25, 1e17])
def test_factors_beyond_what_the_bounds_can_hold_are_all_multiplied(
    size: float, rng: np.random.Generator
) -> None:
    factors = (size * rng.standard_normal((5000, 8))).astype(np.float32)
    x, none = (rng.standard_normal(8) * 1e18).astype(np.float32), np.empty(0, dtype=np.int64)
    ours, expected = Scan(factors).best(x, 9, none), plain(factors, x, 9, none)
    assert np.array_equal(ours[0], expected[0])
    assert np.array_equal(ours[1], expected[1])


@pytest.mark.parametrize("rows", [0, 1, 3000])
def test_hidden_rows_odd_numbers_and_an_empty_query_are_met_calmly(rows: int) -> None:
    factors = np.ones((rows, 3), dtype=np.float32)
    scan = Scan(factors)
    everything = np.arange(rows)
    assert scan.best(np.ones(3, np.float32), 5, everything)[0].size == 0
    left = [1, 2][: max(rows - 1, 0)]
    assert scan.best(np.zeros(3, np.float32), 2, everything[:1])[0].tolist() == left
    assert len(scan.best(np.ones(3, np.float32), 10**6, everything[:1])[0]) == max(rows - 1, 0)
    assert scan.best(np.ones(3, np.float32), 0, everything[:1])[0].size == 0
    with pytest.raises(ValueError, match="n must be at least 0"):
        scan.best(np.ones(3, np.float32), -1, everything[:1])
    with pytest.raises(TypeError, match="n must be an integer"):
        scan.best(np.ones(3, np.float32), 2.5, everything[:1])  # type: ignore[arg-type]


def test_a_factorisation_recommends_as_by_all_its_scores() -> None:
    made = make_playlists(400, 3000, artists=300, genres=9, mean_length=30, seed=6)
    model = WRMF(16, iterations=3).fit(Interactions.from_playlists(made.playlists))
    for playlist in made.playlists[:30]:
        likes = playlist[:3].tolist()
        ids, scores = model.recommend(likes, 20, exclude=playlist[3:6])
        hidden = model.rows_of(playlist[:6])
        best, exact = plain(model.track_factors_, model.fold_in(likes), 20, hidden)
        assert np.array_equal(ids, model.track_ids[best])
        assert np.array_equal(scores, exact)
        np.testing.assert_allclose(scores, model.scores(likes)[best], rtol=1e-4, atol=1e-6)
