"""What is learned from which controller, without a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app.learn import Learner
from engine.errors import PatchError
from engine.parts import CONTROLS
from engine.patch import find_patch
from engine.synth import Synth


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANTIPHON_PATCHES", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def synth() -> Synth:
    return Synth("pluck")


def move(synth: Synth, number: int, channel: int = 0) -> None:
    """Move a controller, as engine/rt/clock.py notes it."""
    last = synth.state[0]["last_control"]
    word = (0x30 | channel) << 14 | number << 7 | 64
    last[0] = ((int(last[0]) >> 32) + 1) << 32 | word


def test_the_next_controller_moved_is_bound_and_kept_with_the_patch(
    synth: Synth, own_folder: Path
) -> None:
    synth.program("pluck")
    move(synth, 30)
    learner = Learner(synth, "cutoff")
    assert learner.poll() is None  # moved before
    move(synth, 21)
    said = learner.poll()
    assert said == f"controller 21 moves cutoff of pluck: {own_folder / 'pluck.json'}"
    assert synth.patch().controls == find_patch("pluck").controls == {21: "cutoff"}
    move(synth, 22)
    assert learner.poll() is None  # one is enough
    learner.next()
    learner.next()
    move(synth, 22)
    assert learner.poll() is not None
    assert find_patch("pluck").controls == {21: "cutoff", 22: "resonance"}


def test_the_channel_that_moved_learns(synth: Synth) -> None:
    synth.program("brass", channel=3)
    learner = Learner(synth, "drive")
    move(synth, 70, channel=3)
    assert learner.poll() is not None
    assert synth.patch(3).controls == {70: "drive"}
    assert find_patch("brass").controls == {70: "drive"}


@pytest.mark.parametrize("number", [0, 6, 32, 38, 64, 66, 69, 98, 101, 120, 123, 127])
def test_pedals_banks_parameters_and_modes_are_not_learned(synth: Synth, number: int) -> None:
    learner = Learner(synth, "cutoff")
    move(synth, number)
    assert learner.poll() is None
    assert learner.control == "cutoff"


def test_going_on_visits_every_control_and_then_none(synth: Synth) -> None:
    learner = Learner(synth)
    visited = []
    learner.next()
    while learner.control is not None:
        visited.append(learner.control)
        learner.next()
    assert visited[0] == "cutoff"
    assert sorted(visited) == sorted(CONTROLS)


def test_a_control_that_is_none_is_refused_with_those_there_are(synth: Synth) -> None:
    with pytest.raises(PatchError, match=r"control must be one of wheel, volume, .*'colour'"):
        Learner(synth, "colour")
