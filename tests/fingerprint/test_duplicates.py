"""Pairs of tracks that share a recording, made by cutting, speeding up and spoiling tunes."""

import numpy as np
import pytest

from dsp.resample import resample
from fingerprint import TrackPeaks, extract
from fingerprint.duplicates import Duplicate, find

from .conftest import RATE, tune, with_noise

LONG = 75.0


@pytest.fixture(scope="module")
def long_tunes() -> list[np.ndarray]:
    # a floor of noise, as recordings have: without it, peaks lie at the edge of digital silence
    return [with_noise(tune(100 + k, LONG), 50.0) for k in range(4)]


def cut(audio: np.ndarray, start_s: float, stop_s: float) -> np.ndarray:
    return audio[round(start_s * RATE) : round(stop_s * RATE)]


def pairs(tracks: list[np.ndarray], rates: list[float] | None = None) -> list[Duplicate]:
    peaks = [extract(x, r) for x, r in zip(tracks, rates or [RATE] * len(tracks), strict=True)]
    return find(range(len(tracks)), peaks.__getitem__)


def test_tunes_that_differ_are_no_duplicates(long_tunes) -> None:
    assert pairs(long_tunes) == []


def test_a_copy_of_another_level_is_a_copy(long_tunes) -> None:
    [found] = pairs([*long_tunes[:3], 0.4 * long_tunes[1]])
    assert (found.one, found.other, found.relation) == (1, 3, "copy")
    assert found.overlap.one_share == found.overlap.other_share == 1.0
    assert found.similarity > 0.8
    [section] = found.overlap.sections
    assert (section.one_s, section.other_s) == (0.0, 0.0)
    assert section.seconds == pytest.approx(LONG, abs=0.1)


def test_a_noisy_copy_is_the_same_recording_and_said_to_sound_otherwise(long_tunes) -> None:
    [found] = pairs([*long_tunes[:3], with_noise(long_tunes[1], 18.0)])
    assert (found.one, found.other, found.relation) == (1, 3, "same")
    assert 0.65 < found.overlap.agreement < 0.97


def test_an_excerpt_is_found_with_its_place(long_tunes) -> None:
    [found] = pairs([cut(long_tunes[0], 20.24, 61.0), long_tunes[1], long_tunes[0]])
    assert (found.one, found.other, found.relation) == (2, 0, "excerpt")
    [section] = found.overlap.sections
    assert section.one_s - section.other_s == pytest.approx(20.24, abs=0.04)
    assert found.common_s == pytest.approx(40.8, abs=0.5)
    assert found.overlap.one_share == pytest.approx(40.8 / LONG, abs=0.1)


def test_a_radio_edit_is_told_from_an_excerpt(long_tunes) -> None:
    edit = np.concatenate([cut(long_tunes[0], 0, 28), cut(long_tunes[0], 48, LONG)])
    [found] = pairs([long_tunes[0], long_tunes[1], edit])
    assert (found.one, found.other, found.relation) == (0, 2, "edit")
    first, second = found.overlap.sections
    assert first.one_s == pytest.approx(first.other_s, abs=0.04)
    assert second.one_s - second.other_s == pytest.approx(20.0, abs=0.04)
    assert second.other_s == pytest.approx(28.0, abs=4.0)  # to within a block


@pytest.mark.parametrize("speed", [1.025, 0.96])
def test_a_recording_at_another_speed_is_found_with_that_speed(long_tunes, speed: float) -> None:
    changed = resample(long_tunes[3], RATE * speed, RATE)
    [found] = pairs([*long_tunes[:4], changed])
    assert {found.one, found.other} == {3, 4}
    assert found.relation == "speed"
    faster = speed if found.other == 4 else 1 / speed
    assert found.overlap.speed == pytest.approx(faster, abs=0.001)
    assert found.overlap.pitch == pytest.approx(faster, abs=0.003)
    peaks = [extract(x, RATE) for x in (long_tunes[3], changed)]
    assert find([0, 1], peaks.__getitem__, any_speed=False) == []


def test_a_passage_in_common_is_called_that(long_tunes) -> None:
    one = np.concatenate([cut(long_tunes[0], 0, 40), cut(long_tunes[1], 0, 35)])
    other = np.concatenate([cut(long_tunes[2], 0, 30), cut(long_tunes[1], 0, 35)])
    [found] = pairs([one, other])
    assert found.relation == "passage"
    assert found.overlap.sections[0].one_s == pytest.approx(40.0, abs=4.0)
    assert found.overlap.one_share == pytest.approx(35 / 75, abs=0.12)


def test_silence_at_the_ends_is_no_difference(long_tunes) -> None:
    quiet = np.zeros(10 * RATE, np.float32)
    [found] = pairs([long_tunes[0], np.concatenate([quiet, long_tunes[0], quiet])])
    assert found.relation == "copy"
    [section] = found.overlap.sections
    assert section.other_s - section.one_s == pytest.approx(10.0, abs=0.04)


def test_silent_short_and_no_tracks_are_answered_with_nothing(long_tunes) -> None:
    silence = np.zeros(30 * RATE, np.float32)
    sting = cut(long_tunes[0], 0, 1.0)
    assert pairs([silence, silence, sting, sting]) == []
    assert find([], {}.__getitem__) == []


def test_the_answer_does_not_depend_on_the_order_of_tracks(long_tunes) -> None:
    peaks: dict[int, TrackPeaks] = {
        7: extract(long_tunes[0], RATE),
        3: extract(cut(long_tunes[0], 10, 60), RATE),
        5: extract(long_tunes[1], RATE),
        9: extract(0.5 * long_tunes[1], RATE),
    }
    forward = find([3, 5, 7, 9], peaks.__getitem__)
    backward = find([9, 7, 5, 3], peaks.__getitem__)
    told = {frozenset((d.one, d.other)): d.relation for d in forward}
    assert told == {frozenset((5, 9)): "copy", frozenset((3, 7)): "excerpt"}
    assert told == {frozenset((d.one, d.other)): d.relation for d in backward}


def test_progress_ends_with_all_done(long_tunes) -> None:
    steps: list[tuple[int, int]] = []
    peaks = [extract(x, RATE) for x in (long_tunes[0], 0.5 * long_tunes[0])]
    find([0, 1], peaks.__getitem__, tell=lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
