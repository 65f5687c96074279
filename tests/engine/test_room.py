"""The simulated room: its decay, its level, its noise, and blocks that join without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from engine.room import SimulatedRoom, impulse_response, pink_noise

_RATE = 16_000


@pytest.mark.parametrize("rt60_s", [0.2, 0.4, 1.0])
def test_the_tail_falls_by_sixty_decibels_in_the_reverberation_time(
    rt60_s: float, rng: np.random.Generator
) -> None:
    response = impulse_response(_RATE, rt60_s, rng)
    assert (response**2).sum() == pytest.approx(1.0)
    left = np.cumsum(response[::-1] ** 2)[::-1]  # Schroeder's integral
    level = 10 * np.log10(left / left[0])
    direct = int(0.006 * _RATE)
    assert not response[:direct].any()  # two metres of air
    tail = level[direct + 1 :]
    t = np.arange(tail.size) / _RATE
    early = (t > 0.02 * rt60_s) & (t < 0.6 * rt60_s)
    slope = np.polyfit(t[early], tail[early], 1)[0]
    assert -60 / slope == pytest.approx(rt60_s, rel=0.1)


def test_the_noise_has_equal_power_in_every_octave(rng: np.random.Generator) -> None:
    noise = pink_noise(1 << 18, rng)
    assert np.sqrt((noise**2).mean()) == pytest.approx(1.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(8, 17)]
    assert 10 * np.log10(max(octaves) / min(octaves)) < 1.5


def test_silence_is_heard_as_noise_of_the_level_asked_for() -> None:
    room = SimulatedRoom(_RATE, 256, noise_rms=0.02)
    heard = np.concatenate([room(np.zeros((256, 2), np.float32)) for _ in range(625)])
    assert heard.dtype == np.float32
    assert np.sqrt((heard**2).mean()) == pytest.approx(0.02, rel=1e-3)  # ten seconds: all of it


def test_blocks_join_as_one_convolution(rng: np.random.Generator) -> None:
    played = rng.standard_normal((4_096, 2)).astype(np.float32)
    room = SimulatedRoom(_RATE, 128, noise_rms=0.0, seed=3)
    heard = np.concatenate([room(played[at : at + 128]) for at in range(0, 4_096, 128)])
    response = impulse_response(_RATE, 0.4, np.random.default_rng(3))
    want = np.convolve(played.mean(axis=1, dtype=np.float64), response)[: heard.size]
    assert heard == pytest.approx(want, abs=1e-5)


def test_a_block_longer_than_the_room_was_made_for_is_refused() -> None:
    room = SimulatedRoom(_RATE, 128, noise_rms=0.0)
    with pytest.raises(ValueError, match="played must have at most 128 frames, got 129"):
        room(np.zeros((129, 2), np.float32))


def test_the_same_seed_gives_the_same_room() -> None:
    played = np.ones((128, 2), np.float32)
    one, two, other = (SimulatedRoom(_RATE, 128, 0.1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one(played), two(played))
    assert not np.array_equal(one(played), other(played))
