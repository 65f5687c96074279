"""The effects that all channels share: what was asked for, as rows that the callback can take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.parts import Chorus, Delay, Reverb
from engine.patch import Patch
from engine.rt.rack_settings import rack_numbers
from engine.rt.rack_state import RACK_ROWS, RACK_SLOTS


class Rack:
    """Settings of the effects, beginning with those of a patch.

    Parameters
    ----------
    sample_rate : float
        Frames per second.
    """

    def __init__(self, sample_rate: float) -> None:
        self._sample_rate = sample_rate
        self._row = RACK_SLOTS  # rows below belong to patches
        self._begun: tuple[int, Patch] | None = None
        self._parts = Chorus(), Delay(), Reverb()

    def change(
        self,
        begun: tuple[int, Patch],
        chorus: Chorus | None,
        delay: Delay | None,
        reverb: Reverb | None,
    ) -> tuple[int, NDArray[np.float64]]:
        """Change some of the effects.

        Parameters
        ----------
        begun : (int, Patch)
            The patch whose effects they were, and the how-manieth it was: when that is not as at
            the last change, what is not given is the patch's.
        chorus, delay, reverb
            New settings; None: as they are.

        Returns
        -------
        row : int                            of `rack_rows` in the state, in turn
        numbers : ndarray, (RACK_PARAMETERS,)   to be put there
        """
        if begun != self._begun:
            self._begun = begun
            self._parts = begun[1].chorus, begun[1].delay, begun[1].reverb
        old_chorus, old_delay, old_reverb = self._parts
        self._parts = chorus or old_chorus, delay or old_delay, reverb or old_reverb
        row = self._row
        self._row = RACK_SLOTS + (row + 1 - RACK_SLOTS) % (RACK_ROWS - RACK_SLOTS)
        return row, rack_numbers(*self._parts, self._sample_rate)
