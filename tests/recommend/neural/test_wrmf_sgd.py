"""WRMF by samples: planted structure comes back, and the inverted loss shows what it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from recommend import WRMF, FormatError, Interactions, NotFittedError
from recommend.neural import wrmf_sgd
from recommend.neural.checkpoint import Checkpoint
from recommend.neural.samples import InteractionSamples, TrackMaps
from recommend.neural.wrmf_sgd import FactorNet, SampledWRMF, weighted_error

GROUPS, SIZE = 4, 15


def planted(playlists: int = 120, seed: int = 0) -> Interactions:
    """Each playlist draws ten of the fifteen tracks of one group."""
    rng = np.random.default_rng(seed)
    return Interactions.from_playlists(
        [(u % GROUPS) * SIZE + rng.permutation(SIZE)[:10] for u in range(playlists)]
    )


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the chance that a true one stands before a false one, by counting pairs."""
    pairs = scores[truth][:, None] - scores[~truth][None, :]
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def own_order(model: SampledWRMF, interactions: Interactions) -> float:
    truth = interactions.matrix.toarray() > 0
    return float(np.mean([auc(model.predict(u), t) for u, t in enumerate(truth)]))


@pytest.fixture(scope="module")
def model() -> SampledWRMF:
    return SampledWRMF(16, learning_rate=0.05, batch_size=256).fit(planted())


def test_planted_groups_are_recovered_from_two_tracks(model: SampledWRMF) -> None:
    for group in range(GROUPS):
        seeds = [group * SIZE, group * SIZE + 7]
        ids, cosines = model.recommend(seeds, SIZE - 2)
        assert set(ids // SIZE) == {group}
        assert not set(ids) & set(seeds)
        assert (np.diff(cosines) <= 0).all()
        assert np.abs(cosines).max() <= 1 + 1e-6


def test_the_inverted_loss_ranks_backwards(
    model: SampledWRMF, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own_order(model, planted()) > 0.9

    def inverted(prediction, feedback, confidence):  # type: ignore[no-untyped-def]
        return (confidence * (1 - feedback - prediction) ** 2).mean()

    monkeypatch.setattr(wrmf_sgd, "weighted_error", inverted)
    wrong = SampledWRMF(16, learning_rate=0.05, batch_size=256).fit(planted())
    assert own_order(wrong, planted()) < 0.1


def test_the_loss_is_the_formula() -> None:
    p, r, c = torch.tensor([0.2, 0.9]), torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0])
    expected = (1 * (0 - 0.2) ** 2 + 3 * (1 - 0.9) ** 2) / 2
    assert weighted_error(p, r, c).item() == pytest.approx(expected)


def test_the_factors_start_small_and_ten_epochs_lower_the_loss(model: SampledWRMF) -> None:
    net = FactorNet(300, 400, 32, seed=1)
    assert net.tracks.std().item() == pytest.approx(0.01, rel=0.02)
    assert len(model.losses_) == 10
    assert model.losses_[-1] < 0.7 * model.losses_[0]


def test_a_seed_gives_the_same_factors_and_another_others(model: SampledWRMF) -> None:
    again = SampledWRMF(16, learning_rate=0.05, batch_size=256).fit(planted())
    np.testing.assert_array_equal(again.track_factors_, model.track_factors_)
    other = SampledWRMF(16, learning_rate=0.05, batch_size=256, seed=1).fit(planted())
    assert not np.array_equal(other.track_factors_, model.track_factors_)


def test_samples_are_every_interaction_and_as_many_that_are_none() -> None:
    interactions = Interactions.from_playlists(
        [[0, 1, 2], [2, 3], [0, 1, 2, 3]], [[1, 2, 5], [1, 1], [1] * 4]
    )
    samples = InteractionSamples(interactions, alpha=2.0)
    everything = samples.batch(range(len(samples)))
    playlists, tracks, feedback, confidence = (t.numpy() for t in everything)
    dense = interactions.matrix.toarray()
    assert len(samples) == 9 + 5  # the third playlist holds every track: it has no negatives
    assert ((dense[playlists, tracks] > 0) == (feedback == 1)).all()
    np.testing.assert_array_equal(np.bincount(playlists[feedback == 0], minlength=3), [3, 2, 0])
    np.testing.assert_allclose(confidence, 1 + 2 * dense[playlists, tracks])
    shuffled = np.random.default_rng(3).permutation(len(samples))
    for whole, part in zip(samples.batch(shuffled), everything, strict=True):
        np.testing.assert_array_equal(whole, part[shuffled])


