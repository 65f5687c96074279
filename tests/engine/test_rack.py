"""The rack through the synthesizer: whose settings hold, and from when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.parts import Chorus, Delay, Reverb
from engine.patch import Patch
from engine.rt.rack_settings import rack_numbers
from engine.rt.rack_state import RACK_ROWS, RACK_SLOTS
from engine.synth import Synth

_RATE = 48_000
_HALL = Patch(
    name="hall", chorus=Chorus(rate=1.5), delay=Delay(sync="1/8"), reverb=Reverb(seconds=6.0)
)


def _settings(synth: Synth) -> list[float]:
    synth.render_block(np.empty((64, 2), np.float32))
    wanted: list[float] = synth.state[0]["rack_target"].tolist()
    return wanted


def _numbers(chorus: Chorus, delay: Delay, reverb: Reverb) -> list[float]:
    return rack_numbers(chorus, delay, reverb, _RATE).tolist()


def test_the_effects_are_those_of_the_patch_on_the_first_channel() -> None:
    synth = Synth()
    plain = _settings(synth)
    synth.program(_HALL, channel=3)
    assert _settings(synth) == plain
    synth.program(_HALL)
    assert _settings(synth) == _numbers(_HALL.chorus, _HALL.delay, _HALL.reverb)


def test_what_is_not_set_stays_until_the_first_channel_has_another_patch() -> None:
    synth = Synth(_HALL)
    delay, reverb = Delay(time=0.2), Reverb(seconds=0.3)
    assert synth.set_rack(delay=delay)
    assert synth.set_rack(reverb=reverb)
    assert _settings(synth) == _numbers(_HALL.chorus, delay, reverb)
    other = replace(_HALL, name="other", chorus=Chorus(rate=0.2))
    synth.program(other)
    assert _settings(synth) == _numbers(other.chorus, other.delay, other.reverb)
    synth.set_rack(reverb=reverb)
    assert _settings(synth) == _numbers(other.chorus, other.delay, reverb)


def test_a_change_acts_on_its_frame_and_many_in_turn_keep_apart() -> None:
    synth = Synth()
    count = RACK_ROWS - RACK_SLOTS
    for i in range(count):
        synth.set_rack(reverb=Reverb(seconds=1.0 + 0.1 * i), frame=1_000 + 100 * i)
    for i in range(count):
        synth.render_block(np.empty((1_001 + 100 * i - synth.frame, 2), np.float32))
        want = _numbers(Chorus(), Delay(), Reverb(seconds=1.0 + 0.1 * i))
        assert synth.state[0]["rack_target"].tolist() == pytest.approx(want)


@pytest.mark.parametrize("bpm", [60.0, 171.3])
def test_a_synced_delay_follows_the_tempo(bpm: float) -> None:
    synth = Synth(_HALL)
    synth.set_tempo(bpm)
    synth.render_block(np.empty((320, 2), np.float32))
    one = synth.state[0]
    one["sends"][1, 0] = 0.5
    one["sends_used"] = 1
    out = np.empty((_RATE, 2), np.float32)
    synth.render_block(out)
    # an impulse in the first frame of the cell that ends at 320
    assert np.flatnonzero(out[:, 0])[0] == round(_RATE * 60.0 / bpm / 2.0) - 32
