"""What a user may ask of `identify`, on a library of eight short tunes."""

import numpy as np
import pytest

from dsp.resample import resample
from fingerprint import FingerprintIndex

from .conftest import RATE, SECONDS, tune, with_noise


def cut(audio, start, seconds, rate=RATE):
    return audio[int(start * rate) : int((start + seconds) * rate)]


def names_it(index, clip, rate, track_id, offset=None):
    match = index.identify(clip, rate)[0]
    assert match.known
    assert match.track_id == track_id
    if offset is not None:
        assert match.offset_s == pytest.approx(offset, abs=0.05)
    return match


@pytest.mark.parametrize("k", range(8))
def test_every_tune_is_named_from_three_noisy_seconds_with_its_position(library, tunes, k):
    clip = with_noise(cut(tunes[k], 7.3, 3), 6)
    match = names_it(library, clip, RATE, 10 + k, 7.3)
    assert match.speed == pytest.approx(1, abs=0.012)
    assert match.pitch_cents == pytest.approx(0, abs=12)


def test_in_noise_ten_decibels_above_the_music_the_right_tune_still_comes_first(library, tunes):
    first = [
        library.identify(with_noise(cut(tunes[k], start, 3), -10, 20 * k + start), RATE)[0].track_id
        for k in range(8)
        for start in (2, 5, 8, 11, 14)
    ]
    right = sum(track == 10 + k // 5 for k, track in enumerate(first))
    assert right >= 36  # of 40


@pytest.mark.parametrize("seconds", [1.0, 2.0, 5.0, 10.0, 15.0])
def test_clips_of_any_length_are_named(library, tunes, seconds):
    names_it(library, cut(tunes[3], 4.0, seconds), RATE, 13, 4.0)


@pytest.mark.parametrize("start", range(0, 16, 2))
def test_a_tune_left_out_is_unknown(library, tunes, start):
    matches = library.identify(with_noise(cut(tunes[8], start, 3), 10), RATE)
    assert not any(match.known for match in matches)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_any_sample_rate_will_do(library, tunes, rate):
    clip = resample(cut(tunes[2], 5, 4), RATE, rate)
    names_it(library, clip, rate, 12, 5.0)


@pytest.mark.parametrize("factor", [0.002, 0.05, 30.0])
def test_level_does_not_matter(library, tunes, factor):
    names_it(library, np.float32(factor) * cut(tunes[1], 5, 3), RATE, 11, 5.0)


def test_stereo_with_one_dead_channel_is_named(library, tunes):
    clip = cut(tunes[1], 5, 3)
    names_it(library, np.column_stack([clip, np.zeros_like(clip)]), RATE, 11, 5.0)


def test_dc_does_not_matter(library, tunes):
    names_it(library, cut(tunes[1], 5, 3) + np.float32(0.5), RATE, 11, 5.0)


def test_clipped_to_a_tenth_of_its_height_it_is_still_named(library, tunes):
    clip = cut(tunes[1], 5, 4)
    limit = np.abs(clip).max() / 10
    names_it(library, np.clip(clip, -limit, limit), RATE, 11, 5.0)


@pytest.mark.parametrize("rate", [0.94, 0.97, 1.013, 1.05, 1.06])
def test_speed_is_recognised_and_reported(library, tunes, rate):
    clip = resample(cut(tunes[4], 6, 6), RATE * 1.0, RATE / rate)
    match = names_it(library, clip, RATE, 14, 6.0)
    assert match.speed == pytest.approx(rate, abs=0.003)
    assert match.pitch_cents == pytest.approx(1200 * np.log2(rate), abs=8)


def test_limit_bounds_the_matches_and_they_come_best_first(library, tunes):
    clip = with_noise(cut(tunes[0], 2, 3), 0)
    matches = library.identify(clip, RATE, limit=3)
    assert 1 <= len(matches) <= 3
    confidences = [match.confidence for match in matches]
    assert confidences == sorted(confidences, reverse=True)
    assert len({match.track_id for match in matches}) == len(matches)
    assert all(0 <= c <= 1 for c in confidences)
    assert len(library.identify(clip, RATE, limit=1)) == 1


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.4])
def test_under_half_a_second_nothing_is_said(library, tunes, seconds):
    assert library.identify(cut(tunes[0], 2, seconds), RATE) == []


