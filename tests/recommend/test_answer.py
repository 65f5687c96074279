"""Whose doing a score is: the shares of the tracks given are the terms of the score."""

from collections.abc import Callable

import numpy as np
import pytest

from recommend import EASE, WRMF, Blend, Interactions, Recommender, Session
from recommend.answer import Answer, by_loss
from recommend.heard import Heard
from recommend.neighbours import item_neighbours, playlist_neighbours
from recommend.synthetic import make_playlists

MADE = make_playlists(120, 300, artists=40, genres=4, mean_length=12, seed=5)
LISTS = Interactions.from_playlists(MADE.playlists)
ARTISTS = dict(enumerate(MADE.artists.tolist()))
SEEDS = np.array([MADE.playlists[0][0], MADE.playlists[0][1], MADE.playlists[1][0], 10**9])


def sums(answer: Answer) -> np.ndarray:
    return np.array([sum(s.value for s in answer.shares(r)) for r in range(len(answer.scores))])


def asked(model: Blend | EASE) -> Answer:
    answer = model.answer(SEEDS)
    assert answer is not None
    return answer


@pytest.mark.parametrize("make", [EASE, item_neighbours])
def test_the_shares_of_a_linear_model_sum_to_its_scores(make: Callable[[], EASE]) -> None:
    answer = asked(make().fit(LISTS))
    np.testing.assert_allclose(sums(answer), answer.scores, atol=1e-5 * np.abs(answer.scores).max())
    assert {s.track_id for s in answer.shares(0)} == set(SEEDS[:3].tolist())


def test_the_shares_of_a_blend_are_its_scores_but_for_one_constant() -> None:
    blend = Blend(factors=8, trees=0).fit(LISTS, ARTISTS)
    answer = asked(blend)
    off = answer.scores - sums(answer)
    assert np.ptp(off) < 1e-3 < np.ptp(answer.scores)
    kinds = {s.kind for row in range(50) for s in answer.shares(row)}
    assert kinds == {"playlists", "artist", "artists"}


def test_seeds_of_one_artist_divide_what_the_artist_says() -> None:
    artist = int(np.argmax(np.bincount(MADE.artists[LISTS.track_ids])))
    two = LISTS.track_ids[MADE.artists[LISTS.track_ids] == artist][:2]
    answer = Blend(factors=8, trees=0).fit(LISTS, ARTISTS).answer(two)
    assert answer is not None
    assert np.ptp(answer.scores - sums(answer)) < 1e-3


def test_neighbours_that_are_no_sum_tell_what_is_lost_without_a_seed() -> None:
    model = playlist_neighbours().fit(LISTS)
    answer = model.answer(SEEDS[:2])
    assert answer is not None
    row = int(np.argmax(answer.scores))
    share = next(s for s in answer.shares(row) if s.track_id == SEEDS[0])
    assert share.value == pytest.approx(answer.scores[row] - model.scores(SEEDS[1:2])[row])


def test_each_seed_is_left_out_once_however_many_tracks_are_explained() -> None:
    calls: list[list[int]] = []

    def ask(seeds: list[int]) -> np.ndarray:
        calls.append(seeds)
        return np.full(3, sum(seeds), np.float32)

    answer = by_loss(ask, [1, 5])
    told = [answer.shares(row) for row in range(3)]
    assert [[s.value for s in shares] for shares in told] == [[1.0, 5.0]] * 3
    assert calls == [[1, 5], [5], [1]]


@pytest.mark.parametrize("skips", [[], [7, 9]])
def test_shares_of_what_was_heard_are_its_scores_but_for_one_constant(skips: list[int]) -> None:
    wrmf, ease = WRMF(factors=8).fit(LISTS), EASE().fit(LISTS)
    likes = Session(wrmf, SEEDS)
    session = Session(wrmf, SEEDS)
    for track_id in LISTS.track_ids[skips].tolist():
        session.skip(track_id)
    rows = ease.rows_of(wrmf.track_ids)
    one = likes if not skips else session
    heard = Heard(asked(ease), rows, one, likes, wrmf.track_factors_)
    told = [sum(s.value for s in heard.shares(row, "playlists")) for row in range(len(rows))]
    off = heard.scores - np.array(told)
    assert np.ptp(off) < 1e-3 < np.ptp(heard.scores)


def test_a_model_beside_the_factorisation_gives_the_order() -> None:
    wrmf, ease = WRMF(factors=8).fit(LISTS), EASE().fit(LISTS)
    found = Recommender(wrmf, ranker=ease).recommend(SEEDS[:3], 20)
    assert [s.track_id for s in found] == ease.recommend(SEEDS[:3], 20)[0].tolist()
    alone = Recommender(None, library=LISTS.track_ids, ranker=ease).recommend(SEEDS[:3], 20)
    assert [s.track_id for s in alone] == [s.track_id for s in found]
    unknown = Recommender(wrmf, ranker=ease).recommend([10**9], 3)
    assert {r.kind for s in unknown for r in s.reasons} == {"popular"}


@pytest.mark.parametrize("make", [EASE, item_neighbours, playlist_neighbours])
def test_a_saved_model_answers_alike(make: Callable[[], EASE], tmp_path) -> None:  # type: ignore[no-untyped-def]
    model = make().fit(LISTS)
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    assert np.array_equal(again.scores(SEEDS), model.scores(SEEDS))
    assert np.array_equal(again.track_ids, model.track_ids)
