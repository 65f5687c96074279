"""The MIDI ring, against its written layout and a deque."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.io import midi_child as layout
from engine.io.midiring import MidiEvent, MidiRing

CAPACITY = 4096


@pytest.fixture
def ring() -> Iterator[MidiRing]:
    with MidiRing.create() as ring:
        yield ring


def test_a_new_ring_is_empty_and_carries_its_header(ring: MidiRing) -> None:
    assert ring.words.dtype == np.uint64
    assert ring.words.size == 64 + CAPACITY
    assert ring.words[:3].tolist() == [0x414E5450484F4E31, 1, CAPACITY]
    assert not ring.words[3:].any()
    assert ring.pop() is None


def test_a_word_holds_lap_time_and_message_where_the_contract_says(ring: MidiRing) -> None:
    ring.push(5, 0x93, 60, 127)
    assert int(ring.words[64]) == (1 << 63) | (5 << 21) | (0x13 << 14) | (60 << 7) | 127
    assert int(ring.words[16]) == 1


def test_the_lap_bit_turns_over_when_the_ring_does(ring: MidiRing) -> None:
    for _ in range(CAPACITY):
        ring.push(0, 0x90, 0, 0)
        ring.pop()
    assert ring.pop() is None  # though every slot holds a word
    ring.push(0, 0x90, 0, 0)
    assert int(ring.words[64]) >> 63 == 0
    assert ring.pop() is not None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=8), st.data())
def test_events_come_out_in_order_and_whole_however_often_the_ring_turns(
    bursts: list[tuple[int, int]], data: st.DataObject
) -> None:
    event = st.tuples(
        st.integers(0, 2**42 - 1), st.integers(0x80, 0xEF), st.integers(0, 127), st.integers(0, 127)
    )
    seen = data.draw(event)
    reference: deque[MidiEvent] = deque()
    dropped = 0
    with MidiRing.create() as ring:
        for pushes, pops in bursts:
            for i in range(pushes):
                new = MidiEvent((seen[0] + i) % 2**42, seen[1], seen[2], (seen[3] + i) % 128)
                room = len(reference) < CAPACITY
                assert ring.push(*new) is room
                if room:
                    reference.append(new)
                dropped += not room
            for _ in range(pops):
                assert ring.pop() == (reference.popleft() if reference else None)
            assert len(ring) == len(reference)
        assert ring.dropped == dropped


def test_a_time_beyond_42_bits_wraps_and_leaves_the_message_alone(ring: MidiRing) -> None:
    ring.push(2**42 + 7, 0xEF, 127, 127)
    assert ring.pop() == MidiEvent(7, 0xEF, 127, 127)


def test_a_writer_killed_between_its_stores_costs_its_heir_no_event(ring: MidiRing) -> None:
    ring.push(1, 0x90, 60, 1)
    ring.words[64 + 1] = layout.pack(1, 2, 0x90, 61, 1)  # the word is out, the head is not
    layout.RingWriter(memoryview(ring.words.data)).push(3, 0x90, 62, 1)
    notes = [event.data1 for event in iter(ring.pop, None)]
    assert notes == [60, 61, 62]


def test_an_heir_of_a_writer_that_finished_does_not_skip_a_slot(ring: MidiRing) -> None:
    ring.push(1, 0x90, 60, 1)
    layout.RingWriter(memoryview(ring.words.data)).push(2, 0x90, 61, 1)
    assert [event.data1 for event in iter(ring.pop, None)] == [60, 61]


def test_release_all_lifts_the_pedal_and_the_notes_of_every_channel(ring: MidiRing) -> None:
    ring.release_all()
    said = [(event.status, event.data1, event.data2) for event in iter(ring.pop, None)]
    assert said == [(0xB0 + c, control, 0) for c in range(16) for control in (64, 66, 123)]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ([0x90, 60, 100], MidiEvent(9, 0x90, 60, 100)),
        ([0xC5, 7], MidiEvent(9, 0xC5, 7, 0)),
        ([0xF8], MidiEvent(9, 0xF8, 0, 0)),
        ([0xFC], MidiEvent(9, 0xFC, 0, 0)),
        ([0xF2, 1, 2], MidiEvent(9, 0xF2, 1, 2)),
        ([0xF0, 1, 2, 0xF7], None),
        ([0xF1, 1], None),
        ([0xFE], None),
    ],
)
def test_only_messages_of_channels_and_of_a_songs_time_are_carried(
    ring: MidiRing, message: list[int], kept: MidiEvent | None
) -> None:
    ring.push_message(9, message)
    assert ring.pop() == kept


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((0, 0xF8, 0, 0), "status must be a channel message, 128..239, got 248"),
        ((0, 0x90, 128, 0), r"data1 must be in 0\.\.127, got 128"),
        ((0, 0x90, 0, -1), r"data2 must be in 0\.\.127, got -1"),
    ],
)
def test_what_no_word_can_hold_is_refused(
    ring: MidiRing, bad: tuple[int, int, int, int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ring.push(*bad)
    assert len(ring) == 0


def test_closing_removes_the_file_but_not_the_memory() -> None:
    ring = MidiRing.create()
    words = ring.words
    ring.close()
    ring.close()
    assert not ring.path.exists()
    words[64] = 1
    assert words[64] == 1
