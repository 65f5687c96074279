"""The programs that measure playlist continuation, on made playlists and small files."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from evals import adds, continuation, course, course_data
from evals.models import MODELS, Taught
from recommend import Interactions


@pytest.fixture
def small() -> course_data.Data:
    return course_data.made(playlists=250)


def test_models_stand_in_the_order_that_made_playlists_give_them(
    small: course_data.Data, tmp_path: Path
) -> None:
    result = course.run(small, ["popular", "playlists", "sound", "course"])
    mrr = {name: row["MRR"][0] for name, row in result["models"].items()}
    assert mrr["playlists"] > mrr["popular"] > mrr["sound"] > 0
    assert all(0 < row["precision@10"][0] < 1 for row in result["models"].values())
    lines = course.table(result).splitlines()
    told = [line.split("|")[1].strip() for line in lines[4:]]
    assert told == sorted(mrr, key=lambda name: mrr[name])
    course.plot(result, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_hidden_playlists_teach_nothing_and_targets_are_the_rest() -> None:
    lists = [[u, u + 1, 1000, 1001, 1002, 1003, u] for u in range(0, 400, 4)]
    taught, questions = course.split(course_data.Data("x", lists, [""] * 100))
    assert len(questions) + taught.interactions.matrix.shape[0] == 100
    learnt = set(taught.interactions.track_ids.tolist())
    for seeds, targets in questions:
        assert len(seeds) == 2
        assert not set(seeds) & learnt
        assert targets == [1000, 1001, 1002, 1003]


def test_the_measures_are_those_of_a_known_ranking() -> None:
    class Fixed:
        def recommend(self, seeds: object, n: int) -> tuple[np.ndarray, None]:
            return np.array([7, 8, 9, 4])[:n], None

    told = course.measure(Fixed(), [([1, 2], [8, 4]), ([1, 2], [7])], 4)
    assert told["MRR"] == [(1 / 2 + 1 / 4) / 2, 1.0]
    assert told["precision@10"] == [1.0, 1.0]


def test_a_dataset_brings_names_and_artists(tmp_path: Path) -> None:
    def track(n: int, by: int) -> dict[str, str]:
        return {"track_uri": f"spotify:track:{n}", "artist_uri": f"spotify:artist:{by}"}

    slices = [
        [{"name": "rain", "tracks": [track(1, 1), track(2, 1)]}],
        [{"name": "sun", "tracks": [track(2, 1), track(3, 2)]}],
    ]
    for number, playlists in enumerate(slices):
        path = tmp_path / f"mpd.slice.{number}-{number}.json"
        path.write_text(json.dumps({"playlists": playlists}))
    data = course_data.load(tmp_path)
    assert data.playlists == [[0, 1], [1, 2]]
    assert data.names == ["rain", "sun"]
    assert data.artists == {0: 0, 1: 0, 2: 1}
    with pytest.raises(FileNotFoundError, match="holds neither"):
        course_data.load(tmp_path / "no")


@pytest.mark.parametrize("name", ["course", "neural", "mean-variance", "two-tower"])
def test_the_models_in_torch_answer_the_benchmark(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    lists = [(rng.permutation(20)[:8] + 20 * (u % 2)).tolist() for u in range(40)]
    for file, rows in (
        ("train.jsonl.gz", lists),
        ("queries.jsonl.gz", [{"id": "a", "k": 2, "seeds": [1, 2], "targets": [3]}]),
        ("track_artist.jsonl.gz", [[t, t // 5] for t in range(40)]),
    ):
        with gzip.open(tmp_path / file, "wt") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
    out_path = tmp_path / "out.jsonl"
    argv = [str(tmp_path), str(tmp_path / "queries.jsonl.gz"), str(out_path), "--model", name]
    monkeypatch.setattr(sys, "argv", ["continuation", *argv])
    continuation.main()
    (answer,) = [json.loads(line) for line in out_path.read_text().splitlines()]
    assert answer["id"] == "a"
    assert sorted(answer["ranking"]) == sorted(set(range(40)) - {1, 2})
    if name != "mean-variance":  # eight steps are too few for it: it starts from nothing
        assert np.mean(np.array(answer["ranking"][:18]) < 20) > 0.8


def test_the_sound_model_needs_a_sound() -> None:
    with pytest.raises(ValueError, match="needs the embedding"):
        MODELS["sound"](Taught(Interactions.from_playlists([[1, 2]]), {}))


def test_a_ranking_that_knows_the_answer_adds_to_one_that_does_not() -> None:
    queries = [{"id": "a", "k": 1, "targets": [3]}]
    told = adds.compare(queries, {"a": [1, 2, 3]}, {"a": [3, 9, 8]}, [10.0])
    assert told[1]["first"]["NDCG@500"] == [0.5]
    assert told[1]["second"]["NDCG@500"] == told[1]["first + 10 second"]["NDCG@500"] == [1.0]
    assert told[1]["first"]["P@10"] == [1.0]
