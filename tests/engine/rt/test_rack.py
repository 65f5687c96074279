"""The rack as a whole: any cut of blocks, sleep, and what it costs to be silent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.parts import Chorus, Delay, Reverb
from engine.rt import rack_state as rs
from engine.rt import state as st
from engine.rt.callback import render_offline
from engine.rt.ring import push_command
from tests.effects import new_rack, send, set_rack

_RATE = 48_000
_SETTINGS = {
    "chorus": Chorus(rate=3.0),
    "delay": Delay(time=0.011, feedback=0.7),
    "reverb": Reverb(seconds=0.4),
}


def _play(effect: int, cuts: list[int]) -> bytes:
    """A burst, its tail, and a change of settings on the way."""
    state = new_rack(_RATE, **_SETTINGS)
    burst = np.zeros(6_400)
    burst[70:900] = 0.3 * np.random.default_rng(6).normal(size=830)
    first = send(state, effect, burst, cuts)
    set_rack(state, Chorus(depth=5.0), Delay(time=0.03, feedback=0.2), Reverb(damping=1.0))
    return (first.tobytes()) + send(state, effect, burst[:3_200], cuts[::-1]).tobytes()


@settings(derandomize=True, deadline=None, max_examples=15)
@given(effect=hs.integers(0, 2), cuts=hs.lists(hs.integers(1, 900), max_size=60))
def test_every_cut_of_blocks_gives_the_same_samples(effect: int, cuts: list[int]) -> None:
    assert _play(effect, cuts) == _play(effect, [])


@pytest.mark.parametrize("effect", range(rs.EFFECTS))
def test_an_effect_goes_to_sleep_with_its_tail_and_then_gives_exactly_zero(effect: int) -> None:
    state = new_rack(_RATE, **_SETTINGS)
    burst = np.zeros(2 * _RATE)
    burst[:4_800] = 0.3 * np.random.default_rng(6).normal(size=4_800)
    tail = send(state, effect, burst)
    assert tail[5_000:6_000].any()
    out = np.empty((6 * _RATE, 2), np.float32)
    render_offline(state, out)
    assert not out[5 * _RATE :].any()
    assert not state[0]["rack_awake"].any()
    assert state[0]["wet_used"] == 0
    # nothing is left of it: the next sound is as a first one
    fresh = send(new_rack(_RATE, **_SETTINGS), effect, burst)
    assert send(state, effect, burst).tobytes() == fresh.tobytes()


def test_a_sound_below_minus_120_db_wakes_nobody_and_one_above_wakes_one() -> None:
    state = new_rack(_RATE)
    assert not send(state, rs.DELAY, np.full(640, 0.9e-6)).any()
    assert not state[0]["rack_awake"].any()
    send(state, rs.DELAY, np.full(640, 2e-6))
    assert (state[0]["rack_awake"] > 0).tolist() == [False, True, False]


def test_a_sleeping_effect_takes_new_settings_at_once() -> None:
    state = new_rack(_RATE, delay=Delay(time=0.2))
    set_rack(state, delay=Delay(time=0.05, feedback=0.0))
    sound = np.zeros(4_800)
    sound[0] = 0.5
    assert np.flatnonzero(send(state, rs.DELAY, sound)[:, 0]).tolist() == [2_400]


@pytest.mark.parametrize("blocks", [[480] * 10, [7] * 686])
def test_settings_that_are_sent_act_on_their_frame(blocks: list[int]) -> None:
    def after(frame: int) -> NDArray[np.float64]:
        state = new_rack(_RATE)
        row = np.arange(rs.RACK_PARAMETERS, dtype=np.float64)
        assert push_command(state, st.RACK_ROW, 3, values=row)
        assert push_command(state, st.RACK, 3, frame=frame)
        for count in blocks:
            render_offline(state, np.empty((count, 2), np.float32))
        return np.array(state[0]["rack_target"])

    wanted = np.arange(rs.RACK_PARAMETERS)
    assert np.array_equal(after(4_000), wanted)
    assert not np.array_equal(after(40_000), wanted)


def test_what_voices_do_not_send_stays_dry() -> None:
    state = new_rack(_RATE, **_SETTINGS)
    out = np.empty((_RATE, 2), np.float32)
    render_offline(state, out)
    assert not out.any()
    assert state[0]["wet_used"] == 0


@pytest.mark.parametrize("effect", range(rs.EFFECTS))
def test_between_and_after_echoes_no_number_is_denormal(effect: int) -> None:
    state = new_rack(_RATE, delay=Delay(time=0.3, tone=900.0), reverb=Reverb(seconds=0.2))
    one = state[0]
    send(state, effect, np.where(np.arange(320) == 40, 0.5, 0.0))
    smallest = np.finfo(np.float32).tiny
    for _ in range(3_000):
        render_offline(state, np.empty((32, 2), np.float32))
        for name in ("delay_tone", "reverb_low", "reverb_tone"):
            kept = np.abs(np.atleast_1d(one[name]))
            assert not ((kept > 0) & (kept < smallest)).any(), name


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    rate=hs.sampled_from([8_000, 48_000, 192_000]),
    changes=hs.lists(
        hs.tuples(
            hs.builds(Chorus, rate=hs.floats(0.01, 10.0), depth=hs.floats(0.0, 8.0)),
            hs.builds(
                Delay,
                time=hs.floats(0.001, 4.0),
                feedback=hs.floats(0.0, 0.95),
                tone=hs.floats(200.0, 20_000.0),
                sync=hs.sampled_from(["", "1/16", "32/4"]),
            ),
            hs.builds(Reverb, seconds=hs.floats(0.1, 20.0), damping=hs.floats(0.0, 1.0)),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_no_order_of_settings_makes_it_louder_than_its_feedback_allows(
    rate: int, changes: list[tuple[Chorus, Delay, Reverb]]
) -> None:
    state = new_rack(rate)
    noise = np.random.default_rng(8).uniform(-1.0, 1.0, 3_200)
    for parts in changes:
        set_rack(state, *parts)
        for effect in range(rs.EFFECTS):
            send(state, effect, noise)
            assert np.isfinite(state[0]["wet"]).all()
            assert np.abs(state[0]["wet"]).max() < 30.0
    lines = state[0]["delay_line"], state[0]["reverb_line"]
    assert all(np.isfinite(line).all() for line in lines)
    assert np.abs(lines[0]).max() <= 1.0 / (1.0 - 0.95)  # the sum of all echoes of the loudest


@pytest.mark.parametrize("sample_rate", [_RATE, 192_000])
def test_panic_ends_every_tail_within_milliseconds_and_leaves_nothing_of_it(
    sample_rate: int,
) -> None:
    state = new_rack(sample_rate, delay=Delay(time=0.1, feedback=0.95), reverb=Reverb(seconds=20.0))
    burst = 0.1 * np.random.default_rng(6).normal(size=sample_rate // 3 // 32 * 32)
    for effect in range(rs.EFFECTS):
        send(state, effect, burst)
    assert push_command(state, st.PANIC)
    out = np.empty((sample_rate, 2), np.float32)
    render_offline(state, out)
    first = np.abs(out[:160]).max(axis=1)
    assert first[:32].max() > 0.01
    assert not out[160:].any()
    assert np.abs(np.diff(out[:160, 0])).max() < 2.5 * first.max()  # of noise, and it fades
    for effect in range(rs.EFFECTS):
        assert not state[0]["rack_awake"].any()
        fresh = new_rack(
            sample_rate, delay=Delay(time=0.1, feedback=0.95), reverb=Reverb(seconds=20.0)
        )
        assert send(state, effect, burst).tobytes() == send(fresh, effect, burst).tobytes()
        assert push_command(state, st.PANIC)
        render_offline(state, out)
