"""Rings between the audio callback and everybody else: one writer and one reader each.

Indices only grow. The writer fills first and then moves the head with release; the reader takes
the head with acquire and then moves the tail. A full ring takes no more; nobody waits.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from engine.rt._native import load_acquire, store_release
from engine.rt.deck_state import DECK_FRAMES, DECKS
from engine.rt.state import COMMANDS, MIC_FRAMES, PARAMETERS


@kernel
def _push_command(state, frame, kind, a, b, c, values):  # type: ignore[no-untyped-def]
    head = state.command_head[0]
    if head - load_acquire(state.command_tail) >= COMMANDS:
        return False
    at = head & (COMMANDS - 1)
    state.command_frame[at] = frame
    state.command_word[at, 0] = kind
    state.command_word[at, 1] = a
    state.command_word[at, 2] = b
    state.command_word[at, 3] = c
    for k in range(values.size):
        state.command_values[at, k] = values[k]
    store_release(state.command_head, head + 1)
    return True


@kernel
def _write_deck(state, deck, samples):  # type: ignore[no-untyped-def]
    # samples (n, 2) float32
    head = state.deck_head[deck, 0]
    room = DECK_FRAMES - (head - load_acquire(state.deck_tail[deck]))
    count = min(np.int64(samples.shape[0]), room)
    for i in range(count):
        at = (head + i) & (DECK_FRAMES - 1)
        state.deck[deck, at, 0] = samples[i, 0]
        state.deck[deck, at, 1] = samples[i, 1]
    store_release(state.deck_head[deck], head + count)
    return count


@kernel
def _read_mic(state, out):  # type: ignore[no-untyped-def]
    # out (n,) float32
    tail = state.mic_tail[0]
    count = min(np.int64(out.size), load_acquire(state.mic_head) - tail)
    for i in range(count):
        out[i] = state.mic[(tail + i) & (MIC_FRAMES - 1)]
    store_release(state.mic_tail, tail + count)
    return count


_NO_VALUES = np.zeros(0)
_pushing = threading.Lock()  # player, deck and session all send; the ring knows one writer


def push_command(
    state: NDArray[np.void],
    kind: int,
    a: int = 0,
    b: int = 0,
    c: int = 0,
    frame: int = -1,
    values: NDArray[np.float64] = _NO_VALUES,
) -> bool:
    """Send a command (kinds in engine/rt/state.py) to the callback; False when the ring is full.

    `frame` is the absolute frame it takes effect, negative for as soon as possible. Any thread but
    the callback's may call this.
    """
    if values.size > PARAMETERS:
        raise ValueError(f"values must have at most {PARAMETERS} numbers, got {values.size}")
    with _pushing:
        return bool(_push_command(state[0], frame, kind, a, b, c, values))


def write_deck(state: NDArray[np.void], samples: NDArray[np.float32], deck: int = 0) -> int:
    """Append stereo frames, shape (n, 2), for the callback to play; returns how many fitted."""
    if not 0 <= deck < DECKS:
        raise ValueError(f"deck must be between 0 and {DECKS - 1}, got {deck}")
    return int(_write_deck(state[0], deck, samples))


def read_mic(state: NDArray[np.void], out: NDArray[np.float32]) -> int:
    """Fill `out` with microphone samples in order; returns how many there were."""
    return int(_read_mic(state[0], out))
