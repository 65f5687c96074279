"""Files that libsndfile cannot read: decoded by FFmpeg where it is, named where it is not."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import AudioFileError
from engine.io import audiofile

av = pytest.importorskip("av")

RATE = 48_000
_ENCODERS = {
    "m4a": "aac", "mp4": "alac", "wv": "wavpack", "aac": "aac", "tta": "tta", "mka": "flac",
}  # fmt: skip
_EXACT = {"mp4"}  # the others of these encoders start at 8 bits, or lose something


def _chirp(seconds: float) -> NDArray[np.float32]:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.5 * np.sin(2 * np.pi * 300 * t * (1 + t)), np.float32)


def _encode(path: Path, sound: NDArray[np.float32]) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(_ENCODERS[path.suffix[1:]], rate=RATE, layout="stereo")
        whole = av.AudioFrame.from_ndarray(np.stack([sound, -sound]), "fltp", "stereo")
        whole.sample_rate = RATE
        fifo = av.AudioFifo()
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=RATE)
        for frame in resampler.resample(whole):
            fifo.write(frame)
        while frame := fifo.read(stream.frame_size or 1024, partial=True):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", sorted(_ENCODERS))
def test_what_ffmpeg_reads_has_its_sound_and_its_length(tmp_path: Path, suffix: str) -> None:
    want = _chirp(2.0)
    with audiofile.blocks(_encode(tmp_path / f"a.{suffix}", want)) as file:
        got = np.concatenate(list(file))
        assert (file.file_rate, file.channels, file.damaged) == (RATE, 2, False)
        assert file.expected_s == pytest.approx(2.0, abs=0.05)
    assert len(got) == pytest.approx(2 * RATE, abs=2_048)
    np.testing.assert_allclose(got[:, 1], -got[:, 0], atol=0.01)
    places = range(1_025) if suffix not in _EXACT else range(1)  # what an encoder puts in front
    part = want[20_000:28_000]
    off = min(np.abs(got[20_000 + i : 28_000 + i, 0] - part).max() for i in places)
    assert off < (1e-6 if suffix in _EXACT else 0.02)


@pytest.mark.parametrize("suffix", sorted(_ENCODERS))
def test_seeking_comes_to_the_same_sound(tmp_path: Path, suffix: str) -> None:
    path = _encode(tmp_path / f"a.{suffix}", _chirp(3.0))
    whole, _ = audiofile.read(path, mono=False)
    with audiofile.blocks(path, start_s=1.234) as file:
        rest = np.concatenate(list(file))
        assert not file.damaged
    start = round(1.234 * RATE)
    assert len(rest) == len(whole) - start
    np.testing.assert_allclose(rest, whole[start:], atol=0.05)  # AAC fills in noise of its own


def test_without_pyav_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _encode(tmp_path / "a.m4a", _chirp(0.5))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioFileError, match=r"no decoder for m4a.*antiphon\[codecs\]") as caught:
        audiofile.read(path)
    assert "\n" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(
    suffix=st.sampled_from(["m4a", "wv", "aac", "tta"]),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), max_size=8),
    length=st.floats(0, 1),
    start_s=st.sampled_from([0.0, 0.3]),
)
def test_mutated_files_give_finite_sound_or_one_error(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    cuts: list[tuple[float, bytes]],
    length: float,
    start_s: float,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    source = folder / f"source.{suffix}"
    if not source.exists():
        _encode(source, _chirp(0.6))
    data = bytearray(source.read_bytes())
    for place, value in cuts:
        at = int(place * len(data))
        data[at : at + len(value)] = value
    path = folder / f"mutated.{suffix}"
    path.write_bytes(data[: int(length * len(data))])
    with (
        contextlib.suppress(AudioFileError),
        audiofile.blocks(path, 16_000, mono=True, start_s=start_s) as file,
    ):
        for block in file:
            assert np.isfinite(block).all()


@pytest.mark.parametrize("suffix", ["m4a", "wma", "aac", "wv", "ape", "mpc", "dsf"])
def test_rubbish_is_no_sound_of_length_zero(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"noise.{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(50_000))
    with pytest.raises(AudioFileError, match="is not audio that can be read"):
        audiofile.read(path)
