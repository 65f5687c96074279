"""The blend: better than its parts on made playlists, whole after saving, calm on odd input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommend import WRMF, Blend, FormatError, Interactions, NotFittedError
from recommend.boost import fit_trees
from recommend.metrics import ndcg_at_k
from recommend.signals import standardise
from recommend.stages import Stages
from recommend.synthetic import MadePlaylists, make_playlists


@pytest.fixture(scope="module")
def made() -> MadePlaylists:
    return make_playlists(700, 1500, artists=150, genres=8, mean_length=25, seed=4)


@pytest.fixture(scope="module")
def blend(made: MadePlaylists) -> Blend:
    artists = dict(enumerate(made.artists.tolist()))
    seen = Interactions.from_playlists(made.playlists[:600])
    return Blend(factors=16, trees=40, rounds=1).fit(seen, artists)


def quality(model: Blend | WRMF, made: MadePlaylists) -> float:
    known = set(model.track_ids.tolist())
    values = []
    for playlist in made.playlists[600:]:
        targets = [t for t in playlist[2:].tolist() if t in known]
        if targets:
            ranking = model.recommend(playlist[:2].tolist(), 500)[0].tolist()
            values.append(ndcg_at_k(ranking, targets))
    return float(np.mean(values))


def test_the_blend_with_trees_continues_unseen_playlists_best(
    blend: Blend, made: MadePlaylists
) -> None:
    seen = Interactions.from_playlists(made.playlists[:600])
    artists = dict(enumerate(made.artists.tolist()))
    plain = Blend(factors=16, trees=0).fit(seen, artists)
    factors = quality(WRMF(16, 0.02).fit(seen), made)
    assert factors < quality(plain, made) < quality(blend, made)


def test_signals_are_z_scores_also_where_only_some_are_asked_for(blend: Blend) -> None:
    signals, seeds = blend._fitted(), np.array([5, 90, 300])
    said, deviations = signals.ask(seeds)
    items = signals.items.scores(signals.interactions.track_ids[seeds])
    np.testing.assert_allclose(said["items"], (items - items.mean()) / items.std(), atol=2e-4)
    assert deviations["items"] == pytest.approx(items.std(), rel=1e-4)
    small = signals.models[1].scores(signals.interactions.track_ids[seeds])
    some = np.array([7, 3, 1200])
    expected = ((small - small.mean()) / small.std())[some]
    np.testing.assert_allclose(signals.small(seeds, some), expected, rtol=1e-3, atol=1e-3)
    assert not standardise(np.full(9, 2.5, np.float32)).any()
    assert standardise(np.empty(0, np.float32)).size == 0


def test_the_trees_permute_the_best_and_leave_the_scores(blend: Blend) -> None:
    seeds = blend.track_ids[[5, 90]].tolist()
    ranker, blend._ranker = blend._ranker, None
    plain = blend.scores(seeds)
    blend._ranker = ranker
    assert np.array_equal(np.sort(plain), np.sort(blend.scores(seeds)))
    assert not np.array_equal(plain, blend.scores(seeds))


def test_a_saved_blend_answers_alike(blend: Blend, tmp_path: Path) -> None:
    blend.save(tmp_path / "blend")
    loaded = Blend.load(tmp_path / "blend")
    seeds = blend.track_ids[[5, 90, 300]].tolist()
    assert np.array_equal(loaded.scores(seeds), blend.scores(seeds))
    with pytest.raises(FormatError, match="expected 'wrmf'"):
        WRMF.load(tmp_path / "blend")


def test_seeds_stay_out_and_unknown_ones_fall_back_to_the_popular(blend: Blend) -> None:
    ids, _ = blend.recommend([int(blend.track_ids[3]), 10**9], 2000)
    assert len(ids) == len(blend.track_ids) - 1
    assert len(np.unique(ids)) == len(ids)
    popular = blend.recommend([10**9], 1)[0][0]
    assert blend.wrmf.popularity_[blend.wrmf.rows_of([popular])[0]] == blend.wrmf.popularity_.max()


def test_a_few_playlists_without_artists_are_enough() -> None:
    model = Blend(factors=4).fit(Interactions.from_playlists([[1, 2], [1, 2, 3], [9]]))
    assert model.recommend([1], 5)[0].tolist()[0] == 2
    assert np.isfinite(model.scores([1])).all()
    assert Blend(factors=2).fit(Interactions.from_playlists([[7]])).recommend([7])[0].size == 0


def test_bad_settings_and_questions_too_early_are_refused() -> None:
    with pytest.raises(NotFittedError):
        Blend().scores([1])
    for wrong in ({"trees": -1}, {"rounds": 0}, {"factors": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Blend(**wrong)


def test_trees_learn_an_exclusive_or_that_no_sum_can() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4000, 4)).astype(np.float32)
    y = ((X[:, 1] > 0.3) ^ (X[:, 2] > -0.2)).astype(np.float32)
    trees = fit_trees(X[:3000], y[:3000], np.ones(3000, np.float32), trees=60, depth=3)
    assert ((trees.score(X[3000:]) > 0) == (y[3000:] > 0)).mean() > 0.97


def test_trees_score_as_their_tables_say() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 3)).astype(np.float32)
    trees = fit_trees(X, (X[:, 0] > 0).astype(np.float32), np.ones(200, np.float32), trees=3)
    expected = np.zeros(200)
    for f, t, leaves in zip(trees.features, trees.thresholds, trees.leaves, strict=True):
        bits = X[:, f] > t
        expected += leaves[(bits << np.arange(len(f))).sum(axis=1)]
    np.testing.assert_allclose(trees.score(X), expected, atol=1e-6)


def test_trees_refuse_values_that_are_not_finite() -> None:
    X = np.zeros((5, 2), np.float32)
    X[2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        fit_trees(X, np.zeros(5, np.float32), np.ones(5, np.float32))
    constant = fit_trees(X[:2], np.array([0, 1], np.float32), np.ones(2, np.float32), trees=2)
    assert np.isfinite(constant.score(X[:2])).all()


def test_an_interrupted_fit_goes_on_and_ends_as_if_nothing_had_happened(
    blend: Blend, made: MadePlaylists, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artists = dict(enumerate(made.artists.tolist()))
    seen = Interactions.from_playlists(made.playlists[:600])
    kept: list[str] = []
    keep, load = Stages.keep, Stages.load

    def interrupted(self: Stages, name: str, *what: Any) -> None:
        keep(self, name, *what)
        kept.append(name)
        if len(kept) in (2, 3):  # after the candidates; after 25 trees
            raise KeyboardInterrupt

    monkeypatch.setattr(Stages, "keep", interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            Blend(factors=16, trees=40, rounds=1).fit(seen, artists, tmp_path / "unfinished")
    assert kept == ["models", "round 0", "trees"]
    found: dict[str, bool] = {}

    def looked(self: Stages, name: str) -> Any:
        stage = load(self, name)
        found[name] = stage is not None
        return stage

    monkeypatch.setattr(Stages, "load", looked)
    whole = Blend(factors=16, trees=40, rounds=1).fit(seen, artists, tmp_path / "unfinished")
    assert all(found.values())
    assert not (tmp_path / "unfinished").exists()
    assert blend._ranker is not None
    assert whole._ranker is not None
    for ours, theirs in zip(whole._ranker.parts, blend._ranker.parts, strict=True):
        assert np.array_equal(ours, theirs)
    seeds = blend.track_ids[[5, 90]].tolist()
    assert np.array_equal(whole.scores(seeds), blend.scores(seeds))


def test_what_another_fit_left_behind_or_what_is_torn_is_not_gone_on_from(tmp_path: Path) -> None:
    Stages(tmp_path, {"of": 1}).keep("models", {"a": np.zeros(3)}, [1])
    state, arrays = Stages(tmp_path, {"of": 1}).load("models") or (None, {})
    assert state == [1]
    assert arrays["a"].tolist() == [0.0, 0.0, 0.0]
    assert Stages(tmp_path, {"of": 2}).load("models") is None
    (tmp_path / "models").write_bytes((tmp_path / "models").read_bytes()[:-70])
    assert Stages(tmp_path, {"of": 1}).load("models") is None
