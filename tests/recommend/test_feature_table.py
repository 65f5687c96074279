"""Tables of features: joined by track, filled in, scaled, reduced; and those of the FMA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recommend import FormatError
from recommend.clusters import k_means, typical_tags
from recommend.feature_table import FeatureTable
from recommend.fma import read_features, read_folder

_TRACKS_CSV = '''\
,album,artist,set,track,track
,comments,name,split,genre_top,title
track_id,,,,,
5,0,"Ann, ""B""",training,Rock,One
2,0,Bea,training,,"Two
lines"
3,1,,test,Folk,Three
'''
_FEATURES_CSV = """feature,chroma_cens,chroma_cens,mfcc
statistics,kurtosis,kurtosis,mean
number,01,02,01
track_id,,,
2,7.1,,1e2
3,5.2,0.3,-3
5,,0.5,4
"""
_ECHONEST_CSV = """\
,echonest,echonest,echonest,echonest
,audio_features,metadata,social_features,temporal_features
,danceability,artist_name,artist_hotttnesss,000
track_id,,,,
3,0.5,Bea,0.9,1.5
9,0.25,Cid,0.1,2.5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("tracks", _TRACKS_CSV), ("features", _FEATURES_CSV),
                       ("echonest", _ECHONEST_CSV)):  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_tables_of_the_fma_are_joined_by_track_and_know_genres_and_titles(folder: Path) -> None:
    found = read_folder(folder)
    assert found.features.ids.tolist() == [2, 3, 5, 9]
    assert found.features.names == (
        "chroma_cens.kurtosis.01", "chroma_cens.kurtosis.02", "mfcc.mean.01",
        "echonest.audio_features.danceability", "echonest.temporal_features.000",
    )  # fmt: skip
    nan = np.nan
    expected = [
        [7.1, nan, 100.0, nan, nan],
        [5.2, 0.3, -3.0, 0.5, 1.5],
        [nan, 0.5, 4.0, nan, nan],
        [nan, nan, nan, 0.25, 2.5],
    ]
    np.testing.assert_allclose(found.features.values, expected, rtol=1e-6)
    assert found.genres == {5: "Rock", 3: "Folk"}
    assert found.titles == {5: 'Ann, "B" - One', 2: "Bea - Two\nlines", 3: "Three"}


def test_without_tracks_csv_there_are_numbers_alone(folder: Path) -> None:
    (folder / "tracks.csv").unlink()
    (folder / "echonest.csv").unlink()
    found = read_folder(folder)
    assert (found.genres, found.titles) == ({}, {})
    assert len(found.features.names) == 3


def test_one_row_of_headings_is_enough_and_columns_of_words_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "features.csv"
    path.write_text("track_id,tempo,mood,energy\n7,120,happy,.5\n1,90,,\n")
    table = read_features(path)
    assert table.names == ("tempo", "energy")
    np.testing.assert_array_equal(table.values, np.float32([[90, np.nan], [120, 0.5]]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no row of headings that begins with track_id"),
        ("a,b\n1,2\n3,4\n", "has no row of headings that begins with track_id"),
        ("track_id,a\n1\n", "row 1 of the tracks must have 2 cells, got 1"),
        ("track_id,a\none,2\n", "track_id must be a whole number, got 'one'"),
        ("track_id,a\n-1,2\n", "track_id must not be negative, got -1"),
        ("track_id,a\n1,2\n1,3\n", "ids must ascend, each once"),
        ("track_id,a,a\n1,2,3\n", "names must be each once"),
        ("track_id,a\n1,\xff", "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_name(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "features.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError) as refused:
        read_features(path)
    assert why in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has neither features.csv nor echonest.csv"):
        read_folder(tmp_path)
    (tmp_path / "features.csv").write_text(_FEATURES_CSV)
    (tmp_path / "tracks.csv").write_text("track_id,title\n2,x\n")
    with pytest.raises(FormatError, match=r"tracks.csv lacks the column track.title"):
        read_folder(tmp_path)


def test_what_is_unknown_gets_the_middle_and_what_says_nothing_goes(
    rng: np.random.Generator,
) -> None:
    values = rng.normal(5.0, 3.0, (200, 4)).astype(np.float32)
    values[:, 1] = np.nan
    values[:, 2] = 7.0
    values[0, 0] = np.nan
    values[1, 3] = 1e9
    table = FeatureTable(np.arange(200), ("a", "b", "c", "d"), values)
    scaled = table.scaled()
    assert scaled.shape == (200, 2)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= 6.0
    column = np.sort(scaled[1:, 0])
    assert column[98] <= scaled[0, 0] <= column[100]
    assert np.array_equal(table.scaled(), table.merge([table]).scaled())


def test_reduced_is_what_a_singular_value_decomposition_gives(rng: np.random.Generator) -> None:
    values = (rng.standard_normal((60, 3)) @ rng.standard_normal((3, 12))).astype(np.float32)
    table = FeatureTable(np.arange(60), tuple("abcdefghijkl"), values)
    reduced = table.reduced(3)
    scaled = table.scaled().astype(np.float64)
    left, spread, _ = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(reduced), np.abs(left[:, :3] * spread[:3]), atol=1e-3)
    assert table.reduced(30).shape == (60, 12)
    with pytest.raises(ValueError, match="dimensions must be 1 or more, got 0"):
        table.reduced(0)


def test_groups_of_alike_tracks_get_the_tag_that_they_have_more_of(
    rng: np.random.Generator,
) -> None:
    world = rng.integers(3, size=300)
    values = 3.0 * rng.standard_normal((3, 40))[world] + rng.standard_normal((300, 40))
    values[rng.random(values.shape) < 0.1] = np.nan
    table = FeatureTable(np.arange(300), tuple(map(str, range(40))), values.astype(np.float32))
    cluster = k_means(table.reduced(), 3)
    tags = [("Rock", "Folk", "Jazz")[w] if rng.random() < 0.7 else "Pop" for w in world]
    named = typical_tags(tags, cluster)
    for number, name in enumerate(named):
        assert name == ("Rock", "Folk", "Jazz")[np.bincount(world[cluster == number]).argmax()]


def test_tables_of_other_shapes_are_refused() -> None:
    ids = np.array([2, 1])
    with pytest.raises(ValueError, match=r"values must have shape \(2, 1\), got \(2, 2\)"):
        FeatureTable(ids, ("a",), np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="ids must ascend"):
        FeatureTable(ids, ("a",), np.zeros((2, 1), np.float32))
    with pytest.raises(ValueError, match="tables must be one or more, got none"):
        FeatureTable.merge([])
