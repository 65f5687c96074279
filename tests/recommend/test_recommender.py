"""The hybrid: with playlists, with sound, with both, with neither; every score has its reasons."""

import numpy as np
import pytest

from recommend import WRMF, Blend, EmbeddingTable, Interactions, Recommender, Session

EVENS, ODDS = range(0, 40, 2), range(1, 40, 2)


def playlists() -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.choice(side, 9, replace=False).tolist() for side in (EVENS, ODDS) * 40]


def sounds(ids: range) -> EmbeddingTable:
    """Evens sound one way, odds the other."""
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((len(ids), 8)) * 0.6
    vectors[:, 0] += [3.0 if i % 2 else -3.0 for i in ids]
    return EmbeddingTable("made", 1, ids, vectors)


@pytest.fixture(scope="module")
def wrmf() -> WRMF:
    return WRMF(factors=8).fit(Interactions.from_playlists(playlists()))


def parity(suggestions: list) -> set[int]:
    return {s.track_id % 2 for s in suggestions}


def test_playlists_alone_suggest_what_stands_together(wrmf: WRMF) -> None:
    found = Recommender(wrmf, None).recommend([0, 4], 8)
    assert parity(found) == {0}
    assert all(r.kind == "playlists" for s in found for r in s.reasons)


def test_sound_alone_suggests_what_sounds_alike() -> None:
    found = Recommender(None, sounds(range(40))).recommend([1, 5], 8)
    assert parity(found) == {1}
    assert all(r.kind == "sound" and r.track_id in (1, 5) for s in found for r in s.reasons)


def test_a_track_in_no_playlist_is_placed_by_its_sound(wrmf: WRMF) -> None:
    table = sounds(range(60))  # 40 to 59 stand in no playlist
    found = Recommender(wrmf, table, library=range(40, 60)).recommend([0, 4], 6)
    assert parity(found) == {0}
    assert any(r.kind == "cold" for r in found[0].reasons)


def test_a_track_in_neither_list_is_suggested_last(wrmf: WRMF) -> None:
    recommender = Recommender(wrmf, sounds(range(40)), library=[0, 2, 4, 999])
    assert [s.track_id for s in recommender.recommend([0], 9)][-1] == 999


def test_seeds_nobody_knows_fall_back_to_the_popular(wrmf: WRMF) -> None:
    found = Recommender(wrmf, None).recommend([777], 3)
    top = wrmf.track_ids[np.argsort(-wrmf.popularity_, kind="stable")[:3]]
    assert [s.track_id for s in found] == top.tolist()
    assert found[0].reasons[0].kind == "popular"


def test_a_model_of_another_library_leaves_the_sound_to_judge(wrmf: WRMF) -> None:
    table = EmbeddingTable("made", 1, range(100, 140), sounds(range(40)).vectors)
    mixed = Recommender(wrmf, table, library=range(100, 140)).recommend([101, 105], 8)
    alone = Recommender(None, table).recommend([101, 105], 8)
    assert [s.track_id for s in mixed] == [s.track_id for s in alone]


def test_an_empty_library_suggests_nothing() -> None:
    assert Recommender().recommend([1, 2], 5) == []


def test_nothing_already_heard_comes_back(wrmf: WRMF) -> None:
    found = Recommender(wrmf, sounds(range(40))).recommend(
        [0], 50, likes=[2], skips=[3], exclude=[4, 1234]
    )
    assert not {0, 2, 3, 4} & {s.track_id for s in found}
    assert len(found) == 36
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_a_skip_pushes_its_kind_down(wrmf: WRMF) -> None:
    recommender = Recommender(wrmf, None)
    plain = [s.track_id for s in recommender.recommend([0, 1], 38)]
    skipped = [s.track_id for s in recommender.recommend([0, 1], 38, skips=[3, 5])]

    def evens_first(order: list[int]) -> int:
        return sum(t % 2 == 0 for t in order[:15])

    assert evens_first(skipped) > evens_first(plain)


