import numpy as np
import pytest

from dsp.resample import StreamResampler, resample


def tone(hz, rate, seconds=1.0):
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_tone_in_the_passband_keeps_its_place_and_level(rate):
    got = resample(tone(1000, rate), rate, 16_000)
    middle = slice(1000, -1000)
    np.testing.assert_allclose(got[middle], tone(1000, 16_000)[: len(got)][middle], atol=2e-3)


def test_tone_above_the_new_nyquist_frequency_is_gone():
    got = resample(tone(10_000, 48_000), 48_000, 16_000)
    assert np.abs(got[500:-500]).max() < 1e-4


def test_length_follows_the_ratio():
    assert len(resample(np.zeros(44_100, np.float32), 44_100, 16_000)) == 16_000
    assert resample(np.zeros((44_100, 2), np.float32), 44_100, 16_000).shape == (16_000, 2)


def test_same_rate_changes_nothing():
    audio = tone(440, 16_000)
    np.testing.assert_array_equal(resample(audio, 16_000, 16_000), audio)


def test_nothing_in_nothing_out():
    assert resample(np.empty(0, np.float32), 44_100, 16_000).shape == (0,)


@pytest.mark.parametrize("piece", [64, 1000, 7919])
def test_stream_in_pieces_equals_the_whole(piece):
    audio = np.random.default_rng(1).standard_normal(44_100).astype(np.float32)
    stream = StreamResampler(44_100, 16_000)
    parts = [
        stream.feed(audio[i : i + piece], last=i + piece >= len(audio))
        for i in range(0, len(audio), piece)
    ]
    got = np.concatenate(parts)
    expected = resample(audio, 44_100, 16_000)
    assert abs(len(got) - len(expected)) <= 1
    n = min(len(got), len(expected))
    np.testing.assert_allclose(got[:n], expected[:n], atol=1e-4)


def test_reset_stream_forgets_what_it_held():
    audio = tone(1000, 44_100, 0.5)
    stream = StreamResampler(44_100, 16_000)
    stream.feed(audio)
    stream.reset()
    again = stream.feed(audio)
    np.testing.assert_array_equal(again, StreamResampler(44_100, 16_000).feed(audio))


@pytest.mark.parametrize("rate", [0, -1, 999, 1e6, float("nan")])
def test_impossible_rates_are_named(rate):
    with pytest.raises(ValueError, match="rate_in must be"):
        resample(np.zeros(10, np.float32), rate, 16_000)
    with pytest.raises(ValueError, match="rate_out must be"):
        StreamResampler(16_000, rate)


def test_three_dimensions_are_refused():
    with pytest.raises(ValueError, match="audio must have 1 or 2"):
        resample(np.zeros((2, 2, 2), np.float32), 44_100, 16_000)


def test_stream_takes_mono_only():
    with pytest.raises(ValueError, match="samples must have 1"):
        StreamResampler(44_100, 16_000).feed(np.zeros((10, 2), np.float32))
