"""Model files whose checksum is right, and whose parts are not those of a whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommend import (
    EASE,
    WRMF,
    Blend,
    EmbeddingTable,
    FormatError,
    Interactions,
    Neighbours,
    modelfile,
)
from recommend.synthetic import make_playlists

Stored = tuple[Any, dict[str, Any], modelfile.Arrays]


def _stored(model: Any, kind: str, folder: Path) -> Stored:
    model.save(folder / kind)
    return type(model), *modelfile.read(folder / kind, kind)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stored]:
    folder = tmp_path_factory.mktemp("models")
    made = make_playlists(310, 120, artists=20, genres=4, mean_length=12, seed=2)
    seen, artists = Interactions.from_playlists(made.playlists), dict(enumerate(made.artists))
    table = EmbeddingTable("made", 1, range(120), np.random.default_rng(0).random((120, 9)))
    trained = {
        "wrmf": WRMF(8, iterations=1).fit(seen),
        "ease": EASE().fit(seen),
        "neighbours": Neighbours().fit(seen),
        "blend": Blend(8, 5, rounds=1).fit(seen, artists),
        "embeddings": table,
    }
    return {kind: _stored(model, kind, folder) for kind, model in trained.items()}


KINDS = ("wrmf", "ease", "neighbours", "blend", "embeddings")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_lacks_a_part_is_refused_by_name(
    models: dict[str, Stored], kind: str, tmp_path: Path
) -> None:
    model, settings, arrays = models[kind]
    for name in arrays:
        rest = {other: array for other, array in arrays.items() if other != name}
        modelfile.write(tmp_path / "m", kind, settings, rest)
        with pytest.raises(FormatError, match=f"lacks {name}"):
            model.load(tmp_path / "m")


@pytest.mark.parametrize("kind", KINDS)
def test_parts_that_do_not_belong_together_are_refused_or_do_no_harm(
    models: dict[str, Stored], kind: str, tmp_path: Path
) -> None:
    model, settings, arrays = models[kind]
    refused = set()
    for name, array in arrays.items():
        shapes = [array[:-1], array[..., :-1]] if array.ndim > 1 else [array[:-1]]
        for wrong in shapes:
            modelfile.write(tmp_path / "m", kind, settings, {**arrays, name: wrong})
            try:
                loaded = model.load(tmp_path / "m")
            except ValueError:
                refused.add(name)
                continue
            if kind == "embeddings":
                loaded.nearest(5, 3)
            else:
                loaded.recommend([5, 7], 3)
    # one playlist less, or none of their factors: nobody asks for these
    assert {n.rpartition(".")[2] for n in set(arrays) - refused} <= {"indptr", "user_factors"}


def test_indices_beyond_the_tracks_and_trees_that_ask_beyond_the_columns_are_refused(
    models: dict[str, Stored], tmp_path: Path
) -> None:
    for name, value in (("indices", 10**6), ("indices", -1), ("trees.features", 99)):
        model, settings, arrays = models["blend"]
        wrong = arrays[name].copy()
        wrong.flat[3] = value
        modelfile.write(tmp_path / "m", "blend", settings, {**arrays, name: wrong})
        with pytest.raises(FormatError):
            model.load(tmp_path / "m")
