"""Everything a player can do, in any order and any blocks: the same sound, and nothing sticks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.gm import patch_of
from engine.parts import ADSR, Arpeggio, Oscillator, Unison
from engine.patch import Patch, builtin_patches
from engine.rt import state as st
from engine.rt.state import TILE
from engine.synth import Synth

_FRAMES = 12_000
_PATCHES = [
    replace(
        Patch(
            oscillators=(Oscillator("saw", 0.4), Oscillator("sine", 0.3, detune=7.0)),
            amplitude=ADSR(0.003, 0.02, 0.6, 0.03),
            unison=Unison(voices=3),
            glide=0.02,
        ),
        playing=playing,
        arpeggio=arpeggio,
    )
    for playing in ("poly", "mono", "legato")
    for arpeggio in (Arpeggio(), Arpeggio("up", "1/32", 2, hold=True))
]

_channels = hs.integers(0, 3)
_keys = hs.integers(58, 63)
_values = hs.sampled_from([0, 1, 63, 64, 127])
_messages = hs.one_of(
    hs.builds(lambda c, k, v: bytes([0x90 | c, k, v]), _channels, _keys, _values),
    hs.builds(lambda c, k: bytes([0x80 | c, k, 0]), _channels, _keys),
    hs.builds(
        lambda c, n, v: bytes([0xB0 | c, n, v]),
        _channels,
        hs.sampled_from([1, 7, 74, 39, 64, 65, 66, 67, 84, 120, 121, 123, 126, 127]),
        _values,
    ),
    hs.builds(
        lambda c, n, v: bytes([0xB0 | c, n, v]),
        _channels,
        hs.sampled_from([6, 38, 96, 97, 98, 99, 100, 101]),
        hs.integers(0, 7),
    ),
    hs.builds(lambda c, v: bytes([0xE0 | c, 0, v]), _channels, _values),
    hs.builds(lambda c, v: bytes([0xD0 | c, v]), _channels, _values),
    hs.builds(lambda c, k, v: bytes([0xA0 | c, k, v]), _channels, _keys, _values),
    hs.builds(lambda c, p: bytes([0xC0 | c, p]), _channels, hs.integers(0, 127)),
    hs.sampled_from([b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xf2\x04\x00", b"\xff"]),
)
_events = hs.lists(hs.tuples(hs.integers(0, _FRAMES - 1), _messages), max_size=60)


def _synth(patches: list[int], voices: int) -> Synth:
    synth = Synth("soft-lead", voices=voices)
    for channel, number in enumerate(patches):
        synth.program(_PATCHES[number], channel)
    return synth


def _play(synth: Synth, events: list[tuple[int, bytes]], blocks: list[int]) -> NDArray[np.float32]:
    """Render in blocks of these sizes in turn, sending what falls into each just before it."""
    out = np.empty((_FRAMES, 2), np.float32)
    queue = sorted(events, key=lambda event: event[0])
    at = number = sent = 0
    while at < _FRAMES:
        block = out[at : at + blocks[number % len(blocks)]]
        while sent < len(queue) and queue[sent][0] < at + len(block):
            assert synth.send(queue[sent][1], queue[sent][0])
            sent += 1
        synth.render_block(block)
        at, number = at + len(block), number + 1
    return out


def _assert_silent(synth: Synth) -> None:
    one = synth.state[0]
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    assert not one["words"][:, rows].any()
    assert not one["voice_held"].any()
    assert not one["tile_busy"].any()
    assert one["waiting"] == 0
    assert not one["key_bits"].any()
    assert synth.active_voices == 0


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    patches=hs.lists(hs.integers(0, len(_PATCHES) - 1), min_size=4, max_size=4),
    voices=hs.sampled_from([1, 3, 240]),
    events=_events,
    blocks=hs.lists(hs.integers(1, 700), min_size=1, max_size=5),
)
def test_the_sound_is_the_same_however_blocks_are_cut(
    patches: list[int], voices: int, events: list[tuple[int, bytes]], blocks: list[int]
) -> None:
    whole = _play(_synth(patches, voices), events, [_FRAMES])
    assert np.array_equal(_play(_synth(patches, voices), events, blocks), whole)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    patches=hs.lists(hs.integers(0, len(_PATCHES) - 1), min_size=4, max_size=4),
    voices=hs.sampled_from([1, 3, 240]),
    events=_events,
)
def test_nothing_sounds_when_fingers_and_pedals_are_up(
    patches: list[int], voices: int, events: list[tuple[int, bytes]]
) -> None:
    synth = _synth(patches, voices)
    _play(synth, events, [512])
    for channel in range(16):
        for number in (64, 66, 123):
            synth.control(number, 0, channel)
    longest = max(patch.amplitude.release for patch in builtin_patches().values())
    synth.render_block(np.empty((round((longest + 0.5) * 48_000), 2), np.float32))
    _assert_silent(synth)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    patches=hs.lists(hs.integers(0, len(_PATCHES) - 1), min_size=4, max_size=4),
    voices=hs.sampled_from([1, 3, 240]),
    events=_events,
    how=hs.sampled_from(["panic", "reset"]),
)
def test_panic_ends_everything_within_ten_milliseconds(
    patches: list[int], voices: int, events: list[tuple[int, bytes]], how: str
) -> None:
    synth = _synth(patches, voices)
    _play(synth, events, [512])
    if how == "panic":
        synth.panic()
    else:
        synth.send(b"\xff")
    synth.render_block(np.empty((480, 2), np.float32))
    _assert_silent(synth)
    assert not synth.state[0]["pedal"].any()


def _held(synth: Synth) -> list[tuple[int, int]]:
    one = synth.state[0]
    held = np.flatnonzero(one["voice_held"])
    return sorted((int(one["voice_channel"][v]), int(one["voice_key"][v])) for v in held)


@pytest.mark.parametrize("playing", ["poly", "mono", "legato"])
def test_a_pedal_of_one_channel_neither_holds_nor_frees_another(playing: str) -> None:
    """Surge issue #1554: a pedal on another channel left notes hanging."""
    patch = Patch(playing=playing, amplitude=ADSR(0.001, 0.0, 1.0, 0.01))
    synth = Synth(patch)
    synth.control(64, 127, channel=1)
    for channel in (0, 1):
        synth.note_on(60, channel=channel)
        synth.note_off(60, channel=channel)
    synth.control(64, 0, channel=0)
    synth.render_block(np.empty((4_800, 2), np.float32))
    assert _held(synth) == [(1, 60)]
    synth.control(64, 0, channel=1)
    synth.render_block(np.empty((4_800, 2), np.float32))
    _assert_silent(synth)


