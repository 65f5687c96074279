"""Scala files where a player uses them: `antiphon render --tuning`, and keys that stay silent."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.app import cli
from engine.io.scala import read_tuning
from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.synth import Synth
from tests.measure import cents, frequency

SINE = Patch(
    name="sine",
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter(cutoff=20_000.0),
    amplitude=ADSR(0.01, 0.0, 1.0, 0.01),
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write a pure scale on the white keys, middle C at 264 Hz, a patch and a song of one third."""
    (tmp_path / "just.scl").write_text("just\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2/1\n")
    mapping = "12\n0\n127\n60\n60\n264.0\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n"
    (tmp_path / "white.kbm").write_text(mapping)
    SINE.save(tmp_path / "sine.json")
    song = mido.MidiFile()
    track = song.add_track()
    track.append(mido.Message("note_on", note=64, velocity=100))
    track.append(mido.Message("note_off", note=64, time=1920))
    song.save(tmp_path / "song.mid")
    return tmp_path


def test_a_song_is_rendered_in_the_tuning_of_the_files(files: Path) -> None:
    tuning = "--tuning", str(files / "just.scl"), "--keyboard", str(files / "white.kbm")
    out = files / "out.wav"
    patch = "--patch", str(files / "sine.json")
    assert cli.run(["render", str(files / "song.mid"), str(out), *patch, *tuning]) == 0
    audio, rate = soundfile.read(out)
    third = frequency(audio[4800:76_800, 0], 330.0, rate)
    assert cents(third, 264.0 * 5 / 4) == pytest.approx(0.0, abs=0.01)


def test_a_key_that_the_mapping_leaves_out_is_silent(files: Path) -> None:
    synth = Synth(SINE)
    assert synth.set_tuning(read_tuning(files / "just.scl", files / "white.kbm")[1])
    assert not synth.render([(0.0, 61, 100, 0.3)], 0.4).any()
    assert synth.active_voices == 0
    assert np.abs(synth.render([(0.0, 62, 100, 0.3)], 0.4)).max() > 0.05


def test_what_is_wrong_with_a_file_is_one_line(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "bad.scl").write_text("x\n1\nfifth\n")
    for options, said in (
        (["--tuning", str(files / "bad.scl")], f"{files}/bad.scl: line 3: must begin with cents"),
        (["--keyboard", str(files / "white.kbm")], "white.kbm: a keyboard mapping needs a scale"),
    ):
        assert cli.run(["render", str(files / "song.mid"), str(files / "o.wav"), *options]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("antiphon: ")
        assert said in line
