"""Which repeat it is, told by the waves, on a track whose passes differ in their waves alone."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.resample import resample
from fingerprint import SAMPLE_RATE, FingerprintIndex
from fingerprint.explain import explain

from .conftest import RATE, tune, with_noise

PART_S = 8.0


def twisted(audio):
    """Return the sound with the phases of its partials turned: each lasts as long, and as loud."""
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    return np.fft.irfft(spectrum * np.exp(3j * np.sin(hz / 50.0)), len(audio)).astype(np.float32)


@pytest.fixture(scope="module")
def passes():
    """A part, another tune, and the part again with other waves."""
    part = tune(40, PART_S)
    return np.concatenate([part, tune(41, PART_S), twisted(part)])


@pytest.fixture(scope="module")
def index(tunes, passes, tmp_path_factory):
    with FingerprintIndex.create(tmp_path_factory.mktemp("passes") / "index") as made:
        made.add(1, passes, RATE)
        made.add(2, tunes[0], RATE)
        yield made


def sound_of(track, asked=None):
    """Return a reader of a track, which notes what it was asked for."""

    def sound(track_id, start_s, stop_s):
        assert track_id == 1
        if asked is not None:
            asked.append((start_s, stop_s))
        return track[round(start_s * SAMPLE_RATE) : round(stop_s * SAMPLE_RATE)]

    return sound


def clips(passes, speed=1.0):
    """Return (second, noisy clip of three seconds) out of both passes."""
    for number, start_s in enumerate((1.0, 2.5, 4.0, 2 * PART_S + 1.0, 2 * PART_S + 3.3)):
        clip = passes[round(start_s * RATE) : round((start_s + 3.0) * RATE)]
        yield start_s, with_noise(resample(clip, RATE * speed, RATE), 6.0, number)


@pytest.mark.parametrize("speed", [1.0, 1.02])
def test_the_sound_tells_the_pass_that_peaks_cannot_tell(index, passes, speed):
    guessed = []
    for start_s, clip in clips(passes, speed):
        by_peaks, *_ = index.identify(clip, RATE)
        match, *_ = index.identify(clip, RATE, sound=sound_of(passes))
        assert match.known
        assert match.offset_s == pytest.approx(start_s, abs=0.05)
        assert replace(match, offset_s=by_peaks.offset_s) == by_peaks
        assert explain(index, clip, RATE, 1, sound_of(passes)).match == match
        guessed.append(by_peaks.offset_s == match.offset_s)
    assert not all(guessed)


@pytest.mark.parametrize(
    "heard",
    [
        lambda *_: None,
        lambda *_: np.empty(0, np.float32),
        sound_of(tune(77, 30.0)),
        sound_of(np.zeros(30 * RATE, np.float32)),
    ],
    ids=["gone", "cut", "other music", "silence"],
)
def test_where_the_sound_cannot_tell_the_answer_is_that_of_the_peaks(index, passes, heard):
    for _, clip in clips(passes):
        assert index.identify(clip, RATE, sound=heard) == index.identify(clip, RATE)


def test_little_is_read_and_nothing_before_the_track(index, passes):
    asked = []
    early = np.concatenate([np.zeros(RATE // 2, np.float32), passes[: 4 * RATE]])
    match, *_ = index.identify(with_noise(early, 20.0), RATE, sound=sound_of(passes, asked))
    assert match.offset_s == pytest.approx(-0.5, abs=0.05)
    assert 2 <= len(asked) <= 12
    assert all(0.0 <= start < stop < start + 5.5 for start, stop in asked)


def test_nothing_is_read_for_a_track_without_repeats_or_an_unknown_clip(index, tunes):
    def nothing(*_):
        raise AssertionError

    for clip in (tunes[0][5 * RATE : 8 * RATE], tunes[8][5 * RATE : 8 * RATE]):
        index.identify(clip, RATE, sound=nothing)