def test_the_reasons_of_playlists_sum_to_the_score(wrmf: WRMF) -> None:
    found = Recommender(wrmf, None).recommend([0, 4], 1, skips=[1])[0]
    assert sum(r.share for r in found.reasons) == pytest.approx(found.score, rel=1e-4)


def test_a_blend_ranks_places_cold_tracks_and_heeds_skips() -> None:
    table = sounds(range(60))
    blend = Blend(factors=8).fit(Interactions.from_playlists(playlists()))
    recommender = Recommender(blend, table, library=range(60))
    found = recommender.recommend([0, 4], 25)
    assert parity(found[:15]) == {0}
    assert any(s.track_id >= 40 for s in found)
    assert {r.kind for s in found for r in s.reasons} >= {"playlists", "sound", "cold"}
    alone = Recommender(blend)
    order = alone.recommend([0, 1], 30)
    skipped = [s.track_id for s in alone.recommend([0, 1], 30, skips=[3, 5])]
    assert [s.track_id for s in Recommender(blend).recommend([0, 1], 30)] == [
        s.track_id for s in order
    ]
    evens = [sum(t % 2 == 0 for t in o[:15]) for o in ([s.track_id for s in order], skipped)]
    assert evens[1] > evens[0]
    assert len(alone.recommend([777], 3, skips=[3])) == 3


def test_a_session_without_events_is_the_fold_in(wrmf: WRMF) -> None:
    session = Session(wrmf, [0, 4, 6, 6, 999])
    np.testing.assert_allclose(session.factors, wrmf.fold_in([0, 4, 6]), atol=1e-5)
    assert session.heard == 3


def test_likes_and_skips_equal_a_dense_solve(wrmf: WRMF) -> None:
    session = Session(wrmf, [0, 4])
    assert session.like(7, 2.0)
    assert session.skip(3, 0.5)
    assert not session.like(12345)
    Y = wrmf.track_factors_.astype(np.float64)
    w = wrmf.alpha * np.array([1, 1, 2.0, 0.5])
    heard = Y[wrmf.rows_of([0, 4, 7, 3])]
    A = Y.T @ Y + wrmf.penalty(2) * np.eye(wrmf.factors) + (heard.T * w) @ heard
    expected = np.linalg.solve(A, heard[:3].T @ (w[:3] + 1))
    np.testing.assert_allclose(session.factors, expected, atol=1e-4)


def test_shares_of_a_session_sum_to_the_score_and_a_skip_speaks_against(wrmf: WRMF) -> None:
    session = Session(wrmf, [0, 4])
    session.skip(6)
    ids, shares = session.explain(8)
    score = session.scores()[wrmf.rows_of([8])[0]]
    assert shares.sum() == pytest.approx(score, rel=1e-4)
    assert ids.tolist() == [0, 4, 6]
    assert shares[2] < 0 < shares[0]


def test_a_weight_out_of_range_is_named(wrmf: WRMF) -> None:
    with pytest.raises(ValueError, match="weight must be finite"):
        Session(wrmf).skip(3, 0.0)
    with pytest.raises(ValueError, match="sound_weight"):
        Recommender(wrmf, sound_weight=-1.0)


def test_without_anything_to_go_on_from_a_table_alone_ranks_all_and_skips_still_count():
    table = EmbeddingTable("toy", 1, [7, 8, 9], [[0, 1], [0.1, 1], [1, 0]])
    recommender = Recommender(None, table)
    assert {one.track_id for one in recommender.recommend([], n=3)} == {7, 8, 9}
    assert [one.track_id for one in recommender.recommend([], n=3, skips=[7])] == [9, 8]


def test_a_branch_of_a_session_goes_its_own_way(wrmf: WRMF) -> None:
    session = Session(wrmf, [0, 4])
    before = session.factors
    branch = session.branch()
    branch.skip(6)
    assert np.array_equal(session.factors, before)
    assert (session.heard, branch.heard) == (2, 3)
    whole = Session(wrmf, [0, 4])
    whole.skip(6)
    assert np.array_equal(branch.factors, whole.factors)
