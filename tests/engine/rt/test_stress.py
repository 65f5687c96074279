"""Thousands of random messages: nothing sticks, nothing is lost, nothing is infinite."""

from __future__ import annotations

import numpy as np
import pytest

from engine.synth import Synth
from tests.stress import all_released, crowded, random_messages, render_messages

_RATE = 48_000


def _settle(synth: Synth) -> None:
    """Let go of everything and wait: a minute is longer than any release and any reverb."""
    for message in all_released():
        assert synth.send(message)
    for _ in range(60):
        if not synth.render([], 1.0).any() and synth.active_voices == 0:
            return


@pytest.mark.parametrize(("seed", "voices", "block"), [(1, 240, 64), (2, 24, 480), (3, 1, 37)])
def test_after_thousands_of_random_messages_and_the_keys_let_go_every_voice_is_free(
    seed: int, voices: int, block: int
) -> None:
    synth = crowded(voices)
    heard = False
    for out in render_messages(synth, random_messages(seed, 7_000), block):
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 1.0
        heard = heard or bool(out.any())
    assert heard
    _settle(synth)
    assert synth.active_voices == 0
    assert synth.state[0]["event_dropped"] == 0
    assert synth.state[0]["command_dropped"] == 0


def test_a_synth_that_was_played_wildly_plays_a_note_afterwards() -> None:
    synth = crowded(24)
    for _ in render_messages(synth, random_messages(4, 3_000), 256):
        pass
    _settle(synth)
    for channel in range(16):  # what a player would set back
        synth.control(121, 0, channel=channel)
        synth.control(7, 100, channel=channel)
        synth.program("soft-lead", channel)
    audio = synth.render([(0.1, 60, 100, 0.3)], 0.5)
    assert not audio[:4800].any()
    assert np.abs(audio).max() > 1e-3
