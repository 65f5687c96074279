"""Voices: envelopes against dsp.adsr_envelope, who gives way, and what may not click."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from dsp.envelope import adsr_envelope
from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.rt import state as st
from engine.rt.state import TILE, VOICES
from engine.rt.voices import sounding_level
from engine.synth import Synth
from tests.measure import above_5khz_db
from tests.oracles import playable

_RATE = 48_000
_OFF = Oscillator(level=0.0)


def _sine(adsr: ADSR, velocity: float = 0.0) -> Patch:
    return Patch(
        oscillators=(Oscillator("sine", 1.0), _OFF),
        filter=Filter("notch", 10.0, 0.5),
        amplitude=adsr,
        velocity=velocity,
    )


def _levels(synth: Synth, frames: int, every: int = 1) -> NDArray[np.float64]:
    """Return the amplitude envelope of voice 0 at frames 0, every, 2 * every and so on."""
    out = np.empty((every, 2), np.float32)
    levels = [0.0]  # at its frame the attack stands at 0
    for _ in range(frames // every):
        synth.render_block(out)
        levels.append(float(sounding_level(synth.state[0], 0)))
    return np.array(levels)


def _stages(synth: Synth) -> NDArray[np.uint32]:
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    return np.asarray(synth.state[0]["words"][:, rows]).ravel()


def _keys_in(synth: Synth, *stages: int) -> list[int]:
    return sorted(synth.state[0]["voice_key"][np.isin(_stages(synth), stages)].tolist())


def _run(synth: Synth, frames: int) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


_times = hs.floats(0.0, 0.3)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    attack=_times,
    decay=_times,
    sustain=hs.floats(0.01, 1.0),
    release=_times,
    curve=hs.floats(0.0, 1.0),
    held=hs.integers(1, 20_000),
)
def test_the_envelope_of_a_voice_is_that_of_dsp(
    attack: float, decay: float, sustain: float, release: float, curve: float, held: int
) -> None:
    adsr = playable(ADSR(attack, decay, sustain, release, curve))
    synth = Synth(_sine(adsr))
    synth.note_on(60, frame=0)
    synth.note_off(60, frame=held)
    got = _levels(synth, held + int(adsr.release * _RATE), every=61)
    want = adsr_envelope(
        held / _RATE, adsr.attack, adsr.decay, adsr.sustain, adsr.release, _RATE, adsr.curve
    )[::61]
    end = min(got.size, want.size)
    # a stage is a whole number of frames: its end may fall a frame from the exact one,
    # and so may what follows
    fastest = max(1 / adsr.attack, 4 / adsr.decay, 4 / adsr.release) / _RATE
    assert np.abs(got[:end] - want[:end]).max() < 1e-4 + 1.01 * fastest
    if min(adsr.attack, adsr.decay, adsr.release) > 0.05:
        assert np.median(np.abs(got[:end] - want[:end])) < 1e-4


@pytest.mark.parametrize("curve", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("held", [400, 4_000, 20_000, 60_000])  # attack, decay, sustain
def test_stages_of_whole_frames_equal_dsp_within_1e_4(curve: float, held: int) -> None:
    # powers of two, so that stages end on frames exactly
    adsr = ADSR(2048 / _RATE, 16_384 / _RATE, 0.4, 8192 / _RATE, curve)
    synth = Synth(_sine(adsr))
    synth.note_on(60, frame=0)
    synth.note_off(60, frame=held)
    got = _levels(synth, held + 9000, every=7)
    want = np.zeros(got.size)
    exact = adsr_envelope(held / _RATE, *_stage_times(adsr), sample_rate=_RATE, curve=curve)[::7]
    want[: exact.size] = exact[: got.size]
    assert np.abs(got - want).max() < 1e-4


def _stage_times(adsr: ADSR) -> tuple[float, float, float, float]:
    return adsr.attack, adsr.decay, adsr.sustain, adsr.release


def test_a_release_during_the_attack_starts_at_the_level_reached_and_lasts_its_time() -> None:
    synth = Synth(_sine(ADSR(1.0, 0.0, 1.0, 0.25, 0.0)))
    synth.note_on(60, frame=0)
    synth.note_off(60, frame=12_000)
    levels = _levels(synth, 25_000)
    assert levels.max() == pytest.approx(0.25, abs=1e-4)
    assert int(levels.argmax()) == 12_000
    assert levels[18_000] == pytest.approx(0.125, abs=1e-4)
    assert np.flatnonzero(levels).max() == pytest.approx(24_000, abs=2)


_SLOW = _sine(ADSR(0.001, 0.01, 0.8, 2.0, 0.0), velocity=0.5)


def test_the_quietest_releasing_voice_gives_way_first() -> None:
    synth = Synth(_SLOW, voices=4)
    for key in (50, 52, 54, 56):
        synth.note_on(key)
    _run(synth, 4800)
    synth.note_off(54)
    _run(synth, 9600)
    synth.note_off(52)  # has fallen less when the next note comes
    _run(synth, 4800)
    synth.note_on(60)
    _run(synth, 1)
    assert _keys_in(synth, st.KILL) == [54]
    synth.note_on(61)
    _run(synth, 1)
    assert _keys_in(synth, st.KILL) == [52, 54]


def test_what_only_the_pedal_keeps_gives_way_before_a_held_key() -> None:
    synth = Synth(_SLOW, voices=3)
    synth.control(64, 127)
    for key in (50, 52, 54):
        synth.note_on(key)
    synth.note_off(52)
    _run(synth, 4800)
    synth.note_on(60)
    _run(synth, 1)
    assert _keys_in(synth, st.KILL) == [52]


def test_among_held_keys_of_one_level_the_oldest_gives_way() -> None:
    synth = Synth(_SLOW, voices=3)
    for key in (54, 50, 52):
        synth.note_on(key)
    _run(synth, 4800)
    synth.note_on(60)
    _run(synth, 1)
    assert _keys_in(synth, st.KILL) == [54]


def test_a_retriggered_key_releases_its_voice_and_starts_another() -> None:
    synth = Synth(_SLOW)
    synth.note_on(60)
    _run(synth, 4800)
    synth.note_on(60)
    _run(synth, 1)
    assert _keys_in(synth, st.RELEASE) == [60]
    assert _keys_in(synth, st.ATTACK) == [60]
    synth.note_off(60)
    _run(synth, 1)
    assert _keys_in(synth, st.RELEASE) == [60, 60]


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    limit=hs.sampled_from([1, 2, 5, 240]),
    notes=hs.lists(
        hs.tuples(hs.integers(0, 127), hs.integers(0, 127), hs.integers(0, 400)), max_size=300
    ),
)
def test_never_more_voices_than_the_limit_sound(
    limit: int, notes: list[tuple[int, int, int]]
) -> None:
    synth = Synth(_SLOW, voices=limit)
    for key, velocity, frames in notes:
        synth.note_on(key, velocity)
        _run(synth, frames)
        stages = _stages(synth)
        assert ((stages != st.IDLE) & (stages != st.KILL)).sum() <= limit
        assert synth.active_voices == (stages != st.IDLE).sum() or frames == 0
    assert _stages(synth).size == VOICES


@pytest.mark.parametrize("curve", [0.0, 1.0])
@pytest.mark.parametrize("frame", [9_600, 9_610, 9_627, 9_655, 9_700])  # anywhere in the period
def test_a_stolen_voice_clicks_less_than_58_db_above_5_khz(curve: float, frame: int) -> None:
    synth = Synth(_sine(ADSR(0.02, 0.01, 1.0, 2.0, curve), velocity=1.0), voices=1)
    synth.note_on(57, 127, frame=0)
    synth.note_on(69, 1, frame=frame)  # so soft that only the steal is heard
    audio = _run(synth, 14_400)[:, 0]
    note = audio[4_800:]
    for at in (frame, frame + 96, frame + 192):  # start, middle and end of the fade
        assert above_5khz_db(audio, at, note, _RATE) < -58


@pytest.mark.parametrize("how", ["note off", "panic", "sound off", "retrigger", "pedal up"])
def test_nothing_a_player_does_clicks_above_58_db(how: str) -> None:
    worst = -200.0
    for frame in range(9_600, 9_820, 37):
        synth = Synth(_sine(ADSR(0.02, 0.01, 1.0, 0.0, 1.0), velocity=1.0))  # shortest release
        synth.note_on(57, 127, frame=0)
        if how == "pedal up":
            synth.control(64, 127)
            synth.note_off(57, frame=4800)
        head = _run(synth, frame)
        if how in ("note off", "retrigger"):
            synth.note_off(57)
        if how == "retrigger":
            synth.note_on(57, 1)
        if how == "panic":
            synth.panic()
        if how == "sound off":
            synth.control(120, 0)
        if how == "pedal up":
            synth.control(64, 0)
        audio = np.concatenate([head, _run(synth, 4800)])[:, 0]
        assert np.abs(audio[-2000:]).max() < 1e-3  # it did end
        spots = range(frame, frame + 289, 48)  # the fade and the filter's ringing after it
        worst = max(worst, *(above_5khz_db(audio, at, audio[4800:], _RATE) for at in spots))
    assert worst < -58


def test_panic_silences_every_voice_within_five_milliseconds() -> None:
    synth = Synth(_SLOW)
    for key in range(30, 90):
        synth.note_on(key)
    synth.control(64, 127)
    assert np.abs(_run(synth, 9600)).max() > 0.1
    synth.panic()
    _run(synth, 240)
    assert not _run(synth, 480).any()
    assert synth.active_voices == 0
    assert not synth.state[0]["voice_held"].any()
