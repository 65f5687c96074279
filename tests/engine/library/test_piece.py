"""Pieces of the tracks' own sound are what their files hold, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from engine.library import Library, ingest
from engine.library.piece import sound_of
from fingerprint import SAMPLE_RATE

from ..conftest import RATE, tune


@pytest.mark.parametrize(("suffix", "close"), [("wav", 0.999), ("mp3", 0.98), ("ogg", 0.95)])
def test_a_piece_is_the_sound_of_that_part_of_the_file(
    library: Library, suffix: str, close: float
) -> None:
    audio = np.repeat(tune(9, 20.0)[:, None], 2, axis=1)
    path = library.directory.parent / f"music/nine.{suffix}"
    soundfile.write(path, audio, RATE)
    ingest.add(library, [path], workers=0)
    track = library.find(path)
    assert track is not None
    read = sound_of(library)
    piece = read(track.id, 7.3, 9.3)
    assert piece is not None
    whole, _ = soundfile.read(path, dtype="float32")
    there = np.interp(
        7.3 + np.arange(len(piece)) / SAMPLE_RATE, np.arange(len(whole)) / RATE, whole[:, 0]
    )
    assert len(piece) == 2 * SAMPLE_RATE
    assert np.corrcoef(piece, there)[0, 1] > close
    last = read(track.id, 19.0, 25.0)
    assert last is not None
    assert len(last) == pytest.approx(SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)


def test_of_a_file_that_is_gone_or_rubbish_there_is_no_sound(library: Library) -> None:
    read = sound_of(library)
    first, second, _ = library.tracks()
    first.path.unlink()
    second.path.write_bytes(b"rubbish" * 100)
    assert read(first.id, 0.0, 1.0) is None
    assert read(second.id, 0.0, 1.0) is None
    assert read(999, 0.0, 1.0) is None
