"""Learn a controller: the next one moved at the keyboard is bound to a control of the patch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.knobs import one_of
from engine.parts import CONTROLS
from engine.patch import keep_patch

if TYPE_CHECKING:
    from engine.synth import Synth

# Bank select, data entry, pedals, parameter numbers, and channel modes have other work to do.
_TAKEN = frozenset({0, 6, 32, 38, *range(64, 70), *range(96, 102), *range(120, 128)})
_FIRST = CONTROLS.index("cutoff")


class Learner:
    """Waits for a controller to move and binds it.

    Parameters
    ----------
    synth : Synth
        Its patch learns, and is kept among the user's own.
    control : str or None
        One of `engine.parts.CONTROLS` to begin with; None learns nothing until `next`.

    Attributes
    ----------
    control : str or None
        What is being learned.

    Raises
    ------
    PatchError
        If there is no such control.
    """

    def __init__(self, synth: Synth, control: str | None = None) -> None:
        if control is not None:
            one_of("control", control, CONTROLS)
        self.control = control
        self._synth = synth
        self._seen = self._last() >> 32

    def _last(self) -> int:
        return int(self._synth.state[0]["last_control"][0])

    def next(self) -> None:
        """Learn the control after the present one, beginning with the cutoff; then none."""
        if self.control is None:
            self.control = CONTROLS[_FIRST]
        else:
            after = (CONTROLS.index(self.control) + 1) % len(CONTROLS)
            self.control = None if after == _FIRST else CONTROLS[after]
        self._seen = self._last() >> 32

    def poll(self) -> str | None:
        """Bind what has moved since; returns what to tell the player, or None.

        Raises
        ------
        PatchError
            If the patch cannot be kept.
        """
        last = self._last()
        count, channel, number = last >> 32, last >> 14 & 0x0F, last >> 7 & 0x7F
        if self.control is None or count == self._seen:
            return None
        self._seen = count
        if number in _TAKEN:
            return None
        patch = self._synth.patch(channel)
        patch = replace(patch, controls={**patch.controls, number: self.control})
        if not self._synth.program(patch, channel=channel):
            self._seen = -1  # the ring was full: once more
            return None
        said = f"controller {number} moves {self.control} of {patch.name}: {keep_patch(patch)}"
        self.control = None
        return said
