"""Synth: the same sound live and offline, patches by channel, and what it refuses."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.errors import PatchError
from engine.gm import patch_of
from engine.io.smf import MidiSong
from engine.parts import Oscillator
from engine.patch import Patch, find_patch
from engine.rt import state as st
from engine.rt.slots import slot_parameters
from engine.rt.state import COMMANDS, SLOTS, new_state
from engine.synth import Synth

_RATE = 48_000


def _blocks(synth: Synth, frames: int, size: int) -> np.ndarray:
    out = np.empty((frames, 2), np.float32)
    for at in range(0, frames, size):
        synth.render_block(out[at : at + size])
    return out


def test_notes_sent_ahead_give_what_render_gives() -> None:
    offline = Synth("pluck").render([(0.1, 60, 100, 0.3), (0.25, 67, 80, 0.2)], 1.0)
    synth = Synth("pluck")
    for note, velocity, on, off in ((60, 100, 0.1, 0.4), (67, 80, 0.25, 0.45)):
        synth.note_on(note, velocity, frame=round(on * _RATE))
        synth.note_off(note, frame=round(off * _RATE))
    assert np.array_equal(_blocks(synth, _RATE, 64), offline)


def test_rendering_goes_on_where_it_stopped() -> None:
    once = Synth().render([(0.0, 60, 100, 0.4), (0.5, 64, 100, 0.3)], 1.0)
    synth = Synth()
    first = synth.render([(0.0, 60, 100, 0.4)], 0.5)
    second = synth.render([(0.0, 64, 100, 0.3)], 0.5)
    assert np.array_equal(np.concatenate([first, second]), once)
    assert synth.frame == _RATE


def test_two_synths_play_the_same_notes_alike() -> None:
    notes = [(0.05 * i, 40 + 3 * i, 90, 0.2) for i in range(20)]
    assert np.array_equal(Synth("brass").render(notes, 1.5), Synth("brass").render(notes, 1.5))


def test_each_channel_plays_its_own_patch() -> None:
    both = Synth("soft-lead")
    both.program("round-bass", channel=5)
    assert both.patch(5).name == "round-bass"
    assert both.patch(4).name == "soft-lead"
    got = both.render([(0.0, 40, 100, 0.5)], 0.6, channel=5)
    assert np.array_equal(got, Synth("round-bass").render([(0.0, 40, 100, 0.5)], 0.6))


def test_a_new_patch_leaves_sounding_notes_their_own() -> None:
    kept, changed = Synth("warm-pad"), Synth("warm-pad")
    for synth in (kept, changed):
        synth.note_on(60)
        _blocks(synth, 4_800, 4_800)
    changed.program("brass")
    assert np.array_equal(_blocks(kept, 9_600, 480), _blocks(changed, 9_600, 480))


def test_a_program_change_in_a_song_takes_effect_on_its_frame() -> None:
    events = [(0.0, b"\xc0\x20"), (0.0, b"\x90\x28\x64"), (0.5, b"\x80\x28\x00")]
    song = Synth("soft-lead").render_events(events, 0.6)
    bass = Synth(patch_of(0, 0x20))
    assert np.array_equal(song, bass.render([(0.0, 40, 100, 0.5)], 0.6))


def test_a_song_is_played_with_its_patches_and_a_tail() -> None:
    events = [(0.0, b"\x90\x3c\x64"), (0.5, b"\x80\x3c\x00"), (0.1, b"\x99\x24\x64")]
    song = MidiSong(events=sorted(events), duration_s=0.5, patches={0: "pluck", 9: "drum-kit"})
    synth = Synth()
    audio = synth.render_song(song, tail_s=1.0)
    assert audio.shape == (round(1.5 * _RATE), 2)
    assert synth.patch(9).name == "drum-kit"
    only = Synth("pluck").render([(0.0, 60, 100, 0.5)], 0.1)
    assert np.array_equal(audio[: len(only)], only)
    assert not np.array_equal(audio[: _RATE // 2], Synth("pluck").render(_ONE, 0.5))


_ONE = [(0.0, 60, 100, 0.5)]


def test_events_beyond_what_the_ring_holds_are_all_played() -> None:
    """A dense song: more messages in one block than the ring takes."""
    messages = [(0.001, bytes([0xB0, 74, i % 128])) for i in range(3 * COMMANDS)]
    synth = Synth("soft-lead")
    synth.render_events([*messages, (0.9, b"\x90\x3c\x64")], 1.0)
    assert synth.state[0]["event_dropped"] == 0
    assert synth.state[0]["voice_held"].sum() == 1


def test_a_full_ring_refuses_every_kind_of_command_aloud() -> None:
    synth = Synth()
    while synth.note_on(60):
        pass
    assert not synth.note_off(60)
    assert not synth.control(7, 100)
    assert not synth.bend(0.5)
    assert not synth.panic()
    assert not synth.set_master(0.5)
    assert not synth.program("pluck")
    assert synth.patch().name == "soft-lead"
    _blocks(synth, 64, 64)
    synth.panic()
    assert synth.program("pluck")
    _blocks(synth, 4_800, 64)
    assert np.array_equal(
        synth.state[0]["slots"][synth.state[0]["slot_of"][0, 60]],
        slot_parameters(find_patch("pluck"), _RATE),
    )


def test_threads_that_change_patches_at_once_fill_no_slot_twice() -> None:
    synth = Synth()
    names = ["pluck", "brass", "strings", "warm-pad", "round-bass", "glass-keys"]

    def change(channel: int) -> None:
        for name in names:
            synth.program(name, channel)

    threads = [threading.Thread(target=change, args=(channel,)) for channel in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _blocks(synth, 64, 64)
    assert [synth.patch(channel).name for channel in range(8)] == [names[-1]] * 8
    used = synth.state[0]["slots"][:, st.P_GAIN] != 0
    assert used.sum() == (Synth().state[0]["slots"][:, st.P_GAIN] != 0).sum()  # General MIDI's
    assert len(set(synth.state[0]["slot_of"][:8, 60].tolist())) == 1


def _variant(i: int) -> Patch:
    return Patch(oscillators=(Oscillator(level=i / 1000), Oscillator()))


def test_more_sounds_than_fit_are_refused() -> None:
    synth = Synth()
    room = SLOTS - int((synth.state[0]["slots"][:, st.P_GAIN] != 0).sum())
    for i in range(room):
        assert synth.program(_variant(i), 1)
    for again in range(room):  # those that are there cost no room
        assert synth.program(_variant(again), 2)
    with pytest.raises(PatchError, match=f"at most {SLOTS} sounds"):
        synth.program(_variant(room), 1)


def test_messages_that_are_none_are_refused_and_sysex_is_passed_over() -> None:
    synth = Synth()
    for message in (b"", b"\x40\x40", b"\x90\x3c\x40\x00"):
        with pytest.raises(ValueError, match="message must be a MIDI status and its data, got"):
            synth.send(message)
    with pytest.raises(ValueError, match="data bytes must be at most 127, got 90 c8 40"):
        synth.send(b"\x90\xc8\x40")
    assert synth.send(b"\xf0\x7e\x7f\x09\x01\xf7")
    assert synth.send(b"\xf0\x7d\xf7")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.note_on(128), "note must be between 0 and 127, got 128"),
        (lambda s: s.note_on(60, -1), "velocity must be between 0 and 127, got -1"),
        (lambda s: s.note_off(60, channel=16), "channel must be between 0 and 15, got 16"),
        (lambda s: s.control(200, 1), "number must be between 0 and 127, got 200"),
        (lambda s: s.bend(1.5), "amount must be between -1 and 1, got 1.5"),
        (lambda s: s.set_master(-1.0), "gain must be between 0 and 16, got -1.0"),
        (lambda s: s.program("pluck", 16), "channel must be between 0 and 15, got 16"),
        (lambda s: s.patch(-1), "channel must be between 0 and 15, got -1"),
        (lambda s: s.render([], 1.0, channel=16), "channel must be between 0 and 15, got 16"),
        (lambda s: s.render([(0, 130, 1, 1)], 1.0), "note must be between 0 and 127, got 130"),
        (lambda s: s.render([], -1.0), "seconds must be between 0 and 36000, got -1.0"),
        (lambda s: s.render([], float("nan")), "seconds must be between 0 and 36000, got nan"),
        (lambda s: s.render_block(np.zeros(4, np.float32)), r"out must be float32 of shape \(n, 2"),
        (lambda s: s.render_block(np.zeros((4, 2))), r"out must be float32 of shape \(n, 2\)"),
        (lambda s: new_state(7_000), "sample_rate must be between 8000 and 192000 Hz, got 7000"),
        (lambda s: new_state(48_000, 0), "voices must be between 1 and 240, got 0"),
    ],
)
def test_a_value_out_of_range_is_named(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call(Synth())


def test_a_fresh_synth_is_silent() -> None:
    synth = Synth(find_patch("pluck"))
    assert not synth.render([], 0.1).any()
    assert synth.active_voices == 0
