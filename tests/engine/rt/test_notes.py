"""Notes: who gives way when a great many begin at once, what waits, and the one voice of a mono."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.state import TILE, VOICES
from engine.synth import Synth
from tests.measure import above_5khz_db

_RATE = 48_000
_FADE = 192 + 2 * st.CELL  # frames: four milliseconds, seen at control points


def _sine(playing: str = "poly", release: float = 2.0, gain: float = -6.0) -> Patch:
    return Patch(
        oscillators=(Oscillator("sine", 1.0), Oscillator(level=0.0)),
        filter=Filter("notch", 10.0, 0.5),
        amplitude=ADSR(0.002, 0.0, 1.0, release, 0.5),
        velocity=1.0,
        playing=playing,
        gain=gain,
    )


def _run(synth: Synth, frames: int) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def _stages(synth: Synth) -> NDArray[np.uint32]:
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    return np.asarray(synth.state[0]["words"][:, rows]).ravel()


def _held(synth: Synth) -> list[tuple[int, int]]:
    one = synth.state[0]
    held = np.flatnonzero(one["voice_held"])
    return sorted((int(one["voice_channel"][v]), int(one["voice_key"][v])) for v in held)


def test_every_one_of_as_many_notes_as_there_are_voices_gives_way_without_a_click() -> None:
    limit = VOICES - st.RESERVE
    synth = Synth(_sine(gain=-36.0), voices=limit)
    keys = [(channel, 40 + key) for channel in range(8) for key in range(30)]
    for channel, key in keys:
        synth.note_on(key, 127, channel)
    head = _run(synth, 9_600)
    for channel, key in keys:
        synth.note_on(key + 40, 1, channel)  # so soft that only the steals are heard
    audio = np.concatenate([head, _run(synth, 9_600)])[:, 0]
    assert _held(synth) == sorted((channel, key + 40) for channel, key in keys)
    assert synth.state[0]["waiting"] == 0
    assert np.abs(audio[9_600 + 2 * _FADE :]).max() < 0.01 * np.abs(head).max()
    worst = max(
        above_5khz_db(audio, at, audio[4_800:], _RATE)
        for at in range(9_600, 9_600 + 2 * _FADE + 48, 48)
    )
    assert worst < -58


def test_a_note_that_waits_begins_when_the_fade_is_over() -> None:
    synth = Synth(_sine(), voices=VOICES - st.RESERVE)
    for channel in range(2):
        for key in range(120):
            synth.note_on(key, 100, channel)
    _run(synth, 4_800)
    for key in range(st.RESERVE + 3):
        synth.note_on(key, 100, channel=9)
    _run(synth, 1)
    assert synth.state[0]["waiting"] == 3
    assert len([note for note in _held(synth) if note[0] == 9]) == st.RESERVE
    _run(synth, _FADE)
    assert synth.state[0]["waiting"] == 0
    assert len([note for note in _held(synth) if note[0] == 9]) == st.RESERVE + 3


@pytest.mark.parametrize("how", ["let go", "panic", "sound off", "notes off", "kept"])
def test_a_note_that_waits_does_not_begin_when_nothing_holds_it_any_more(how: str) -> None:
    synth = Synth(_sine(), voices=VOICES - st.RESERVE)
    for channel in range(2):
        for key in range(120):
            synth.note_on(key, 100, channel)
    _run(synth, 4_800)
    if how == "kept":
        synth.control(64, 127, channel=9)
    for key in range(st.RESERVE + 3):
        synth.note_on(key, 100, channel=9)
    _run(synth, 1)
    if how in ("let go", "kept"):
        for key in range(st.RESERVE + 3):
            synth.note_off(key, channel=9)
    elif how == "panic":
        synth.panic()
    else:
        synth.control(120 if how == "sound off" else 123, 0, channel=9)
    _run(synth, _FADE)
    assert synth.state[0]["waiting"] == 0
    on_nine = len([note for note in _held(synth) if note[0] == 9])
    assert on_nine == (st.RESERVE + 3 if how == "kept" else 0)


def test_more_notes_at_once_than_there_are_voices_leave_the_last_ones() -> None:
    synth = Synth(_sine(), voices=VOICES - st.RESERVE)
    keys = [(channel, key) for channel in range(6) for key in range(100)]
    for channel, key in keys:
        synth.note_on(key, 100, channel)
    _run(synth, 2 * _FADE)
    assert _held(synth) == sorted(keys[-(VOICES - st.RESERVE) :])


def test_notes_that_begin_together_do_not_take_each_others_voices() -> None:
    synth = Synth(_sine(), voices=4)
    for key in (50, 52, 54, 56):
        synth.note_on(key)
    _run(synth, 4_800)
    for key in (60, 62, 64):
        synth.note_on(key)
    _run(synth, 1)
    assert [key for _, key in _held(synth)] == [56, 60, 62, 64]


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    notes=hs.lists(
        hs.tuples(hs.integers(0, 5), hs.integers(0, 127), hs.integers(0, 3)), max_size=400
    ),
    frames=hs.lists(hs.integers(1, 100), min_size=1, max_size=5),
)
def test_neither_voices_nor_those_that_wait_pass_the_limit(
    notes: list[tuple[int, int, int]], frames: list[int]
) -> None:
    synth = Synth(_sine(), voices=VOICES - st.RESERVE)
    for number, (channel, key, velocity) in enumerate(notes):
        synth.note_on(key, 30 * velocity, channel)
        if number % 100 == 99:
            _run(synth, frames[number % len(frames)])
            one = synth.state[0]
            stages = _stages(synth)
            waits = one["wait_frame"] > 0
            sounding = ((stages != st.IDLE) & (stages != st.KILL)).sum()
            assert one["waiting"] == waits.sum()
            assert sounding + waits.sum() <= VOICES - st.RESERVE
            assert (stages[waits] == st.KILL).all()
    synth.panic()
    _run(synth, _FADE)
    assert not _stages(synth).any()
    assert synth.state[0]["waiting"] == 0


# --- mono and legato


@pytest.mark.parametrize("playing", ["mono", "legato"])
def test_a_mono_patch_plays_the_last_key_and_goes_back_to_the_one_before(playing: str) -> None:
    synth = Synth(_sine(playing))
    played = []
    for action in ((60, 1), (64, 1), (67, 1), (64, 0), (67, 0), (60, 0)):
        key, down = action
        synth.note_on(key, 100 * down)
        _run(synth, 480)
        played.append([key for _, key in _held(synth)])
    assert played == [[60], [64], [67], [67], [60], []]


def test_a_mono_channel_under_the_pedal_goes_back_only_to_keys_that_are_still_down() -> None:
    synth = Synth(_sine("mono"))
    synth.note_on(60)
    synth.control(64, 127)
    synth.note_on(64)
    synth.note_on(67)
    synth.note_off(67)
    synth.note_off(64)
    _run(synth, 480)
    assert [key for _, key in _held(synth)] == [67]
    synth.control(64, 0)
    _run(synth, 480)
    assert [key for _, key in _held(synth)] == [60]
    synth.note_off(60)
    _run(synth, 480)
    assert _held(synth) == []


def test_all_notes_off_of_a_mono_channel_goes_back_to_none() -> None:
    synth = Synth(_sine("mono", release=0.01))
    for key in (60, 64, 67):
        synth.note_on(key)
    _run(synth, 480)
    synth.control(123, 0)
    _run(synth, 4_800)
    assert _held(synth) == []
    assert synth.active_voices == 0


def test_one_voice_sounds_however_many_keys_of_a_mono_patch_are_held() -> None:
    synth = Synth(_sine("mono", release=0.01))
    for key in range(40, 80):
        synth.note_on(key)
        _run(synth, 97)
    _run(synth, _FADE)
    assert synth.active_voices == 1


def test_a_controller_makes_a_channel_mono_or_poly_until_its_next_patch() -> None:
    synth = Synth(_sine())
    synth.control(126, 1)
    for key in (60, 64):
        synth.note_on(key)
    _run(synth, 480)
    assert [key for _, key in _held(synth)] == [64]
    synth.control(127, 0)
    for key in (60, 64):
        synth.note_on(key)
    _run(synth, 480)
    assert [key for _, key in _held(synth)] == [60, 64]
    synth.control(126, 1)
    synth.program(_sine(release=1.0))
    for key in (70, 74):
        synth.note_on(key)
    _run(synth, 480)
    assert [key for _, key in _held(synth)] == [70, 74]


def test_a_patch_that_changes_while_mono_keys_are_held_leaves_none_of_them_stuck() -> None:
    for first, second in (("mono", "poly"), ("poly", "mono"), ("mono", "legato")):
        synth = Synth(_sine(first, release=0.01))
        for key in (60, 64):
            synth.note_on(key)
        synth.program(_sine(second, release=0.02))
        for key in (67, 72):
            synth.note_on(key)
        for key in (64, 72, 60, 67):
            synth.note_off(key)
        _run(synth, 4_800)
        assert _held(synth) == []
        assert synth.active_voices == 0
