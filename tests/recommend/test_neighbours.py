"""Neighbours and EASE against dense arithmetic."""

import numpy as np
import pytest

from recommend import EASE, Interactions, NotFittedError
from recommend.neighbours import Neighbours, item_neighbours, playlist_neighbours
from recommend.synthetic import make_playlists


@pytest.fixture(scope="module")
def interactions() -> Interactions:
    made = make_playlists(60, 80, artists=20, genres=4, mean_length=10)
    return Interactions.from_playlists(made.playlists)


@pytest.mark.parametrize("sharpness", [1.0, 1.5])
def test_neighbours_are_the_dense_formula(interactions: Interactions, sharpness: float) -> None:
    X = interactions.matrix.toarray().astype(np.float64)
    popularity, lengths = X.sum(axis=0), X.sum(axis=1)
    seeds = [2, 5, 30]
    seen = np.zeros(X.shape[1])
    seen[seeds] = popularity[seeds] ** -0.5
    expected = (lengths**-0.4 * (X @ seen) ** sharpness) @ X * popularity**-0.3
    model = Neighbours(0.5, 0.3, 0.4, sharpness).fit(interactions)
    np.testing.assert_allclose(model.scores(interactions.track_ids[seeds]), expected, rtol=1e-4)


def test_ease_is_the_inverse_of_the_whole_gram_matrix(interactions: Interactions) -> None:
    X = interactions.matrix.toarray().astype(np.float64)
    P = np.linalg.inv(X.T @ X + 20 * np.eye(X.shape[1]))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    seeds = [2, 5, 30]
    expected = B[seeds].sum(axis=0)
    found = EASE(20.0).fit(interactions).scores(interactions.track_ids[seeds])
    others = np.setdiff1d(np.arange(X.shape[1]), seeds)
    np.testing.assert_allclose(found[others], expected[others], atol=1e-5)


@pytest.mark.parametrize("model", [item_neighbours(), playlist_neighbours(), EASE(5.0)])
def test_seeds_and_excluded_tracks_stay_out_and_unknown_ones_do_no_harm(
    interactions: Interactions, model: Neighbours | EASE
) -> None:
    ids = interactions.track_ids
    with pytest.raises(NotFittedError):
        type(model)().scores([1])
    model.fit(interactions)
    found, scores = model.recommend([ids[3], 10**6, ids[3]], 500, exclude=[ids[4]])
    assert len(found) == len(ids) - 2
    assert not {int(ids[3]), int(ids[4])} & set(found.tolist())
    assert (np.diff(scores) <= 0).all()
    assert not model.scores([10**6]).any()
    popular, scores = model.recommend([10**6], 5)
    assert popular[0] == ids[interactions.popularity().argmax()]
    assert not scores.any()


def test_powers_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="track_power"):
        Neighbours(track_power=2.0)
    with pytest.raises(ValueError, match="sharpness"):
        Neighbours(sharpness=0.0)
    with pytest.raises(ValueError, match="regularization"):
        EASE(-1.0)
