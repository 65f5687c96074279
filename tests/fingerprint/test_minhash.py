"""Min-hash against the plain Jaccard similarity, and its bands against the collision curve."""

import numpy as np
import pytest

from fingerprint.lsh import candidates, choose_bands, collision
from fingerprint.minhash import EMPTY, MinHash, jaccard, similarity


def pair_of(wanted: float, rng: np.random.Generator, size: int = 1200) -> list[np.ndarray]:
    """Return two sets of that Jaccard similarity."""
    common = round(2 * size * wanted / (1 + wanted))
    tokens = rng.choice(1 << 40, 2 * size - common, replace=False)
    return [tokens[:size], tokens[size - common :]]


@pytest.mark.parametrize("wanted", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_signatures_estimate_the_jaccard_similarity(wanted: float, rng) -> None:
    scheme = MinHash()
    errors = []
    for _ in range(20):
        one, other = pair_of(wanted, rng)
        estimate = similarity(scheme.signature(one), scheme.signature(other))
        errors.append(estimate - jaccard(one, other))
    # a hundred coin tosses scatter by sqrt(s (1 - s) / 100); twenty of them by a fifth of that
    sigma = np.sqrt(wanted * (1 - wanted) / 100)
    assert np.std(errors) <= 2 * sigma + 1e-9
    assert abs(np.mean(errors)) <= 4 * sigma / np.sqrt(20) + 1e-9


def test_a_signature_knows_a_set_not_an_order_or_a_count(rng) -> None:
    scheme = MinHash()
    tokens = rng.integers(0, 1 << 40, 500)
    shuffled = rng.permutation(np.concatenate([tokens, tokens[:100]]))
    np.testing.assert_array_equal(scheme.signature(tokens), scheme.signature(shuffled))


def test_the_signature_of_a_union_is_the_least_of_both(rng) -> None:
    scheme = MinHash(permutations=30)
    tokens, group = rng.integers(0, 1 << 40, 300), rng.integers(0, 3, 300)
    rows = scheme.signatures(tokens, group, 4)
    np.testing.assert_array_equal(rows.min(axis=0), scheme.signature(tokens))
    np.testing.assert_array_equal(rows[1], scheme.signature(tokens[group == 1]))
    assert (rows[3] == EMPTY).all()


def test_another_seed_is_another_scheme_and_the_same_seed_the_same() -> None:
    tokens = np.arange(100)
    assert (MinHash(seed=1).signature(tokens) == MinHash(seed=1).signature(tokens)).all()
    assert similarity(MinHash(seed=1).signature(tokens), MinHash(seed=2).signature(tokens)) < 0.1


def test_jaccard_of_known_sets() -> None:
    assert jaccard(np.array([1, 2, 3, 3]), np.array([2, 3, 4])) == 0.5
    assert jaccard(np.array([], np.int64), np.array([], np.int64)) == 0.0


def test_pairs_meet_in_a_bucket_as_often_as_the_curve_says(rng) -> None:
    scheme = MinHash()
    for wanted, bands, rows in ((0.15, 50, 2), (0.3, 33, 3), (0.5, 20, 5)):
        met = 0
        for _ in range(80):
            one, other = pair_of(wanted, rng, 300)
            signatures = np.array([scheme.signature(one), scheme.signature(other)])
            met += len(candidates(signatures[:1], signatures[1:], bands, rows)[0])
        expected = collision(wanted, bands, rows)
        assert met / 80 == pytest.approx(expected, abs=4 * np.sqrt(expected / 80) + 0.02)


def test_more_rows_let_fewer_pairs_meet_and_larger_libraries_take_more(rng) -> None:
    signatures = rng.integers(0, 12, (400, 100)).astype(np.uint32)
    counts = [len(candidates(signatures, signatures, 100 // r, r)[0]) for r in (1, 2, 3, 4)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[3]
    rows = [choose_bands(100, n)[1] for n in (10, 1_000, 10_000, 1_000_000, 10**9)]
    assert rows == sorted(rows)
    assert rows[0] == 1
    for n in (10, 1_000, 10_000, 1_000_000, 10**9):
        bands, r = choose_bands(100, n)
        assert n * collision(0.01, bands, r) <= 20
        assert bands * r <= 100


def test_candidates_are_those_of_a_search_of_all_pairs(rng) -> None:
    signatures = rng.integers(0, 30, (60, 12)).astype(np.uint32)
    bands, rows = 4, 3
    expected = {
        (i, j)
        for i in range(60)
        for j in range(60)
        for b in range(bands)
        if (signatures[i, 3 * b : 3 * b + 3] == signatures[j, 3 * b : 3 * b + 3]).all()
    }
    found = candidates(signatures, signatures, bands, rows)
    assert set(zip(*(x.tolist() for x in found), strict=True)) == expected
    assert len(found[0]) == len(expected)


def test_a_thousand_equal_signatures_stay_a_few_candidates_each() -> None:
    signatures = np.ones((1000, 10), np.uint32)
    probe, _ = candidates(signatures, signatures, 5, 2)
    assert np.bincount(probe).max() <= 32


def test_empty_sets_meet_nothing() -> None:
    empty = np.full((3, 10), EMPTY, np.uint32)
    assert len(candidates(empty, empty, 5, 2)[0]) == 0


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="permutations must be at least 1, got 0"):
        MinHash(0)
    with pytest.raises(ValueError, match=r"group must lie in 0\.\.1, got 0\.\.2"):
        MinHash().signatures(np.arange(3), np.arange(3), 2)
    with pytest.raises(ValueError, match=r"must have one shape \(n,\)"):
        MinHash().signatures(np.arange(3), np.arange(2), 2)
    with pytest.raises(ValueError, match=r"at most 10, got 4 \* 3"):
        candidates(np.ones((1, 10), np.uint32), np.ones((1, 10), np.uint32), 4, 3)
