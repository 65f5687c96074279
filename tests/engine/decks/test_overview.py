"""The outline of a track: as loud as the track is, where it is, and decoded once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.decks.overview import overview
from engine.errors import AudioFileError
from engine.io import audiofile

RATE = 44_100


def test_peaks_and_strengths_are_where_the_sound_is(tmp_path: Path) -> None:
    seconds = np.arange(10 * RATE) / RATE
    level = np.repeat([0.1, 0.9, 0.0, 0.5, 0.3], 2 * RATE)
    tone = level * np.sin(2 * np.pi * 441 * seconds)
    soundfile.write(tmp_path / "a.flac", np.stack([0.5 * tone, tone], 1), RATE)
    found = overview(tmp_path / "a.flac", 50)
    assert found.duration_s == 10.0
    want = np.repeat([0.1, 0.9, 0.0, 0.5, 0.3], 10) * 255
    inner = np.arange(50) % 10 % 9 != 0  # a bar may reach over an edge by a cell
    np.testing.assert_allclose(found.peak[inner], want[inner], atol=1)
    rms = want * np.sqrt((0.25 + 1.0) / 2 / 2)
    np.testing.assert_allclose(found.rms[inner], rms[inner], atol=1)
    assert found.peak.dtype == found.rms.dtype == np.uint8


@pytest.mark.parametrize("frames", [1, 100, 5_000])
def test_a_short_sound_has_all_its_bars(tmp_path: Path, frames: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(frames, 0.5), RATE)
    found = overview(tmp_path / "a.wav", 400)
    assert found.peak.shape == found.rms.shape == (400,)
    np.testing.assert_allclose(found.peak, 127.5, atol=1)
    np.testing.assert_allclose(found.rms, 127.5, atol=1)


def test_a_file_is_decoded_once_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    blocks = audiofile.blocks

    def counted(path: Path) -> audiofile.Blocks:
        opened.append(path)
        return blocks(path)

    monkeypatch.setattr(audiofile, "blocks", counted)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(9_000, 0.25), RATE)
    assert overview(path, 20) is overview(path, 20)
    assert len(opened) == 1
    overview(path, 21)
    assert len(opened) == 2
    soundfile.write(path, np.full(9_000, 0.5), RATE)
    os.utime(path, ns=(0, 0))
    np.testing.assert_allclose(overview(path, 20).peak, 127.5, atol=1)
    assert len(opened) == 3


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(AudioFileError, match="is not audio"):
        overview(tmp_path / "a.wav")
    with pytest.raises(AudioFileError, match="no such file"):
        overview(tmp_path / "b.wav")
    for bars in (0, 4_001):
        with pytest.raises(ValueError, match=f"bars must be between 1 and 4000, got {bars}"):
            overview(tmp_path / "a.wav", bars)
