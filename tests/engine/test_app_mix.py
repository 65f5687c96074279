"""`antiphon identify --mix`: the list of a mix in its four formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.app import identify, mix

from .commands import Run, runner
from .conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")

KNOWN = {
    "start_s": 61.52, "end_s": 200.0, "known": True, "track_id": 3, "artist": 'The "B"',
    "title": "A, B", "album": "", "path": "/m/a.flac", "position_s": 1.25, "speed": 1.031,
    "pitch_cents": 53.0, "confidence": 0.99999,
}  # fmt: skip
UNKNOWN = dict.fromkeys(KNOWN) | {"start_s": 0.0, "end_s": 61.5, "known": False}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return runner(tmp_path, monkeypatch, capfd)


@pytest.fixture
def evening(tmp_path: Path, write_tune: WriteTune) -> Path:
    write_tune("music/one.flac", 1, 40.0, title="Jóga", artist="Björk")
    write_tune("music/two.flac", 2, 40.0, title="Help!", artist="The Beatles")
    parts = [tune(1, 40.0)[10 * RATE :], tune(77, 30.0), tune(2, 40.0)]
    soundfile.write("evening.flac", np.concatenate(parts), RATE)
    return tmp_path / "evening.flac"


def test_a_mix_becomes_a_list_of_tracks_and_unknown_stretches(run: Run, evening: Path) -> None:
    run("add", "music")
    code, out, err = run("identify", "evening.flac", "--mix", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["mix"] == "evening.flac"
    assert [track["title"] for track in answer["tracks"]] == ["Jóga", None, "Help!"]
    times = [(track["start_s"], track["end_s"]) for track in answer["tracks"]]
    np.testing.assert_allclose(times, [(0, 30), (30, 60), (60, 100)], atol=1.5)
    assert answer["tracks"][0]["position_s"] == pytest.approx(10.0, abs=0.1)
    code, out, _ = run("identify", "evening.flac", "--out", "evening.cue", "--format", "cue")
    assert (code, out) == (0, "evening.cue: 2 tracks, 1 unknown stretch of evening.flac\n")
    sheet = Path("evening.cue").read_text()
    assert sheet.count("TRACK") == 3
    assert not list(Path().glob(".*.part"))


def test_short_files_are_clips_and_long_ones_mixes_unless_one_says_so(
    run: Run, evening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "music")
    _, clip, _ = run("identify", "evening.flac")
    assert clip.startswith("evening.flac: Björk - Jóga, from 0:10.0")
    monkeypatch.setattr(identify, "MIX_FROM_S", 90.0)
    _, listed, _ = run("identify", "evening.flac")
    assert len(listed.splitlines()) == 4
    assert run("identify", "--no-mix", "evening.flac")[1] == clip


def test_a_list_that_cannot_be_written_or_a_bad_mix_is_one_line(run: Run, evening: Path) -> None:
    run("add", "music")
    code, _, err = run("identify", "evening.flac", "--mix", "--out", "nowhere/x.cue")
    assert code == 1
    assert err.startswith("antiphon: nowhere/")
    assert err.count("\n") == 1
    Path("bad.flac").write_bytes(b"rubbish")
    code, _, err = run("identify", "bad.flac", "--mix")
    assert code == 1
    assert err.startswith("antiphon: bad.flac: ")
    for wrong in (("--no-mix", "--format", "cue"), ("evening.flac", "--out", "x")):
        assert run("identify", "evening.flac", *wrong)[0] == 2


@pytest.mark.parametrize(
    "command",
    [
        ["identify", "--mix", "song.flac", "--out"],
        ["explain", "song.flac", "1", "--out"],
        ["analyze", "song.flac", "--plot"],
        ["map", "--plot"],
        ["listen", "-", "--history"],
    ],
)
def test_nothing_is_written_over_music(run: Run, command: list[str]) -> None:
    music = Path("song.flac"), Path("other.mp3")
    for path in music:
        path.write_bytes(b"music")
        code, _, err = run(*command, str(path))
        assert code == 2
        assert command[-1] in err
        assert path.read_bytes() == b"music"


def test_a_sheet_names_its_mix_as_seen_from_where_it_lies(run: Run, evening: Path) -> None:
    run("add", "music")
    Path("sheets").mkdir()
    run("identify", str(evening), "--format", "cue", "--out", "sheets/evening.cue")
    assert 'FILE "../evening.flac" WAVE' in Path("sheets/evening.cue").read_text()


def test_a_cue_sheet_counts_frames_and_quotes_safely() -> None:
    assert mix.write([UNKNOWN, KNOWN], Path("/m/an evening.mp3"), "cue").splitlines() == [
        'TITLE "an evening"',
        'FILE "an evening.mp3" MP3',
        "  TRACK 01 AUDIO",
        '    TITLE "unknown"',
        "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO",
        '    TITLE "A, B"',
        "    PERFORMER \"The 'B'\"",
        "    INDEX 01 01:01:39",
    ]


def test_csv_comes_back_as_it_was() -> None:
    text = mix.write([UNKNOWN, KNOWN], Path("m.flac"), "csv")
    unknown, known = csv.DictReader(io.StringIO(text))
    assert known == {key: str(value) for key, value in KNOWN.items()}
    assert unknown["title"] == ""
    assert unknown["known"] == "False"


def test_the_table_says_times_speed_and_certainty() -> None:
    assert mix.write([UNKNOWN, KNOWN], Path("m.flac"), "table").splitlines() == [
        "m.flac:",
        "   0:00.0 to    1:01.5  unknown",
        '   1:01.5 to    3:20.0  The "B" - A, B, from 0:01.2, 3.1% fast, 99.9 % sure',
    ]