def test_silence_is_no_music(library):
    assert library.identify(np.zeros(RATE * 3, np.float32), RATE) == []


@pytest.mark.parametrize("hz", [220.0, 440.0, 1000.0, 3000.0])
def test_a_pure_tone_is_unknown(library, hz):
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(3 * RATE) / RATE)
    assert not any(m.known for m in library.identify(tone.astype(np.float32), RATE))


@pytest.mark.parametrize("seed", range(6))
def test_white_noise_is_unknown(library, seed):
    noise = np.random.default_rng(seed).standard_normal(3 * RATE) * 0.2
    assert not any(m.known for m in library.identify(noise, RATE))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_a_number_is_refused(library, bad):
    clip = np.zeros(RATE, np.float32)
    clip[77] = bad
    with pytest.raises(ValueError, match="audio must be finite"):
        library.identify(clip, RATE)


@pytest.mark.parametrize(
    ("clip", "rate", "limit", "error", "message"),
    [
        (np.zeros((2, 2, 2)), RATE, 5, ValueError, "audio must have shape"),
        (np.zeros((5, 0)), RATE, 5, ValueError, "audio must have shape"),
        (np.zeros(RATE, np.int16), RATE, 5, TypeError, "floating-point"),
        (np.zeros(RATE), 10, 5, ValueError, "rate_in must be"),
        (np.zeros(RATE), RATE, 0, ValueError, "limit must be at least 1"),
    ],
)
def test_bad_arguments_are_named(library, clip, rate, limit, error, message):
    with pytest.raises(error, match=message):
        library.identify(clip, rate, limit)


def test_an_empty_library_knows_nothing(tmp_path, tunes):
    with FingerprintIndex.create(tmp_path / "index") as index:
        assert index.identify(cut(tunes[0], 2, 3), RATE) == []


def test_a_library_of_one_track_still_says_unknown(tmp_path, tunes):
    with FingerprintIndex.create(tmp_path / "index") as index:
        index.add(1, tunes[0], RATE)
        assert index.identify(cut(tunes[0], 5, 3), RATE)[0].known
        for start in (0, 5, 10):
            assert not any(m.known for m in index.identify(cut(tunes[8], start, 3), RATE))


def test_where_music_repeats_either_place_is_right(tmp_path):
    part = tune(40, 8.0)
    with FingerprintIndex.create(tmp_path / "index") as index:
        index.add(1, np.concatenate([part, part]), RATE)
        match = index.identify(cut(part, 2, 3), RATE)[0]
    assert match.known
    assert min(abs(match.offset_s - 2), abs(match.offset_s - 10)) < 0.05


def test_explain_lays_the_tracks_peaks_over_the_clip(library, tunes):
    clip = cut(tunes[5], 6, 3)
    evidence = library.explain(clip, RATE, library.identify(clip, RATE)[0])
    assert evidence.spectrogram_db.shape == (len(evidence.times_s), len(evidence.frequencies_hz))
    assert evidence.reference_peaks.shape == (len(evidence.matched), 2)
    assert evidence.matched.mean() > 0.9
    assert evidence.query_peaks[:, 0].max() <= 3.0
    assert 100 < evidence.query_peaks[:, 1].min() < evidence.query_peaks[:, 1].max() < 7000


def test_explain_shows_that_a_wrong_match_does_not_match(library, tunes):
    right = cut(tunes[5], 6, 3)
    match = library.identify(right, RATE)[0]
    wrong = library.explain(cut(tunes[8], 6, 3), RATE, match)
    assert wrong.matched.mean() < 0.6
    assert SECONDS > 6
