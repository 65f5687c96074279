"""Reading audio files whole, in part and in blocks; the reference is what soundfile wrote."""

from __future__ import annotations

import contextlib
import errno
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import AudioFileError, DiskFullError
from engine.io import audiofile
from engine.library import tags

from ..conftest import RATE, WriteTune, tune


def test_read_returns_frames_by_channels_at_the_files_rate(tmp_path: Path) -> None:
    left = tune(1)
    stereo = np.stack([left, -0.5 * left], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, RATE, subtype="FLOAT")
    audio, sample_rate = audiofile.read(tmp_path / "a.wav")
    assert sample_rate == RATE
    assert audio.dtype == np.float32
    np.testing.assert_array_equal(audio, stereo)


def test_mono_is_the_mean_of_the_channels(tmp_path: Path) -> None:
    left = tune(1)
    soundfile.write(tmp_path / "a.wav", np.stack([left, -0.5 * left], 1), RATE, subtype="FLOAT")
    audio, _ = audiofile.read(tmp_path / "a.wav", mono=True)
    np.testing.assert_allclose(audio, 0.25 * left, atol=1e-7)


def test_resampling_in_blocks_keeps_a_tone_in_tune_and_in_time(tmp_path: Path) -> None:
    t = np.arange(3 * 44_100) / 44_100
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * t), 44_100, subtype="FLOAT")
    audio, sample_rate = audiofile.read(tmp_path / "a.wav", 16_000, mono=True)
    assert sample_rate == 16_000
    assert len(audio) == 3 * 16_000
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(len(audio)) / 16_000)
    np.testing.assert_allclose(audio[800:-800], expected[800:-800], atol=2e-4)


def test_blocks_are_small_however_long_the_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((600_000, 2), np.float32), 48_000)
    with audiofile.blocks(tmp_path / "a.wav", 16_000) as file:
        lengths = [len(block) for block in file]
        assert (file.sample_rate, file.channels) == (16_000, 2)
    assert sum(lengths) == 200_000
    assert max(lengths) < 16_000


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3", "ogg", "au", "w64"])
def test_half_a_file_is_kept_as_far_as_it_decodes_and_called_damaged(
    write_tune: WriteTune, suffix: str
) -> None:
    whole = write_tune(f"whole.{suffix}", 1, 20.0)
    data = whole.read_bytes()
    half = whole.with_name(f"half.{suffix}")
    half.write_bytes(data[: len(data) // 2])
    with audiofile.blocks(whole, mono=True) as file:
        reference = np.concatenate(list(file))
        assert not file.damaged
    with audiofile.blocks(half, mono=True) as file:
        kept = np.concatenate(list(file))
        assert file.damaged
        assert file.decoded_s == len(kept) / RATE
    assert len(kept) > 8.5 * RATE
    sure = len(kept) - RATE // 2  # a codec's last frames lack the overlap of the next
    np.testing.assert_allclose(kept[:sure], reference[:sure], atol=1e-4)


@pytest.mark.parametrize(("promised_s", "damaged"), [(0.4, False), (1.6, True)])
def test_an_mp3_may_be_a_second_shorter_than_its_header_estimates(
    write_tune: WriteTune, promised_s: float, damaged: bool
) -> None:
    path = write_tune("a.mp3", 1, 20.0)
    data = bytearray(path.read_bytes())
    at = data.index(b"Xing") + 8  # the number of frames, of 576 samples at this rate
    (frames,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, frames + round(promised_s * RATE / 576))
    path.write_bytes(data)
    with audiofile.blocks(path) as file:
        assert len(list(file))
        assert file.expected_s == pytest.approx(20.0 + promised_s, abs=0.05)
        assert file.decoded_s == pytest.approx(20.0, abs=0.05)
        assert file.damaged == damaged


def test_a_stream_saved_without_its_length_is_not_damaged(write_tune: WriteTune) -> None:
    path = write_tune("a.wav", 1)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(data)
    with audiofile.blocks(path, mono=True) as file:
        assert sum(len(block) for block in file) == 4 * RATE
        assert not file.damaged


def test_samples_that_are_no_numbers_become_silence_and_are_called_damage(tmp_path: Path) -> None:
    audio = tune(1)
    audio[[5, 700, 9000]] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "a.wav", audio, RATE, subtype="FLOAT")
    with audiofile.blocks(tmp_path / "a.wav", mono=True) as file:
        read = np.concatenate(list(file))
        assert file.damaged
    assert read[[5, 700, 9000]].tolist() == [0, 0, 0]
    assert np.isfinite(read).all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "is empty"),
        ("page.flac", b"<html><body>Not found</body></html>", "not audio"),
        ("noise.mp3", np.random.default_rng(0).bytes(50_000), "not audio"),
        ("song.m4a", b"\0\0\0 ftypM4A " + bytes(500), "invalid data"),
        ("noise.raw", np.random.default_rng(0).bytes(500), "not audio"),
        ("head.wav", b"RIFF\0\0\0\0WAVE", "audio"),
    ],
)
def test_what_is_not_audio_is_named_with_a_reason(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioFileError, match=says) as caught:
        audiofile.read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="is not a file"):
        audiofile.read(tmp_path)
    with pytest.raises(AudioFileError, match="does not exist"):
        audiofile.read(tmp_path / "missing.wav")


