"""Run commands of `antiphon` on a library of the test's own, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.app import cli
from engine.library import ingest

Run = Callable[..., tuple[int, str, str]]


def runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Return a function that runs a command and gives its exit code, output and errors."""
    monkeypatch.setenv("ANTIPHON_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setattr(ingest, "processors", lambda: 0)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return invoke
