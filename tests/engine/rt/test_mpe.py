"""MPE: zones by RPN 6, notes with channels of their own, and what must not reach the wrong note."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.gm import patch_of
from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.state import TILE
from engine.synth import Synth

_SINE = Patch(
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter("notch", 10.0, 0.5),
    amplitude=ADSR(0.001, 0.0, 1.0, 1.0),
    velocity=0.0,
)


def _run(synth: Synth, frames: int = 1) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def _zone(synth: Synth, master: int, members: int) -> None:
    synth.control(101, 0, master)
    synth.control(100, 6, master)
    synth.control(6, members, master)
    _run(synth)


def _masters(synth: Synth) -> list[int]:
    return [int(master) for master in synth.state[0]["mpe_master"]]


def _held(synth: Synth) -> list[tuple[int, int]]:
    one = synth.state[0]
    held = np.flatnonzero(one["voice_held"])
    return sorted((int(one["voice_channel"][v]), int(one["voice_key"][v])) for v in held)


def test_a_configuration_makes_the_zones_that_the_specification_draws() -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 3)
    assert _masters(synth) == [-1, 0, 0, 0] + [-1] * 12
    _zone(synth, 15, 4)
    assert _masters(synth) == [-1, 0, 0, 0, *[-1] * 7, 15, 15, 15, 15, -1]
    assert synth.state[0]["bend_range"].tolist() == [2, 48, 48, 48, *[-1] * 7, 48, 48, 48, 48, 2]
    _zone(synth, 0, 12)  # the newer zone takes what both claim
    assert _masters(synth) == [-1, *[0] * 12, 15, 15, -1]
    _zone(synth, 15, 15)
    assert _masters(synth) == [15] * 15 + [-1]
    _zone(synth, 15, 0)
    assert _masters(synth) == [-1] * 16
    assert synth.state[0]["bend_range"].tolist() == [-1] * 16


def test_other_channels_make_no_zone() -> None:
    synth = Synth(_SINE)
    _zone(synth, 7, 5)
    assert _masters(synth) == [-1] * 16


def test_members_play_the_masters_patch_and_change_with_it() -> None:
    synth = Synth(_SINE)
    synth.program("pluck", 0)
    _zone(synth, 0, 3)
    assert [synth.patch(channel).name for channel in range(5)] == ["pluck"] * 4 + ["init"]
    synth.send(b"\xc2\x13")  # a member's own program change is passed over
    synth.send(b"\xc0\x30")
    _run(synth)
    assert [synth.patch(channel).name for channel in range(4)] == [patch_of(0, 0x30)] * 4


def test_a_zone_that_begins_or_ends_lets_its_notes_go() -> None:
    synth = Synth(_SINE)
    for channel in range(6):
        synth.note_on(60 + channel, channel=channel)
    _zone(synth, 0, 3)
    assert _held(synth) == [(4, 64), (5, 65)]
    synth.note_on(70, channel=2)
    synth.note_on(71, channel=4)
    _zone(synth, 0, 1)
    assert _held(synth) == [(4, 64), (4, 71), (5, 65)]


def test_controller_74_is_timbre_inside_a_zone_and_cutoff_outside() -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 3)
    for channel, value in ((0, 127), (1, 0), (2, 64), (9, 100)):
        synth.control(74, value, channel)
    _run(synth)
    one = synth.state[0]
    assert one["timbre"][[0, 1, 2, 9]].tolist() == [1.0, -1.0, 0.0, 0.0]
    assert one["control"][[1, 9], 4].tolist() == [-1.0, 100.0]


def test_the_bend_range_of_one_member_is_that_of_all_members() -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 3)
    for number, value in ((101, 0), (100, 0), (6, 24)):
        synth.control(number, value, channel=2)
    _run(synth)
    assert synth.state[0]["bend_range"][:5].tolist() == [2, 24, 24, 24, -1]


@pytest.mark.parametrize("number", [64, 66])
def test_the_masters_pedals_hold_the_notes_of_all_members(number: int) -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 5)
    for channel in (1, 2):
        synth.note_on(60, channel=channel)
    synth.control(number, 127, channel=0)
    for channel in (1, 2):
        synth.note_off(60, channel=channel)
    _run(synth)
    assert _held(synth) == [(1, 60), (2, 60)]
    synth.control(number, 0, channel=0)
    _run(synth)
    assert _held(synth) == []


@pytest.mark.parametrize("number", [120, 123])
def test_what_silences_the_master_silences_its_members(number: int) -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 5)
    for channel in (1, 2, 9):
        synth.note_on(60, channel=channel)
    synth.control(number, 0, channel=0)
    _run(synth)
    assert _held(synth) == [(9, 60)]


@pytest.mark.parametrize("how", ["let go", "stolen"])
def test_a_bend_for_the_channels_next_note_leaves_the_one_that_fades_alone(how: str) -> None:
    """Surge issues #742 and #6394: a released or stolen note slid with its successor's bend."""
    sounds = []
    for bent in (False, True):
        synth = Synth(_SINE, voices=4)
        _zone(synth, 0, 5)
        synth.bend(0.25, channel=1)
        synth.note_on(60, channel=1)
        _run(synth, 4_800)
        if how == "let go":
            synth.note_off(60, channel=1)
        else:
            for channel in (2, 3, 4, 5):
                synth.note_on(20, 1, channel=channel)
        _run(synth, 1)
        if bent:
            synth.bend(-1.0, channel=1)
            synth.pressure(127, channel=1)
            synth.control(74, 127, channel=1)
        sounds.append(_run(synth, 4_800))
    assert np.array_equal(sounds[0], sounds[1])


def test_a_note_begins_at_the_bend_that_was_sent_before_it() -> None:
    synth = Synth(_SINE)
    _zone(synth, 0, 5)
    synth.bend(0.5, channel=1)
    synth.note_on(60, channel=1)
    synth.note_on(60, channel=2)
    _run(synth, 1)
    one = synth.state[0]
    assert one["bend"][[1, 2]].tolist() == [0.5, 0.0]
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    assert (np.asarray(one["words"][:, rows]).ravel() != st.IDLE).sum() == 2
