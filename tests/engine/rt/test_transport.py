"""The transport: its own tempo, a MIDI clock with the noise of a cable, starts and positions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.synth import Synth

_RATE = 48_000
_CLOCK, _START, _CONTINUE, _STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


def _run(synth: Synth, frames: int, block: int = 480) -> None:
    out = np.empty((block, 2), np.float32)
    for at in range(0, frames, block):
        synth.render_block(out[: min(block, frames - at)])


def _beat(synth: Synth) -> float:
    """Return the beat at the frame that comes next."""
    one = synth.state[0]
    cell = (synth.frame - 1) // 32 * 32
    return float(one["beat"] + (synth.frame - cell) * one["beats_per_frame"])


def _ticks(bpm: float, seconds: float, start: float = 0.0) -> NDArray[np.float64]:
    """Return the frames of a clock."""
    period = 60.0 / bpm / 24.0
    return _RATE * (start + np.arange(0.0, seconds, period))


def _send_ticks(synth: Synth, frames: NDArray[np.float64]) -> None:
    """Send clocks at these frames, and render up to a little after the last."""
    for part in np.array_split(frames, max(1, len(frames) // 500)):
        for frame in np.rint(part):
            assert synth.send(_CLOCK, int(frame))
        _run(synth, int(part[-1]) + 64 - synth.frame)


def test_the_beat_runs_at_120_until_told_otherwise() -> None:
    synth = Synth()
    _run(synth, 3 * _RATE)
    assert _beat(synth) == pytest.approx(6.0, abs=1e-9)
    assert synth.tempo == pytest.approx(120.0)
    synth.set_tempo(90.0, frame=synth.frame)
    _run(synth, 2 * _RATE)
    assert _beat(synth) == pytest.approx(9.0, abs=0.002)
    assert synth.tempo == pytest.approx(90.0)


def test_the_beat_does_not_depend_on_how_blocks_are_cut() -> None:
    beats = []
    for block in (1, 37, 512, 4_800):
        synth = Synth()
        for number, frame in enumerate(_ticks(133.0, 0.5)):
            synth.send(_CLOCK, int(frame) + number % 3)
        synth.set_tempo(97.0, frame=20_011)
        trace = []
        for _ in range(28_800 // 4_800):
            _run(synth, 4_800, block)
            trace.append((float(synth.state[0]["beat"]), float(synth.state[0]["beats_per_frame"])))
        beats.append(trace)
    assert beats[0] == beats[1] == beats[2] == beats[3]


@pytest.mark.parametrize("bpm", [0.0, 9.9, 1001.0, float("nan")])
def test_a_tempo_that_is_none_is_refused(bpm: float) -> None:
    with pytest.raises(ValueError, match="bpm must be between 10 and 1000, got"):
        Synth().set_tempo(bpm)


@pytest.mark.parametrize("bpm", [40.0, 121.7, 240.0])
def test_a_steady_clock_is_followed_exactly(bpm: float) -> None:
    synth = Synth()
    synth.send(_START, 4_800)
    _send_ticks(synth, _ticks(bpm, 8.0, start=0.1))
    assert synth.tempo == pytest.approx(bpm, rel=2e-5)
    elapsed = synth.frame / _RATE - 0.1
    assert _beat(synth) == pytest.approx(elapsed * bpm / 60.0, abs=5e-4)


def test_a_clock_with_a_millisecond_of_noise_gives_a_steady_beat(
    rng: np.random.Generator,
) -> None:
    bpm = 120.0
    synth = Synth()
    synth.send(_START, 0)
    true = _ticks(bpm, 20.0)
    noisy = true + rng.uniform(0.0, 0.001 * _RATE, true.size)  # a USB frame late at most
    _send_ticks(synth, noisy[:240])
    errors, tempos = [], []
    for frame in noisy[240:]:
        synth.send(_CLOCK, round(float(frame)))
        _run(synth, int(frame) + 64 - synth.frame, 32)
        errors.append(_beat(synth) - synth.frame / _RATE * bpm / 60.0)
        tempos.append(float(synth.state[0]["beats_per_frame"]) * _RATE * 60.0)
    late_ms = -np.array(errors) * 500.0
    assert np.abs(late_ms - 0.5).max() < 0.35  # half a millisecond late on average, as it must be
    assert late_ms.std() < 0.15  # that of the ticks is 0.29
    assert np.abs(np.array(tempos) - bpm).max() < 0.15
    assert np.mean(tempos) == pytest.approx(bpm, abs=0.02)


def test_a_new_tempo_of_the_clock_is_found_within_two_beats() -> None:
    synth = Synth()
    synth.send(_START, 0)
    first = _ticks(120.0, 4.0)
    _send_ticks(synth, first)
    second = first[-1] + np.cumsum(np.full(48, _RATE * 60.0 / 90.0 / 24.0))
    _send_ticks(synth, second)
    assert synth.tempo == pytest.approx(90.0, rel=1e-3)
    ticks_behind = (len(first) + 48 - 1) / 24 - (
        _beat(synth) - (synth.frame - second[-1]) * 1.5 / _RATE
    )
    assert abs(ticks_behind) < 0.03


def test_once_it_runs_the_beat_never_jumps_by_more_than_five_milliseconds_a_beat(
    rng: np.random.Generator,
) -> None:
    synth = Synth()
    _run(synth, 12_345)
    ticks = 12_345 + _ticks(120.0, 6.0) + rng.uniform(0.0, 48.0, 288)  # joined in the middle
    slopes = []
    for frame in ticks:
        synth.send(_CLOCK, int(frame))
        _run(synth, int(frame) + 1 - synth.frame, 32)
        slopes.append(float(synth.state[0]["beats_per_frame"]) / (2.0 / _RATE) - 1.0)
    # from when two ticks gave a tempo: the noise of the first few ticks, then a hundredth
    assert np.abs(slopes[24:]).max() < 0.0125
    assert synth.state[0]["jumps"] == 0
    beat = _beat(synth) * 24.0
    at_tick = beat - (synth.frame - ticks[-1]) * 48.0 / _RATE
    assert abs(at_tick - round(at_tick)) < 0.05  # and ends on the ticks


def test_a_start_puts_the_beat_to_zero_with_its_first_clock() -> None:
    synth = Synth()
    ticks = _ticks(120.0, 3.0)
    _send_ticks(synth, ticks[:100])
    synth.send(_START, int(ticks[99]) + 70)
    _send_ticks(synth, ticks[100:])
    assert _beat(synth) == pytest.approx((synth.frame - ticks[100]) / _RATE * 2.0, abs=1e-3)
    assert synth.state[0]["jumps"] == 1


def test_a_stopped_song_continues_where_it_stopped_or_at_its_new_position() -> None:
    synth = Synth()
    ticks = _ticks(120.0, 6.0)
    synth.send(_START, 0)
    _send_ticks(synth, ticks[:49])  # beats 0 to 2
    synth.send(_STOP, int(ticks[48]) + 70)
    _send_ticks(synth, ticks[49:100])
    synth.send(_CONTINUE, int(ticks[99]) + 70)
    _send_ticks(synth, ticks[100:125])
    assert _beat(synth) == pytest.approx(
        49 / 24 + (synth.frame - ticks[100]) / _RATE * 2.0, abs=1e-3
    )
    synth.send(_STOP, int(ticks[124]) + 70)
    synth.send(b"\xf2\x08\x01", int(ticks[124]) + 71)  # 136 sixteenths: beat 34
    synth.send(_CONTINUE, int(ticks[124]) + 72)
    _send_ticks(synth, ticks[125:])
    assert _beat(synth) == pytest.approx(34 + (synth.frame - ticks[125]) / _RATE * 2.0, abs=1e-3)


def test_when_the_clock_is_lost_the_beat_goes_on_at_its_tempo() -> None:
    synth = Synth()
    synth.send(_START, 0)
    ticks = _ticks(150.0, 3.0)
    _send_ticks(synth, ticks)
    _run(synth, 2 * _RATE)
    assert _beat(synth) == pytest.approx(synth.frame / _RATE * 2.5, abs=2e-3)
    later = synth.frame + _ticks(100.0, 2.0)
    _send_ticks(synth, later)  # another cable: its tempo is taken at once
    assert synth.tempo == pytest.approx(100.0, rel=1e-3)
