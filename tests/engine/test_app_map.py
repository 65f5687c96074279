"""`antiphon map`: groups of the library and of tables, as lines, CSV and a picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from .commands import Run, runner
from .made import Made, made_library

_WORLDS = ("Fado", "Ska", "Raga")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return runner(tmp_path, monkeypatch, capfd)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    folder = tmp_path / "fma"
    folder.mkdir()
    middles = 4.0 * rng.standard_normal((3, 20))
    features = ["track_id," + ",".join(f"mfcc.{i}" for i in range(20))]
    tracks = [",artist,track,track", ",name,title,genre_top", "track_id,,,"]
    for number in range(90):
        values = middles[number % 3] + rng.standard_normal(20)
        features.append(f"{number}," + ",".join(f"{v:.3f}" for v in values))
        tracks.append(f"{number},Ann,$T{number}$,{_WORLDS[number % 3]}")
    (folder / "features.csv").write_text("\n".join(features))
    (folder / "tracks.csv").write_text("\n".join(tracks))
    return folder


def test_groups_of_tables_are_named_by_their_genres(run: Run, tables: Path) -> None:
    code, out, err = run("map", "--fma", tables, "--groups", "3", "--plot", "map.png")
    assert (code, err) == (0, "")
    *lines, total = out.splitlines()
    assert sorted(line.split()[-1] for line in lines) == sorted(_WORLDS)
    assert all("30 tracks  33.3 %" in line for line in lines)
    assert total == "90 tracks in 3 groups"
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = run("map", "--fma", tables, "--groups", "3", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 90
    assert all(row["label"] == _WORLDS[int(row["track_id"]) % 3] for row in rows)
    assert {row["name"] for row in rows[:2]} == {"Ann - $T0$", "Ann - $T1$"}
    assert all(0.0 <= float(row[axis]) <= 1.0 for row in rows for axis in "xy")


def test_groups_of_the_library_are_those_of_its_page(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    middles = 4.0 * rng.standard_normal((3, 60))
    tracks = [
        Made(f"T{i}", "", genre=_WORLDS[i % 3], vector=(middles[i % 3]).tolist()) for i in range(90)
    ]
    made_library(tmp_path, tracks).close()
    code, out, err = run("map")
    assert (code, err) == (0, "")
    assert {line.split()[-1] for line in out.splitlines()[:-1]} <= set(_WORLDS)
    assert out.splitlines()[-1] == "90 tracks in 3 groups"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("map", "--groups", "3"), "--groups needs --fma"),
        (("map", "--fma", "."), "has neither features.csv nor echonest.csv"),
        (("map", "--fma", "fma", "--groups", "91"), "--groups must be at most the 90 tracks"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    run: Run, tables: Path, arguments: tuple[str, ...], why: str
) -> None:
    code, out, err = run(*arguments)
    assert code != 0
    assert out == ""
    assert why in err
    assert "Traceback" not in err
