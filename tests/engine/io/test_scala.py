"""Scala files from the disk: the file and the line in every refusal."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.errors import TuningError
from engine.io.scala import read_tuning


def test_a_scale_and_a_mapping_make_a_tuning(tmp_path: Path) -> None:
    (tmp_path / "fifths.scl").write_bytes("Quinten f\xfcr alle\n2\n3/2\n2/1\n".encode("latin-1"))
    (tmp_path / "a.kbm").write_text("0\n0\n127\n69\n69\n432.0\n0\n")
    description, pitches = read_tuning(tmp_path / "fifths.scl", tmp_path / "a.kbm")
    assert description == "Quinten für alle"
    assert 440 * 2 ** ((pitches[69] - 69) / 12) == pytest.approx(432.0)
    assert pitches[70] - pitches[69] == pytest.approx(12 * np.log2(1.5))
    assert pitches[71] - pitches[69] == pytest.approx(12.0)


def test_a_scale_without_a_description_is_called_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "plain.scl").write_bytes(b"\xef\xbb\xbf! plain.scl\n\n1\n2/1\n")
    assert read_tuning(tmp_path / "plain.scl")[0] == "plain"


def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    good, bad, huge = tmp_path / "good.scl", tmp_path / "bad.kbm", tmp_path / "huge.scl"
    good.write_text("x\n1\n2/1\n")
    bad.write_text("0\n0\n127\n60\n200\n")
    huge.write_bytes(b"!" * (1 << 20) + b"\nx\n")
    for arguments, said in (
        ((tmp_path / "no.scl",), f"{tmp_path}/no.scl: cannot be read (No such file"),
        ((tmp_path,), f"{tmp_path}: cannot be read ("),
        ((huge,), f"{huge}: too large for a Scala file"),
        ((good, bad), f"{bad}: line 5: the reference key must be a number 0 to 127, got '200'"),
    ):
        with pytest.raises(TuningError, match="^" + re.escape(said)):
            read_tuning(*arguments)
