import numpy as np
import pytest
from scipy.ndimage import maximum_filter, uniform_filter

from fingerprint import FormatError, TrackPeaks, extract
from fingerprint import peaks as module
from fingerprint import settings as s
from fingerprint._peak_kernels import contrast_into

from .conftest import RATE, tune, with_noise


@pytest.fixture(scope="module")
def music():
    return tune(3, 12.0)


def hertz(peaks):
    return (s.FIRST_BIN + (peaks.code & 0xFFF) / s.SUB_BIN) * s.BIN_HZ


def test_contrast_equals_scipys_box_mean_away_from_the_borders():
    level = np.random.default_rng(1).standard_normal((60, 80)).astype(np.float32)
    got = np.empty_like(level)
    contrast_into(level, 5, 7, got)
    expected = level - uniform_filter(level, (11, 15))
    np.testing.assert_allclose(got[5:-5, 7:-7], expected[5:-5, 7:-7], atol=1e-4)


def test_contrast_at_the_borders_uses_what_is_there():
    level = np.random.default_rng(1).standard_normal((20, 30)).astype(np.float32)
    got = np.empty_like(level)
    contrast_into(level, 5, 7, got)
    assert got[0, 0] == pytest.approx(level[0, 0] - level[:6, :8].mean(), abs=1e-4)
    assert got[19, 29] == pytest.approx(level[19, 29] - level[14:, 22:].mean(), abs=1e-4)


def test_peaks_are_the_maxima_of_their_surroundings():
    level = np.random.default_rng(2).standard_normal((50, s.BINS)).astype(np.float32) * 3
    picture = module.look(level)
    size = (2 * module.PEAK_FRAMES + 1, 2 * module.PEAK_BINS + 1)
    top = picture.contrast == maximum_filter(picture.contrast, size)
    top &= picture.contrast >= module.THRESHOLD
    top[:, [0, -1]] = False
    for slot in (slice(0, 25), slice(25, 50)):
        expected = np.sort(picture.contrast[slot][top[slot]])[::-1][: s.KEPT_A_SLOT]
        inside = (picture.frame >= slot.start) & (picture.frame < slot.stop)
        np.testing.assert_array_equal(np.sort(picture.height[inside])[::-1], expected)


def test_ranks_order_the_peaks_of_a_half_second_by_contrast(music):
    picture = module.look(np.random.default_rng(3).standard_normal((25, s.BINS)).astype(np.float32))
    order = np.argsort(picture.rank)
    assert np.all(np.diff(picture.height[order]) <= 0)
    np.testing.assert_array_equal(np.sort(picture.rank), np.arange(len(picture.rank)))


@pytest.mark.parametrize("hz", [300.0, 1003.0, 2507.0, 5001.0])
def test_a_tone_burst_gives_a_peak_at_its_frequency_within_two_hertz(hz):
    t = np.arange(2 * RATE) / RATE
    burst = np.sin(2 * np.pi * hz * t) * np.exp(-(((t - 1.0) / 0.1) ** 2))
    peaks = extract(burst.astype(np.float32), RATE)
    strongest = np.argmax((peaks.code >> 12) & 7)
    assert hertz(peaks)[strongest] == pytest.approx(hz, abs=2.0)
    centre = peaks.frame[strongest] / s.FRAMES_PER_SECOND + s.N_FFT / 2 / RATE
    assert centre == pytest.approx(1.0, abs=0.12)


def test_at_most_sixty_peaks_a_second_twenty_six_of_them_strong(music):
    peaks = extract(music, RATE)
    slots = np.bincount(peaks.frame // s.SLOT)
    assert slots.max() <= s.KEPT_A_SLOT
    strong = np.bincount(peaks.frame[peaks.code >> 15 == 1] // s.SLOT)
    assert strong.max() <= s.STRONG_A_SLOT
    assert peaks.seconds == pytest.approx(12.0, abs=0.03)


def test_level_changes_hardly_a_peak(music):
    noisy = with_noise(music, 20)
    loud, quiet = extract(noisy, RATE), extract(noisy * np.float32(0.25), RATE)
    one = set(zip(loud.frame.tolist(), loud.code.tolist(), strict=True))
    other = set(zip(quiet.frame.tolist(), quiet.code.tolist(), strict=True))
    assert len(one & other) > 0.97 * len(one | other)


def test_long_tracks_are_cut_into_pieces_without_a_trace(music, monkeypatch):
    whole = extract(music, RATE)
    monkeypatch.setattr(module, "_FRAMES_AT_ONCE", 100)
    pieces = extract(music, RATE)
    np.testing.assert_array_equal(whole.frame, pieces.frame)
    np.testing.assert_array_equal(whole.code, pieces.code)


@pytest.mark.parametrize("samples", [0, 1, 1023])
def test_less_than_a_frame_has_no_peaks(samples):
    peaks = extract(np.ones(samples, np.float32), RATE)
    assert len(peaks.frame) == 0
    assert peaks.seconds == 0.0


def test_silence_has_no_peaks_but_a_length():
    peaks = extract(np.zeros(RATE, np.float32), RATE)
    assert len(peaks.frame) == 0
    assert peaks.seconds == pytest.approx(1.0, abs=0.03)


def test_bytes_bring_the_peaks_back(music):
    peaks = extract(music, RATE)
    again = TrackPeaks.from_bytes(peaks.to_bytes())
    np.testing.assert_array_equal(again.frame, peaks.frame)
    np.testing.assert_array_equal(again.code, peaks.code)
    assert again.frames == peaks.frames


def test_every_flipped_bit_in_the_bytes_is_noticed(music):
    data = extract(music[: 2 * RATE], RATE).to_bytes()
    random = np.random.default_rng(5)
    for position in random.integers(0, 8 * len(data), 60):
        broken = bytearray(data)
        broken[position // 8] ^= 1 << (position % 8)
        with pytest.raises(FormatError):
            TrackPeaks.from_bytes(bytes(broken))


@pytest.mark.parametrize("length", [0, 10, 100])
def test_bytes_cut_short_are_refused(music, length):
    with pytest.raises(FormatError):
        TrackPeaks.from_bytes(extract(music, RATE).to_bytes()[:length])


def test_frames_out_of_order_are_refused():
    peaks = TrackPeaks(np.array([5, 3], np.uint32), np.array([1, 2], np.uint16), 10)
    with pytest.raises(FormatError, match="frames must ascend"):
        TrackPeaks.from_bytes(peaks.to_bytes())
