"""The measure of embeddings itself: on vectors whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evals.embedding import collect, interval, precisions


def test_albums_that_stand_apart_are_found_wholly_and_noise_by_chance() -> None:
    rng = np.random.default_rng(0)
    albums = [f"album {i // 8}" for i in range(80)] + ["alone"]
    centres = rng.standard_normal((11, 20))
    apart = np.array([centres[i // 8] for i in range(81)]) * 5 + rng.standard_normal((81, 20))
    found = precisions(albums, apart.astype(np.float32))
    assert len(found) == 80  # the one alone has nothing to find
    assert found.mean(axis=0) == pytest.approx([1.0, 1.0, 1.0], abs=0.02)
    noise = precisions(albums, rng.standard_normal((81, 20)).astype(np.float32))
    assert noise[:, 1].mean() == pytest.approx(7 / 80, abs=0.06)


def test_the_average_precision_of_a_ranking_is_that_of_the_textbook() -> None:
    # from track 0 the order is 1 (wrong), 2 (right), 3 (wrong), 4 (right): (1/2 + 2/4) / 2
    turn = np.deg2rad([0, 20, 40, 60, 80, 200, 240, 280])
    vectors = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    vectors -= vectors.mean(axis=0)
    vectors /= vectors.std(axis=0)
    cosines = vectors @ vectors[0] / np.linalg.norm(vectors, axis=1)
    order = np.argsort(-cosines)[1:]
    albums = ["other"] * 8
    for track in (0, order[1], order[3]):
        albums[track] = "one"
    found = precisions(albums, vectors.astype(np.float32))
    assert found[0] == pytest.approx([0.5, 2 / 5, 0.0])


def test_the_interval_of_a_mean_is_that_of_the_central_limit() -> None:
    rng = np.random.default_rng(1)
    values = 0.3 + rng.standard_normal(400)
    low, high = interval(values)
    assert low == pytest.approx(values.mean() - 1.96 / 20, abs=0.015)
    assert high == pytest.approx(values.mean() + 1.96 / 20, abs=0.015)


def test_so_many_files_of_each_folder_are_taken_evenly(tmp_path: Path) -> None:
    for album in ("a", "b"):
        (tmp_path / album / "disc").mkdir(parents=True)
        for i in range(9):
            (tmp_path / album / "disc" / f"{i}.ogg").write_bytes(bytes(200_001))
        (tmp_path / album / "click.wav").write_bytes(bytes(100))
    found = collect([tmp_path / "a", tmp_path / "b"], 3)
    assert [(album, path.name) for album, path in found] == [
        (album, f"{i}.ogg") for album in ("a", "b") for i in (0, 4, 8)
    ]
