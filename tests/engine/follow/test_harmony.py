"""Keys that snap to a scale, and a drone that holds its tonic."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis import Key
from engine.follow.harmony import DRONE_CHANNEL, Harmony, snap
from engine.parts import Follow
from engine.patch import Patch
from engine.synth import Synth

_C_MAJOR = Key(0, "major", 1.0)


def _render(synth: Synth, frames: int = 4_800) -> np.ndarray:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


@pytest.mark.parametrize("key", [_C_MAJOR, Key(9, "minor"), Key(6, "major"), Key(1, "minor")])
def test_every_key_sounds_in_the_scale_at_most_a_semitone_away(key: Key) -> None:
    pitches = snap(range(128), key.scale())
    assert set(pitches.astype(int) % 12) == set(key.scale())
    assert np.abs(pitches - np.arange(128)).max() <= 1
    inside = np.isin(np.arange(128) % 12, key.scale())
    assert (pitches[inside] == np.flatnonzero(inside)).all()


def test_a_tuning_is_kept_when_keys_snap() -> None:
    tuned = np.arange(128) + 0.07 * (np.arange(128) % 12)
    assert snap(tuned, _C_MAJOR.scale())[61] == tuned[60]


@pytest.mark.parametrize("scale", [(), (12,), (-1, 3)])
def test_a_scale_that_is_none_is_refused(scale: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="pitch_classes must be some of 0 to 11"):
        snap(range(128), scale)


def test_the_synthesizers_keys_follow_the_key() -> None:
    synth = Synth()
    harmony = Harmony(synth, snaps=True)
    harmony.take(_C_MAJOR)
    _render(synth)
    assert synth.state[0]["tuning"][61] == 60.0
    harmony.take(Key(2, "major", 1.0))
    _render(synth)
    assert synth.state[0]["tuning"][61] == 61.0
    harmony.take(None)
    _render(synth)
    assert synth.state[0]["tuning"][60] == 59.0  # as it was last


def test_the_keys_of_a_patch_that_wants_no_scale_sound_as_they_are() -> None:
    synth = Synth()
    harmony = Harmony(synth, snaps=True)
    harmony.take(_C_MAJOR)
    _render(synth)
    synth.program(Patch(follow=Follow(scale=False)))
    harmony.take(_C_MAJOR)
    _render(synth)
    assert (synth.state[0]["tuning"] == np.arange(128)).all()
    assert (harmony.snaps, harmony.snapping) == (True, False)
    synth.program(Patch())
    assert harmony.snapping
    harmony.take(_C_MAJOR)
    _render(synth)
    assert synth.state[0]["tuning"][61] == 60.0


def test_a_drone_holds_tonic_and_fifth_and_moves_with_the_key() -> None:
    synth = Synth()
    harmony = Harmony(synth, drone="night-drone")

    def held() -> list[int]:
        _render(synth)
        return np.flatnonzero(synth.state[0]["key_bits"][DRONE_CHANNEL]).tolist()

    assert held() == []
    harmony.take(_C_MAJOR)
    assert held() == [36, 43]
    harmony.take(Key(0, "major", 0.7))
    assert held() == [36, 43]
    harmony.take(Key(9, "minor"))
    assert held() == [45, 52]
    harmony.take(None)
    assert held() == []
