"""A stream names what plays, follows it, and notices when it changes or ends."""

import numpy as np
import pytest

from dsp.resample import resample
from fingerprint import FingerprintIndex

from .conftest import RATE, tune, with_noise


def listen(library, audio, piece=4000, rate=RATE):
    stream = library.stream(rate)
    said = [stream.feed(audio[i : i + piece]) for i in range(0, len(audio), piece)]
    return [answer for answer in said if answer is not None]


def named(answers, rate=RATE):
    """Return (second, track id or None, position) of each answer."""
    return [(a.frame / rate, a.match.track_id if a.match else None, a.position_s) for a in answers]


def part(tune, start, seconds):
    return tune[int(start * RATE) : int((start + seconds) * RATE)]


@pytest.mark.parametrize("k", [0, 3, 6])
def test_a_tune_is_named_within_two_and_a_half_seconds_and_followed(library, tunes, k):
    answers = named(listen(library, with_noise(part(tunes[k], 4, 10), 10)))
    first = next(at for at, track, _ in answers if track is not None)
    assert first <= 2.5
    for at, track, position in answers:
        if at >= first:
            assert track == 10 + k
            assert position == pytest.approx(4 + at, abs=0.05)


def test_what_is_not_named_yet_is_guessed(library, tunes):
    answers = listen(library, with_noise(part(tunes[3], 4, 6), -3))
    guesses = [a for a in answers if a.guess is not None]
    assert all(a.match is None and not a.guess.known for a in guesses)
    right = [a for a in guesses if a.guess.track_id == 13]
    assert len(right) >= 2
    for answer in right:
        at, guess = answer.frame / RATE, answer.guess
        assert guess.offset_s + answer.heard_s * guess.speed == pytest.approx(4 + at, abs=0.06)


def test_frames_count_input_samples_at_the_input_rate(library, tunes):
    clip = resample(part(tunes[2], 4, 6), RATE, 44_100)
    answers = named(listen(library, clip, 3000, 44_100), 44_100)
    at, track, position = answers[-1]
    assert track == 12
    assert 5.5 < at <= 6.0
    assert position == pytest.approx(4 + at, abs=0.05)


@pytest.mark.parametrize("piece", [333, 4000, 30_000])
def test_answers_do_not_depend_on_how_the_stream_is_cut(library, tunes, piece):
    audio = with_noise(part(tunes[5], 3, 6), 10)
    expected = {a.frame: (a.match, a.position_s) for a in listen(library, audio, 1000)}
    for answer in listen(library, audio, piece):
        match, position = expected[answer.frame]
        assert (answer.match is None) == (match is None)
        if match is not None:
            assert answer.match.track_id == match.track_id
            assert answer.position_s == pytest.approx(position, abs=0.02)


def test_a_change_of_track_is_noticed_within_three_seconds(library, tunes):
    audio = np.concatenate([part(tunes[1], 5, 6), part(tunes[4], 8, 6)])
    answers = named(listen(library, audio))
    assert any(track == 11 for at, track, _ in answers if at < 6)
    for at, track, position in answers:
        if at > 9:
            assert track == 14
            assert position == pytest.approx(8 + at - 6, abs=0.05)


def test_a_seek_inside_the_track_is_noticed_within_three_seconds(library, tunes):
    audio = np.concatenate([part(tunes[2], 2, 5), part(tunes[2], 12, 6)])
    for at, track, position in named(listen(library, audio)):
        if at > 8:
            assert track == 12
            assert position == pytest.approx(12 + at - 5, abs=0.05)


