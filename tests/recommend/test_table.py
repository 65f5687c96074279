"""Vectors of a library: exact search, safe files, one embedding at a time."""

from pathlib import Path

import numpy as np
import pytest

from recommend import EmbeddingTable, FormatError, HandmadeEmbedding


def made(n: int = 200, d: int = 12, seed: int = 0) -> EmbeddingTable:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, d)) * rng.uniform(0.1, 50, d) + rng.uniform(-90, 90, d)
    return EmbeddingTable("made", 1, rng.permutation(np.arange(n) * 3), vectors)


def brute_force(table: EmbeddingTable, vector: np.ndarray) -> np.ndarray:
    V = table.vectors.astype(np.float64)
    mean, deviation = V.mean(axis=0), V.std(axis=0)
    Z, q = (V - mean) / deviation, (vector - mean) / deviation
    return Z @ q / np.linalg.norm(Z, axis=1) / np.linalg.norm(q)


def test_nearest_is_the_brute_force_cosine_of_z_scores() -> None:
    table = made()
    cosines = brute_force(table, table.vector(30))
    ids, found = table.nearest(30, 10)
    expected = np.argsort(-cosines)[1:11]
    assert ids.tolist() == table.ids[expected].tolist()
    np.testing.assert_allclose(found, cosines[expected], atol=2e-5)


def test_a_vector_finds_its_own_track_first_and_excluded_tracks_stay_out() -> None:
    table = made()
    assert table.nearest(table.vector(33), 1)[0].tolist() == [33]
    assert 33 not in table.nearest(table.vector(33), 50, exclude=[33, 12345])[0]


def test_a_dimension_that_never_varies_has_no_say() -> None:
    plain = made()
    constant = np.full((len(plain), 1), 1e4)
    wide = EmbeddingTable("made", 1, plain.ids, np.hstack([plain.vectors, constant]))
    assert wide.nearest(30, 20)[0].tolist() == plain.nearest(30, 20)[0].tolist()


def test_a_saved_table_is_mapped_and_answers_alike(tmp_path: Path) -> None:
    table = made()
    table.save(tmp_path / "t")
    loaded = EmbeddingTable.load(tmp_path / "t")
    before = (tmp_path / "t").read_bytes()
    assert loaded.nearest(30, 20)[0].tolist() == table.nearest(30, 20)[0].tolist()
    loaded.vectors[:] = 0
    assert (tmp_path / "t").read_bytes() == before


def test_updated_adds_replaces_and_removes() -> None:
    table = EmbeddingTable("made", 1, [1, 2, 3], [[0.0], [1], [2]])
    new = table.updated([3, 9], [[7.0], [8]], removed=[1])
    assert new.ids.tolist() == [2, 3, 9]
    assert new.vectors[:, 0].tolist() == [1, 7, 8]
    assert table.updated([], np.empty((0, 1)), removed=[1, 2, 3]).ids.tolist() == []
    empty = EmbeddingTable("made", 1, [], np.empty((0, 4)))
    assert empty.updated([5], [[1.0, 2, 3, 4]]).dimensions == 4


def test_tables_of_another_embedding_are_refused(tmp_path: Path) -> None:
    table = made()
    table.save(tmp_path / "t")
    with pytest.raises(FormatError, match="made version 1"):
        EmbeddingTable.load(tmp_path / "t", HandmadeEmbedding())
    with pytest.raises(ValueError, match="12 values"):
        table.updated([1], [[1.0, 2.0]])


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t"
    made().save(path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)
    with pytest.raises(FormatError, match="checksum"):
        EmbeddingTable.load(path)


def test_bad_vectors_and_ids_are_named() -> None:
    with pytest.raises(ValueError, match="track 8"):
        EmbeddingTable("made", 1, [7, 8], [[1.0], [np.nan]])
    with pytest.raises(ValueError, match="repeat"):
        EmbeddingTable("made", 1, [7, 7], [[1.0], [2.0]])
    with pytest.raises(ValueError, match="shape"):
        EmbeddingTable("made", 1, [7], [1.0])
    table = made()
    with pytest.raises(ValueError, match="12 finite"):
        table.nearest(np.zeros(3))
    with pytest.raises(ValueError, match="12 finite"):
        table.nearest(np.full(12, np.nan))
    with pytest.raises(ValueError, match="got 1"):
        table.nearest(1)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_libraries_answer_without_nan(n: int) -> None:
    table = EmbeddingTable("made", 1, range(n), np.arange(n * 3.0).reshape(n, 3))
    assert np.isfinite(table.similarities(np.ones(3))).all()


def test_a_weighted_sum_of_directions_gives_the_weighted_sum_of_cosines(rng):
    table = EmbeddingTable("toy", 1, range(10, 40), rng.standard_normal((30, 7)))
    weights = np.array([0.5, -0.25, 1.0], np.float32)
    cosines = [table.similarities(table.vector(track)) for track in (12, 33, 20)]
    found = table.along(weights @ table.directions([12, 33, 20]))
    assert found == pytest.approx(weights @ cosines, abs=1e-5)
