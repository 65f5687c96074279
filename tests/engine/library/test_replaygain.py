"""How loud a file says that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.decks import Cue
from engine.library.replaygain import Loudness, read_loudness
from tests.measure import db
from tests.turntables import Turntables

av = pytest.importorskip("av")

RATE = 48_000
_CODECS = {"flac": "flac", "mp3": "libmp3lame", "opus": "libopus"}


def _write(path: Path, **said: str) -> Path:
    """Encode a tone of amplitude 0.5 with tags."""
    tone = 0.5 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    with av.open(str(path), "w") as container:
        container.metadata.update(said)
        stream: Any = container.add_stream(_CODECS[path.suffix[1:]], rate=RATE, layout="stereo")
        stream.metadata.update(said)  # Ogg keeps them with the stream
        whole = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype("f4"), "fltp", "stereo")
        whole.sample_rate = RATE
        fifo = av.AudioFifo()
        for frame in av.AudioResampler(stream.format, "stereo", RATE).resample(whole):
            fifo.write(frame)
        while frame := fifo.read(stream.frame_size or 1024, partial=True):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_replaygain_is_read_from_every_kind_of_tag(tmp_path: Path, suffix: str) -> None:
    said = {"REPLAYGAIN_TRACK_GAIN": "-6.50 dB", "REPLAYGAIN_TRACK_PEAK": "0.501187"}
    found = read_loudness(_write(tmp_path / f"a.{suffix}", **said))
    assert found == Loudness(-11.5, pytest.approx(-6.0, abs=1e-4))


def test_r128_is_read_from_opus(tmp_path: Path) -> None:
    found = read_loudness(_write(tmp_path / "a.opus", R128_TRACK_GAIN="-1024"))
    assert found == Loudness(-19.0, None)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"REPLAYGAIN_TRACK_GAIN": "loud"},
        {"REPLAYGAIN_TRACK_GAIN": "-6500 dB"},
        {"REPLAYGAIN_TRACK_GAIN": "nan dB"},
    ],
)
def test_tags_that_say_nothing_of_use_are_none(tmp_path: Path, said: dict[str, str]) -> None:
    assert read_loudness(_write(tmp_path / "a.flac", **said)) is None
    assert read_loudness(tmp_path / "missing.flac") is None


def test_a_deck_goes_by_the_tags_where_no_analysis_is(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.flac", REPLAYGAIN_TRACK_GAIN="-6.50 dB")
    one = Turntables()
    try:
        one.start(Cue(1, path))  # -11.5 LUFS, brought to -16
        heard = one.run(0.5)
        assert db(np.abs(heard).max() / 0.5) == pytest.approx(-4.5, abs=0.01)
    finally:
        one.close()
