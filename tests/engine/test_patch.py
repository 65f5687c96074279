"""Patches: what is refused and how it says so, JSON there and back, and every built-in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from engine.errors import PatchError
from engine.parts import ADSR, LFO, Filter, Oscillator
from engine.patch import Patch, builtin_patches, find_patch
from engine.synth import Synth
from tests.measure import cents, db
from tests.oracles import hz

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
        ({"oscillators": []}, "patch.oscillators must be a list of at most 2"),
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


def test_one_oscillator_is_completed_by_a_silent_one() -> None:
    patch = Patch.from_dict({"oscillators": [{"wave": "sine"}]})
    assert patch.oscillators[1].level == 0.0


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(PatchError, match=r"no patch named 'tuba'; there are .*pluck"):
        find_patch("tuba")


# --- every built-in patch

_MELODIC = [name for name, patch in builtin_patches().items() if not patch.drums]
_DRUMS = [(name, key) for name, patch in builtin_patches().items() for key in sorted(patch.drums)]
_KEY = 57


def _note(name: str, key: int = _KEY, velocity: int = 100) -> np.ndarray:
    return Synth(name).render([(0.0, key, velocity, 1.5)], 2.0).astype(np.float64)


@pytest.mark.parametrize("name", _MELODIC)
def test_every_patch_is_in_tune(name: str) -> None:
    """The strongest periodicity of the note is that of its key, an octave up or down allowed."""
    mono = _note(name)[_RATE // 5 : _RATE // 5 + _RATE].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(mono.size), 8 * mono.size))
    grid = _RATE / (8 * mono.size)
    peak = int(spectrum.argmax())
    a, b, c = np.log(spectrum[peak - 1 : peak + 2])
    strongest = (peak + 0.5 * (a - c) / (a - 2 * b + c)) * grid
    detuned = [one.detune for one in find_patch(name).oscillators if one.level > 0]
    slack = 3.0 + max(map(abs, detuned)) % 1200 + find_patch(name).lfos[0].pitch
    key_hz = hz(_KEY) / 4  # partials of the key, or of one or two octaves under it
    assert cents(strongest, round(strongest / key_hz) * key_hz) == pytest.approx(0, abs=slack)
    assert slack < 30


@pytest.mark.parametrize("name", _MELODIC)
@pytest.mark.parametrize("key", [36, 57, 84])
def test_every_patch_is_heard_and_does_not_clip_across_the_keyboard(name: str, key: int) -> None:
    audio = _note(name, key, 127)
    loudest = np.sqrt((audio[: _RATE * 3 // 2] ** 2).reshape(-1, 2400, 2).mean(axis=(1, 2))).max()
    assert db(loudest) > -45
    assert np.abs(audio).max() < 0.8  # the limiter's knee: one note alone is not bent
    assert abs(audio.mean()) < 1e-3


@pytest.mark.parametrize(("name", "key"), _DRUMS)
def test_every_drum_is_heard_does_not_clip_and_ends(name: str, key: int) -> None:
    synth = Synth(name)
    audio = synth.render([(0.0, key, 127, 0.05)], 0.5)
    assert db(np.abs(audio).max()) > -40
    assert np.abs(audio).max() < 0.8
    synth.render([], 6.0)
    assert synth.active_voices == 0


def _shape(audio: np.ndarray) -> np.ndarray:
    """Third-octave levels in four stretches of the note: what a patch sounds like."""
    bands = []
    for piece in np.split(audio.mean(axis=1)[: 4 * 24_000], 4):
        power = np.abs(np.fft.rfft(piece * np.hanning(piece.size))) ** 2
        edges = (25 * 2 ** (np.arange(29) / 3) / 2).astype(int)
        bands.append(np.sqrt(np.add.reduceat(power, edges)))
    shape = np.concatenate(bands)
    return np.asarray(shape / np.linalg.norm(shape))


def test_no_two_patches_sound_the_same() -> None:
    shapes = {name: _shape(_note(name)) for name in _MELODIC}
    table = np.array([shapes[name] for name in _MELODIC])
    alike = table @ table.T - np.eye(len(table))
    pair = np.unravel_index(alike.argmax(), alike.shape)
    assert alike.max() < 0.998, [_MELODIC[i] for i in pair]
