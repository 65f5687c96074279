"""The programs of evals/ that anyone may run on music of their own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from evals import corpus, crossfade, follow_music, onset_baseline, score, unknown
from evals.alike import SAME, likeness
from evals.degrade import CONDITIONS, RATE, degrade
from evals.stream import Piece, found_after
from fingerprint.settings import SAMPLE_RATE
from tests.fingerprint.conftest import tune


def test_the_baseline_finds_what_is_cut_at_the_same_start_and_little_else() -> None:
    tracks = [tune(500 + k, 16.0, SAMPLE_RATE) for k in range(8)]
    found = onset_baseline.evaluate(tracks, 10.0)
    assert found["starts 0 s late"] == 100.0
    assert found["starts 0.1 s late"] < 50.0


@pytest.mark.parametrize("condition", list(CONDITIONS))
def test_a_condition_keeps_the_length_and_is_the_same_for_the_same_seed(condition: str) -> None:
    audio = tune(1, 2.0, RATE)
    other = tune(2, 2.0, RATE)
    clips = [degrade(audio, condition, other, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*clips)
    assert clips[0].shape == audio.shape
    level = 20 * np.log10(np.sqrt(np.mean(clips[0] ** 2)))
    assert -33 < level < -13
    alike = np.corrcoef(clips[0], audio)[0, 1]
    if condition in {"clean", "speed2", "speed5"}:
        assert alike == pytest.approx(1.0, abs=1e-6)
    else:
        assert alike < 0.999


def test_the_corpus_holds_what_its_truth_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "music" / "album"
    folder.mkdir(parents=True)
    tunes = [np.tile(tune(600 + k, 8.0, RATE), 4) for k in range(3)]
    for number, audio in enumerate(tunes):
        soundfile.write(folder / f"song {number}.flac", audio, RATE)
    soundfile.write(folder / "short.wav", tunes[0][:RATE], RATE)
    (folder / "rubbish.mp3").write_bytes(b"rubbish")
    monkeypatch.setattr(corpus, "CONDITIONS", {"clean": CONDITIONS["clean"], "speed5": None})
    monkeypatch.setattr(corpus, "FOREIGN_CONDITIONS", ("clean",))
    work = tmp_path / "work"
    wanted = ["corpus", str(tmp_path / "music"), str(work), "--per-cell", "2"]
    monkeypatch.setattr(sys, "argv", wanted)
    monkeypatch.setitem(corpus.SPEEDS, "speed5", 0.0)
    corpus.main()
    library = {path.stem: path for path in (work / "library").iterdir()}
    assert sorted(library) == ["00000-song-1", "00001-song-2"]
    truth = score.load(work / "clips/truth.jsonl")
    assert [row["query"] for row in truth] == (work / "clips/queries.lst").read_text().split()
    assert len(truth) == 5 * (2 * 2 + 4)
    for row in truth:
        clip, rate = soundfile.read(work / "clips" / row["query"])
        assert len(clip) == round(row["length_s"] * rate)
        if row["match"] is None:
            assert row["source"] == "song 0"
            continue
        track, _ = soundfile.read(library[row["match"]])
        start = round(row["offset_s"] * RATE)
        there = track[start : start + len(clip)]
        assert np.corrcoef(clip, there)[0, 1] > 0.99


def test_scores_of_known_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    def truth(query: str, match: str | None, condition: str = "clean") -> dict[str, object]:
        about = {"length_s": 3.0, "offset_s": 10.0, "rate": 1.0}
        return {"query": query, "match": match, "condition": condition} | about

    def answer(query: str, match: str, points: float, accept: bool) -> dict[str, object]:
        about = {"offset_s": 10.02, "speed": 1.001}
        return {"query": query, "match": match, "score": points, "accept": accept} | about

    rows = [truth("a", "x"), truth("b", "y"), truth("c", "x", "bar"), truth("d", None)]
    said = [answer("a", "x", 5, True), answer("b", "x", 4, True), answer("c", "x", 1, False)]
    said.append(answer("d", "y", 2, False))
    for name, lines in (("truth", rows), ("answers", said)):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "out.json"
    argv = ["score", str(tmp_path / "truth"), str(tmp_path / "answers"), "--json", str(out)]
    monkeypatch.setattr(sys, "argv", argv)
    score.main()
    result = json.loads(out.read_text())
    own = {name: row["3 s"] for name, row in result["own decision"].items()}
    assert own == {"clean": 50.0, "bar": 0.0, "all": 33.3, "foreign answered": 0.0}
    assert result["at most 1 % of foreign clips"]["clean"] == {"3 s": 50.0}
    assert result["known clips named wrongly"] == 1
    assert result["offset within 50 ms"] == 100.0
    assert "| bar | 0 |" in capsys.readouterr().out


@pytest.fixture(scope="module")
def thrice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a part that comes again after 6 s, and after 12 s with a voice; return the file."""
    part = tune(1, 6.0, RATE)
    path = tmp_path_factory.mktemp("thrice") / "x.wav"
    soundfile.write(path, np.concatenate([part, part, part + 0.5 * tune(2, 6.0, RATE)]), RATE)
    return path


