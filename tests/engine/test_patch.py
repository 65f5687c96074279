"""Patches: what is refused and how it says so, JSON there and back, and every built-in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from engine.errors import PatchError
from engine.parts import ADSR, LFO, Filter, Follow, Oscillator
from engine.patch import Patch, builtin_patches, find_patch

_RATE = 48_000
_NAN = float("nan")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"gain": 13}, "patch.gain must be between -60 and 12 dB, got 13"),
        ({"pan": "left"}, "patch.pan must be a number, got 'left'"),
        ({"noise": True}, "patch.noise must be a number, got True"),
        ({"name": ""}, "name must have 1 to 60 characters, got ''"),
        ({"name": 5}, "name must have 1 to 60 characters, got 5"),
        ({"cutof": 100}, "patch has no setting 'cutof'"),
        ({"filter": {"cutoff": 5}}, "filter.cutoff must be between 10 and 24000 Hz, got 5"),
        ({"filter": {"cutoff": _NAN}}, "filter.cutoff must be between 10 and 24000 Hz, got nan"),
        ({"filter": {"mode": "comb"}}, "filter.mode must be one of low, band, high, notch, got"),
        ({"filter": {"resonance": 10**400}}, "filter.resonance must be between 0.5 and 50, got 1"),
        ({"filter": []}, "patch.filter must be an object, got list"),
        ({"lfos": [{"rate": -1}]}, "lfo.rate must be between 0 and 200 Hz, got -1"),
        (
            {"lfos": [{"shape": ["sine"]}]},
            "lfo.shape must be one of sine, triangle, saw, square, sample",
        ),
        ({"amplitude": {"attack": 61}}, "envelope.attack must be between 0 and 60 s, got 61"),
        ({"modulation": {"sustain": 2}}, "envelope.sustain must be between 0 and 1, got 2"),
        ({"oscillators": [{"width": 0}]}, "oscillator.width must be between 0.02 and 0.98, got 0"),
        ({"oscillators": [{"wave": "organ"}]}, "oscillator.wave must be one of saw, pulse"),
        ({"oscillators": {}}, "patch.oscillators must be a list of at most 2"),
        ({"tags": 5}, "patch.tags must be a list of words, got 5"),
        ({"tags": "bass"}, "patch.tags must be a list of words, got 'bass'"),
        ({"drums": {"²": {}}}, "patch.drums must map numbers 0..127"),
        ({"drums": {"300": {}}}, "patch.drums.key must be between 0 and 127, got 300"),
        ({"drums": {"36": {"gain": 99}}}, "patch.gain must be between -60 and 12 dB, got 99"),
        ({"drums": 3}, "patch.drums must map numbers 0..127"),
        ([], "patch must be an object, got list"),
    ],
)
def test_what_is_wrong_is_said_by_parameter_rule_and_value(data: Any, said: str) -> None:
    with pytest.raises(PatchError) as caught:
        Patch.from_dict(data)
    assert said in str(caught.value)


def test_a_file_that_is_no_patch_is_named_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(PatchError, match=r"broken.json: Expecting property name"):
        Patch.load(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PatchError, match=r"broken.json: .*decode"):
        Patch.load(broken)
    with pytest.raises(PatchError, match=r"cannot read patch .*none.json: No such file"):
        Patch.load(tmp_path / "none.json")


_units = hs.floats(0.0, 1.0)
_times = hs.floats(0.0, 60.0)
_patches = hs.builds(
    Patch,
    name=hs.text(min_size=1, max_size=60).filter(lambda text: text.isprintable()),
    tags=hs.lists(hs.sampled_from(["bass", "pad", "Fläche"]), max_size=3).map(tuple),
    oscillators=hs.tuples(
        hs.builds(Oscillator, hs.sampled_from(["saw", "pulse"]), _units, hs.integers(-4, 4)),
        hs.builds(Oscillator, hs.sampled_from(["sine", "triangle"]), _units),
    ),
    filter=hs.builds(Filter, hs.sampled_from(["low", "notch"]), hs.floats(10, 24_000)),
    amplitude=hs.builds(ADSR, _times, _times, _units, _times, _units),
    lfos=hs.tuples(
        hs.builds(LFO, hs.sampled_from(["saw", "square"]), hs.floats(0, 200)), hs.just(LFO())
    ),
    fixed_note=hs.none() | hs.floats(0, 127),
    drums=hs.dictionaries(hs.integers(0, 127), hs.just(Patch(name="drum")), max_size=3),
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(patch=_patches)
def test_a_patch_comes_back_from_json_as_it_was(patch: Patch) -> None:
    assert Patch.from_dict(json.loads(json.dumps(patch.to_dict()))) == patch
    assert Patch.from_dict(patch.to_dict()) == patch


def test_a_saved_patch_is_loaded_as_it_was(tmp_path: Path) -> None:
    for patch in builtin_patches().values():
        patch.save(tmp_path / "one.json")
        assert Patch.load(tmp_path / "one.json") == patch
        assert find_patch(str(tmp_path / "one.json")) == patch


def test_a_patch_that_says_nothing_of_the_room_follows_it() -> None:
    assert Patch.from_dict({"name": "old"}).follow == Follow(beat=True, tuning=True, scale=True)
    assert Patch.from_dict({"follow": {"beat": False}}).follow == Follow(beat=False)
    with pytest.raises(PatchError, match=r"follow.beat must be true or false, got 1"):
        Patch.from_dict({"follow": {"beat": 1}})


def test_one_oscillator_is_completed_by_a_silent_one() -> None:
    patch = Patch.from_dict({"oscillators": [{"wave": "sine"}]})
    assert patch.oscillators[1].level == 0.0


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(PatchError, match=r"no patch named 'tuba'; there are .*pluck"):
        find_patch("tuba")
