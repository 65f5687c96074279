"""The clock of the callback: notes at their stamps although the callback enters when it can."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.io.midiring import MidiRing
from engine.rt import state as st
from engine.rt.clock import drain_midi, tick
from engine.rt.state import new_state

_RATE = 48_000
_BLOCK = 128
_LATENCY = 2 * _BLOCK
_PERIOD_US = _BLOCK / _RATE * 1e6
_US_PER_FRAME = 1e6 / _RATE


def _entries(blocks: int, rng: np.random.Generator, start_us: float = 5e6) -> NDArray[np.float64]:
    """Return when callbacks enter: exact starts, 20 us late and up to 400 us later now and then."""
    exact = start_us + np.arange(blocks) * _PERIOD_US
    late = 20.0 + rng.exponential(8.0, blocks)
    rare = rng.random(blocks) < 0.02
    return exact + late + rare * rng.uniform(0, 400, blocks)


def _play(
    entries: NDArray[np.float64],
    stamps_us: NDArray[np.float64],
    blocks: list[int] | None = None,
    latency: int = _LATENCY,
) -> NDArray[np.int64]:
    """Let callbacks enter and drain a ring as stamps fall due; return the frames scheduled."""
    state = new_state(_RATE)
    one = state[0]
    one["midi_latency_frames"] = latency
    sizes = blocks or [_BLOCK] * len(entries)
    frames = []
    sent = 0
    with MidiRing.create() as ring:
        words = ring.words.view(np.int64)
        for i, entry in enumerate(entries):
            tick(one, entry, one["last_frames"])
            while sent < len(stamps_us) and stamps_us[sent] <= entry:
                assert ring.push(round(stamps_us[sent]), 0x90, 60, 100)
                sent += 1
            drain_midi(one, words)
            count = int(one["pending_count"])
            frames += one["pending_frame"][:count].tolist()
            one["pending_count"] = 0
            one["calls"] += 1
            one["last_frames"] = sizes[i]
            one["frame"] += sizes[i]
    return np.array(frames)


def test_notes_keep_their_spacing_within_a_sample_under_jittered_entries(
    rng: np.random.Generator,
) -> None:
    entries = _entries(6_000, rng)
    stamps = 7e6 + np.cumsum(rng.uniform(5_000, 30_000, 500))  # after the loop has settled
    stamps = np.round(stamps[stamps < entries[-2]])
    frames = _play(entries, stamps)
    exact = (stamps - 5e6) / _US_PER_FRAME + _LATENCY
    error = frames - exact
    assert np.abs(error - np.median(error)).max() < 1.5  # rounding is half a sample of it
    assert np.quantile(np.abs(error - np.median(error)), 0.5) < 0.5
    assert abs(np.median(error)) < 2.0  # the constant 28 us that callbacks are late


def test_raw_entry_times_would_scatter_the_same_notes_over_many_samples(
    rng: np.random.Generator,
) -> None:
    entries = _entries(6_000, rng)
    raw = (entries - 5e6) / _US_PER_FRAME - np.arange(6_000) * _BLOCK
    assert np.abs(raw - np.median(raw)).max() > 10.0


def test_the_clock_follows_a_device_that_runs_fast(rng: np.random.Generator) -> None:
    fast = 1.0 + 200e-6
    entries = 5e6 + (_entries(12_000, rng) - 5e6) / fast
    stamps = np.round(25e6 + np.cumsum(rng.uniform(5_000, 30_000, 250)))
    frames = _play(entries, stamps)
    exact = (stamps - 5e6) * fast / _US_PER_FRAME + _LATENCY
    error = frames - exact
    assert np.abs(error - np.median(error)).max() < 1.5


def test_after_an_xrun_the_clock_starts_afresh_within_five_blocks(
    rng: np.random.Generator,
) -> None:
    entries = _entries(3_000, rng)
    entries[1_500:] += 7_000.0  # the device stood still for 7 ms
    stamps = np.round(entries[1_506:2_990:7] - 100.0)
    frames = _play(entries, stamps)
    exact = (stamps - 5e6 - 7_000.0) / _US_PER_FRAME + _LATENCY
    error = frames - exact
    # it restarts at one raw entry and creeps back: no note is off by a block
    assert np.abs(error).max() < 25.0
    assert np.abs(error[-100:] - np.median(error[-100:])).max() < 1.5


def test_a_callback_that_comes_blocks_late_moves_no_note(rng: np.random.Generator) -> None:
    entries = 5e6 + np.arange(4_000) * _PERIOD_US + 20.0
    entries[3_000:3_003] += (7_500.0, 4_900.0, 2_300.0)  # late, and two calls to catch up
    stamps = np.round(5e6 + _PERIOD_US * (2_990 + np.arange(30)) - 300.0)
    frames = _play(entries, stamps)
    exact = (stamps - 5e6 - 20.0) / _US_PER_FRAME + _LATENCY
    assert np.abs(frames - exact).max() < 1.5


def test_blocks_of_changing_size_keep_the_clock(rng: np.random.Generator) -> None:
    sizes = rng.integers(16, 513, 4_000)
    starts = 5e6 + np.concatenate([[0], np.cumsum(sizes[:-1])]) * _US_PER_FRAME
    entries = starts + 20.0 + rng.exponential(8.0, sizes.size)
    stamps = np.round(np.linspace(15e6, entries[-5], 200))
    frames = _play(entries, stamps, sizes.tolist(), latency=600)
    error = frames - ((stamps - 5e6) / _US_PER_FRAME + 600)
    assert np.abs(error - np.median(error)).max() < 1.5


def test_a_note_that_comes_too_late_is_played_at_once() -> None:
    state = new_state(_RATE)
    one = state[0]
    one["frame"] = 10_000
    tick(one, 5e6, 0)
    one["calls"] = 1
    with MidiRing.create() as ring:
        ring.push(4_900_000, 0x90, 60, 100)
        drain_midi(one, ring.words.view(np.int64))
    assert one["pending_frame"][0] == 10_000
    assert one["midi_stray"] == 0


@pytest.mark.parametrize("off_us", [-2_000_000, 2_000_000])
def test_a_stamp_of_another_clock_is_counted_and_played_at_once(off_us: int) -> None:
    state = new_state(_RATE)
    one = state[0]
    tick(one, 5e6, 0)
    with MidiRing.create() as ring:
        ring.push(5_000_000 + off_us, 0x80, 60, 0)
        drain_midi(one, ring.words.view(np.int64))
    assert one["midi_stray"] == 1
    assert one["pending_frame"][0] == one["frame"]


def test_stamps_are_understood_across_the_wrap_of_their_42_bits() -> None:
    state = new_state(_RATE)
    one = state[0]
    wrap = 1 << 42
    tick(one, float(wrap - 100), 0)
    with MidiRing.create() as ring:
        ring.push(wrap + 900, 0x90, 60, 100)  # 1 ms after the block's start
        drain_midi(one, ring.words.view(np.int64))
    assert one["pending_frame"][0] == 48
    assert one["midi_stray"] == 0


def test_the_native_reader_takes_what_the_python_reader_would(rng: np.random.Generator) -> None:
    state = new_state(_RATE)
    one = state[0]
    tick(one, 5e6, 0)
    total = 0
    with MidiRing.create() as native, MidiRing.create() as plain:
        for _ in range(40):  # several laps of the ring
            for ring_message in rng.integers(0, 128, (rng.integers(0, 600), 2)).tolist():
                for ring in (native, plain):
                    ring.push(5_000_000, 0x90 | ring_message[0] & 15, *ring_message)
            drain_midi(one, native.words.view(np.int64))
            count = int(one["pending_count"])
            got = [int(word) for word in one["pending_word"][:count, 1]]
            want = []
            while (event := plain.pop()) is not None:
                want.append((event.status & 0x7F) << 14 | event.data1 << 7 | event.data2)
            assert got == want
            assert (one["pending_word"][:count, 0] == st.MIDI).all()
            one["pending_count"] = 0
            total += count
            assert len(native) == 0
    assert total > 2 * 4096
