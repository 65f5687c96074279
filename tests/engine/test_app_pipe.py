"""`antiphon listen -`: what a pipe plays, its history, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from .commands import Run, runner
from .conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    write_tune: WriteTune,
) -> Run:  # fmt: skip
    write_tune("music/one.flac", 1, 40.0, title="Jóga", artist="Björk")
    write_tune("music/two.flac", 2, 40.0, title="Help!", artist="The Beatles")
    invoke = runner(tmp_path, monkeypatch, capfd)
    assert invoke("add", "music")[0] == 0
    return invoke


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that puts bytes into standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def as_bytes(audio: np.ndarray) -> bytes:
    return (np.repeat(audio[:, None], 2, axis=1) * 32767).astype("<i2").tobytes()


TWO = np.concatenate([tune(1, 40.0)[10 * RATE : 25 * RATE], tune(2, 40.0)[5 * RATE : 20 * RATE]])
OPTIONS = ("listen", "-", "--rate", str(RATE))


def test_tracks_are_named_with_their_places_and_summed_up(run: Run, pipe) -> None:  # type: ignore[no-untyped-def]
    pipe(as_bytes(TWO))
    code, out, err = run(*OPTIONS)
    assert code == 0
    assert err == "listening to a pipe for 2 tracks\n"
    told, summary = out.split("heard in all:\n")
    assert "Björk - Jóga  at 0:1" in told.splitlines()[0]
    first, second = summary.splitlines()
    assert first.endswith("  Björk - Jóga")
    assert first.split()[0] == "0:00.0"
    assert second.endswith("to    0:30.0  The Beatles - Help!")


def test_json_lines_and_the_history_say_the_same(run: Run, pipe, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pipe(as_bytes(TWO))
    _, out, _ = run(*OPTIONS, "--json", "--history", "history.jsonl")
    told = [json.loads(line) for line in out.splitlines()]
    known = [line for line in told if line["state"] == "known"]
    assert [known[0]["title"], known[-1]["title"]] == ["Jóga", "Help!"]
    for line, start, at in ((known[0], 0, 10), (known[-1], 15, 5)):
        assert line["position_s"] == pytest.approx(line["heard_at_s"] - start + at, abs=0.15)
    history = tmp_path / "history.jsonl"
    kept = [json.loads(line) for line in history.read_text().splitlines()]
    assert all("T" in line.pop("time") for line in kept)
    assert kept == told
    pipe(as_bytes(TWO[: 5 * RATE]))
    run(*OPTIONS, "--history", "history.jsonl")
    assert len(history.read_text().splitlines()) > len(kept)


def test_it_stops_after_the_seconds_of_the_pipe_that_were_wanted(run: Run, pipe) -> None:  # type: ignore[no-untyped-def]
    pipe(as_bytes(TWO))
    code, out, _ = run(*OPTIONS, "--seconds", "8")
    assert code == 0
    assert out.splitlines()[-1].endswith("to    0:08.0  Björk - Jóga")
    assert "Help!" not in out


def test_a_pipe_that_ends_within_a_frame_or_at_once_ends_well(run: Run, pipe) -> None:  # type: ignore[no-untyped-def]
    pipe(bytes(4001))
    code, out, err = run(*OPTIONS)
    assert (code, out) == (0, "")
    assert err.endswith(
        "antiphon: the pipe ended within a frame: its last 1 bytes were not heard\n"
    )
    pipe(b"")
    code, _, err = run(*OPTIONS)
    assert code == 0
    assert err.endswith("antiphon: the pipe carried no samples\n")


def test_wrong_use_is_told(run: Run, pipe, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    pipe(b"RIFF" + bytes(100))
    code, _, err = run(*OPTIONS)
    assert code == 1
    assert "the pipe carries a WAV file" in err
    assert run("listen", "somewhere")[0] == 2
    assert run(*OPTIONS, "--format", "u8")[0] == 2
    code, _, err = run(*OPTIONS, "--history", "nowhere/x")
    assert code == 1
    assert err.startswith("antiphon: nowhere/x")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    code, _, err = run("listen", "-")
    assert code == 1
    assert "standard input is a terminal" in err
