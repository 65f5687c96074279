"""The commands that add music, ask about it, and tend the library."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import typer
from typer.testing import CliRunner

import fingerprint.settings
from engine.app import add, hear, identify, library_cmd, recommend
from engine.errors import DiskFullError
from engine.library import Track, ingest
from engine.listener import Heard

from .conftest import RATE, WriteTune, cut_noisily, passes, tune

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(add.add)
app.command()(identify.identify)
app.command()(recommend.recommend)
app.add_typer(library_cmd.app)
app.add_typer(add.playlist_app)


pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that runs a command on the test's library: exit code, output, errors."""
    monkeypatch.setenv("ANTIPHON_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setattr(ingest, "processors", lambda: 0)  # in this process: worker tests are apart
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return invoke


@pytest.fixture
def music(tmp_path: Path, write_tune: WriteTune) -> Path:
    write_tune("music/one.flac", 1, 30.0, title="Jóga", artist="Björk", album="Homogenic")
    write_tune("music/two.flac", 2, title="Help!", artist="The Beatles")
    write_tune("music/three.flac", 3, title="Third")
    return tmp_path / "music"


def test_add_reports_counts_and_names_bad_files_with_exit_code_3(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    (music / "bad.mp3").write_bytes(b"rubbish" * 100)
    code, out, err = run("add", "music")
    assert code == 3
    assert "added 3 (0:38.0 of audio), 1 not added" in out
    assert out.splitlines()[-1].startswith("next: `antiphon identify CLIP`")
    assert "`antiphon listen`" in out.splitlines()[-1]
    assert err.count("\n") == 1
    assert "bad.mp3: is not audio" in err
    (music / "bad.mp3").unlink()
    code, out, err = run("add", "music")
    assert (code, err) == (0, "")
    assert "3 unchanged" in out


def test_add_of_nothing_is_an_error(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "empty").mkdir()
    code, _, err = run("add", "empty")
    assert (code, err) == (1, "antiphon: there is no audio file in empty\n")


def test_identify_names_track_and_place_and_says_unknown(run, music: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    soundfile.write("clip.wav", tune(1, 30.0)[20 * RATE : 25 * RATE], RATE)
    soundfile.write("other.wav", tune(77, 5.0), RATE)
    code, out, err = run("identify", "clip.wav", "other.wav")
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.startswith("clip.wav: Björk - Jóga, from 0:20.0, ")
    assert re.search(r", \d\d\.\d % sure$", first)
    assert second == "other.wav: unknown"
    code, out, _ = run("identify", "--json", "clip.wav", "other.wav")
    known, unknown = (json.loads(line) for line in out.splitlines())
    assert known["known"]
    assert known["title"] == "Jóga"
    assert known["offset_s"] == pytest.approx(20.0, abs=0.05)
    assert known["path"] == str(tmp_path / "music/one.flac")
    assert unknown == dict.fromkeys(known) | {"clip": "other.wav", "known": False}


def test_identify_asks_the_file_which_repeat_it_is_and_does_without_it(  # type: ignore[no-untyped-def]
    run, tmp_path: Path
) -> None:
    track, parts = passes(1)
    (tmp_path / "music").mkdir()
    soundfile.write("music/passes.wav", track, RATE)
    places = []
    for number, (place_s, clip) in enumerate(cut_noisily(parts)):
        soundfile.write(f"clip-{number}.wav", clip, RATE)
        places.append(place_s)
    names = [f"clip-{number}.wav" for number in range(len(places))]
    run("add", "music")
    told = [json.loads(line) for line in run("identify", "--json", *names)[1].splitlines()]
    assert [line["offset_s"] for line in told] == pytest.approx(places, abs=0.05)
    (tmp_path / "music/passes.wav").unlink()
    code, out, err = run("identify", "--json", *names)
    assert (code, err) == (0, "")
    guessed = [json.loads(line) for line in out.splitlines()]
    assert [line["confidence"] for line in guessed] == [line["confidence"] for line in told]
    assert [line["offset_s"] for line in guessed] != pytest.approx(places, abs=0.05)


@pytest.mark.parametrize(
    ("seconds", "level", "why"),
    [
        (0.4, 1.0, "unknown (0.4 s of sound; it takes 0.5 s, and better three)"),
        (3.0, 0.0, "unknown (no sound in it)"),
    ],
)
def test_a_clip_that_nobody_could_know_is_told_so(  # type: ignore[no-untyped-def]
    run, music: Path, seconds: float, level: float, why: str
) -> None:
    run("add", "music/one.flac")
    soundfile.write("clip.wav", level * tune(1, seconds), RATE)
    assert run("identify", "clip.wav") == (0, f"clip.wav: {why}\n", "")


def test_a_clip_that_begins_with_silence_is_identified_later_on(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    silence = 0 * tune(1, 12.0)
    with soundfile.SoundFile("clip.wav", "w", RATE, 1) as file:
        file.write(silence)
        file.write(tune(1, 30.0)[5 * RATE : 25 * RATE])
    _, out, _ = run("identify", "--json", "clip.wav")
    answer = json.loads(out)
    assert answer["title"] == "Jóga"
    assert answer["offset_s"] == pytest.approx(5.0 - 12.0, abs=0.1)


def test_identify_names_an_unreadable_clip_and_goes_on(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    soundfile.write("clip.wav", tune(1, 30.0)[: 8 * RATE], RATE)
    Path("bad.mp3").write_bytes(b"rubbish" * 100)
    code, out, err = run("identify", "bad.mp3", "clip.wav")
    assert code == 3
    assert "Jóga" in out
    assert err.startswith("antiphon: bad.mp3: is not audio")
    assert run("identify", "bad.mp3")[0] == 1


def test_commands_without_a_library_say_how_to_make_one(run) -> None:  # type: ignore[no-untyped-def]
    for arguments in (
        ("identify", "x.wav"),
        ("recommend",),
        ("library", "list"),
        ("library", "check"),
        ("library", "remove", "1"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (1, "")
        assert err.startswith("antiphon: there is no library in ")
        assert err.count("\n") == 1


def test_recommend_gives_reasons_in_words_and_json(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    code, _, err = run("recommend")
    assert code == 1
    assert "antiphon recommend TITLE" in err
    names = [f"{number}.m3u8" for number in range(4)]
    for name in names:
        Path(name).write_text("music/one.flac\nmusic/two.flac\nelse/nowhere - song.mp3\n")
    code, out, _ = run("playlist", "add", *names)
    assert code == 0
    assert out == "".join(f"{name}: 2 of 3 entries are in the library\n" for name in names)
    Path("other.m3u8").write_text("music/three.flac\nelse/another - song.mp3\n")
    assert run("playlist", "add", "other.m3u8")[0] == 0
    code, out, _ = run("recommend", "--like", "jóga", "-n", "1")
    assert code == 0
    assert out == " 1. The Beatles - Help!\n    shares playlists with Björk - Jóga\n"
    assert run("recommend", "jóga", "-n", "1") == (0, out, "")
    assert run("recommend", "jóga", "third") == run("recommend", "jóga", "--like", "third")
    code, out, _ = run("recommend", "--like", "jóga", "--skip", "third", "--json")
    [answer] = [json.loads(line) for line in out.splitlines()]
    assert answer["title"] == "Help!"
    assert answer["reasons"][0]["kind"] == "playlists"
    code, out, _ = run("recommend", "-n", "2")
    assert {line[4:] for line in out.splitlines()[::2]} == {"Björk - Jóga", "The Beatles - Help!"}


def test_recommend_of_an_unknown_title_is_one_line(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    code, out, err = run("recommend", "--like", "nothing")
    assert (code, out) == (1, "")
    assert err == "antiphon: the library has no track called 'nothing'\n"


def test_a_playlist_goes_out_by_its_name_as_the_suffix_says(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    names = [path.name for path in sorted(music.glob("*.flac"))]
    Path("Rainy Sunday.m3u8").write_text(
        "".join(f"music/{name}\n" for name in [*names, "gone.mp3"])
    )
    run("playlist", "add", "Rainy Sunday.m3u8")
    code, out, _ = run("playlist", "export", "rainy", "out.xspf")
    assert (code, out) == (0, f"out.xspf: {len(names)} of {len(names) + 1} entries\n")
    assert "<title>Rainy Sunday</title>" in Path("out.xspf").read_text()
    assert run("playlist", "export", "rainy", "out.xspf")[::2] == (
        1,
        "antiphon: out.xspf: cannot be written (File exists)\n",
    )
    assert "no playlist 'sunny'" in run("playlist", "export", "sunny", "other.jspf")[2]
    assert run("playlist", "export", "rainy", "out.pls")[0] == 2
    Path("two").mkdir()
    Path("two/rainy sunday.m3u8").write_text(f"music/{names[0]}\n")
    run("playlist", "add", "two/rainy sunday.m3u8")
    assert run("playlist", "export", "rainy sunday", "x.jspf")[2] == (
        "antiphon: 'rainy sunday' may be Rainy Sunday (1), rainy sunday (2); give the number\n"
    )
    assert run("playlist", "list")[1].splitlines()[1].split(maxsplit=1) == [
        "2",
        "0 of    1  rainy sunday",
    ]
    assert run("playlist", "export", "2", "x.jspf") == (0, "x.jspf: 0 of 1 entries\n", "")


def test_adding_tells_another_program_of_every_file_as_json(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    count = len(list(music.glob("*.flac")))
    (music / "bad.flac").write_bytes(b"no music")
    code, out, _ = run("add", "--json", "music")
    *events, whole = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [event["done"] for event in events] == list(range(1, count + 2))
    assert {event["total"] for event in events} == {count + 1}
    assert [event["path"] for event in events if event["outcome"] == "failed"] == [
        str(music / "bad.flac")
    ]
    assert (whole["added"], whole["failed"], whole["tracks"]) == (count, 1, count)


def test_a_bad_playlist_among_good_ones_is_named(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    Path("good.m3u8").write_text("music/one.flac\n")
    Path("bad.m3u8").write_bytes(b"\0")
    code, out, err = run("playlist", "add", "bad.m3u8", "good.m3u8")
    assert code == 3
    assert out == "good.m3u8: 1 of 1 entries are in the library\n"
    assert err == "antiphon: bad.m3u8: is not a playlist but binary data\n"


def test_list_check_and_remove(run, music: Path) -> None:  # type: ignore[no-untyped-def]
    run("add", "music")
    _, out, _ = run("library", "list", "bjork")
    assert out.split()[1:6] == ["0:30.0", "Björk", "-", "Jóga", "[Homogenic]"]
    _, out, _ = run("library", "list", "--json")
    assert len([json.loads(line) for line in out.splitlines()]) == 3
    assert run("library", "check")[0] == 0
    code, out, _ = run("library", "remove", "third")
    assert code == 0
    assert out.startswith("forgot Third (")
    assert (music / "three.flac").exists()
    (music / "one.flac").unlink()
    code, _, err = run("library", "check", "--mend")
    assert code == 1
    assert err == f"antiphon: missing file: {music / 'one.flac'}\n"


def test_ctrl_c_ends_with_130_and_errors_with_one_line(  # type: ignore[no-untyped-def]
    run, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "add", interrupted)
    code, _, err = run("add", "music")
    assert (code, err) == (130, "interrupted\n")

    def full(*_: object) -> None:
        raise DiskFullError("the disk of X is full")

    monkeypatch.setattr(ingest, "add", full)
    assert run("add", "music") == (1, "", "antiphon: the disk of X is full\n")


@pytest.mark.parametrize(
    "words", ["add", "identify", "recommend", "library list", "library check", "playlist add"]
)
def test_every_help_has_an_example(run, words: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(*words.split(), "--help")
    assert code == 0
    assert f"Example: antiphon {words}" in " ".join(out.split())


def test_importing_the_commands_loads_nothing_heavy() -> None:
    code = (
        "import sys; import engine.app.add, engine.app.identify, engine.app.recommend,"
        " engine.app.library_cmd; print(sorted({'numpy', 'numba', 'scipy', 'soundfile', 'sqlite3'}"
        " & set(sys.modules)))"
    )
    house = str(Path(__file__).resolve().parents[2])
    child = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": house},
    )
    assert child.stdout == "[]\n"


def test_tracks_of_another_version_are_told_in_one_line(  # type: ignore[no-untyped-def]
    run, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "music")
    soundfile.write("clip.wav", tune(1, 30.0)[20 * RATE : 25 * RATE], RATE)
    monkeypatch.setattr(fingerprint.settings, "STRONG_A_SLOT", 12)
    line = "antiphon: 3 tracks were analysed by another version; run `antiphon add` again\n"
    assert run("identify", "clip.wav") == (0, "clip.wav: unknown\n", line)
    assert run("library", "check") == (1, "", line)


def test_listen_and_identify_never_say_that_they_are_wholly_sure() -> None:
    track = Track(1, Path("a.flac"), "A", "", "", 60.0, RATE, False)
    heard = Heard("known", 1, 5.0, 0.99999, 1.0, 100, 2.0)
    assert hear.in_words(heard, track) == "A  at 0:05 of 1:00  99.9 % sure after 2.0 s"
    numbers = {"offset_s": 5.0, "speed": 1.0, "pitch_cents": 0.0, "confidence": 0.99999}
    answer = {"clip": "c.wav", "known": True, "title": "A", "artist": ""} | numbers
    answer |= {"bpm": None, "key": None}
    assert identify.in_words(answer) == "c.wav: A, from 0:05.0, 99.9 % sure"
    answer |= {"bpm": 119.96, "key": "D minor"}
    assert identify.in_words(answer) == "c.wav: A, from 0:05.0, 120 BPM, D minor, 99.9 % sure"
