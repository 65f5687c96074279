"""Rings: nothing lost in silence, order kept, one thread at each end."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.rt import state as st
from engine.rt.callback import copy_input
from engine.rt.deck_state import DECK_FRAMES
from engine.rt.events import drain_commands
from engine.rt.ring import push_command, read_mic, write_deck
from engine.rt.state import COMMANDS, MIC_FRAMES, new_state
from engine.synth import Synth


def test_a_full_command_ring_says_no_and_keeps_what_it_has() -> None:
    state = new_state(48_000)
    assert all(push_command(state, st.MIDI, i, frame=i) for i in range(COMMANDS))
    assert not push_command(state, st.MIDI, 99_999, frame=0)
    drain_commands(state[0])
    assert state[0]["pending_word"][:COMMANDS, 1].tolist() == list(range(COMMANDS))
    state[0]["pending_count"] = 0
    assert push_command(state, st.MIDI, 7)


def test_values_longer_than_a_slot_are_refused() -> None:
    with pytest.raises(ValueError, match=f"values must have at most {st.PARAMETERS} numbers, got"):
        push_command(new_state(48_000), st.SLOT, values=np.zeros(st.PARAMETERS + 1))


def test_commands_of_several_threads_all_arrive_each_threads_in_order() -> None:
    state = new_state(48_000)
    each, threads = 900, 4

    def push(number: int) -> None:
        for i in range(each):
            assert push_command(state, st.MIDI, number * each + i)

    pushing = [threading.Thread(target=push, args=(number,)) for number in range(threads)]
    for thread in pushing:
        thread.start()
    for thread in pushing:
        thread.join()
    drain_commands(state[0])
    got = state[0]["pending_word"][: each * threads, 1]
    assert sorted(got.tolist()) == list(range(each * threads))
    for number in range(threads):
        assert (np.diff(got[got // each == number]) == 1).all()


def test_the_deck_takes_what_fits_and_says_how_much() -> None:
    state = new_state(48_000)
    samples = np.zeros((DECK_FRAMES - 10, 2), np.float32)
    assert write_deck(state, samples) == DECK_FRAMES - 10
    assert write_deck(state, samples[:100]) == 10
    assert write_deck(state, samples[:100]) == 0


def test_the_deck_is_played_in_order_by_one_thread_while_another_fills_it() -> None:
    synth = Synth()
    synth.render([], 0.01)  # compiled before there is a second thread
    idle = threading.Event()
    total = 3 * DECK_FRAMES
    ramp = np.arange(1, total + 1, dtype=np.float32) / (2 * total)  # exact enough to tell apart
    stereo = np.stack([ramp, -ramp], axis=1)

    def fill() -> None:
        at = 0
        while at < total:
            fitted = write_deck(synth.state, stereo[at : at + 3_000])
            at += fitted
            if fitted == 0:
                idle.wait(0.001)

    filling = threading.Thread(target=fill)
    filling.start()
    heard = []
    out = np.empty((997, 2), np.float32)
    while sum(map(len, heard)) < total:
        synth.render_block(out)
        heard.append(out[out[:, 0] != 0.0].copy())
    filling.join()
    assert np.array_equal(np.concatenate(heard), stereo)


def test_the_microphone_arrives_in_order_as_the_mean_of_its_channels() -> None:
    state = new_state(48_000)
    stereo = np.arange(20, dtype=np.float32).reshape(10, 2)
    copy_input(state[0], stereo)
    out = np.full(30, -1.0, np.float32)
    assert read_mic(state, out) == 10
    assert np.array_equal(out[:10], stereo.mean(axis=1))
    assert (out[10:] == -1.0).all()
    assert read_mic(state, out) == 0


def test_a_full_microphone_ring_counts_what_it_drops_and_keeps_the_rest() -> None:
    state = new_state(48_000)
    mono = np.arange(MIC_FRAMES + 5, dtype=np.float32)[:, None]
    copy_input(state[0], mono)
    assert state[0]["mic_dropped"] == 5
    out = np.empty(MIC_FRAMES, np.float32)
    assert read_mic(state, out) == MIC_FRAMES
    assert np.array_equal(out, mono[:MIC_FRAMES, 0])


def test_microphone_samples_keep_their_order_between_two_threads() -> None:
    state = new_state(48_000)
    blocks, size = 3_000, 256
    total = blocks * size
    idle = threading.Event()

    def record() -> None:
        at = 0
        while at < total:
            used = int(state[0]["mic_head"][0] - state[0]["mic_tail"][0])
            if used <= MIC_FRAMES - size:
                copy_input(state[0], np.arange(at, at + size, dtype=np.float32)[:, None])
                at += size
            else:
                idle.wait(0.001)

    copy_input(state[0], np.zeros((0, 1), np.float32))  # compiled before there is a second thread
    recording = threading.Thread(target=record)
    recording.start()
    out = np.empty(1_000, np.float32)
    heard: list[np.ndarray] = []
    count = 0
    while count < total:
        got = read_mic(state, out)
        heard.append(out[:got].copy())
        count += got
        if got == 0:
            idle.wait(0.001)
    recording.join()
    assert np.array_equal(np.concatenate(heard), np.arange(total, dtype=np.float32))
    assert state[0]["mic_dropped"] == 0