def test_places_that_sound_alike_are_told_from_those_that_nearly_do(thrice: Path) -> None:
    assert likeness(thrice, 1.0, 7.02, 3.0) == pytest.approx(1.0, abs=1e-3)
    assert 0.5 < likeness(thrice, 1.0, 13.0, 3.0) < SAME
    assert likeness(thrice, 1.0, 2.0, 3.0) < 0.5
    assert likeness(thrice, 1.0, -3.5, 3.0) == 0.0


def test_a_repeat_counts_as_the_place_only_where_it_sounds_the_same(
    thrice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = Piece(5.0, 3, 1.0)
    for repeat, found in ((7.0, 1.0), (13.0, np.inf)):
        said = [(at, 3, repeat + at - 5.0) for at in (5.2, 6.0, 7.0)]
        assert found_after(said, piece, 9.0, thrice) == found
        assert found_after(said, piece, 9.0) == np.inf
    about = {"match": "x", "condition": "clean", "length_s": 3.0, "rate": 1.0}
    truths = [{"query": q, "offset_s": 1.0} | about for q in "abc"]
    nobody = {"query": "d", "offset_s": 0.0} | about | {"match": None}
    says = {"match": "x", "score": 5.0, "accept": True, "speed": 1.0}
    answers = [
        {"query": q, "offset_s": at} | says for q, at in zip("abc", (1.0, 7.0, 13.0), strict=True)
    ]
    answers.append({"query": "d", "offset_s": 0.0} | says | {"accept": False, "score": 0.0})
    for name, lines in (("truth", [*truths, nobody]), ("answers", answers)):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    argv = [str(tmp_path / "truth"), str(tmp_path / "answers"), "--library", str(thrice.parent)]
    monkeypatch.setattr(sys, "argv", ["score", *argv, "--json", str(tmp_path / "out")])
    score.main()
    result = json.loads((tmp_path / "out").read_text())
    assert result["offset within 50 ms"] == 33.3
    assert result["offset within 50 ms, or alike"] == 66.7


def test_the_ideal_mix_is_what_the_decks_send_and_a_click_is_told_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = crossfade.made(tmp_path, 2.5)[:3]
    pieces = [crossfade.piece(i, path, 2.5) for i, path in enumerate(paths)]
    row = crossfade.transitions(pieces, 1.0, 512)
    assert row["worst_off_lu"] < 1.0
    assert row["true_peak_db"] < -1.0
    assert row["error_db"] < -120.0
    assert row["silent_frames"] == row["frames_more_or_less"] == 0

    play = crossfade.play

    def clicking(*asked: object) -> np.ndarray:
        heard = play(*asked)  # type: ignore[arg-type]
        heard[100_000:100_050] = 0.0
        return heard

    monkeypatch.setattr(crossfade, "play", clicking)
    row = crossfade.transitions(pieces, 1.0, 512)
    assert row["error_db"] > -60.0
    assert row["silent_frames"] > 40


def test_a_day_of_unknown_music_is_heard_in_parts_and_names_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library, foreign = tmp_path / "library", tmp_path / "foreign"
    library.mkdir()
    foreign.mkdir()
    for k in range(3):
        soundfile.write(library / f"{k}.wav", tune(700 + k, 31.0, RATE), RATE)
    soundfile.write(foreign / "really known.wav", tune(701, 31.0, RATE), RATE)
    monkeypatch.setattr(unknown, "CONDITIONS", ("clean",))

    def hear(name: str, hours: float) -> list[dict[str, Any]]:
        wanted = ["unknown", str(library), str(foreign), "--heard", str(tmp_path / name)]
        wanted += ["--index", str(tmp_path / "index"), "--hours", str(hours)]
        monkeypatch.setattr(sys, "argv", wanted)
        unknown.main()
        lines = (tmp_path / name).read_text().splitlines()
        return [{**json.loads(line), "cpu_s": 0} for line in lines]

    at_once = hear("at once", 0.03)
    told = capsys.readouterr().out
    hear("in parts", 0.01)
    with (tmp_path / "in parts").open("a") as file:
        file.write('{"pieces": [{"na')  # the power went
    assert hear("in parts", 0.03) == at_once
    assert len(at_once) == 2
    names = [name for one in at_once for name in one["named"]]
    assert {name["named"] for name in names} == {"1"}
    assert f'"false_names": {len(names)}' in told


def test_a_run_most_of_whose_clicks_are_off_counts_as_locked_wrongly() -> None:
    def run(errors: list[float], elsewhere: list[bool]) -> follow_music.Run:
        places = tuple(9.0 if other else 0.001 for other in elsewhere)
        led_s = 2.0 if errors else None
        return follow_music.Run(
            "piece", True, 1.0, 0.0, led_s, 1.0, tuple(errors), places, tuple(elsewhere)
        )

    runs = [run([0.002, 0.1], [False]), run([0.1, -0.1, 0.0], [True, False]), run([], [])]
    figures = follow_music.summarize(runs)
    assert figures["runs"] == 3
    assert figures["followed"] == 2
    assert figures["locked_wrongly"] == 1
    assert figures["clicks_off"] == pytest.approx(3 / 5)
    assert figures["error_of_the_others_median_ms"] == pytest.approx(1.0)
    assert figures["looks_at_another_place"] == pytest.approx(1 / 3)
    assert figures["place_95_ms"] == pytest.approx(1.0)
