"""Measures against values worked out by hand."""

import math

import numpy as np
import pytest

from recommend import metrics

RANKING = [5, 3, 8, 1, 9, 7, 2, 4, 6, 0, 11, 12]


def test_each_measure_gives_the_value_worked_out_by_hand() -> None:
    targets = [3, 1, 12, 99]
    assert metrics.mean_reciprocal_rank(RANKING, targets) == pytest.approx(
        (1 / 2 + 1 / 4 + 1 / 12) / 4
    )
    assert metrics.precision(RANKING, targets) == 0.5
    assert metrics.r_precision(RANKING, targets) == 0.5
    assert metrics.recall_at_k(RANKING, targets, 12) == 0.75
    gain = 1 / math.log2(3) + 1 / math.log2(5) + 1 / math.log2(13)
    ideal = sum(1 / math.log2(r + 1) for r in (1, 2, 3, 4))
    assert metrics.ndcg_at_k(RANKING, targets) == pytest.approx(gain / ideal)
    assert metrics.clicks(RANKING, [12]) == 1
    assert metrics.clicks(RANKING, [5]) == 0
    assert metrics.clicks(RANKING, [77]) == 51


def test_a_perfect_ranking_scores_one() -> None:
    assert metrics.ndcg_at_k([1, 2, 3], [1, 2, 3]) == pytest.approx(1)
    assert metrics.r_precision([1, 2, 3], [2, 1]) == 1


def test_repeats_and_missing_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="repeat"):
        metrics.clicks([1, 1], [1])
    with pytest.raises(ValueError, match="targets"):
        metrics.clicks([1, 2], [])


def test_the_bootstrap_tells_a_difference_from_none() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(300)
    mean, low, high = metrics.paired_bootstrap(base + 0.05, base + rng.normal(0, 0.01, 300), 500)
    assert mean == pytest.approx(0.05, abs=0.003)
    assert 0.04 < low < mean < high < 0.06
    _, low, high = metrics.paired_bootstrap(base, rng.permutation(base), 500)
    assert low < 0 < high
