"""`antiphon explain`: verdict, reasons, numbers and a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .commands import Run, runner
from .conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    write_tune: WriteTune,
) -> Run:  # fmt: skip
    write_tune("music/one.flac", 1, 30.0, title="Jóga", artist="Björk")
    write_tune("music/two.flac", 2, 30.0, title="Help!", artist="$The_{Beatles$")
    invoke = runner(tmp_path, monkeypatch, capfd)
    soundfile.write("clip.wav", tune(1, 30.0)[20 * RATE : 26 * RATE], RATE)
    assert invoke("add", "music")[0] == 0
    return invoke


def test_a_match_is_explained_in_words_and_in_a_picture(run: Run) -> None:
    code, out, err = run("explain", "clip.wav", "jóga")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("clip.wav: Björk - Jóga, from 0:20.0, ")
    assert "pairs of peaks speak for 0:20.0" in lines[1]
    assert "best other track" in out or "named from" in out
    [picture] = Path().glob("clip-*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_of_a_noisy_clip_it_is_told_how_far_the_place_stands_out(run: Run) -> None:
    clip = tune(1, 30.0)[20 * RATE : 23 * RATE]
    noise = np.random.default_rng(0).standard_normal(len(clip)) * 3.0 * np.std(clip)
    soundfile.write("noisy.wav", 0.1 * (clip + noise) / np.abs(clip + noise).max(), RATE)
    _, out, _ = run("explain", "noisy.wav", "jóga")
    assert re.search(r"  the place agrees with the clip by \d+\.\d standard deviations more", out)
    _, out, _ = run("explain", "noisy.wav", "jóga", "--json")
    assert json.loads(out)["standing"] > 5.0


def test_a_track_that_does_not_match_is_refused_with_the_reason(run: Run) -> None:
    code, out, _ = run("explain", "clip.wav", "help", "--out", "why.png")
    assert code == 0
    assert out.startswith("clip.wav: not $The_{Beatles$ - Help!, or not surely\n")
    assert "  so: Björk - Jóga explains the clip better\n" in out
    assert Path("why.png").exists()


def test_the_numbers_come_as_json(run: Run) -> None:
    _, out, _ = run("explain", "clip.wav", "jóga", "--json")
    answer = json.loads(out)
    assert answer["known"]
    assert answer["offset_s"] == pytest.approx(20.0, abs=0.05)
    assert answer["votes"] > answer["next_votes"]
    assert 0 <= answer["by_chance"] < answer["shared"] <= 1
    assert answer["strength"] > answer["needed"]


def test_of_a_long_clip_the_part_that_speaks_most_is_shown(run: Run) -> None:
    long = np.concatenate([tune(77, 14.0), tune(1, 30.0)[5 * RATE : 20 * RATE]])
    soundfile.write("long.wav", long, RATE)
    _, out, _ = run("explain", "long.wav", "jóga", "--json")
    answer = json.loads(out)
    assert answer["known"]
    # the clip's part from second 10 or 20 on: the tune began at second 14, in its second 5
    assert answer["offset_s"] == pytest.approx(5.0 - 14.0 + answer["clip_s"], abs=0.1)


def test_silence_has_nothing_to_explain(run: Run) -> None:
    soundfile.write("silence.wav", np.zeros(3 * RATE), RATE)
    code, out, _ = run("explain", "silence.wav", "jóga")
    assert code == 0
    assert out.splitlines()[0] == "silence.wav: not Björk - Jóga"
    assert not list(Path().glob("*.png"))


def test_wrong_names_are_one_line(run: Run) -> None:
    assert run("explain", "clip.wav", "nobody")[::2] == (
        1,
        "antiphon: the library has no track called 'nobody'\n",
    )
    code, _, err = run("explain", "nothing.wav", "jóga")
    assert code == 1
    assert err == "antiphon: nothing.wav: does not exist\n"
    code, _, err = run("explain", "clip.wav", "jóga", "--out", "nowhere/x.png")
    assert code == 1
    assert err.count("\n") == 1
