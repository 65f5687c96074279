import numpy as np
import pytest
from scipy.signal import get_window

from dsp.spectrum import FLOOR, StreamSpectrum, frame_count, hann, log_power


@pytest.fixture
def noise():
    return np.random.default_rng(3).standard_normal(20_000).astype(np.float32) * 0.1


def test_window_is_scipys_periodic_hann_with_unit_sum():
    expected = get_window("hann", 1024)
    np.testing.assert_allclose(hann(1024), expected / expected.sum(), atol=1e-9)


def test_frames_equal_a_plain_numpy_transform(noise):
    got = log_power(noise, 512, 160)
    window = hann(512)
    for k in (0, 7, len(got) - 1):
        spectrum = np.fft.rfft(noise[k * 160 : k * 160 + 512] * window)
        expected = np.log2(np.abs(spectrum) ** 2 + FLOOR)
        np.testing.assert_allclose(got[k], expected, atol=2e-3)


def test_full_scale_sine_on_a_bin_reaches_minus_two_units_there():
    tone = np.sin(2 * np.pi * 2000 * np.arange(4096) / 16_000).astype(np.float32)
    levels = log_power(tone, 1024, 320)
    assert np.all(levels.argmax(axis=1) == 128)
    np.testing.assert_allclose(levels[:, 128], -2.0, atol=0.01)


def test_doubling_the_amplitude_raises_every_loud_cell_by_two_units(noise):
    quiet, loud = log_power(noise, 1024, 320), log_power(2 * noise, 1024, 320)
    np.testing.assert_allclose((loud - quiet)[quiet > -25], 2.0, atol=0.01)


def test_silence_lies_exactly_on_the_floor():
    assert np.all(log_power(np.zeros(2048, np.float32), 1024, 320) == np.float32(np.log2(FLOOR)))


def test_bins_asked_for_are_those_of_the_whole(noise):
    whole = log_power(noise, 1024, 320)
    np.testing.assert_array_equal(log_power(noise, 1024, 320, 12, 440), whole[:, 12:440])


@pytest.mark.parametrize("piece", [1, 37, 320, 1024, 5000])
def test_stream_in_pieces_gives_the_same_frames_as_the_whole(noise, piece):
    if piece == 1:
        noise = noise[:3000]
    stream = StreamSpectrum(1024, 320, 12, 440)
    parts = [stream.feed(noise[i : i + piece]) for i in range(0, len(noise), piece)]
    np.testing.assert_allclose(
        np.concatenate(parts), log_power(noise, 1024, 320, 12, 440), atol=1e-4
    )


def test_reset_stream_starts_afresh(noise):
    stream = StreamSpectrum(1024, 320)
    stream.feed(noise[:700])
    stream.reset()
    assert len(stream.feed(noise[:1023])) == 0
    assert len(stream.feed(noise[1023:1024])) == 1


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (1023, 0), (1024, 1), (1343, 1), (1344, 2)]
)
def test_only_whole_frames_are_counted(samples, frames):
    assert frame_count(samples, 1024, 320) == frames
    assert log_power(np.zeros(samples, np.float32), 1024, 320).shape == (frames, 513)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hop": 0}, "hop must be at least 1"),
        ({"first_bin": 5, "last_bin": 5}, "bins must be within"),
        ({"last_bin": 600}, "bins must be within"),
        ({"audio": np.zeros((10, 2), np.float32)}, "1 dimension"),
    ],
)
def test_senseless_arguments_are_named(change, message):
    arguments = {"audio": np.zeros(2048, np.float32), "n_fft": 1024, "hop": 320, **change}
    with pytest.raises(ValueError, match=message):
        log_power(**arguments)


def test_a_window_of_one_sample_is_refused():
    with pytest.raises(ValueError, match="n must be at least 2"):
        hann(1)
