"""The neural continuation: structure found, resumed to the bit, honest about its chances."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from recommend import FormatError, Interactions, NotFittedError
from recommend.metrics import ndcg_at_k
from recommend.neural import losses
from recommend.neural.base import Base, fold_numbers
from recommend.neural.continuation import Continuation
from recommend.neural.prefixes import draw_prefixes
from recommend.synthetic import MadePlaylists, make_playlists

SEEN = 500


@pytest.fixture(scope="module")
def made() -> MadePlaylists:
    return make_playlists(700, 600, artists=80, genres=6, mean_length=20, seed=4)


@pytest.fixture(scope="module")
def seen(made: MadePlaylists) -> Interactions:
    return Interactions.from_playlists(made.playlists[:SEEN])


@pytest.fixture(scope="module")
def model(made: MadePlaylists, seen: Interactions) -> Continuation:
    return small().fit(seen, dict(enumerate(made.artists.tolist())))


def small(**settings: object) -> Continuation:
    usual = {"factors": 16, "epochs": 8, "batch_size": 64, "learning_rate": 5e-3, "dropout": 0.2}
    return Continuation(**{**usual, **settings})  # type: ignore[arg-type]


def quality(model: Continuation, made: MadePlaylists, seeds: bool = True) -> float:
    values = []
    for playlist in made.playlists[SEEN:]:
        targets = [t for t in playlist[2:].tolist() if model.rows_of([t])[0] >= 0]
        if targets:
            ids = model.recommend(playlist[:2] if seeds else [-1], 600)[0].tolist()
            values.append(ndcg_at_k(ids, targets))
    return float(np.mean(values))


def test_unseen_playlists_are_continued_far_better_than_by_popularity_or_plain_means(
    model: Continuation, made: MadePlaylists, seen: Interactions
) -> None:
    popular = quality(model, made, seeds=False)
    assert quality(model, made) > popular + 0.08
    mean = small(pooling="mean-variance", grounded=False)
    plain = mean.fit(seen, dict(enumerate(made.artists.tolist())))
    assert popular + 0.03 < quality(plain, made) < quality(model, made)


def test_sampled_training_learns_as_well(
    model: Continuation, made: MadePlaylists, seen: Interactions
) -> None:
    fitted = small(negatives=200).fit(seen, dict(enumerate(made.artists.tolist())))
    assert quality(fitted, made) > quality(model, made, seeds=False) + 0.08


def test_before_training_the_ranking_is_the_factorisations(seen: Interactions) -> None:
    model = small(epochs=1, learning_rate=1e-9).fit(seen)
    assert model._base is not None
    exact = model._base.whole.recommend([3, 40], 50)[0]
    np.testing.assert_array_equal(model.recommend([3, 40], 50)[0], exact)


def test_a_playlist_is_scored_in_training_by_a_factorisation_that_never_saw_it(
    made: MadePlaylists, seen: Interactions
) -> None:
    folds = fold_numbers(SEEN, seed=0)
    base = Base.fit(seen, folds, 8, 0)
    assert len(base.parts) == 4
    for fold, part in enumerate(base.parts):
        others = seen.matrix[np.flatnonzero(folds != fold)]
        counted = np.bincount(others.indices, minlength=others.shape[1])
        np.testing.assert_array_equal(part.popularity_, counted)
    seeds = torch.tensor([[5, 9], [7, len(seen.track_ids)]])
    said = base.scores(seeds, 2).numpy()
    alone = base.parts[2].scores(seen.track_ids[[7]])
    np.testing.assert_allclose(said[1], (alone - alone.mean()) / alone.std(), atol=1e-4)
    np.testing.assert_allclose(said.std(axis=1), 1.0, rtol=1e-4)


def test_a_resumed_training_ends_as_one_that_was_never_interrupted(
    model: Continuation,
    made: MadePlaylists,
    seen: Interactions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artists = dict(enumerate(made.artists.tolist()))
    path = tmp_path / "unfinished"
    whole = Continuation._epoch

    def interrupted(self, net, optimiser, playlists, folds, epoch):  # type: ignore[no-untyped-def]
        if epoch == 2:
            raise KeyboardInterrupt
        return whole(self, net, optimiser, playlists, folds, epoch)

    monkeypatch.setattr(Continuation, "_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small().fit(seen, artists, path)
    monkeypatch.setattr(Continuation, "_epoch", whole)
    for wrong, what in (({"dropout": 0.1}, "dropout"), ({"seed": 1}, "seed")):
        with pytest.raises(FormatError, match=f"other {what}"):
            small(**wrong).fit(seen, artists, path)
    with pytest.raises(FormatError, match="other playlists"):
        small().fit(Interactions.from_playlists(made.playlists[:400]), artists, path)
    resumed = small().fit(seen, artists, path)
    assert resumed.losses_ == model.losses_
    np.testing.assert_array_equal(resumed.scores([3, 40]), model.scores([3, 40]))
    assert not path.exists()


def test_a_torn_checkpoint_is_refused(seen: Interactions, tmp_path: Path) -> None:
    path = tmp_path / "torn"
    path.write_bytes(b"ANTIPHN1" + bytes(500))
    with pytest.raises(FormatError, match="checksum"):
        small().fit(seen, None, path)


def test_confidences_say_how_often_the_next_track_is_among_the_fifteen(
    model: Continuation, made: MadePlaylists
) -> None:
    told, hits = [], []
    for playlist in made.playlists[SEEN:]:
        for k in (1, 2, 5, 10):
            if len(playlist) > k and model.rows_of(playlist[k : k + 1])[0] >= 0:
                ids, likely = model.continue_with(playlist[:k])
                assert (np.diff(likely) <= 0).all()
                told.append(likely.sum())
                hits.append(playlist[k] in ids)
    off = np.mean(told) - np.mean(hits)
    # three standard errors of so many yes and no, and as much for the 25 playlists of the fit
    assert abs(off) < 6 * np.std(hits) / np.sqrt(len(hits))
    all_ids, chances = model.continue_with([3], 10**6)
    assert chances.sum() == pytest.approx(1.0, abs=1e-4)
    assert 3 not in all_ids


def test_the_order_of_the_seeds_makes_no_difference(model: Continuation) -> None:
    np.testing.assert_allclose(
        model.scores([3, 40, 77]), model.scores([77, 3, 40]), atol=2e-5, rtol=0
    )


def test_a_short_prefix_beside_a_long_one_is_answered_as_if_alone(model: Continuation) -> None:
    n = len(model.track_ids)
    with torch.inference_mode():
        together = model._ask(torch.tensor([[3, 40, 5], [7, n, n]]))
        alone = model._ask(torch.tensor([[7]]))
        trained = model._net(torch.tensor([[7]]), model._base.scores(torch.tensor([[7]])))
    torch.testing.assert_close(together[1], alone[0], atol=2e-5, rtol=0)
    torch.testing.assert_close(trained, alone, atol=2e-5, rtol=0)


def test_the_sampled_loss_nears_the_full_one(model: Continuation, made: MadePlaylists) -> None:
    rng = np.random.default_rng(0)
    columns = [model.rows_of(p) for p in made.playlists[:64]]
    batch = draw_prefixes([c for c in columns if len(c) > 1], len(model.track_ids), 10, rng)
    with torch.inference_mode():
        said = model._base.scores(batch.seeds) if model._base else None
        exact = losses.full(model._net(batch.seeds, said), batch).item()
        near = [losses.sampled(model._net, batch, 5000, rng, said).item() for _ in range(5)]
    assert np.mean(near) == pytest.approx(exact, abs=0.02)


def test_prefixes_cut_a_playlist_into_seeds_and_the_rest() -> None:
    rng = np.random.default_rng(0)
    playlists = [np.arange(10 * u, 10 * u + 2 + u) for u in range(9)]
    batch = draw_prefixes(playlists, 100, 5, rng)
    for row, playlist in enumerate(playlists):
        seeds = batch.seeds[row][batch.seeds[row] < 100].tolist()
        targets = batch.targets[batch.rows == row].tolist()
        assert sorted(seeds + targets) == playlist.tolist()
        assert 1 <= len(seeds) <= 5
        assert batch.weights[batch.rows == row].sum().item() == pytest.approx(1.0)


def test_a_track_that_no_seen_prefix_held_is_found_by_its_artist() -> None:
    playlists = [[0, 1, 2, 3]] * 30 + [[10, 11, 12, 13]] * 30 + [[3, 4], [13, 14]]
    artists = dict.fromkeys([0, 1, 2, 3, 4], 5) | dict.fromkeys([10, 11, 12, 13, 14], 9)
    fitted = small(epochs=40).fit(Interactions.from_playlists(playlists), artists)
    scores = dict(zip(fitted.track_ids.tolist(), fitted.scores([0]).tolist(), strict=True))
    assert scores[4] > scores[14]


def test_a_saved_model_answers_alike(model: Continuation, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    loaded = Continuation.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.scores([3, 40]), model.scores([3, 40]))
    np.testing.assert_array_equal(loaded.continue_with([3])[1], model.continue_with([3])[1])


def test_odd_questions_get_sensible_answers(model: Continuation) -> None:
    assert model.recommend([10**9], 1)[0].tolist() == [
        int(model.track_ids[model.popularity_.argmax()])
    ]
    ids, likely = model.continue_with([], 10**6)
    np.testing.assert_array_equal(np.diff(model.popularity_[model.rows_of(ids)]) <= 0, True)
    assert likely.sum() == pytest.approx(1.0, abs=1e-4)
    twice = model.recommend([3, 3, 10**9], 5)[0]
    np.testing.assert_array_equal(twice, model.recommend([3], 5)[0])
    everything = model.track_ids
    assert model.recommend(everything, 5)[0].size == 0
    assert model.continue_with(everything)[0].size == 0
    assert np.isfinite(model.scores(everything)).all()


def test_bad_settings_and_questions_too_early_are_refused() -> None:
    with pytest.raises(NotFittedError):
        Continuation().scores([1])
    for wrong, message in (
        ({"heads": 3}, "factors must be a multiple of heads"),
        ({"pooling": "max"}, "pooling must be one of"),
        ({"dropout": 1.0}, "dropout must lie in"),
    ):
        with pytest.raises(ValueError, match=message):
            small(**wrong)
    with pytest.raises(ValueError, match="at least 2 tracks"):
        small().fit(Interactions.from_playlists([[1], [2]]))
