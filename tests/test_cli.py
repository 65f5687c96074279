"""The command line as its user meets it: help, exit codes, and one line for every trouble."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer.main

from engine.app import cli
from engine.library import ingest
from tests.conftest import Demo, Studio
from tests.programs import ANTIPHON, ROOT

Run = Callable[..., tuple[int, str, str]]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command of the command line as the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = sorted(commands(typer.main.get_command(cli.app)))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line here: exit code, output, errors.

    What a C library prints is among the errors.
    """
    monkeypatch.setenv("ANTIPHON_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setattr(ingest, "processors", lambda: 0)  # workers have tests of their own
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.run(list(arguments))
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Write ten seconds of a sweep: a readable audio file."""
    path = tmp_path / "music" / "sweep.flac"
    path.parent.mkdir()
    t = np.arange(10 * 22_050) / 22_050
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * (300 + 90 * t) * t), 22_050)
    return path


def complaint(answer: tuple[int, str, str], code: int = 1) -> str:
    """Return the one line on standard error that goes with an exit code."""
    assert answer[0] == code
    assert answer[2].startswith("antiphon: ")
    assert answer[2].count("\n") == 1
    assert answer[2].endswith("\n")
    return answer[2]


def test_there_is_a_command_for_everything_the_readme_promises() -> None:
    words = {command[0] for command in COMMANDS}
    assert words >= {
        "devices", "play", "render", "add", "identify", "listen", "recommend", "session", "demo",
        "playlist", "library",
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_ends_with_an_example_of_it(
    run: Run, command: tuple[str, ...]
) -> None:
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert f"Example: antiphon {' '.join(command)}" in out


def test_without_a_command_the_commands_are_listed(run: Run) -> None:
    code, out, err = run()
    assert code in (0, 2)
    assert all(command[0] in out + err for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["render", "only-one.mid"],
        ["play", "--block", "1"],
        ["play", "--block", "many"],
        ["render", "a.mid", "b.wav", "--sample-rate", "7"],
        ["recommend", "-n", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_names_the_help(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "--help" in err
    assert "Error: " in err


@pytest.mark.parametrize("command", ["identify", "add"])
@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all " * 100, b"fLaC" + bytes(40)])
def test_a_file_that_is_not_audio_is_named_in_one_line(
    run: Run, tone: Path, command: str, content: bytes
) -> None:
    assert run("add", "music")[0] == 0
    Path("bad.flac").write_bytes(content)
    assert "bad.flac: " in complaint(run(command, "bad.flac"))


def test_an_audio_file_may_not_be_readable(run: Run, tone: Path) -> None:
    assert run("add", "music")[0] == 0
    assert "none.wav: " in complaint(run("identify", "none.wav"))
    assert "none: " in complaint(run("add", "none"))
    assert "music: " in complaint(run("identify", "music"))


def test_a_truncated_file_is_added_as_far_as_it_goes_and_named(run: Run, tone: Path) -> None:
    tone.write_bytes(tone.read_bytes()[: tone.stat().st_size // 2])
    code, out, err = run("add", "music")
    assert "added 1" in out
    assert err.count("\n") == 1
    assert "sweep.flac: damaged" in err
    assert code == 0


def test_an_empty_folder_is_said_to_be_empty(run: Run) -> None:
    Path("empty").mkdir()
    assert "no audio file in empty" in complaint(run("add", "empty"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF and so on",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\xff\x00\x90",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x00MTrk\x00\x00\x00\x04\x00\xff\x2f\x00",
    ],
    ids=["empty", "not MIDI", "truncated", "no ticks"],
)
def test_a_malformed_midi_file_is_one_line_and_nothing_is_written(run: Run, content: bytes) -> None:
    Path("song.mid").write_bytes(content)
    assert "song.mid: " in complaint(run("render", "song.mid", "song.wav"))
    assert not Path("song.wav").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", b'{"playlists": 3'),
        ("list.json", b'{"playlists": 3}'),
        ("list.m3u8", bytes(range(256))),
        ("list.txt", b"hello"),
    ],
)
def test_a_malformed_playlist_is_one_line_and_the_library_stays(
    run: Run, tone: Path, name: str, content: bytes
) -> None:
    assert run("add", "music")[0] == 0
    Path(name).write_bytes(content)
    assert f"{name}: " in complaint(run("playlist", "add", name))
    assert run("library", "check")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["library", "list"],
        ["library", "check"],
        ["identify", "music/sweep.flac"],
        ["recommend", "--like", "sweep"],
        ["listen"],
        ["session"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_library_of_another_version_is_refused_by_all_and_left_alone(
    run: Run, tone: Path, arguments: list[str]
) -> None:
    assert run("add", "music")[0] == 0
    database = Path("library/library.sqlite")
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database.read_bytes()
    assert "newer Antiphon" in complaint(run(*arguments))
    assert database.read_bytes() == before


def test_a_title_nobody_has_is_one_line(run: Run, tone: Path) -> None:
    assert run("add", "music")[0] == 0
    assert "'zzz'" in complaint(run("recommend", "--like", "zzz"))
    assert "'zzz'" in complaint(run("library", "remove", "zzz"))


def test_a_patch_nobody_has_is_one_line_that_names_those_there_are(run: Run) -> None:
    from engine import tunes

    tunes.write("sakura", Path("song.mid"))
    said = complaint(run("render", "song.mid", "song.wav", "--patch", "trumpets"))
    assert "trumpets" in said
    assert "soft-lead" in said


def small_disk(size: int) -> Callable[[], None]:
    """Return what limits every file a child writes to a number of bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def in_child(*arguments: str, **options: Any) -> tuple[int, str, str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [*ANTIPHON, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_file_too_large_to_write_is_one_line_and_leaves_nothing_half_written(
    run: Run, tmp_path: Path
) -> None:
    from engine import tunes

    tunes.write("sakura", Path("song.mid"))
    out = tmp_path / "out"
    out.mkdir()
    answer = in_child(
        "render", str(tmp_path / "song.mid"), str(out / "song.wav"),
        preexec_fn=small_disk(1 << 20),
    )  # fmt: skip
    assert "song.wav" in complaint(answer)
    assert list(out.iterdir()) == []


def test_a_full_disk_loses_nothing_that_was_added(tone: Path, demo: Demo, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=350k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a full disk takes the right to mount a small one")
    try:
        library = "--library", str(disk / "library")
        first = in_child("add", str(tone), *library)
        assert (first[0], first[2]) == (0, "")
        several = sorted((demo.folder / "tunes").glob("*.flac"))[:4]
        many = in_child("add", *map(str, several), *library)
        assert "full" in complaint(many)
        assert in_child("library", "check", *library)[0] == 0
        assert "sweep" in in_child("library", "list", *library)[1]
        assert "sweep" in in_child("identify", str(tone), *library)[1]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.audio
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["play", "--wait", "--output", "no such"], "output device 'no such'; there are: system"),
        (["play"], "no MIDI keyboard is connected"),
        (["play", "--midi", "no such"], "no MIDI keyboard is connected"),
        (["play", "--wait", "--patch", "trumpets"], "soft-lead"),
        (["listen", "--input", "no such"], "input device 'no such'; there are: "),
        (["session", "--output", "no such"], "output device 'no such'; there are: system"),
        (["session", "--input", "no such"], "input device 'no such'; there are: "),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_a_device_that_is_missing_is_one_line_that_names_those_there_are(
    studio: Studio, demo: Demo, arguments: list[str], words: str
) -> None:
    environment = studio.environment | {"ANTIPHON_LIBRARY": str(demo.library)}
    assert words in complaint(in_child(*arguments, env=environment))


@pytest.mark.audio
def test_devices_are_listed_and_what_is_missing_is_explained(studio: Studio) -> None:
    code, out, err = in_child("devices", env=studio.environment)
    assert (code, err) == (0, "")
    assert "mic, JACK Audio Connection Kit" in out
    assert "MIDI" in out
    assert "no MIDI keyboard is connected" in out


def test_a_machine_without_sound_and_midi_says_so() -> None:
    nowhere = {
        **{k: v for k, v in os.environ.items() if not k.startswith("JACK")},
        "JACK_DEFAULT_SERVER": "antiphon-no-such-server",
        "JACK_NO_START_SERVER": "1",
        "ANTIPHON_MIDI": "jack",
    }
    code, out, err = in_child("devices", env=nowhere)
    assert code == 0
    assert "MIDI: " in out
    assert "Traceback" not in err
    assert "no JACK server" in complaint(in_child("play", env=nowhere))


def test_the_demo_ends_well_and_leaves_sound_data_and_a_picture(demo: Demo) -> None:
    assert (demo.code, demo.err) == (0, "")
    told = json.loads((demo.folder / "demo.json").read_text(encoding="utf-8"))
    assert told["right"]
    assert told["left_out"]["heard"]["state"] == "unknown"
    assert told["every_track"]["wrong"] == 0
    assert told["every_track"]["right"] >= 0.9 * told["every_track"]["clips"]
    assert len(told["queue"]) == 5
    assert all(entry["reason"] for entry in told["queue"])
    audio, _ = soundfile.read(demo.folder / "heard.wav")
    assert 0.01 < np.abs(audio).max() < 1.0
    picture = Path(told["files"]["picture"]).read_bytes()
    assert picture.startswith(b"\x89PNG")
    for name in ("heard.wav", "demo.json", "matched-peaks.png"):
        assert str(demo.folder / name) in demo.out
