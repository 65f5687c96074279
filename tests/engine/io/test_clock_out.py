"""The MIDI clock that goes out: ticks on the beat, positions and starts where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import DeviceError
from engine.io.clock_child import CLOCK, CONTINUE, POSITION, START, STOP, Ticker, parse
from engine.io.clock_out import ClockOut
from engine.io.device import HandStream
from engine.synth import Synth

_SLOPE = 2e-6  # beats a microsecond: 120 BPM


def _run(ticker: Ticker, start_us: float, stop_us: float) -> list[tuple[float, bytes]]:
    """Return what a ticker sends in a stretch of time, each with its moment."""
    sent = []
    now = start_us
    while (now := now + max(ticker.wait_us(now), 0.0)) < stop_us:
        sent += [(now, message) for message in ticker.tick()]
    return sent


def _clocks(sent: list[tuple[float, bytes]]) -> np.ndarray:
    return np.array([time for time, message in sent if message[0] == CLOCK])


def test_24_clocks_a_beat_fall_where_the_beat_says() -> None:
    ticker = Ticker()
    assert not ticker.follow(0.0, 4.1, _SLOPE, now_us=0.0)
    times = _clocks(_run(ticker, 0.0, 2e6))
    ticks = 24 * (4.1 + times * _SLOPE)
    assert len(times) == pytest.approx(96, abs=6)
    assert ticks == pytest.approx(np.arange(round(ticks[0]), round(ticks[0]) + len(ticks)))


def test_it_begins_with_the_position_of_the_sixteenth_it_continues_from() -> None:
    ticker = Ticker()
    ticker.follow(0.0, 300.1, _SLOPE, now_us=0.0)
    sent = _run(ticker, 0.0, 1e6)
    first = [message for _, message in sent[:3]]
    position = 1_201  # sixteenths: 300.25 beats
    assert first == [
        bytes([POSITION, position & 127, position >> 7]),
        bytes([CONTINUE]),
        bytes([CLOCK]),
    ]
    assert 300.1 + sent[0][0] * _SLOPE == pytest.approx(300.25)
    assert all(message[0] == CLOCK for _, message in sent[3:])


def test_before_the_first_beat_the_clock_runs_and_the_song_starts_on_it() -> None:
    ticker = Ticker()
    ticker.follow(0.0, -1.0, _SLOPE, now_us=0.0)
    sent = _run(ticker, 0.0, 1e6)
    starts = [(time, message) for time, message in sent if message[0] != CLOCK]
    assert [message for _, message in starts] == [bytes([START])]
    assert starts[0][0] == pytest.approx(500_000.0)


def test_a_new_tempo_goes_on_without_a_missing_or_doubled_tick() -> None:
    ticker = Ticker()
    ticker.follow(0.0, 10.0, _SLOPE, now_us=0.0)
    sent = _run(ticker, 0.0, 1e6)
    assert not ticker.follow(1e6, 12.001, 1.1 * _SLOPE, now_us=1e6)
    sent += _run(ticker, 1e6, 2e6)
    gaps = np.diff(_clocks(sent))
    even = 1e6 / 48
    assert gaps.min() > 0.85 * even
    assert gaps.max() < 1.05 * even
    assert sum(message[0] != CLOCK for _, message in sent) == 2


@pytest.mark.parametrize("leap", [-3.3, 0.2, 40.0])
def test_a_beat_that_leaps_stops_the_song_and_continues_at_the_new_place(leap: float) -> None:
    ticker = Ticker()
    ticker.follow(0.0, 10.0, _SLOPE, now_us=0.0)
    _run(ticker, 0.0, 1e6)
    assert ticker.follow(1e6, 12.0 + leap, _SLOPE, now_us=1e6)
    sent = _run(ticker, 1e6, 2e6)
    position = sent[0][1][1] | sent[0][1][2] << 7
    assert sent[0][1][0] == POSITION
    assert position / 4 == pytest.approx(12.0 + leap + (sent[0][0] - 1e6) * _SLOPE)
    assert ticker.stop() == [bytes([STOP])]


@pytest.mark.parametrize("text", [b"", b"1 2", b"1 2 x", b"1 nan 1e-6", b"1 2 -1e-6", b"1 2 0"])
def test_a_line_that_is_none_is_left_out(text: bytes) -> None:
    assert parse(text) is None


def test_the_line_is_the_beat_at_the_moment_it_is_heard() -> None:
    synth = Synth()
    stream = HandStream(synth, 256)
    for _ in range(100):
        stream.step()
    # by hand: the blocks came much faster than they play, so only the pair counts
    clock = ClockOut.__new__(ClockOut)
    clock._stream = stream
    heard_us, beat, slope = clock.line()
    one = synth.state[0]
    frame = (heard_us - 1e6 * stream.latency_s - float(one["clock_start_us"])) / float(
        one["clock_frame_us"]
    ) + int(one["clock_at"])
    assert beat == pytest.approx(frame * 2.0 / 48_000)
    assert slope == pytest.approx(2.0 / 48_000 / float(one["clock_frame_us"]))


def test_a_port_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTIPHON_MIDI", "jack")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    with pytest.raises(DeviceError, match="no JACK server"):
        ClockOut(HandStream(Synth()), "somewhere")