def test_a_loader_brings_each_sample_once_an_epoch() -> None:
    samples = InteractionSamples(planted(8), alpha=1.0)
    batches = list(samples.loader(32, torch.Generator().manual_seed(0)))
    assert [len(b[0]) for b in batches] == [32] * 5
    met = np.concatenate([b[0].numpy() * samples.tracks + b[1].numpy() for b in batches])
    p, t, _, _ = samples.batch(range(len(samples)))
    np.testing.assert_array_equal(np.sort(met), np.sort(p.numpy() * samples.tracks + t.numpy()))


def test_maps_lead_from_id_to_index_to_metadata_and_back() -> None:
    maps = TrackMaps(np.array([3, 8, 9]), {8: {"artist": "Grieg"}})
    assert maps.ids(maps.indices([9, 3])).tolist() == [9, 3]
    assert maps.metadata(int(maps.indices([8])[0])) == {"artist": "Grieg"}


def test_a_playlist_is_the_mean_of_its_tracks(model: SampledWRMF) -> None:
    rows = model.rows_of([3, 20])
    np.testing.assert_allclose(
        model.embed([3, 20, 3, 999]), model.track_factors_[rows].mean(axis=0), rtol=1e-6
    )


def test_unknown_seeds_bring_the_popular(model: SampledWRMF) -> None:
    ids, scores = model.recommend([999], 5)
    rows = model.rows_of(ids)
    assert model.popularity_[rows].tolist() == sorted(model.popularity_, reverse=True)[:5]
    assert not scores.any()


def test_a_saved_model_answers_alike_and_a_torn_file_is_refused(
    model: SampledWRMF, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    model.save(path)
    np.testing.assert_array_equal(SampledWRMF.load(path).scores([3, 20]), model.scores([3, 20]))
    with pytest.raises(FormatError, match="expected 'wrmf'"):
        WRMF.load(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError, match="checksum"):
        SampledWRMF.load(path)


def test_bad_settings_and_questions_too_early_are_refused() -> None:
    with pytest.raises(NotFittedError):
        SampledWRMF().scores([1])
    with pytest.raises(ValueError, match="at least one track"):
        SampledWRMF().fit(Interactions.from_playlists([[]]))
    with pytest.raises(ValueError, match=r"learning_rate must lie in .*, got nan"):
        SampledWRMF(learning_rate=float("nan"))
    with pytest.raises(TypeError, match="factors must be an integer"):
        SampledWRMF(factors=2.5)  # type: ignore[arg-type]


def test_a_resumed_training_ends_as_one_that_was_never_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = Interactions.from_playlists([[1, 2, 3], [1, 2, 4], [5, 6, 7], [5, 6, 8]] * 10)
    path = tmp_path / "unfinished"
    whole = SampledWRMF(4, epochs=4, batch_size=64).fit(lists)
    write = Checkpoint.write

    def interrupted(self: Checkpoint, *what: Any) -> None:
        write(self, *what)
        if what[2] == 2:  # epochs
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            SampledWRMF(4, epochs=4, batch_size=64).fit(lists, path)
    resumed = SampledWRMF(4, epochs=4, batch_size=64).fit(lists, path)
    assert not path.exists()
    assert np.array_equal(resumed.track_factors_, whole.track_factors_)
    assert resumed.losses_ == whole.losses_


def test_shares_are_the_terms_of_the_cosine() -> None:
    lists = Interactions.from_playlists([[1, 2, 3], [1, 2, 4], [5, 6, 7], [5, 6, 8]] * 10)
    model = SampledWRMF(4, epochs=2).fit(lists)
    answer = model.answer(np.array([1, 5, 99]))
    assert answer is not None
    sums = [sum(s.value for s in answer.shares(row)) for row in range(len(answer.scores))]
    np.testing.assert_allclose(sums, answer.scores, atol=1e-5)
