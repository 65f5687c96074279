"""Effects by themselves: sound put where the voices would send it, and what comes out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from engine.parts import Chorus, Delay, Reverb
from engine.rt import rack_state as rs
from engine.rt.callback import render_offline
from engine.rt.rack_settings import rack_numbers
from engine.rt.state import CELL, new_state

Floats = NDArray[np.float64]


def new_rack(
    sample_rate: float,
    chorus: Chorus | None = None,
    delay: Delay | None = None,
    reverb: Reverb | None = None,
) -> NDArray[np.void]:
    """Return a state without voices whose rack has these settings."""
    state = new_state(sample_rate)
    set_rack(state, chorus, delay, reverb)
    return state


def set_rack(
    state: NDArray[np.void],
    chorus: Chorus | None = None,
    delay: Delay | None = None,
    reverb: Reverb | None = None,
) -> None:
    """Let the rack glide to settings, as from the next control point."""
    parts = chorus or Chorus(), delay or Delay(), reverb or Reverb()
    state[0]["rack_target"] = rack_numbers(*parts, float(state[0]["sample_rate"]))


def send(
    state: NDArray[np.void], effect: int, sound: Floats, cuts: Iterable[int] = ()
) -> NDArray[np.float32]:
    """Send mono sound to an effect and render as long, in pieces of `cuts` frames.

    Sound goes in at the ends of cells, by when the voices would have made it.
    """
    frames = len(sound) // CELL * CELL
    out = np.zeros((frames, 2), np.float32)
    one = state[0]
    last = int(np.flatnonzero(sound).max(initial=0))  # from there on, cuts may cross cells
    at = 0
    for cut in chain(cuts, repeat(4096)):
        if at == frames:
            return out
        until = min(at + cut, frames, (at // CELL + 1) * CELL if at <= last else frames)
        render_offline(state, out[at:until])
        at = until
        if at % CELL == 0 and sound[at - CELL : at].any():
            one["sends"][effect] = sound[at - CELL : at]
            one["sends_used"] = 1
    raise AssertionError  # repeat does not end


def impulse_response(state: NDArray[np.void], effect: int, seconds: float) -> Floats:
    """Return what an impulse of 1/4 makes, times four, shape (frames, 2)."""
    sound = np.zeros(round(seconds * float(state[0]["sample_rate"])))
    sound[0] = 0.25
    return 4.0 * send(state, effect, sound).astype(np.float64)


__all__ = ["impulse_response", "new_rack", "rs", "send", "set_rack"]
