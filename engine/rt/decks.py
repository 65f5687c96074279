"""The decks in the callback: two rings of sound, played, held, faded and crossed.

All that moves is counted in frames that the deck has played, so that a pause within a crossfade
holds the crossfade as well, and no cut of blocks is heard.
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt import deck_state as ds
from engine.rt._native import load_acquire, store_release
from engine.rt.deck_state import DECK_FRAMES, DECKS, NEVER

_S1, _S3, _S5, _S7, _S9, _S11 = (
    (-1) ** (k // 2) * (math.pi / 2) ** k / math.factorial(k) for k in (1, 3, 5, 7, 9, 11)
)
_LAST = DECK_FRAMES - 1


@kernel(realtime=True)
def hold_deck(state, deck):  # type: ignore[no-untyped-def]
    """Let a deck fall silent and stay where it is."""
    state.deck_run[deck] = 0
    state.deck_ease_step[deck] = -1 if state.deck_ease[deck] > 0 else 0


@kernel(realtime=True)
def run_deck(state, deck):  # type: ignore[no-untyped-def]
    """Let a deck that was held come back; a flush that is under way comes first."""
    if state.deck_run[deck] == 0:
        state.deck_run[deck] = 1
        if state.deck_until[deck] <= state.deck_tail[deck, 0]:
            state.deck_ease_step[deck] = 1


@kernel(realtime=True)
def _end_ease(state, deck, tail):  # type: ignore[no-untyped-def]
    """Silence is reached: do what it was for, and return where the ring goes on."""
    state.deck_ease_step[deck] = 0
    state.deck_ease_of[deck] = state.deck_ease_frames
    state.deck_ease[deck] = state.deck_ease_of[deck] if state.deck_run[deck] != 0 else 0
    return max(tail, state.deck_until[deck])


@kernel(realtime=True)
def flush_deck(state, deck, until):  # type: ignore[no-untyped-def]
    """Drop what a ring holds before `until`, once the deck has eased out; keep what comes later."""
    left = until - state.deck_tail[deck, 0]
    state.deck_until[deck] = max(state.deck_until[deck], until)
    if left <= 0:
        if state.deck_ease_step[deck] < 0:
            _end_ease(state, deck, until)
    elif state.deck_ease[deck] == 0:  # nobody hears it, though it may be about to come back
        store_release(state.deck_tail[deck], state.deck_until[deck])
    elif state.deck_ease_step[deck] >= 0:
        if left < state.deck_ease[deck]:  # as far as there is sound
            state.deck_ease_of[deck] = max(
                state.deck_ease_of[deck] * left // state.deck_ease[deck], np.int64(1)
            )
            state.deck_ease[deck] = min(left, state.deck_ease_of[deck])
        state.deck_ease_step[deck] = -1


@kernel(realtime=True)
def glide_deck(state, deck, gain, frames, law):  # type: ignore[no-untyped-def]
    """Let a deck's gain go to another one in a number of frames."""
    state.deck_gain_from[deck] = state.deck_gain[deck]
    state.deck_gain_to[deck] = gain
    state.deck_glide[deck] = 0
    state.deck_glide_of[deck] = frames
    state.deck_law[deck] = law
    if frames <= 0 or state.deck_ease[deck] == 0:  # nobody hears it
        state.deck_gain[deck] = gain
        state.deck_glide_of[deck] = 0


@kernel(realtime=True)
def cross_decks(state, to, frames, law, cut):  # type: ignore[no-untyped-def]
    """Let a deck take over from the other one, which is held when it has faded out."""
    for deck in range(DECKS):
        state.deck_mark[deck] = NEVER
        silent = state.deck_ease[deck] == 0
        if deck != to:
            if silent or frames <= 0:
                hold_deck(state, deck)
            else:
                glide_deck(state, deck, 0.0, frames, law)
            continue
        if silent:
            state.deck_gain[deck] = 1.0 if cut else 0.0
            state.deck_ease_of[deck] = state.deck_ease_frames
            state.deck_ease[deck] = state.deck_ease_of[deck]
            state.deck_ease_step[deck] = 0
            state.deck_run[deck] = 1
        else:
            run_deck(state, deck)
        glide_deck(state, deck, 1.0, frames, law)
    state.deck_crossings += 1
    store_release(state.deck_front, np.int64(to))


@kernel(realtime=True)
def set_mark(state, deck, at, frames, law):  # type: ignore[no-untyped-def]
    """Note at which frame of a deck's ring the other one takes over."""
    state.deck_mark[deck] = at
    state.deck_mark_frames[deck] = frames
    state.deck_mark_law[deck] = law


@kernel(realtime=True)
def cross_at_mark(state):  # type: ignore[no-untyped-def]
    """Let the other deck take over where that was asked for."""
    for deck in range(DECKS):
        if state.deck_run[deck] != 0 and state.deck_tail[deck, 0] >= state.deck_mark[deck]:
            cross_decks(
                state,
                1 - deck,
                state.deck_mark_frames[deck],
                state.deck_mark_law[deck],
                False,
            )


