"""The beat of music that nobody knows: found, kept, left when it ends, and not heard in noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.analysis.beats import find_grid
from engine.analysis.features import SAMPLE_RATE, FeatureStream
from engine.follow.live_beat import LONGEST_S, BeatLine, LiveBeat, look
from tests.engine.analysis.conftest import sounded, steady

BPM = 112.0
_LONGEST = round(LONGEST_S * SAMPLE_RATE)


def band(bpm: float, seconds: float, start_s: float = 0.4) -> NDArray[np.float32]:
    """Return a band from its first beat at `start_s` on."""
    return sounded(steady(bpm, seconds + 3.0, start_s))[: round(seconds * SAMPLE_RATE)]


def hear(beat: LiveBeat, sound: NDArray[np.float32], step_s: float = 0.5) -> None:
    """Feed sound as a listener does, with all that is kept of it."""
    step = round(step_s * SAMPLE_RATE)
    for end in range(step, len(sound) + 1, step):
        beat.feed(sound[max(0, end - _LONGEST) : end], end / SAMPLE_RATE)


def believe(beat: LiveBeat, line: BeatLine) -> None:
    """Let three looks find the same."""
    for _ in range(3):
        beat._judge(line, line.time_s)


def off_ms(line: BeatLine, time_s: float) -> float:
    """Return by how much a line's nearest beat misses a beat at `time_s`."""
    at = line.at(time_s)
    return 60_000.0 / line.bpm * abs(at - round(at))


def test_tempo_and_beat_of_steady_music_are_found_within_twelve_seconds() -> None:
    beat = LiveBeat(background=False)
    hear(beat, band(BPM, 12.5, start_s=0.3))
    assert beat.line is not None
    assert beat.line.bpm == pytest.approx(BPM, rel=0.002)
    assert off_ms(beat.line, 0.3 + 20 * 60 / BPM) < 10.0


def test_the_numbers_of_beats_go_on_from_look_to_look() -> None:
    beat, sound = LiveBeat(background=False), band(BPM, 20.0)
    hear(beat, sound[: round(13.0 * SAMPLE_RATE)])
    first = beat.line
    assert first is not None
    for end_s in (17.0, 20.0):
        end = round(end_s * SAMPLE_RATE)
        beat.feed(sound[max(0, end - _LONGEST) : end], end_s)
    assert beat.line is not None
    assert beat.line is not first
    assert beat.line.at(18.0) == pytest.approx(first.at(18.0), abs=0.1)


@pytest.mark.parametrize("kind", ["noise", "silence", "tone"])
def test_where_there_is_no_beat_none_is_found(kind: str) -> None:
    rng = np.random.default_rng(1)
    t = np.arange(round(12.0 * SAMPLE_RATE)) / SAMPLE_RATE
    sound = {
        "noise": 0.1 * rng.standard_normal(len(t)),
        "silence": np.zeros(len(t)),
        "tone": 0.2 * np.sin(2 * np.pi * 220.0 * t),
    }[kind]
    assert look(sound.astype(np.float32), 0.0) is None


def test_one_look_is_not_believed_nor_are_two() -> None:
    beat = LiveBeat(background=False)
    beat._judge(BeatLine(10.0, 0.0, 100.0, 0.95), 10.0)
    assert beat.line is None
    beat._judge(BeatLine(12.1, 0.0, 100.0, 0.5), 12.1)  # off by a sixth of a beat
    assert beat.line is None
    beat._judge(BeatLine(12.7, 4.0, 100.0, 0.5), 13.0)
    assert beat.line is None
    beat._judge(BeatLine(15.1, 8.0, 100.0, 0.5), 15.2)
    assert beat.line is not None
    assert beat.line.beat == 8.0


def test_a_look_at_double_tempo_leaves_the_tempo_as_it_was() -> None:
    beat = LiveBeat(background=False)
    believe(beat, BeatLine(10.0, 0.0, 90.0, 0.9))
    beat._judge(BeatLine(14.0, 12.0, 180.0, 0.9), 14.0)
    assert beat.line is not None
    assert beat.line.bpm == 90.0
    assert beat.line.at(14.0) == pytest.approx(6.0)


def test_a_beat_that_is_not_confirmed_is_let_go() -> None:
    beat = LiveBeat(background=False)
    believe(beat, BeatLine(10.0, 0.0, 100.0, 0.9))
    quiet = np.zeros(_LONGEST, np.float32)
    beat.feed(quiet, 20.0)
    assert beat.line is not None
    beat.feed(quiet, 25.0)
    assert beat.line is None


def test_another_tempo_takes_over_when_three_looks_agree_on_it() -> None:
    beat = LiveBeat(background=False)
    believe(beat, BeatLine(10.0, 0.0, 100.0, 0.9))
    for later in (0, 10):
        beat._judge(BeatLine(14.0 + later * 60 / 123.0, later, 123.0, 0.95), 14.0)
        assert beat.line is not None
        assert beat.line.bpm == 100.0  # a break, perhaps
    beat._judge(BeatLine(14.0 + 1200 / 123.0, 20.0, 123.0, 0.9), 23.0)
    assert beat.line is not None
    assert beat.line.bpm == 123.0


def test_a_tempo_that_sways_is_left_alone() -> None:
    number = np.arange(40)
    beats_s = 0.3 + 0.5 * number + 0.12 * np.sin(2 * np.pi * number / 16)
    sound = sounded(beats_s)[:_LONGEST]
    stream = FeatureStream()
    stream.feed(sound)
    grid = find_grid(stream.finish())
    assert grid is not None
    assert not grid.steady
    assert grid.confidence > 0.5
    assert look(sound, 0.0) is None