def test_a_seek_to_where_only_a_voice_is_added_is_noticed_within_three_seconds(tmp_path, tunes):
    song = np.concatenate([part(tunes[0], 0, 8), part(tunes[0], 0, 8) + 0.5 * tune(30, 8.0)])
    audio = np.concatenate([part(song, 1, 4), part(song, 13, 3)])
    with FingerprintIndex.create(tmp_path / "index") as index:
        index.add(7, song, RATE)
        for k in range(1, 6):
            index.add(k, tunes[k], RATE)
        index.commit()
        answers = named(listen(index, audio))
    assert {track for at, track, _ in answers if at > 2} == {7}
    for at, _, position in answers:
        if 2 < at < 4 or at > 6.5:
            assert position == pytest.approx((1 if at < 4 else 9) + at, abs=0.05)


@pytest.mark.parametrize("what", ["silence", "noise", "unknown tune"])
def test_what_follows_a_known_tune_is_unknown_within_three_seconds(library, tunes, rng, what):
    after = {
        "silence": np.zeros(6 * RATE, np.float32),
        "noise": (0.1 * rng.standard_normal(6 * RATE)).astype(np.float32),
        "unknown tune": part(tunes[8], 3, 6),
    }[what]
    answers = named(listen(library, np.concatenate([part(tunes[1], 5, 6), after])))
    assert any(track == 11 for _, track, _ in answers)
    assert {track for at, track, _ in answers if at > 9} == {None}


def test_a_tune_left_out_is_never_named(library, tunes):
    answers = listen(library, with_noise(tunes[8], 15))
    assert len(answers) > 50
    assert all(a.match is None and a.position_s is None for a in answers)


def test_dropped_blocks_do_not_lose_the_track(library, tunes):
    audio = part(tunes[3], 2, 12).copy()
    audio[5 * RATE : 5 * RATE + 1600] = 0
    answers = named(listen(library, audio))
    assert all(track == 13 for at, track, _ in answers if at > 3)


def test_nothing_is_due_in_the_first_second(library, tunes):
    stream = library.stream(RATE)
    assert stream.feed(part(tunes[0], 2, 0.9)) is None
    assert stream.feed(np.empty(0, np.float32)) is None
    assert stream.feed(part(tunes[0], 2.9, 0.3)) is not None


@pytest.mark.parametrize("late_s", [0.0, 0.03, 0.5])
def test_our_own_sound_come_back_is_told_from_the_rooms(library, tunes, late_s):
    late = int(late_s * RATE)
    heard = with_noise(part(tunes[0], 4.0, 5.0), 10)
    stream = library.stream(RATE)
    assert stream.feed(heard).match.track_id == 10
    end = int(9.0 * RATE) + late  # what we play now is heard later
    assert stream.is_also(tunes[0][end - 4 * RATE : end])
    along = part(tunes[4], 5.0, 4.0)
    assert not stream.is_also(along)  # we play something else at the same time
    assert not stream.is_also(np.zeros(4 * RATE, np.float32))
    assert not stream.is_also(along[:100])


def test_what_is_dropped_is_found_again_only_in_new_sound(library, tunes):
    stream = library.stream(RATE)
    assert stream.feed(part(tunes[0], 4.0, 4.0)).match is not None
    stream.drop()
    after = [stream.feed(part(tunes[0], 8.0 + 0.25 * i, 0.25)) for i in range(16)]
    seconds = [0.25 * i for i, a in enumerate(after) if a is not None and a.match is not None]
    assert seconds[0] >= 0.5
    assert not stream.is_also(np.zeros(0, np.float32))


def test_reset_starts_counting_again(library, tunes):
    stream = library.stream(RATE)
    stream.feed(part(tunes[0], 2, 4))
    stream.reset()
    answer = stream.feed(part(tunes[1], 5, 3))
    assert answer.frame <= 3 * RATE
    assert answer.match.track_id == 11


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_must_be_finite(library, bad):
    with pytest.raises(ValueError, match="samples must be finite"):
        library.stream(RATE).feed(np.array([0.0, bad], np.float32))


def test_samples_must_be_mono(library):
    with pytest.raises(ValueError, match="samples must have shape"):
        library.stream(RATE).feed(np.zeros((10, 2), np.float32))
