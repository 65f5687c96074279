"""The best of many, as a full stable sort would give them."""

import numpy as np
import pytest

from recommend.ranking import top


@pytest.mark.parametrize("n", [0, 1, 7, 60, 100, 1000])
def test_top_is_the_head_of_a_stable_sort_even_among_ties(n: int) -> None:
    rng = np.random.default_rng(n)
    scores = rng.integers(0, 9, 100).astype(np.float32)
    hidden = np.array([3, 5, 5, 80])
    order = [i for i in np.argsort(-scores, kind="stable").tolist() if i not in {3, 5, 80}]
    assert top(scores, n, hidden).tolist() == order[:n]


def test_hiding_everything_leaves_nothing() -> None:
    assert top(np.ones(3, dtype=np.float32), 2, np.arange(3)).size == 0
    assert top(np.empty(0, dtype=np.float32), 2).size == 0


def test_scores_are_not_changed() -> None:
    scores = np.array([1.0, 2.0], dtype=np.float32)
    top(scores, 1, np.array([1]))
    assert scores.tolist() == [1, 2]


@pytest.mark.parametrize("n", [1.5, "3", True, None])
def test_a_number_that_is_none_is_refused(n: object) -> None:
    with pytest.raises(TypeError, match="n must be an integer"):
        top(np.ones(3, dtype=np.float32), n)  # type: ignore[arg-type]
