"""`antiphon duplicates`: pairs by sound and by name, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from engine.library import twins

from .commands import Run, runner
from .conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return runner(tmp_path, monkeypatch, capfd)


@pytest.fixture
def music(tmp_path: Path, write_tune: WriteTune) -> Path:
    write_tune("music/one.flac", 1, 60.0, title="Jóga", artist="Björk")
    write_tune("music/two.flac", 2, 40.0, title="Help!", artist="The Beatles")
    soundfile.write("music/part.flac", tune(1, 60.0)[20 * RATE : 55 * RATE], RATE)
    return tmp_path / "music"


def test_an_excerpt_is_named_with_its_place(run: Run, music: Path) -> None:
    run("add", "music")
    code, out, err = run("duplicates")
    assert (code, err) == (0, "")
    head, first, second, total = out.splitlines()
    assert head.startswith("the second is a piece of the first, 0:20.0 to 0:5")
    assert first.endswith(f"Björk - Jóga  {music / 'one.flac'}")
    assert second.endswith(f"part  {music / 'part.flac'}")
    assert total == "3 tracks compared, 1 pair found by sound"
    assert twins.load(music.with_name("library")) == [(1, 2)]
    code, out, _ = run("duplicates", "--json")
    [record] = [json.loads(line) for line in out.splitlines()]
    assert record["relation"] == "excerpt"
    assert record["one"]["title"] == "Jóga"
    assert record["sections"][0]["one_s"] == pytest.approx(20.0, abs=0.1)
    assert record["common_s"] == pytest.approx(35.0, abs=1.0)
    assert record["speed"] == 1.0


def test_files_of_one_content_are_named_while_they_are_there(run: Run, music: Path) -> None:
    copy = music / "copy.flac"
    copy.write_bytes((music / "two.flac").read_bytes())
    (music / "part.flac").unlink()
    run("add", "music")
    lines = run("duplicates")[1].splitlines()
    assert lines[0] == "the same file, byte for byte"
    assert sorted(lines[1:3]) == [f"    {copy}", f"    {music / 'two.flac'}"]
    copy.unlink()
    assert run("duplicates")[1] == "2 tracks compared, 0 pairs found by sound\n"


def test_other_recordings_of_one_name_are_told_by_name_alone(
    run: Run, write_tune: WriteTune
) -> None:
    write_tune("music/a.flac", 4, 40.0, title="Help!", artist="Beatles")
    write_tune("music/b.flac", 5, 40.0, title="Help! (Live)", artist="The Beatles")
    run("add", "music")
    _, out, _ = run("duplicates")
    head, _, _, total = out.splitlines()
    assert head.startswith("the same artist and title, but other recordings")
    assert total == "2 tracks compared, 0 pairs found by sound"


def test_without_a_library_it_says_how_to_make_one(run: Run) -> None:
    code, out, err = run("duplicates")
    assert (code, out) == (1, "")
    assert err.startswith("antiphon: there is no library in ")


def test_help_has_an_example(run: Run) -> None:
    code, out, _ = run("duplicates", "--help")
    assert code == 0
    assert "Example: antiphon duplicates --json" in " ".join(out.split())
