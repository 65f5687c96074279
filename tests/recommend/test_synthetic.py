"""Made playlists have the habits they were asked for."""

import numpy as np
import pytest

from recommend.synthetic import make_playlists


def test_the_same_seed_makes_the_same_playlists_without_repeats() -> None:
    a, b = (make_playlists(50, 200, artists=40, seed=3) for _ in range(2))
    assert all(np.array_equal(x, y) for x, y in zip(a.playlists, b.playlists, strict=True))
    assert a.names == b.names
    assert all(len(np.unique(p)) == len(p) for p in a.playlists)


def test_a_few_tracks_are_much_more_popular_than_the_rest() -> None:
    def share_of_top(zipf: float) -> float:
        made = make_playlists(400, 1000, artists=200, zipf=zipf)
        counts = np.sort(np.bincount(np.concatenate(made.playlists), minlength=1000))[::-1]
        return float(counts[:50].sum() / counts.sum())

    assert share_of_top(1.0) > 2 * share_of_top(0.0)


def test_playlists_keep_to_their_genre_and_to_artists() -> None:
    made = make_playlists(300, 1000, artists=200, genres=10, stray=0.0, second_genre=0.25)
    pure = [np.bincount(made.genres[p]).max() / len(p) for p in made.playlists]
    assert 0.65 < np.mean(pure) < 0.85

    def repeats(same_artist: float) -> float:
        m = make_playlists(300, 1000, artists=200, same_artist=same_artist)
        return float(np.mean([(np.diff(m.artists[p]) == 0).mean() for p in m.playlists]))

    assert repeats(0.6) > repeats(0.0) + 0.3


def test_names_tell_the_genre_of_most_playlists() -> None:
    made = make_playlists(300, 1000, artists=200, genres=5)
    named = [("genre" in name) for name in made.names]
    assert 0.6 < np.mean(named) < 0.8


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="genres <= artists <= tracks"):
        make_playlists(5, 10, artists=20)
    with pytest.raises(ValueError, match="stray"):
        make_playlists(5, 10, artists=5, genres=2, stray=1.5)
