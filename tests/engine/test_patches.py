"""Every built-in patch: in tune, heard, not clipping, as loud as the others, and like none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audition import KINDS, audition, kind_of
from engine.gm import DRUM_CHANNEL, patch_of
from engine.patch import Patch, builtin_patches
from engine.synth import Synth
from tests.loudness import integrated_loudness
from tests.measure import db
from tests.oracles import hz

_RATE = 48_000
_KEY = 57
_LOUDNESS, _SLACK = -25.0, 3.0  # LUFS, LU
_LONGEST_TAIL_S = 20

PATCHES = builtin_patches()
MELODIC = [name for name, patch in PATCHES.items() if not patch.drums]
TUNED = [name for name in MELODIC if kind_of(PATCHES[name]) != "effects"]
KITS = [name for name, patch in PATCHES.items() if patch.drums]


@dataclass(frozen=True)
class Played:
    """What one synth made of a patch: a note, loud ones across the keyboard, and their end."""

    note: NDArray[np.float64]  # A3, held for 2 s
    loud: NDArray[np.float64]  # C2, A3 and C6 at full velocity, a second each
    silent_after_s: float


@cache
def played(name: str) -> Played:
    synth = Synth(name, _RATE)
    note = synth.render([(0.0, _KEY, 100, 2.0)], 2.2)
    synth.panic()
    synth.render([], 0.2)
    loud = synth.render([(float(i), key, 127, 0.7) for i, key in enumerate((36, _KEY, 84))], 3.0)
    seconds, sounds = 0, True
    while sounds and seconds <= _LONGEST_TAIL_S:
        seconds += 1
        end = synth.render([], 1.0)[-_RATE // 10 :]
        sounds = synth.active_voices > 0 or db(np.abs(end).max()) > -80
    return Played(note.astype(np.float64), loud.astype(np.float64), float(seconds))


def note(name: str) -> NDArray[np.float64]:
    """Return a note of 2 s, key 57, shape (frames, 2)."""
    return played(name).note


@cache
def heard(name: str) -> NDArray[np.float32]:
    return audition(PATCHES[name], _RATE)


def test_there_are_at_least_forty_and_every_kind_has_some() -> None:
    assert len(PATCHES) >= 40
    kinds = [kind_of(patch) for patch in PATCHES.values()]
    for kind in KINDS:
        assert kinds.count(kind) >= 2, kind


@pytest.mark.parametrize("name", sorted(PATCHES))
def test_a_patch_is_named_as_its_file_and_tagged_by_what_it_is(name: str) -> None:
    patch = PATCHES[name]
    assert name == name.lower().replace(" ", "-")
    assert patch.tags[0] in KINDS
    assert all(tag == tag.lower() and tag.isalpha() for tag in patch.tags)


def off_tune(mono: NDArray[np.float64]) -> float:
    """Return by how many cents the energy around the strongest partial is off the key's harmonics.

    The key may be taken an octave or two lower, and detuned copies and vibrato spread the partial
    to both sides: its middle counts.
    """
    power = np.abs(np.fft.rfft(mono, 4 * mono.size)) ** 2
    frequency = np.fft.rfftfreq(4 * mono.size, 1.0 / _RATE)
    strongest = frequency[power.argmax()]
    harmonic = max(1, round(strongest / (hz(_KEY) / 4))) * hz(_KEY) / 4
    off = 1200.0 * np.log2(np.maximum(frequency, 1.0) / harmonic)
    near = np.abs(off) < 60.0
    return float(np.average(off[near], weights=power[near]))


@pytest.mark.parametrize("name", TUNED)
def test_a_note_is_in_tune(name: str) -> None:
    """From its beginning, or, where a filter sweeping past turns the phase, once that is over."""
    mono = note(name)[: 2 * _RATE].mean(axis=1)
    rise = _RATE // 10
    early = np.concatenate([np.hanning(2 * rise)[:rise], np.hanning(2 * mono.size)[mono.size :]])
    late = mono[rise:] * np.hanning(mono.size - rise)
    assert min(abs(off_tune(mono * early[: mono.size])), abs(off_tune(late))) < 8.0


@pytest.mark.parametrize("name", MELODIC)
def test_loud_notes_are_heard_and_do_not_clip_across_the_keyboard(name: str) -> None:
    for audio in np.split(played(name).loud, 3):
        blocks = audio.reshape(-1, 2400, 2)
        assert db(np.sqrt((blocks**2).mean(axis=(1, 2))).max()) > -45
        assert np.abs(audio).max() < 0.9
        assert abs(audio.mean()) < 2e-3


@pytest.mark.parametrize("name", KITS)
def test_every_drum_is_heard_does_not_clip_and_ends(name: str) -> None:
    keys = sorted(PATCHES[name].drums)
    synth = Synth(name)
    strokes = synth.render([(0.5 * i, key, 127, 0.05) for i, key in enumerate(keys)], len(keys) / 2)
    for audio in np.split(strokes, len(keys)):
        assert db(np.abs(audio).max()) > -40
        assert np.abs(audio).max() < 0.9
    synth.render([], 6.0)
    assert synth.active_voices == 0


@pytest.mark.parametrize("name", sorted(PATCHES))
def test_the_phrase_is_as_loud_as_those_of_the_others_and_does_not_clip(name: str) -> None:
    audio = heard(name)
    assert integrated_loudness(audio) == pytest.approx(_LOUDNESS, abs=_SLACK)
    assert np.abs(audio).max() < 0.9


@pytest.mark.parametrize("name", MELODIC)
def test_silence_follows_when_the_keys_are_up(name: str) -> None:
    assert played(name).silent_after_s <= _LONGEST_TAIL_S


def fingerprint(name: str) -> NDArray[np.float64]:
    """Third-octave levels in eight stretches of the note: what a patch sounds like.

    Logarithmic, to 50 dB under the loudest, so that colour counts and not one loud partial.
    """
    bands = []
    for piece in np.split(note(name).mean(axis=1)[: 8 * 14_400], 8):
        power = np.abs(np.fft.rfft(piece * np.hanning(piece.size))) ** 2
        edges = (15 * 2 ** (np.arange(27) / 3)).astype(int)
        edges = edges[edges < power.size]
        bands.append(np.add.reduceat(power, edges))
    level = 10.0 * np.log10(np.concatenate(bands) + 1e-12)
    return np.maximum(level - level.max(), -50.0)


def test_no_two_patches_sound_the_same() -> None:
    table = np.array([fingerprint(name) for name in MELODIC])
    # root of the mean square difference of levels, in dB
    apart = np.sqrt(((table[:, None] - table[None]) ** 2).mean(axis=2)) + 1e3 * np.eye(len(table))
    i, j = np.unravel_index(apart.argmin(), apart.shape)
    assert apart.min() > 2.0, f"{MELODIC[i]} and {MELODIC[j]} are {apart.min():.1f} dB apart"


def test_every_program_of_general_midi_has_a_patch() -> None:
    for channel in (0, DRUM_CHANNEL):
        names = [patch_of(channel, program) for program in range(128)]
        assert set(names) <= set(PATCHES)
    families = [kind_of(PATCHES[patch_of(0, program)]) for program in range(0, 128, 8)]
    wanted = "keys bell organ pluck bass strings strings brass lead lead lead keys bell pluck pluck"
    assert families[:15] == wanted.split()
    for program in range(32, 40):
        assert kind_of(PATCHES[patch_of(0, program)]) == "bass"
    assert all(patch_of(DRUM_CHANNEL, n).endswith("-kit") for n in range(128))


def test_a_learned_controller_is_no_part_of_a_built_in_patch() -> None:
    assert all(isinstance(patch, Patch) and not patch.controls for patch in PATCHES.values())


def test_the_measure_of_loudness_is_that_of_the_standard() -> None:
    """EBU Tech 3341, case 1: a sine of 1 kHz at -23 dB on both channels has -23 LUFS."""
    sine = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(20 * _RATE) / _RATE)
    assert integrated_loudness(np.stack([sine, sine], axis=1)) == pytest.approx(-23.0, abs=0.1)
