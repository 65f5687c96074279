"""`antiphon analyze`: what it says of a file and of a track."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.app import cli
from engine.library import Library, ingest

from .conftest import WriteTune


@pytest.fixture
def tune_file(write_tune: WriteTune) -> Path:
    return write_tune("music/song.flac", 1)


@pytest.fixture
def library(tune_file: Path, tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library") as opened:
        ingest.add(opened, [tune_file], workers=0)
    return tmp_path / "library"


def test_a_file_is_described(tune_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["analyze", str(tune_file)]) == 0
    said = capsys.readouterr().out
    for word in ("tempo", "key", "tuning", "LUFS", "cues"):
        assert word in said


def test_of_a_beat_that_is_not_there_no_bars_are_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(10 * 16_000)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000)
    assert cli.run(["analyze", str(tmp_path / "noise.wav")]) == 0
    said = capfd.readouterr().out
    assert said.count("tempo") == 1
    assert "no beat that one could rely on" in said
    assert "bars" not in said
    (tmp_path / "text.mp3").write_text("hello")
    assert cli.run(["analyze", str(tmp_path / "text.mp3")]) == 1
    errors = capfd.readouterr().err  # the decoder's own words would be more lines
    assert errors.startswith("antiphon: ")
    assert errors.count("\n") == 1


def test_json_can_be_read_back(tune_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from engine.analysis import Analysis

    assert cli.run(["analyze", str(tune_file), "--json"]) == 0
    found = Analysis.from_json(capsys.readouterr().out)
    assert found.duration_s == pytest.approx(4, abs=0.5)


def test_a_track_of_the_library_needs_no_decoding(
    library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.library.analyser.learn", lambda path: 1 / 0)
    assert cli.run(["analyze", "1", "--library", str(library)]) == 0
    assert "LUFS" in capsys.readouterr().out


def test_the_plot_is_a_picture(tune_file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "song.png"
    assert cli.run(["analyze", str(tune_file), "--plot", str(picture)]) == 0
    from matplotlib import pyplot as plt

    pixels = plt.imread(picture)
    assert pixels.shape[0] > 500
    assert pixels[..., :3].std() > 0.05


def test_all_analyses_what_lacks_it_once(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sqlite3

    with sqlite3.connect(library / "library.sqlite") as database:
        database.execute("DELETE FROM sound")
    for expected in ("analysed 1 of 1", "analysed 0 of 0"):
        assert cli.run(["analyze", "--all", "--library", str(library), "--workers", "1"]) == 0
        assert expected in capsys.readouterr().out


def test_the_list_tells_tempo_and_key_to_programs(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["library", "list", "--library", str(library), "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert {"bpm", "bpm_confidence", "key", "key_confidence", "loudness_lufs"} <= set(line)


@pytest.mark.parametrize("arguments", [["analyze"], ["analyze", "x.flac", "--all"]])
def test_a_track_or_all_must_be_named(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    assert "give a track, or --all" in capsys.readouterr().err


def test_a_file_that_is_no_music_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish = tmp_path / "rubbish.wav"
    rubbish.write_bytes(b"nothing")
    assert cli.run(["analyze", str(rubbish)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
