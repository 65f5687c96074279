"""Every example runs as its first lines say, and does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Demo
from tests.programs import ROOT, note_hz, strength

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(name: str, folder: Path, *arguments: str) -> str:
    """Run an example in a folder of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_no_example_is_left_untested() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert len(EXAMPLES) >= 3
    assert all(f'"{example.name}"' in tested for example in EXAMPLES)


def test_a_chord_has_its_notes(tmp_path: Path) -> None:
    said = run("play_a_chord.py", tmp_path)
    assert said.startswith("chord.wav: 4.0 s")
    audio, rate = soundfile.read(tmp_path / "chord.wav", dtype="float32", always_2d=True)
    held = audio[rate : 2 * rate]
    assert min(strength(held, rate, note_hz(note)) for note in (48, 60, 64, 67, 71)) > 1e-3
    assert np.abs(audio[-rate // 100 :]).max() < 0.1 * np.abs(audio).max()


def test_a_clip_is_found_where_it_was_cut(tmp_path: Path) -> None:
    words = run("identify_a_clip.py", tmp_path).split()
    assert words[:4] == ["the", "clip", "is", "korobeiniki,"]
    assert float(words[5]) == pytest.approx(12.0, abs=0.05)


def test_an_arpeggio_finds_the_beat_and_the_key_of_the_record(tmp_path: Path, demo: Demo) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for name in ("ode-to-joy", "korobeiniki", "canon-in-d"):
        (music / f"{name}.flac").symlink_to(demo.tune(name))
    out = run("play_in_time.py", tmp_path, str(music), "out.wav", "Korobeiniki")
    locked = [line for line in out.splitlines() if "locked, 152.0 BPM, A minor" in line]
    assert locked, out
    assert float(locked[0].split()[0]) < 5.0
    audio, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert len(audio) / rate == pytest.approx(20.0)


def test_a_session_hears_the_record_and_queues_the_others(tmp_path: Path, demo: Demo) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for name in ("ode-to-joy", "korobeiniki", "canon-in-d"):
        (music / f"{name}.flac").symlink_to(demo.tune(name))
    lines = run("session.py", tmp_path, str(music)).splitlines()
    state, *named = lines[0].split()
    assert state == "heard"
    assert float(named[-2]) > 5.0
    queue = [line for line in lines if line[0].isdigit()]
    assert len(queue) == 3
    assert all(": " in line for line in queue)
    assert "nothing new is left" in queue[2]  # it is what was heard