def test_a_sample_rate_of_one_hertz_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tune(1), 1)
    with pytest.raises(AudioFileError, match="1 Hz"):
        audiofile.read(tmp_path / "a.wav")


def test_names_with_spaces_accents_and_foreign_bytes_are_read(write_tune: WriteTune) -> None:
    path = write_tune("Bj\u00f6rk & \u6771\u4eac / x.wav".replace("/", "\u2044"), 1)
    odd = path.with_name("\udcff odd.wav")  # a byte that is no text
    odd.write_bytes(path.read_bytes())
    assert len(audiofile.read(path)[0]) == len(audiofile.read(odd)[0]) == 4 * RATE


@settings(max_examples=60, deadline=None)
@given(
    suffix=st.sampled_from(["wav", "flac", "mp3", "ogg", "aiff"]),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), max_size=8),
    length=st.floats(0, 1),
)
def test_mutated_files_give_finite_audio_or_one_error(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    cuts: list[tuple[float, bytes]],
    length: float,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    source = folder / f"source.{suffix}"
    if not source.exists():
        soundfile.write(source, tune(1, 1.0), RATE)
    data = bytearray(source.read_bytes())
    for place, value in cuts:
        at = int(place * len(data))
        data[at : at + len(value)] = value
    path = folder / f"mutated.{suffix}"
    path.write_bytes(data[: int(length * len(data))])
    with (
        contextlib.suppress(AudioFileError),
        audiofile.blocks(path, 16_000, mono=True) as file,
    ):
        for block in file:
            assert block.ndim == 1
            assert np.isfinite(block).all()


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_reading_from_the_middle_gives_what_is_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tune(1, 8.0), RATE)
    whole, _ = audiofile.read(path, mono=True)
    with audiofile.blocks(path, mono=True, start_s=3.21) as file:
        rest = np.concatenate(list(file))
        assert not file.damaged
    want = whole[round(3.21 * RATE) :]
    assert len(rest) == len(want)
    np.testing.assert_allclose(rest, want, atol=1e-5)


def test_an_mp3_read_in_blocks_is_that_read_at_once(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", np.tile(tune(1, 8.0), 2), RATE)
    at_once, _ = soundfile.read(tmp_path / "a.mp3", dtype="float32")
    got, _ = audiofile.read(tmp_path / "a.mp3", mono=True)
    np.testing.assert_allclose(got, at_once, atol=1e-6)


def test_nothing_comes_from_beyond_the_end(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tune(1, 1.0), RATE)
    with audiofile.blocks(tmp_path / "a.wav", start_s=1.5) as file:
        assert not list(file)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_written_audio_is_read_back_to_24_bits(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    audiofile.write(path, tune(1), RATE)
    read, sample_rate = audiofile.read(path, mono=True)
    assert sample_rate == RATE
    np.testing.assert_allclose(read, tune(1), atol=2.0**-23)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_written_titles_are_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    audiofile.write(path, tune(1), RATE, title="Jóga", artist="Björk")
    assert tags.read(path) == tags.Tags("Jóga", "Björk")


def test_write_clips_instead_of_wrapping_around(tmp_path: Path) -> None:
    audiofile.write(tmp_path / "a.wav", np.array([2.0, -3.0, 0.5], np.float32), RATE)
    np.testing.assert_allclose(
        audiofile.read(tmp_path / "a.wav", mono=True)[0], [1.0, -1.0, 0.5], atol=2.0**-23
    )


def test_a_failing_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    audiofile.write(path, tune(1), RATE)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the old one and the partial one
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", fail)
    with pytest.raises(DiskFullError, match="full"):
        audiofile.write(path, tune(2), RATE)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_write_refuses_other_suffixes_and_values_that_are_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="path must end with"):
        audiofile.write(tmp_path / "a.mp3", tune(1), RATE)
    with pytest.raises(ValueError, match="audio must be finite"):
        audiofile.write(tmp_path / "a.wav", np.array([np.nan], np.float32), RATE)
