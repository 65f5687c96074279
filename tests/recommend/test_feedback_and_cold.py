"""The programs that measure what feedback teaches and where cold tracks are placed."""

from __future__ import annotations

import numpy as np
import pytest

from evals import cold, course_data, feedback
from evals.course import split
from recommend import WRMF


@pytest.fixture(scope="module")
def made() -> course_data.Data:
    return course_data.made(playlists=300)


def test_likes_bring_more_of_what_is_wanted(made: course_data.Data) -> None:
    taught, questions = split(made)
    wrmf = WRMF(factors=32, iterations=4).fit(taught.interactions)
    deaf, hearing = (
        np.mean([feedback.hits(wrmf, *question, 20, like, False) for question in questions])
        for like in (False, True)
    )
    assert 0.02 < deaf < hearing < 1.0


def test_a_listener_who_wants_all_or_nothing_gets_it(made: course_data.Data) -> None:
    taught, questions = split(made)
    wrmf = WRMF(factors=8, iterations=1).fit(taught.interactions)
    seeds, ids = questions[0][0], wrmf.track_ids.tolist()
    assert feedback.hits(wrmf, seeds, ids, 9, True, True) == 1.0
    assert feedback.hits(wrmf, seeds, seeds, 9, True, True) == 0.0  # those are not played again


def test_the_map_and_artists_place_cold_tracks_better_than_likeness(
    made: course_data.Data,
) -> None:
    assert made.sound is not None
    found, tracks = cold.measure(made, made.sound, 0.2, 32)
    recall = {way: np.mean([one for one, _ in found[way]]) for way in cold.WAYS}
    assert 450 < tracks < 750  # a fifth of those that stand in playlists
    assert cold.BEST / tracks < recall["cosine"] < recall["map"] < recall["map and artists"]


@pytest.mark.parametrize("program", [cold, feedback])
def test_a_folder_without_data_is_one_line(
    program: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["it", "/nowhere"])
    with pytest.raises(SystemExit):
        program.main()  # type: ignore[attr-defined]
    assert "holds neither" in capsys.readouterr().err
