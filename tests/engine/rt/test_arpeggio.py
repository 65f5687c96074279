"""The arpeggiator: which keys, on which frames, and that it ends when nothing holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from engine.parts import ADSR, Arpeggio, Filter, Oscillator
from engine.patch import Patch
from engine.rt import state as st
from engine.synth import Synth

_RATE = 48_000
_BEAT = _RATE // 2  # frames, at 120
_STEP = _BEAT // 4  # of the patch below
_PATCH = Patch(
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter("notch", 10.0, 0.5),
    amplitude=ADSR(0.0005, 0.0, 1.0, 0.004),
    arpeggio=Arpeggio("up", "1/16", gate=0.5),
)


def _synth(**settings_: object) -> Synth:
    arpeggio = replace(_PATCH.arpeggio, **settings_)  # type: ignore[arg-type]
    return Synth(replace(_PATCH, arpeggio=arpeggio))


def _chord(synth: Synth, keys: Sequence[int], start: int = 0, end: int | None = None) -> None:
    for key in keys:
        synth.note_on(key, frame=start)
        if end is not None:
            synth.note_off(key, frame=end)


def _notes(synth: Synth, frames: int, block: int = 1) -> list[tuple[int, int, int]]:
    """Render, and return (start, end, key) of the notes that were held meanwhile."""
    out = np.empty((block, 2), np.float32)
    one = synth.state[0]
    sounding: dict[int, tuple[int, int]] = {}  # voice: start, key
    notes = []
    ages: dict[int, int] = {}
    for _ in range(frames // block):
        synth.render_block(out)
        held = set(np.flatnonzero(one["voice_held"]).tolist())
        at = synth.frame - block
        for voice in [v for v in sounding if v not in held or ages[v] != one["voice_age"][v]]:
            start, key = sounding.pop(voice)
            notes.append((start, at, key))
        for voice in held - set(sounding):
            sounding[voice] = (at, int(one["voice_key"][voice]))
            ages[voice] = int(one["voice_age"][voice])
    return sorted(notes + [(start, -1, key) for start, key in sounding.values()])


def _keys(synth: Synth, steps: int) -> list[int]:
    return [key for _, _, key in _notes(synth, steps * _STEP, 500)]


def test_steps_begin_and_end_on_their_frames() -> None:
    synth = _synth()
    _chord(synth, [60, 64, 67], start=101)
    notes = _notes(synth, 101 + 3 * _STEP + _STEP // 2 + 1)
    starts = [101 + k * _STEP for k in range(4)]
    assert notes == [
        (start, start + _STEP // 2, key)
        for start, key in zip(starts, (60, 64, 67, 60), strict=True)
    ]


@pytest.mark.parametrize(
    ("mode", "keys"),
    [
        ("up", [60, 64, 67, 72, 76, 79, 60, 64]),
        ("down", [79, 76, 72, 67, 64, 60, 79, 76]),
        ("up-down", [60, 64, 67, 72, 76, 79, 76, 72, 67, 64, 60, 64]),
        ("order", [64, 67, 60, 76, 79, 72, 64]),
    ],
)
def test_a_mode_says_which_key_comes_next(mode: str, keys: list[int]) -> None:
    synth = _synth(mode=mode, octaves=2)
    _chord(synth, [64, 67, 60])
    assert _keys(synth, len(keys)) == keys


def test_up_and_down_over_one_key_repeats_it() -> None:
    synth = _synth(mode="up-down")
    _chord(synth, [50])
    assert _keys(synth, 4) == [50] * 4


def test_a_chord_sounds_all_keys_at_every_step_an_octave_higher_in_turn() -> None:
    synth = _synth(mode="chord", octaves=2)
    _chord(synth, [60, 64])
    assert _keys(synth, 3) == [60, 64, 72, 76, 60, 64]


def test_a_finger_that_is_late_joins_the_chord_that_sounds() -> None:
    synth = _synth(mode="chord")
    synth.note_on(60, frame=0)
    synth.note_on(64, frame=400)
    notes = _notes(synth, _STEP, 20)
    assert notes == [(0, _STEP // 2, 60), (400, _STEP // 2, 64)]


def test_chance_plays_all_keys_and_the_same_ones_every_time() -> None:
    runs = []
    for _ in range(2):
        synth = _synth(mode="random", octaves=2)
        _chord(synth, [60, 64, 67])
        runs.append(_keys(synth, 64))
    assert runs[0] == runs[1]
    assert set(runs[0]) == {60, 64, 67, 72, 76, 79}
    assert runs[0] != sorted(runs[0])


def test_keys_above_the_highest_stay_an_octave_lower() -> None:
    synth = _synth(octaves=4)
    _chord(synth, [110])
    assert _keys(synth, 4) == [110, 122, 122, 122]


def test_swing_delays_every_second_step() -> None:
    synth = _synth(swing=0.25)
    _chord(synth, [60])
    starts = [start for start, _, _ in _notes(synth, 4 * _STEP, 20)]
    assert starts == [0, _STEP + _STEP // 4, 2 * _STEP, 3 * _STEP + _STEP // 4]


def test_a_full_gate_lasts_until_the_next_step() -> None:
    synth = _synth(gate=1.0)
    _chord(synth, [60, 64])
    notes = _notes(synth, 3 * _STEP, 20)
    assert [(start, end) for start, end, _ in notes[:2]] == [(0, _STEP), (_STEP, 2 * _STEP)]


def test_it_ends_with_the_keys_and_the_step_that_sounds_ends_in_its_time() -> None:
    synth = _synth()
    _chord(synth, [60, 64], end=2 * _STEP + 100)
    notes = _notes(synth, 6 * _STEP, 20)
    assert [start for start, _, _ in notes] == [0, _STEP, 2 * _STEP]
    assert notes[-1][1] == 2 * _STEP + _STEP // 2
    assert synth.active_voices == 0


def test_hold_goes_on_without_fingers_until_other_keys_are_struck() -> None:
    synth = _synth(hold=True)
    _chord(synth, [60, 64], end=100)
    assert _keys(synth, 4) == [60, 64, 60, 64]
    synth.note_on(70)
    synth.note_off(70)
    assert _keys(synth, 4) == [60, 70, 70, 70]  # a step that is due now comes before a new key
    synth.control(123, 0)
    assert _keys(synth, 4)[1:] == []


def test_the_sustain_pedal_holds_its_keys() -> None:
    synth = _synth()
    synth.control(64, 127, frame=0)
    _chord(synth, [60, 64], end=100)
    assert _keys(synth, 4) == [60, 64, 60, 64]
    synth.control(64, 0)
    assert _keys(synth, 4)[1:] == []


@pytest.mark.parametrize("how", ["panic", "sound off", "reset", "notes off", "patch"])
def test_it_stops_when_told_to(how: str) -> None:
    synth = _synth(hold=True)
    synth.control(64, 127)
    _chord(synth, [60, 64])
    _notes(synth, 2 * _STEP, 20)
    if how == "panic":
        synth.panic()
    elif how == "sound off":
        synth.control(120, 0)
    elif how == "reset":
        synth.send(b"\xff")
    elif how == "notes off":
        synth.control(64, 0)
        synth.control(123, 0)
    else:
        synth.program(replace(_PATCH, arpeggio=Arpeggio()))
    _notes(synth, _STEP, 20)
    assert _notes(synth, 4 * _STEP, 20) == []
    assert synth.active_voices == 0


def test_held_keys_pass_to_the_arpeggiator_of_the_next_patch_and_none_sticks() -> None:
    synth = Synth(replace(_PATCH, arpeggio=Arpeggio()))
    _chord(synth, [60, 64, 67])
    assert len(_notes(synth, 4_800, 480)) == 3
    synth.program(_PATCH)
    assert _keys(synth, 4)[-3:] == [64, 67, 60]
    for key in (60, 64, 67):
        synth.note_off(key)
    _notes(synth, _STEP, 20)
    assert synth.active_voices == 0
    assert not synth.state[0]["voice_held"].any()


def test_it_keeps_to_the_grid_of_a_midi_clock() -> None:
    synth = _synth()
    period = 1_200  # 100 beats a minute
    synth.send(b"\xfa", 0)
    for tick in range(200):
        synth.send(b"\xf8", tick * period)
    out = np.empty((480, 2), np.float32)
    while synth.frame < 96 * period:
        synth.render_block(out)
    _chord(synth, [60], start=96 * period + 2_000)  # a little after the beat
    notes = _notes(synth, 24 * period, 20)
    starts = np.array([start for start, _, _ in notes]) - 96 * period
    assert starts[0] == 2_000  # at once
    assert np.abs(starts[1:] - np.array([6, 12, 18]) * period).max() <= 20 + 48  # a millisecond


def test_a_start_of_the_song_brings_the_steps_onto_its_beats() -> None:
    synth = _synth(hold=True)
    period = 1_000
    for tick in range(300):
        synth.send(b"\xf8", tick * period)
        if tick == 150:
            synth.send(b"\xfa", tick * period + 10)
    _chord(synth, [60], start=777, end=900)
    out = np.empty((20, 2), np.float32)
    while synth.frame < 151 * period:
        synth.render_block(out)
    starts = [start - 151 * period for start, _, _ in _notes(synth, 60 * period, 20)]
    on_grid = [start for start in starts if start >= 0]
    want = np.arange(10) * 6 * period
    assert np.abs(np.array(on_grid[:10]) - want).max() <= 20 + 48


@settings(derandomize=True, deadline=None, max_examples=12)
@given(
    mode=hs.sampled_from(["up", "random", "chord", "order"]),
    rate=hs.sampled_from(["1/32t", "1/16", "1/8t"]),
    gate=hs.sampled_from([0.05, 0.5, 1.0]),
    swing=hs.sampled_from([0.0, 0.5]),
    playing=hs.sampled_from(["poly", "mono", "legato"]),
    events=hs.lists(
        hs.tuples(hs.integers(0, 30_000), hs.integers(0, 1), hs.integers(58, 62)), max_size=12
    ),
    tempo=hs.sampled_from([60.0, 133.0, 1000.0]),
    blocks=hs.lists(hs.integers(1, 999), min_size=1, max_size=4),
)
def test_neither_sound_nor_steps_depend_on_how_blocks_are_cut(
    mode: str, rate: str, gate: float, swing: float, playing: str,
    events: list[tuple[int, int, int]], tempo: float, blocks: list[int],
) -> None:  # fmt: skip
    sounds = []
    arpeggio = Arpeggio(mode, rate, 2, gate, swing)
    for sizes in ([30_000], blocks):
        synth = Synth(replace(_PATCH, arpeggio=arpeggio, playing=playing))
        synth.set_tempo(tempo, frame=5_000)
        for frame, down, key in events:
            synth.note_on(key, 100 * down, frame=frame)
        out = np.empty((30_000, 2), np.float32)
        at = number = 0
        while at < len(out):
            size = min(sizes[number % len(sizes)], len(out) - at)
            synth.render_block(out[at : at + size])
            at, number = at + size, number + 1
        sounds.append(out)
        for key in range(58, 63):
            synth.note_off(key)
        synth.render_block(np.empty((30_000, 2), np.float32))
        assert synth.active_voices == 0
        assert not synth.state[0]["voice_held"].any()
    assert np.array_equal(sounds[0], sounds[1])


def test_every_voice_is_free_when_fast_steps_at_the_lowest_rate_have_ended() -> None:
    synth = Synth(
        replace(_PATCH, arpeggio=Arpeggio("chord", "1/32t", 4, 1.0, 0.5)), sample_rate=8_000
    )
    synth.set_tempo(1000.0)
    _chord(synth, range(40, 70))
    synth.render_block(np.empty((8_000, 2), np.float32))
    for key in range(40, 70):
        synth.note_off(key)
    synth.render_block(np.empty((8_000, 2), np.float32))
    assert synth.active_voices == 0
    rows = slice(st.STAGE_A * st.TILE, (st.STAGE_A + 1) * st.TILE)
    assert not synth.state[0]["words"][:, rows].any()
