"""The map from sound to factors, against worlds where the truth is known."""

import numpy as np
import pytest

from recommend import WRMF, ColdMap, EmbeddingTable, Interactions


def world(noise: float, seed: int = 0) -> tuple[WRMF, EmbeddingTable, np.ndarray, np.ndarray]:
    """Make 300 tracks whose factors follow from their sound; the last 60 stand in no playlist."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((300, 10)) * rng.uniform(0.5, 9, 10) + 4
    z = (sound - sound.mean(axis=0)) / sound.std(axis=0)
    artists = np.arange(300) % 30
    truth = z @ rng.standard_normal((10, 6)) * 0.1 + rng.standard_normal((30, 6))[artists] * 0.3
    truth += rng.standard_normal((300, 6)) * noise
    wrmf = WRMF(factors=6).fit(Interactions.from_playlists([list(range(240))]))
    wrmf.track_factors_ = truth[:240].astype(np.float32)
    return wrmf, EmbeddingTable("made", 1, range(300), sound), truth, artists


def explained(predicted: np.ndarray, truth: np.ndarray) -> float:
    return 1 - float(((predicted - truth) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


def test_a_linear_world_is_found_and_its_own_estimate_is_honest() -> None:
    wrmf, table, truth, _ = world(noise=0.0)
    cold = ColdMap().fit(wrmf, table)
    measured = explained(cold.predict(np.arange(240, 300)), truth[240:])
    assert cold.known_ == 240
    assert cold.explained_ == pytest.approx(measured, abs=0.12)


def test_the_artist_helps_where_the_map_is_weak() -> None:
    wrmf, table, truth, artists = world(noise=0.05)
    plain = ColdMap().fit(wrmf, table).predict(np.arange(240, 300))
    names = dict(enumerate(artists.tolist()))
    helped = ColdMap().fit(wrmf, table, names).predict(np.arange(240, 300))
    assert explained(helped, truth[240:]) > explained(plain, truth[240:]) + 0.2


def test_an_unknown_artist_changes_nothing() -> None:
    wrmf, table, _, _ = world(noise=0.05)
    plain = ColdMap().fit(wrmf, table).predict([250, 251])
    named = ColdMap().fit(wrmf, table, {250: 999}).predict([250, 251])
    assert np.array_equal(plain, named)


def test_sound_that_says_nothing_is_not_believed() -> None:
    wrmf, table, _, _ = world(noise=0.05)
    rng = np.random.default_rng(5)
    noise = EmbeddingTable("noise", 1, table.ids, rng.standard_normal((300, 10)))
    cold = ColdMap().fit(wrmf, noise)
    assert cold.explained_ < 0.05
    assert np.linalg.norm(cold.predict([250]) - wrmf.track_factors_.mean(axis=0)) < 0.3


def test_a_table_of_other_tracks_gives_nothing_and_does_not_fail() -> None:
    wrmf, _, _, _ = world(noise=0.0)
    other = EmbeddingTable("made", 1, range(900, 905), np.eye(5))
    cold = ColdMap().fit(wrmf, other)
    assert cold.known_ == 0
    assert not cold.predict([900, 904]).any()
    with pytest.raises(ValueError, match="embedding"):
        cold.predict([1])
