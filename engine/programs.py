"""Which patch each channel plays: asked for here, or by a program change in the callback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import PatchError
from engine.patch import Patch
from engine.rt import playing_state as ps
from engine.rt.state import CHANNELS
from engine.sounds import Bench, Sounds, load_general_midi

if TYPE_CHECKING:
    from numpy.typing import NDArray

Send = Callable[[int, int, int, int, int, "NDArray[np.float64] | None"], bool]


class Programs:
    """The patches of sixteen channels; a part of `Synth`, which checks the numbers.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
    sample_rate : float
    first : Patch
        Of every channel to begin with.
    send : callable
        Sends a command: kind, three numbers, frame, values; False when the ring was full.
    """

    def __init__(
        self, state: NDArray[np.void], sample_rate: float, first: Patch, send: Send
    ) -> None:
        self.lock = threading.Lock()
        self._state = state
        self._send = send
        self._sounds: Sounds = load_general_midi(state, sample_rate)
        self._benches: dict[int, Bench] = {}
        self._asked = [(0, first)] * CHANNELS  # how many patches were asked for, and the last
        for channel in range(CHANNELS):
            self.program(first, channel, -1)

    def _emit(self, kind: int, a: int, b: int, c: int, values: NDArray[np.float64]) -> bool:
        return self._send(kind, a, b, c, -1, values)

    def program(self, patch: Patch, channel: int, frame: int) -> bool:
        """Give a channel a patch for its next notes."""
        with self.lock:
            number = self._sounds.number(patch, self._emit)
            return number is not None and self._ask(ps.PLAY, channel, number, frame, patch)

    def turn(self, patch: Patch, channel: int) -> bool:
        """Give a channel a patch for the notes that sound as well.

        All that is turned on a channel is one sound, written anew, so that it costs no other.
        """
        with self.lock:
            bench = self._benches.get(channel) or self._sounds.reserve()
            if bench is None:
                raise PatchError("no sound is left to be turned: too many patches are in use")
            self._benches[channel] = bench
            sent = self._sounds.rewrite(bench, patch, self._emit)
            return sent and self._ask(ps.TURN, channel, bench.sound, -1, patch)

    def assign(self, program: int, patch: Patch, channel: int, frame: int) -> bool:
        """Let a program change mean a patch."""
        with self.lock:
            number = self._sounds.number(patch, self._emit)
        return number is not None and self._send(ps.PROGRAM, channel, program, number, frame, None)

    def patch(self, channel: int) -> Patch:
        """Return what was asked for last, here or by a program change."""
        serial, asked = self._asked[channel]
        if int(self._state[0]["sound_serial"][channel]) < serial:
            return asked  # on its way
        return self._sounds.patches[int(self._state[0]["sound"][channel])]

    def begun(self, channel: int) -> tuple[int, Patch]:
        """Return how many patches were asked for on a channel, and the present one."""
        return self._asked[channel][0], self.patch(channel)

    def _ask(self, kind: int, channel: int, sound: int, frame: int, patch: Patch) -> bool:
        serial = self._asked[channel][0] + 1
        if not self._send(kind, channel, sound, serial, frame, None):
            return False
        self._asked[channel] = serial, patch
        return True
