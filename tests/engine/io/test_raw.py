"""Raw samples from a pipe, in whatever pieces they come."""

import io

import numpy as np
import pytest

from engine.errors import AudioFileError
from engine.io.raw import RawBlocks


class Dribble:
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._file = io.BytesIO(data)
        self._sizes = sizes

    def read1(self, size: int, /) -> bytes:
        self._sizes.append(self._sizes.pop(0))
        return self._file.read(min(size, self._sizes[-1]))


def heard(pipe: object, form: str = "s16le", channels: int = 2) -> tuple[np.ndarray, int]:
    blocks = RawBlocks(pipe, form, channels)  # type: ignore[arg-type]
    parts = list(blocks)
    return np.concatenate([*parts, np.empty(0, np.float32)]), blocks.left_over


@pytest.mark.parametrize(("form", "dtype", "full"), [
    ("s16le", "<i2", 32768), ("s32le", "<i4", 2**31), ("f32le", "<f4", 1),
])  # fmt: skip
def test_channels_are_averaged_whatever_the_format(form: str, dtype: str, full: float, rng) -> None:
    wanted = rng.uniform(-0.9, 0.9, (1000, 3))
    data = (wanted * full).astype(dtype).tobytes()
    audio, left = heard(io.BytesIO(data), form, 3)
    np.testing.assert_allclose(audio, wanted.mean(axis=1), atol=1.1 / 32768)
    assert left == 0
    assert audio.dtype == np.float32


def test_the_samples_do_not_depend_on_the_pieces(rng) -> None:
    data = rng.integers(-32768, 32768, 5000, np.int16).tobytes()
    whole, _ = heard(io.BytesIO(data))
    pieces, left = heard(Dribble(data, [1, 2, 3, 5, 7, 100]))
    np.testing.assert_array_equal(whole, pieces)
    assert left == 0


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_bytes_that_are_no_frame_are_counted_and_left_out(extra: int) -> None:
    audio, left = heard(io.BytesIO(bytes(4 * 10 + extra)))
    assert (len(audio), left) == (10, extra)
    assert heard(io.BytesIO(bytes(extra)))[1] == extra


def test_full_scale_is_one_and_what_is_no_number_is_silence() -> None:
    assert heard(io.BytesIO(np.int16([-32768]).tobytes()), "s16le", 1)[0] == [-1.0]
    bad = np.float32([np.nan, np.inf, 0.5, 1e30])
    audio, _ = heard(io.BytesIO(bad.tobytes()), "f32le", 1)
    np.testing.assert_array_equal(audio, np.float32([0, 0, 0.5, 1e6]))


def test_a_file_in_the_pipe_is_refused_before_it_is_heard_as_noise() -> None:
    for start, name in ((b"RIFF", "WAV"), (b"fLaC", "FLAC"), (b"ID3\4", "MP3")):
        with pytest.raises(AudioFileError, match=f"carries an? {name} file, not raw samples"):
            heard(Dribble(start + bytes(100), [1]))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="form must be one of s16le, s32le, f32le, got u8"):
        RawBlocks(io.BytesIO(), "u8")
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        RawBlocks(io.BytesIO(), channels=0)
