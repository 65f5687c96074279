"""Playlists become a matrix, and nonsense is named."""

import numpy as np
import pytest

from recommend import Interactions


def test_each_playlist_is_a_row_and_each_track_a_column() -> None:
    interactions = Interactions.from_playlists([[30, 10], [], [20]])
    assert interactions.track_ids.tolist() == [10, 20, 30]
    assert interactions.matrix.toarray().tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_repeats_count_once_without_counts_and_add_up_with_them() -> None:
    assert Interactions.from_playlists([[1, 1, 2]]).matrix.toarray().tolist() == [[1, 1]]
    counted = Interactions.from_playlists([[1, 1, 2]], counts=[[2, 3, 0.5]])
    assert counted.matrix.toarray().tolist() == [[5, 0.5]]


def test_popularity_counts_playlists_not_plays() -> None:
    interactions = Interactions.from_playlists([[1, 2], [2]], counts=[[9, 1], [4]])
    assert interactions.popularity().tolist() == [1, 2]


def test_unknown_tracks_have_no_column() -> None:
    interactions = Interactions.from_playlists([[5, 7]])
    assert interactions.rows_of([7, 6, 5, 99]).tolist() == [1, -1, 0, -1]
    assert Interactions.from_playlists([]).rows_of([1]).tolist() == [-1]


@pytest.mark.parametrize("playlist", [[1.5], ["a"], [[1, 2]], [True]])
def test_ids_that_are_no_integers_are_refused(playlist: list[object]) -> None:
    with pytest.raises((TypeError, ValueError), match="playlists"):
        Interactions.from_playlists([playlist])  # type: ignore[list-item]


@pytest.mark.parametrize("count", [0.0, -1.0, np.nan, np.inf, 1e9])
def test_counts_out_of_range_are_refused(count: float) -> None:
    with pytest.raises(ValueError, match="counts must lie above 0"):
        Interactions.from_playlists([[1, 2]], counts=[[1.0, count]])


def test_counts_must_stand_beside_tracks() -> None:
    with pytest.raises(ValueError, match="one count for each track"):
        Interactions.from_playlists([[1, 2]], counts=[[1.0]])
