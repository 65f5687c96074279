"""The decks in the callback: what crosses, holds and flushes, frame by frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.rt import deck_state as ds
from engine.rt import state as st
from engine.rt.callback import render_offline
from engine.rt.ring import push_command, write_deck
from engine.rt.state import new_state
from tests.measure import db

RATE = 48_000
_EASE = round(ds.EASE_S * RATE)

Sound = NDArray[np.float32]


class _Mixer:
    """A state whose decks hold what they were given, until they are told to run."""

    def __init__(self, first: Sound, second: Sound) -> None:
        self.state = new_state(RATE)
        self.send(ds.DECK_RUN, 3, 0)
        self.render(_EASE)
        for deck, sound in enumerate((first, second)):
            assert write_deck(self.state, np.stack([sound, -sound], 1), deck) == len(sound)

    def send(self, kind: int, a: int, b: int, c: int = 0, frame: int = -1) -> None:
        assert push_command(self.state, kind, a, b, c, frame)

    def cross(
        self, to: int, frames: int, law: float = 0.0, cut: bool = False, at: int = -1
    ) -> None:
        word = round(law * ds.LAW_UNIT) | (ds.CUT if cut else 0)
        self.send(ds.DECK_CROSS, to, frames, word, at)

    def mark(self, deck: int, at: int, frames: int, law: float = 0.0) -> None:
        word = frames << 7 | round(law * ds.LAW_UNIT) << 1 | deck
        self.send(ds.DECK_MARK, at & (1 << 31) - 1, at >> 31, word)

    def render(self, frames: int, blocks: tuple[int, ...] = ()) -> Sound:
        out = np.empty((frames, 2), np.float32)
        at = 0
        for size in itertools.chain(blocks, itertools.repeat(frames)):
            if at >= frames:
                break
            render_offline(self.state, out[at : at + size])
            at += size
        assert np.array_equal(out[:, 0], -out[:, 1])
        return out[:, 0]

    def tail(self, deck: int) -> int:
        return int(self.state[0]["deck_tail"][deck, 0])


def _ones(frames: int, level: float = 0.5) -> Sound:
    return np.full(frames, level, np.float32)


@pytest.mark.parametrize("law", [0.0, 1.0, 20 / 63])
def test_a_crossfade_follows_its_law_frame_by_frame(law: float) -> None:
    frames = 4_801
    a, b = _ones(20_000, 0.5), np.linspace(0.1, 0.4, 20_000, dtype=np.float32)
    mixer = _Mixer(a, b)
    mixer.cross(0, 0, cut=True)
    assert np.array_equal(mixer.render(1_000), a[:1_000])
    mixer.cross(1, frames, law)
    got = mixer.render(frames + 1_000)
    x = np.minimum(np.arange(len(got)) / frames, 1.0)
    out = (1 - law) * np.cos(np.pi / 2 * x) + law * (1 - x)
    into = (1 - law) * np.sin(np.pi / 2 * x) + law * x
    want = a[1_000 : 1_000 + len(got)] * out + b[: len(got)] * into
    np.testing.assert_allclose(got, want, atol=2e-6)
    assert np.array_equal(got[frames + 1 :], b[frames + 1 : len(got)])
    assert mixer.tail(0) == 1_000 + frames + 1  # what has faded out is held where it was
    assert mixer.state[0]["deck_front"][0] == 1


def test_equal_power_keeps_the_power_of_sounds_that_differ(rng: np.random.Generator) -> None:
    noise = [np.asarray(0.1 * rng.standard_normal(48_000), np.float32) for _ in range(2)]
    mixer = _Mixer(*noise)
    mixer.cross(0, 0, cut=True)
    mixer.cross(1, 40_000, at=_EASE + 2_000)
    got = mixer.render(44_000).astype(np.float64)
    level = [db(np.std(part) / 0.1) for part in got.reshape(11, -1)]
    assert np.abs(level).max() < 0.6  # of 4000 values each: 0.1 dB of chance


def test_a_mark_is_kept_to_the_frame_and_moves_with_a_pause() -> None:
    a, b = _ones(20_000), _ones(20_000, 0.25)
    mixer = _Mixer(a, b)
    mixer.cross(0, 0, cut=True)
    mixer.mark(0, 7_001, 0)
    mixer.send(ds.DECK_RUN, 3, 0, frame=_EASE + 3_000)
    mixer.send(ds.DECK_RUN, 1, 1, frame=_EASE + 10_000)
    got = mixer.render(20_000)
    held = 10_000 - 3_000 - _EASE
    begun = 7_001 + held
    assert got[begun - 1] == 0.5
    # the one that is left eases out, the other one is there at once and in full
    assert np.array_equal(got[begun + _EASE : begun + _EASE + 5_000], b[:5_000])
    assert not got[3_000 + _EASE : 10_000].any()
    assert mixer.tail(1) == 20_000 - begun


def test_a_pause_within_a_crossfade_holds_the_crossfade() -> None:
    t = np.arange(40_000)
    a = np.asarray(0.4 * np.sin(0.02 * t), np.float32)
    b = np.asarray(0.3 * np.sin(0.05 * t + 1), np.float32)

    def run(pause: bool) -> Sound:
        mixer = _Mixer(a, b)
        mixer.cross(0, 0, cut=True)
        mixer.cross(1, 9_600, at=_EASE + 4_800)
        first = mixer.render(8_000)
        if not pause:
            return np.concatenate([first, mixer.render(10_000)])
        mixer.send(ds.DECK_RUN, 3, 0)
        eased = mixer.render(5_000)
        assert not eased[_EASE:].any()
        mixer.send(ds.DECK_RUN, 3, 1)
        return np.concatenate([first, eased[:_EASE], mixer.render(10_000 - _EASE)])

    plain, paused = run(pause=False), run(pause=True)
    eased = slice(8_000, 8_000 + 2 * _EASE)
    assert np.array_equal(np.delete(plain, np.r_[eased]), np.delete(paused, np.r_[eased]))
    assert np.all(np.abs(paused[eased]) <= np.abs(plain[eased]) + 1e-7)


def test_what_was_written_for_a_held_deck_is_not_heard_before_its_turn() -> None:
    mixer = _Mixer(_ones(5_000), _ones(5_000, 0.25))
    assert not mixer.render(1_000).any()
    mixer.send(ds.DECK_RUN, 1, 1)
    mixer.send(ds.DECK_RUN, 1, 0)
    mixer.send(st.DECK_FLUSH, 5_000, 0, 0)
    assert not mixer.render(1_000).any()
    assert mixer.tail(0) == 5_000


def test_a_deck_that_is_about_to_come_back_goes_on_after_a_flush(rng: np.random.Generator) -> None:
    mixer = _Mixer(rng.standard_normal(RATE).astype(np.float32), np.zeros(9, np.float32))
    mixer.send(ds.DECK_RUN, 1, 1)
    mixer.send(st.DECK_FLUSH, RATE // 2, 0)  # within the same block
    assert np.abs(mixer.render(2 * _EASE)).max() > 0.1
    assert mixer.tail(0) == RATE // 2 + 2 * _EASE


def test_a_deck_comes_back_from_a_hold_without_a_step() -> None:
    mixer = _Mixer(_ones(9_000), _ones(1))
    mixer.cross(0, 0, cut=True)
    mixer.render(1_000)
    for _ in range(3):  # changed one's mind within the fade
        mixer.send(ds.DECK_RUN, 1, 0)
        gone = mixer.render(100)
        mixer.send(ds.DECK_RUN, 1, 1)
        back = mixer.render(300)
        assert np.abs(np.diff(np.concatenate([[0.5], gone, back]))).max() < 0.5 * 1.6 / _EASE
        assert back[-1] == 0.5


_numbers = hs.integers(0, 1)
_frames = hs.integers(0, 1_500)
_commands = hs.one_of(
    hs.builds(lambda a, b: (ds.DECK_RUN, a, b, 0), hs.integers(0, 3), _numbers),
    hs.builds(lambda d, g, n: (ds.DECK_GAIN, d, g, n), _numbers, hs.integers(0, 1 << 16), _frames),
    hs.builds(
        lambda d, n, law, cut: (ds.DECK_CROSS, d, n, law | cut * ds.CUT),
        _numbers, _frames, hs.integers(0, 63), _numbers,
    ),
    hs.builds(lambda d, at: (st.DECK_FLUSH, at, 0, d), _numbers, hs.integers(0, 3_000)),
    hs.builds(
        lambda d, at, n, law: (ds.DECK_MARK, at, 0, n << 7 | law << 1 | d),
        _numbers, hs.integers(0, 3_000), _frames, hs.integers(0, 63),
    ),
)  # fmt: skip
_LENGTH = 3_000


@settings(derandomize=True, deadline=None, max_examples=80)
@given(
    commands=hs.lists(hs.tuples(hs.integers(0, _LENGTH), _commands), max_size=12),
    blocks=hs.lists(hs.integers(1, 400), min_size=1, max_size=40),
)
def test_no_cut_of_blocks_is_heard_whatever_the_decks_are_told(
    commands: list[tuple[int, tuple[int, int, int, int]]], blocks: list[int]
) -> None:
    def render(sizes: tuple[int, ...]) -> bytes:
        t = np.arange(3_000, dtype=np.float32)
        mixer = _Mixer(0.4 * np.sin(t / 9), 0.3 * np.sin(t / 7))
        mixer.send(ds.DECK_RUN, 1, 1)
        for frame, command in sorted(commands):
            mixer.send(*command, frame=_EASE + frame)
        out = mixer.render(_LENGTH, sizes)
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 0.7 + 1e-6
        return out.tobytes()

    assert render(tuple(blocks) * 40) == render(())


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    told=hs.lists(
        hs.tuples(
            hs.integers(0, 6_000),
            hs.one_of(
                hs.builds(lambda a, b: (ds.DECK_RUN, a, b, 0), hs.integers(0, 3), _numbers),
                hs.builds(lambda d, n: (ds.DECK_CROSS, d, n, 0), _numbers, hs.integers(480, 3_000)),
            ),
        ),
        max_size=6,
    )
)
def test_nothing_that_the_decks_are_told_makes_a_step(
    told: list[tuple[int, tuple[int, int, int, int]]],
) -> None:
    mixer = _Mixer(_ones(9_000), _ones(9_000))
    mixer.send(ds.DECK_RUN, 1, 1)
    for frame, command in sorted(told):
        mixer.send(*command, frame=_EASE + frame)
    steps = np.abs(np.diff(mixer.render(8_000)))
    assert steps.max() < 2 * 0.5 * 1.6 / _EASE  # both easing at once
    # the steepest of a smooth step of 5 ms is 1.5 times its mean


def test_the_tap_holds_the_latest_output_and_the_meters_its_sources() -> None:
    from engine.io.device import HandStream
    from engine.synth import Synth

    synth = Synth()
    stream = HandStream(synth, 600, lambda played: played[:, 0] * np.float32(0.5))
    music = np.asarray(0.3 * np.sin(np.arange(12_000) / 5), np.float32)
    write_deck(synth.state, np.stack([music, music], 1), 1)
    heard = np.concatenate([stream.step().copy() for _ in range(15)])
    one = synth.state[0]
    head = int(one["tap_head"][0])
    assert head == 9_000
    assert np.array_equal(one["tap"][:head], heard)
    meter = one["meter"]
    assert meter[ds.METER_DECKS + 1] == pytest.approx(0.3, abs=0.01)
    assert meter[ds.METER_DECKS] == meter[ds.METER_SYNTH] == 0.0
    assert meter[ds.METER_MIC] == pytest.approx(0.15, abs=0.01)
    for _ in range(5 + 240):  # the music ends, and three seconds pass
        stream.step()
    assert meter[ds.METER_DECKS + 1] < 1e-4
