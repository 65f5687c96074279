"""`evals.analysis` answers a folder so that the truth can be scored."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.io import audiofile
from evals import analysis

from .engine.analysis.conftest import RATE, sounded, steady


def test_a_folder_is_answered_line_by_line_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beats = steady(120, 20)
    audiofile.write(tmp_path / "band.wav", sounded(beats), RATE)
    truth = {"beats": beats.tolist(), "beats_per_bar": 4, "bpm": 120.0, "steady": True}
    (tmp_path / "band.json").write_text(json.dumps(truth))
    answers = tmp_path / "answers.jsonl"
    monkeypatch.setattr(sys, "argv", ["analysis", str(tmp_path), str(answers)])
    analysis.main()
    line = json.loads(answers.read_text())
    assert line["name"] == "band"
    assert analysis.best_level(beats, np.array(line["beats"]), 0.030) > 0.9
    assert set(line["downbeats"]) <= set(line["beats"])
    said = capsys.readouterr().out
    assert "wrong ones 0" in said
    assert "beats per bar right: 1 of 1" in said


def test_the_offbeat_does_not_count_as_the_beat() -> None:
    beats = np.arange(20.0)
    assert analysis.best_level(beats, beats + 0.01, 0.030) == 1.0
    assert analysis.best_level(beats, beats[::2], 0.030) == 1.0
    assert analysis.best_level(beats, np.arange(0.0, 19.5, 0.5), 0.030) == 1.0
    assert analysis.best_level(beats, beats + 0.5, 0.030) < 0.7
    assert analysis.f_measure(beats, beats + 0.04, 0.030) == 0.0
