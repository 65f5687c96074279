"""`antiphon library compact` and `export`: space given back, and everything in other formats."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
import soundfile

from engine.errors import LibraryError
from engine.library import Library
from engine.library.compact import compact
from fingerprint import FingerprintIndex, TrackPeaks

from .commands import Run, runner
from .conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    write_tune: WriteTune,
) -> Run:  # fmt: skip
    write_tune("music/one.flac", 1, 30.0, title="Jóga, again", artist="Björk", album="Homogenic")
    write_tune("music/two.flac", 2, 30.0, title="Help!", artist="The Beatles")
    shutil.copy(tmp_path / "music/one.flac", tmp_path / "music/copy.flac")
    invoke = runner(tmp_path, monkeypatch, capfd)
    Path("list.m3u8").write_text("music/two.flac\n#EXTINF:9,Else - Where\nnowhere.mp3\n")
    assert invoke("add", "music")[0] == 0
    assert invoke("playlist", "add", "list.m3u8")[0] == 0
    return invoke


def test_compacting_gives_the_bytes_of_removed_tracks_back(run: Run, tmp_path: Path) -> None:
    run("library", "remove", "help")
    code, out, err = run("library", "compact")
    assert (code, err) == (0, "")
    numbers = [int(n.replace(",", "")) for n in re.findall(r"[\d,]{2,}(?= )", out)]
    index_before, index_after, before, after = numbers
    # a removed track stays in its run until that is written anew
    assert index_after < index_before - 5_000
    assert after < before
    assert run("library", "check") == (0, f"1 tracks in {tmp_path / 'library'}: all is whole\n", "")
    soundfile.write("clip.wav", tune(1, 30.0)[20 * RATE : 25 * RATE], RATE)
    assert "Jóga" in run("identify", "clip.wav")[1]
    with FingerprintIndex.open(tmp_path / "library/index") as index:
        assert [len(run.track_id) for run in index._runs] == [1]


def test_compacting_needs_the_right_to_change_the_library(run: Run, tmp_path: Path) -> None:
    reading = Library.open(tmp_path / "library", writable=False)
    with reading, pytest.raises(LibraryError, match="for reading only"):
        compact(reading)


def test_json_holds_tracks_tags_and_playlists(run: Run, tmp_path: Path) -> None:
    code, out, err = run("library", "export", "-")
    assert (code, err) == (0, "")
    found = json.loads(out)
    joga, help_ = found["tracks"]
    assert (joga["artist"], joga["title"], joga["album"]) == ("Björk", "Jóga, again", "Homogenic")
    assert joga["duration_s"] == pytest.approx(30.0, abs=0.01)
    assert sorted([joga["path"], *joga["other_paths"]]) == [
        str(tmp_path / "music/copy.flac"),
        str(tmp_path / "music/one.flac"),
    ]
    assert len(joga["digest"]) == 32
    [playlist] = found["playlists"]
    assert playlist["name"] == "list"
    first, second = playlist["entries"]
    assert first["track_id"] == help_["track_id"]
    assert (second["track_id"], second["artist"], second["title"]) == (None, "Else", "Where")
    assert second["path"] == str(tmp_path / "nowhere.mp3")
    run("library", "export", "out")
    assert json.loads(Path("out/library.json").read_text()) == found


def test_csv_says_the_same_as_json(run: Run) -> None:
    code, out, _ = run("library", "export", "out", "--csv")
    assert (code, out) == (0, "2 tracks written to out/tracks.csv, out/playlists.csv\n")
    found = json.loads(run("library", "export", "-")[1])
    with Path("out/tracks.csv").open(newline="") as file:
        tracks = list(csv.DictReader(file))
    for row, track in zip(tracks, found["tracks"], strict=True):
        track["other_paths"] = "|".join(track["other_paths"])
        assert row == {key: str(value) for key, value in track.items()}
    with Path("out/playlists.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == [
        entry["title"] for entry in found["playlists"][0]["entries"]
    ]
    assert [row["position"] for row in rows] == ["0", "1"]


def test_exported_fingerprints_make_an_index_that_answers(run: Run, tmp_path: Path) -> None:
    run("library", "export", "out", "--fingerprints")
    files = sorted(Path("out/fingerprints").iterdir())
    assert [path.suffix for path in files] == [".peaks"] * 2
    with FingerprintIndex.create(tmp_path / "index") as index:
        for path in files:
            index.add_peaks(int(path.stem), TrackPeaks.from_bytes(path.read_bytes()))
        [best, *_] = index.identify(tune(2, 30.0)[5 * RATE : 10 * RATE], RATE)
    assert best.known
    with Library.open(tmp_path / "library", writable=False) as library:
        assert library.track(best.track_id).title == "Help!"


def test_wrong_use_and_bad_places_are_told(run: Run) -> None:
    assert run("library", "export", "-", "--csv")[0] == 2
    Path("file").write_text("")
    code, _, err = run("library", "export", "file")
    assert code == 1
    assert err.count("\n") == 1