def test_a_program_change_is_on_its_frame_and_the_synth_tells_the_truth() -> None:
    blocks = []
    for size in (1, 61, 4_800):
        synth = Synth("soft-lead")
        for number in range(10):
            synth.send(bytes([0xC0, (number * 13) % 128]), frame=number * 480 + 7)
            synth.note_on(50 + number, frame=number * 480 + 7)
            synth.note_on(70 + number, frame=number * 480 + 6)
        out = np.empty((4_800, 2), np.float32)
        for at in range(0, 4_800, size):
            synth.render_block(out[at : at + size])
        blocks.append(out)
        assert synth.patch().name == patch_of(0, 117)
    assert np.array_equal(blocks[0], blocks[1])
    assert np.array_equal(blocks[0], blocks[2])
    first = Synth(patch_of(0, 0))
    first.note_on(50, frame=7)
    second = Synth("soft-lead")
    second.send(b"\xc0\x00", frame=7)
    second.note_on(50, frame=7)
    sounds = [np.empty((4_800, 2), np.float32) for _ in range(2)]
    for synth, out in zip((first, second), sounds, strict=True):
        synth.render_block(out)
    assert np.array_equal(sounds[0], sounds[1])


def test_a_program_can_be_given_another_patch() -> None:
    synth = Synth("soft-lead")
    assert synth.assign(5, Patch("mine"), channel=2)
    synth.send(b"\xc2\x05")
    synth.send(b"\xc3\x05")
    synth.render_block(np.empty((32, 2), np.float32))
    assert synth.patch(2).name == "mine"
    assert synth.patch(3).name == patch_of(3, 5)
    assert synth.patch(4).name == "soft-lead"