@kernel(realtime=True)
def frames_to_mark(state, most):  # type: ignore[no-untyped-def]
    """How many frames, one at least and `most` at most, there are until a deck takes over."""
    for deck in range(DECKS):
        left = state.deck_mark[deck] - state.deck_tail[deck, 0]
        if state.deck_run[deck] != 0 and left < most:
            most = max(left, np.int64(1))
    return most


@kernel(realtime=True, inline=True)
def _sine(x):  # type: ignore[no-untyped-def]
    """Sine of x quarter turns, x of 0..1, to 1e-7; 0 at 0."""
    y = x * x
    return x * (_S1 + y * (_S3 + y * (_S5 + y * (_S7 + y * (_S9 + y * _S11)))))


@kernel(realtime=True)
def _gain(state, deck):  # type: ignore[no-untyped-def]
    """Gain of a deck at its next frame, by which it moves on."""
    gain = state.deck_gain[deck]
    if state.deck_glide_of[deck] > 0:
        x = state.deck_glide[deck] / state.deck_glide_of[deck]
        a, b = state.deck_gain_from[deck], state.deck_gain_to[deck]
        law = state.deck_law[deck]
        straight = a + (b - a) * x
        away, near = a * _sine(1.0 - x), b * _sine(x)
        power = np.sqrt(away * away + near * near)
        gain = power + (straight - power) * law
        state.deck_gain[deck] = gain
        state.deck_glide[deck] += 1
        if state.deck_glide[deck] > state.deck_glide_of[deck]:
            state.deck_glide_of[deck] = 0
            state.deck_gain[deck] = b
    if state.deck_ease_step[deck] != 0:
        x = state.deck_ease[deck] / state.deck_ease_of[deck]
        gain *= x * x * (3.0 - 2.0 * x)
        state.deck_ease[deck] += state.deck_ease_step[deck]
        if state.deck_ease_step[deck] > 0 and state.deck_ease[deck] >= state.deck_ease_of[deck]:
            state.deck_ease[deck] = state.deck_ease_of[deck]
            state.deck_ease_step[deck] = 0
    return gain


@kernel(realtime=True)
def _play_moving(state, deck, first, count, tail, head):  # type: ignore[no-untyped-def]
    """Add a deck whose gain moves; returns where its ring goes on, and the peak."""
    peak = np.float32(0.0)
    for i in range(count):
        if tail >= head:
            break
        gain = _gain(state, deck)
        at = tail & _LAST
        left, right = state.deck[deck, at, 0] * gain, state.deck[deck, at, 1] * gain
        state.deck_mix[0, first + i] += left
        state.deck_mix[1, first + i] += right
        peak = max(peak, np.float32(abs(left)), np.float32(abs(right)))
        tail += 1
        # what comes after a flush is not for a deck that is being held
        reached = state.deck_ease_step[deck] < 0 and tail == state.deck_until[deck]
        if state.deck_ease[deck] <= 0 or reached:
            tail = _end_ease(state, deck, tail)
            if state.deck_run[deck] == 0:
                break
        if state.deck_glide_of[deck] == 0 and state.deck_gain_to[deck] == 0.0:
            state.deck_run[deck] = 0  # it has faded out
            state.deck_ease[deck] = 0
            tail = _end_ease(state, deck, tail)
            break
    return tail, peak


@kernel(realtime=True)
def _play_deck(state, deck, first, count):  # type: ignore[no-untyped-def]
    """Add the next frames of a deck that is not held."""
    tail = state.deck_tail[deck, 0]
    head = load_acquire(state.deck_head[deck])
    frames = min(count, head - tail)
    if frames <= 0:
        if state.deck_ease_step[deck] < 0:
            state.deck_ease[deck] = 0
            store_release(state.deck_tail[deck], _end_ease(state, deck, tail))
        return
    if state.deck_mix_used == 0:
        for i in range(count):
            state.deck_mix[0, first + i] = 0.0
            state.deck_mix[1, first + i] = 0.0
        state.deck_mix_used = 1
    if state.deck_ease_step[deck] != 0 or state.deck_glide_of[deck] > 0:
        tail, peak = _play_moving(state, deck, first, count, tail, head)
    else:
        peak = np.float32(0.0)
        gain = state.deck_gain[deck]
        for i in range(frames):
            at = (tail + i) & _LAST
            left, right = state.deck[deck, at, 0] * gain, state.deck[deck, at, 1] * gain
            state.deck_mix[0, first + i] += left
            state.deck_mix[1, first + i] += right
            peak = max(peak, np.float32(abs(left)), np.float32(abs(right)))
        tail += frames
        state.deck_starved[deck] += count - frames
    state.meter[ds.METER_DECKS + deck] = max(state.meter[ds.METER_DECKS + deck], peak)
    store_release(state.deck_tail[deck], tail)


@kernel(realtime=True)
def play_decks(state, first, count):  # type: ignore[no-untyped-def]
    """Put `count` frames of both decks from frame `first` of the cell into state.deck_mix."""
    state.deck_mix_used = 0
    for deck in range(DECKS):
        if state.deck_ease[deck] > 0 or state.deck_ease_step[deck] > 0:
            _play_deck(state, deck, first, count)
