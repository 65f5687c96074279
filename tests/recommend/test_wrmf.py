"""WRMF against a dense solve, known answers and its own shares."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recommend import WRMF, FormatError, Interactions, NotFittedError, _als


def checkerboard(size: int = 30) -> Interactions:
    """Evens like evens and odds like odds; each playlist withholds its own number."""
    return Interactions.from_playlists(
        [[t for t in range(size) if (t + u) % 2 == 0 and t != u] for u in range(size)]
    )


def dense_fold_in(model: WRMF, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    Y = model.track_factors_.astype(np.float64)
    confidence = np.ones(len(Y))
    confidence[rows] += model.alpha * counts
    liked = np.zeros(len(Y))
    liked[rows] = 1
    penalty = model.regularization * confidence.sum() ** model.frequency_scaling
    A = (Y.T * confidence) @ Y + penalty * np.eye(model.factors)
    return np.linalg.solve(A, (Y.T * confidence) @ liked)


@pytest.fixture(scope="module")
def model() -> WRMF:
    return WRMF(factors=6, iterations=8).fit(checkerboard())


@pytest.mark.parametrize("entries", [0, 1, 7, 8, 30, 48, 49, 63, 64, 100])
@pytest.mark.parametrize("k", [1, 17, 64])
def test_the_kernel_solves_each_row_like_a_dense_solve(k: int, entries: int) -> None:
    rng = np.random.default_rng(k * 1000 + entries)
    fixed = rng.standard_normal((200, k)).astype(np.float32)
    indptr = np.array([0, entries, entries, 2 * entries], dtype=np.int64)
    indices = np.concatenate([rng.permutation(200)[:entries] for _ in range(2)]).astype(np.int32)
    weights = rng.uniform(0.5, 80, 2 * entries).astype(np.float32)
    penalty = rng.uniform(1, 5, 3).astype(np.float32)
    gram = rng.uniform(50, 300, k).astype(np.float32)
    out = _als.solve_rows(indptr, indices, weights, penalty, fixed, gram)
    reference = _als.solve_rows_dense(indptr, indices, weights, penalty, fixed, gram)
    np.testing.assert_allclose(out, reference, rtol=0, atol=3e-5)


@pytest.mark.parametrize("scaling", [0.0, 0.5, 1.0])
def test_fold_in_is_the_exact_minimiser(scaling: float) -> None:
    model = WRMF(factors=5, frequency_scaling=scaling, iterations=3).fit(checkerboard())
    weights = np.array([1.0, 2.5, 0.5])
    found = model.fold_in([3, 8, 11], weights)
    np.testing.assert_allclose(
        found, dense_fold_in(model, np.array([3, 8, 11]), weights), atol=2e-5
    )


def test_each_sweep_lowers_the_loss() -> None:
    interactions = checkerboard()
    dense = interactions.matrix.toarray()

    def loss(iterations: int) -> float:
        m = WRMF(factors=4, iterations=iterations, seed=3).fit(interactions)
        x, y = m.user_factors_.astype(np.float64), m.track_factors_.astype(np.float64)
        c = 1 + m.alpha * dense
        penalties = (m.regularization * c.sum(axis=axis) for axis in (1, 0))
        total = (c * (dense - x @ y.T) ** 2).sum()
        for g, f in zip(penalties, (x, y), strict=True):
            total += (g[:, None] * f**2).sum()
        return float(total)

    losses = [loss(i) for i in (1, 2, 4, 8, 16)]
    assert all(a > b - 1e-3 for a, b in pairwise(losses))
    assert losses[-1] < 0.95 * losses[0]


def test_the_withheld_track_comes_first_on_the_checkerboard(model: WRMF) -> None:
    playlist = [t for t in range(30) if t % 2 == 0 and t != 4]
    assert model.recommend(playlist, 1)[0].tolist() == [4]


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    a, b, c = (WRMF(factors=3, seed=s).fit(checkerboard()).track_factors_ for s in (5, 5, 6))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_shares_sum_to_the_score(model: WRMF) -> None:
    weights = [1.0, 3.0, 0.5]
    scores = model.scores([2, 4, 7], weights)
    ids, shares = model.explain([2, 4, 7], 10, weights)
    assert set(ids.tolist()) == {2, 4, 7}
    assert (np.diff(shares) <= 0).all()
    assert shares.sum() == pytest.approx(scores[10], rel=1e-4)


def test_neither_likes_nor_excluded_tracks_come_back(model: WRMF) -> None:
    ids, scores = model.recommend([0, 2], 100, exclude=[4, 999])
    assert len(ids) == 27
    assert not {0, 2, 4} & set(ids.tolist())
    assert (np.diff(scores) <= 0).all()


def test_unknown_likes_change_nothing_and_repeats_count_once(model: WRMF) -> None:
    plain = model.fold_in([2, 4])
    assert np.array_equal(plain, model.fold_in([4, 2, 2, 777]))


def test_no_known_like_gives_the_most_popular_first() -> None:
    model = WRMF(factors=2).fit(Interactions.from_playlists([[1], [1, 3], [1, 2, 3]]))
    for likes in ([], [99]):
        ids, scores = model.recommend(likes, 3)
        assert ids.tolist() == [1, 3, 2]
        assert not scores.any()


def test_one_playlist_of_one_track_is_enough_to_fit() -> None:
    model = WRMF(factors=64).fit(Interactions.from_playlists([[7]]))
    assert model.recommend([7], 5)[0].tolist() == []
    assert np.isfinite(model.track_factors_).all()


def test_similar_tracks_are_of_the_same_colour(model: WRMF) -> None:
    ids, cosines = model.similar_tracks(5, 10)
    assert all(i % 2 == 1 for i in ids)
    assert 5 not in ids
    assert (cosines <= 1.0001).all()


def test_a_saved_model_answers_alike(model: WRMF, tmp_path: Path) -> None:
    model.save(tmp_path / "wrmf")
    loaded = WRMF.load(tmp_path / "wrmf")
    assert np.array_equal(loaded.scores([3, 5]), model.scores([3, 5]))
    assert [p.name for p in tmp_path.iterdir()] == ["wrmf"]


def test_factors_of_another_size_are_refused(model: WRMF) -> None:
    for name in ("track_factors", "gram"):
        arrays = model.arrays | {name: model.arrays[name][..., :-1]}
        with pytest.raises(FormatError, match=f"{name} must have shape"):
            WRMF.restore(model.settings, arrays)


@pytest.mark.parametrize("damage", ["flip", "cut", "foreign", "empty"])
def test_a_damaged_file_is_refused(model: WRMF, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "wrmf"
    model.save(path)
    raw = bytearray(path.read_bytes())
    if damage == "flip":
        raw[-100] ^= 1
    content = {"flip": raw, "cut": raw[:-64], "foreign": b"RIFF" * 100, "empty": b""}[damage]
    path.write_bytes(content)
    with pytest.raises(FormatError, match="wrmf"):
        WRMF.load(path)


def test_a_failed_save_keeps_the_old_model(
    model: WRMF, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wrmf"
    model.save(path)
    before = path.read_bytes()

    def full_disk(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        WRMF(factors=2).fit(checkerboard()).save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("factors", 0),
        ("factors", -3),
        ("factors", 2.5),
        ("regularization", 0.0),
        ("regularization", np.nan),
        ("alpha", -1.0),
        ("iterations", 0),
        ("seed", -1),
        ("frequency_scaling", 3.0),
    ],
)
def test_a_parameter_out_of_range_is_named(name: str, value: float) -> None:
    with pytest.raises((ValueError, TypeError), match=name):
        WRMF(**{name: value})  # type: ignore[arg-type]


def test_questions_it_cannot_answer_are_refused(model: WRMF) -> None:
    with pytest.raises(NotFittedError):
        WRMF().recommend([1])
    with pytest.raises(ValueError, match="at least one track"):
        WRMF().fit(Interactions.from_playlists([[], []]))
    with pytest.raises(ValueError, match="track_id must stand"):
        model.similar_tracks(12345)
    with pytest.raises(ValueError, match="n must be at least 0"):
        model.recommend([1], -1)
    with pytest.raises(ValueError, match="weights"):
        model.fold_in([1, 2], [1.0])
    with pytest.raises(ValueError, match="weights"):
        model.fold_in([1, 2], [1.0, np.nan])
