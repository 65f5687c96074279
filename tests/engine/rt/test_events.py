"""MIDI messages against a plain keyboard, the pitch and level they promise, and a storm of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.parts import ADSR, LFO, Filter, Oscillator
from engine.patch import Patch, builtin_patches
from engine.rt import state as st
from engine.rt.events import schedule
from engine.rt.ring import push_command
from engine.rt.state import PENDING, TILE, new_state
from engine.synth import Synth
from tests.measure import cents, db, frequency
from tests.oracles import Keyboard, hz

_RATE = 48_000
_SINE = Patch(
    oscillators=(Oscillator("sine", 0.5), Oscillator(level=0.0)),
    filter=Filter("notch", 10.0, 0.5),
    amplitude=ADSR(0.001, 0.0, 1.0, 0.05),
    velocity=0.0,
    lfos=(LFO("sine", 5.0), LFO()),
)


def _run(synth: Synth, frames: int) -> NDArray[np.float32]:
    out = np.empty((frames, 2), np.float32)
    synth.render_block(out)
    return out


def _held(synth: Synth) -> list[tuple[int, int]]:
    one = synth.state[0]
    held = np.flatnonzero(one["voice_held"])
    return sorted((int(one["voice_channel"][v]), int(one["voice_key"][v])) for v in held)


def _stages(synth: Synth) -> NDArray[np.uint32]:
    rows = slice(st.STAGE_A * TILE, (st.STAGE_A + 1) * TILE)
    return np.asarray(synth.state[0]["words"][:, rows]).ravel()


def _pending(state: NDArray[np.void]) -> list[tuple[int, int]]:
    one = state[0]
    count = int(one["pending_count"])
    return list(
        zip(
            one["pending_frame"][:count].tolist(),
            one["pending_word"][:count, 1].tolist(),
            strict=True,
        )
    )


@settings(derandomize=True, deadline=None, max_examples=50)
@given(frames=hs.lists(hs.integers(0, 20), max_size=60))
def test_events_wait_by_frame_and_keep_the_order_of_one_frame(frames: list[int]) -> None:
    state = new_state(8000)
    for number, frame in enumerate(frames):
        schedule(state[0], frame, st.MIDI, number, 0, 0)
    numbered = [(frame, number) for number, frame in enumerate(frames)]
    assert _pending(state) == sorted(numbered)


def test_an_event_that_finds_no_room_is_counted() -> None:
    state = new_state(8000)
    for i in range(PENDING + 3):
        schedule(state[0], i, st.MIDI, 0, 0, 0)
    assert state[0]["pending_count"] == PENDING
    assert state[0]["event_dropped"] == 3


def test_commands_beyond_what_can_wait_stay_in_their_ring() -> None:
    synth = Synth(_SINE)
    _run(synth, 1)
    for i in range(PENDING + 10):
        if i == PENDING:
            _run(synth, 1)  # takes what fits
        assert push_command(synth.state, st.MIDI, 0, frame=1_000_000)
    assert synth.state[0]["event_dropped"] == 0
    _run(synth, 1)
    assert synth.state[0]["pending_count"] == PENDING
    assert synth.state[0]["command_head"][0] - synth.state[0]["command_tail"][0] == 10


_keys = hs.integers(60, 66)
_channels = hs.integers(0, 1)
_messages = hs.one_of(
    hs.builds(lambda c, k, v: bytes([0x90 | c, k, v]), _channels, _keys, hs.integers(0, 127)),
    hs.builds(lambda c, k: bytes([0x80 | c, k, 0]), _channels, _keys),
    hs.builds(
        lambda c, n, v: bytes([0xB0 | c, n, v]),
        _channels,
        hs.sampled_from([64, 66]),
        hs.sampled_from([0, 63, 64, 127]),
    ),
    hs.builds(
        lambda c, n: bytes([0xB0 | c, n, 0]),
        _channels,
        hs.sampled_from([120, 121, 122, 123, 124, 125, 127]),
    ),
)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(messages=hs.lists(_messages, max_size=120))
def test_the_keys_that_sound_are_those_of_a_plain_keyboard(messages: list[bytes]) -> None:
    synth = Synth(_SINE, voices=240)
    keyboard = Keyboard()
    for message in messages:
        synth.send(message)
        keyboard.take(message)
        _run(synth, 1)
        assert _held(synth) == list(keyboard)
    sounding = np.isin(_stages(synth), (st.ATTACK, st.DECAY, st.SUSTAIN))
    assert sorted(synth.state[0]["voice_key"][sounding].tolist()) == sorted(
        key for _, key in keyboard
    )


def test_the_pedal_holds_a_note_until_it_goes_up() -> None:
    synth = Synth(_SINE)
    synth.note_on(60, frame=0)
    synth.control(64, 127, frame=100)
    synth.note_off(60, frame=200)
    synth.control(64, 0, frame=9_600)
    audio = _run(synth, 14_400)
    assert np.abs(audio[9_000:9_600]).max() > 0.05
    assert not audio[9_600 + int(0.05 * _RATE) + 2 :].any()


def test_a_pedal_of_another_channel_holds_nothing() -> None:
    synth = Synth(_SINE)
    synth.control(64, 127, channel=1)
    synth.note_on(60)
    _run(synth, 480)
    synth.note_off(60)
    _run(synth, 4_800)
    assert synth.active_voices == 0


def test_a_note_on_without_velocity_is_a_note_off() -> None:
    synth = Synth(_SINE)
    synth.note_on(60, 90)
    _run(synth, 10)
    synth.note_on(60, 0)
    _run(synth, 10)
    assert _held(synth) == []


@pytest.mark.parametrize(
    ("amount", "semitones"), [(0.0, 0.0), (-1.0, -2.0), (1.0, 2.0), (0.5, 1.0)]
)
def test_a_bend_moves_the_pitch_by_its_share_of_the_range(amount: float, semitones: float) -> None:
    synth = Synth(_SINE)
    synth.bend(amount)
    synth.note_on(69)
    audio = _run(synth, _RATE)[4_800:, 0]
    want = hz(69 + semitones)
    assert cents(frequency(audio, want, _RATE), want) == pytest.approx(0.0, abs=0.05)


def test_a_bend_of_a_sounding_note_glides_without_a_step() -> None:
    synth = Synth(_SINE)
    synth.note_on(69)
    before = _run(synth, 9_600)[4_800:, 0]
    synth.bend(1.0)
    after = _run(synth, 57_600)[:, 0]
    want = hz(71)
    assert cents(frequency(after[9_600:], want, _RATE), want) == pytest.approx(0.0, abs=0.05)
    assert np.abs(np.diff(after)).max() < 1.2 * np.abs(np.diff(before)).max()


def test_the_wheel_adds_vibrato_of_half_a_semitone_either_way() -> None:
    synth = Synth(_SINE)
    synth.control(1, 127)
    synth.note_on(69)
    audio = _run(synth, _RATE)[:, 0].astype(np.float64)
    up = np.flatnonzero((audio[:-1] < 0) & (audio[1:] >= 0))
    cross = up - audio[up] / (audio[up + 1] - audio[up])
    pitch = 69 + 12 * np.log2(_RATE / np.diff(cross) / 440.0)
    assert pitch[20:].max() == pytest.approx(69.5, abs=0.03)
    assert pitch[20:].min() == pytest.approx(68.5, abs=0.03)
    turns = np.flatnonzero((pitch[:-1] < 69) & (pitch[1:] >= 69))
    assert np.diff(turns).mean() == pytest.approx(440 / 5.0, rel=0.02)  # five a second


@pytest.mark.parametrize("number", [7, 11])
def test_volume_and_expression_follow_the_square_of_their_controller(number: int) -> None:
    levels = []
    for value in (127, 64, 1):
        synth = Synth(_SINE)
        synth.control(number, value)
        synth.note_on(69)
        levels.append(np.abs(_run(synth, 9_600)[4_800:]).max())
    # 40 log10(value / 127), the level that General MIDI asks for
    assert db(levels[1] / levels[0]) == pytest.approx(40 * np.log10(64 / 127), abs=0.05)
    assert db(levels[2] / levels[0]) == pytest.approx(40 * np.log10(1 / 127), abs=0.05)


@pytest.mark.parametrize(("value", "left", "right"), [(0, 1, 0), (64, 0.5, 0.5), (127, 0, 1)])
def test_pan_keeps_the_power(value: int, left: float, right: float) -> None:
    powers = []
    for pan in (64, value):
        synth = Synth(_SINE)
        synth.control(10, pan)
        synth.note_on(69)
        powers.append((_run(synth, 9_600)[4_800:].astype(np.float64) ** 2).mean(axis=0))
    total = powers[0].sum()
    assert powers[1] / total == pytest.approx([left, right], abs=1e-4)


def test_all_notes_off_releases_and_all_sound_off_is_faster() -> None:
    ends = []
    for number in (123, 120):
        synth = Synth(_SINE)
        synth.note_on(60)
        synth.note_on(64, channel=3)
        _run(synth, 4_800)
        synth.control(number, 0)
        audio = _run(synth, 9_600)
        assert _held(synth) == [(3, 64)]  # the other channel goes on
        synth.control(number, 0, channel=3)
        rest = _run(synth, 9_600)
        assert np.abs(audio[-1]).max() + np.abs(audio[-20]).max() > 0.0
        ends.append(int(np.flatnonzero(rest.any(axis=1)).max()))
        assert synth.active_voices == 0
    assert ends[0] == pytest.approx(0.05 * _RATE, abs=2)
    assert ends[1] == pytest.approx(0.004 * _RATE, abs=2)


def test_a_system_reset_silences_every_channel() -> None:
    synth = Synth(_SINE)
    for channel in range(16):
        synth.note_on(60, channel=channel)
    _run(synth, 4_800)
    synth.send(b"\xff")
    _run(synth, 480)
    assert synth.active_voices == 0


@pytest.mark.parametrize("message", [b"\xf8", b"\xfe", b"\xa0\x3c\x40", b"\xc0\x05", b"\xd0\x40"])
def test_a_message_that_starts_and_ends_no_note_leaves_the_sound_alone(message: bytes) -> None:
    plain, told = Synth(_SINE), Synth(_SINE)
    for synth in (plain, told):
        synth.note_on(60)
    told.send(message, frame=100)
    assert np.array_equal(_run(plain, 4_800), _run(told, 4_800))


def test_a_storm_of_random_messages_leaves_no_note_behind(rng: np.random.Generator) -> None:
    synth = Synth("soft-lead", voices=32)
    for channel, name in enumerate(("pluck", "drum-kit", "warm-pad", "acid-line")):
        synth.program(name, channel)
    count, block = 100_000, 64
    kinds = rng.choice([0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0], count, p=_SHARES)
    statuses = (kinds | rng.integers(0, 16, count)).astype(int)
    data = rng.integers(0, 128, (count, 2)).astype(int)
    out = np.empty((block, 2), np.float32)
    for i, status in enumerate(statuses):
        word = (int(status) & 0x7F) << 14 | int(data[i, 0]) << 7 | int(data[i, 1])
        frame = synth.frame + int(data[i, 1]) % block
        assert push_command(synth.state, st.MIDI, word, frame=frame)
        if i % 50 == 49:
            synth.render_block(out)
            assert np.isfinite(out).all()
            assert synth.active_voices <= 32 + st.RESERVE * 14
    for channel in range(16):
        for number, value in ((72, 64), (64, 0), (66, 0), (123, 0)):  # 72: release
            synth.control(number, value, channel)
    longest = max(patch.amplitude.release for patch in builtin_patches().values())
    _run(synth, int((longest + 1.0) * _RATE))
    assert synth.active_voices == 0
    assert _held(synth) == []
    assert not synth.state[0]["tile_busy"].any()
    assert synth.state[0]["pending_count"] == 0
    assert synth.state[0]["event_dropped"] == 0
    _run(synth, 20 * _RATE)  # the reverb's tail
    assert not _run(synth, 4_800).any()


_SHARES = [0.3, 0.4, 0.02, 0.18, 0.02, 0.02, 0.05, 0.01]
