"""What follows the key of the music: keys that snap to its scale, a drone on its tonic."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.analysis import Key
from engine.patch import Patch
from engine.synth import Synth

DRONE_CHANNEL = 15  # the last, counted from 0
_DRONE_LOWEST = 36  # C2
_FIFTH = 7
_DRONE_VELOCITY = 60
_KEYS = 128


def snap(pitches: ArrayLike, pitch_classes: Collection[int]) -> NDArray[np.float64]:
    """Return the pitches of 128 keys where those outside a scale take the pitch of a neighbour.

    Parameters
    ----------
    pitches : array_like, shape (128,)
        In MIDI notes; NaN for a silent key.
    pitch_classes : collection of int
        The scale: 0 to 11, C to B; of two neighbours as near the lower one is taken.

    Raises
    ------
    ValueError
        If the shape is another, or the scale has no pitch class, or one outside 0..11.

    Examples
    --------
    >>> white = (0, 2, 4, 5, 7, 9, 11)
    >>> snap(range(128), white)[60:65].tolist()
    [60.0, 60.0, 62.0, 62.0, 64.0]
    """
    given = np.asarray(pitches, np.float64)
    if given.shape != (_KEYS,):
        raise ValueError(f"pitches must have shape (128,), got {given.shape}")
    if not pitch_classes or not all(0 <= one <= 11 for one in pitch_classes):
        raise ValueError(f"pitch_classes must be some of 0 to 11, got {list(pitch_classes)}")
    inside = np.flatnonzero(np.isin(np.arange(_KEYS) % 12, list(pitch_classes)))
    distance = np.abs(np.arange(_KEYS)[:, None] - inside[None, :])
    return np.asarray(given[inside[distance.argmin(axis=1)]])


class Harmony:
    """Lets a synthesizer's keys and drone follow a key.

    Parameters
    ----------
    synth : Synth
    snaps : bool
        Keys outside the scale sound as their neighbours inside, if the patch of the first channel
        wants that, too.
    drone : Patch or str, optional
        Holds tonic and fifth, on the last channel.
    pitches : array_like, shape (128,)
        The tuning of the keys without a scale.
    """

    def __init__(
        self,
        synth: Synth,
        snaps: bool = False,
        drone: Patch | str | None = None,
        pitches: ArrayLike = range(_KEYS),
    ) -> None:
        self._synth = synth
        self._snaps = snaps
        self._pitches = np.asarray(pitches, np.float64)
        self._drones = drone is not None
        self._sounding: list[int] = []
        self._key: Key | None = None
        self._scale: tuple[int, ...] | None = None  # that the keys sound in
        if drone is not None:
            synth.program(drone, channel=DRONE_CHANNEL)

    @property
    def snaps(self) -> bool:
        """Whether keys outside the scale sound as their neighbours inside."""
        return self._snaps

    @property
    def snapping(self) -> bool:
        """Whether they do with the patch that is played, which must want it, too."""
        return self._snaps and self._synth.patch(0).follow.scale

    def snap(self, on: bool) -> None:
        """Let all keys sound in the scale of the key that was heard last, or as they are."""
        self._snaps = on
        self._tune()

    def take(self, key: Key | None) -> None:
        """Follow another key; None lets go of the drone and keeps the scale as it was last.

        Called again and again, it notices another patch as well.
        """
        before, self._key = self._key, key
        self._tune()
        if _same(before, key):
            return
        for note in self._sounding:
            self._synth.note_off(note, DRONE_CHANNEL)
        self._sounding = []
        if key is not None and self._drones:
            tonic = _DRONE_LOWEST + key.tonic
            self._sounding = [tonic, tonic + _FIFTH]
            for note in self._sounding:
                self._synth.note_on(note, _DRONE_VELOCITY, DRONE_CHANNEL)

    def _tune(self) -> None:
        """Let the keys sound as they should by now."""
        scale: tuple[int, ...] | None = None
        if self.snapping:
            scale = self._scale if self._key is None else self._key.scale()
        if scale != self._scale:
            snapped = self._pitches if scale is None else snap(self._pitches, scale)
            if self._synth.set_tuning(snapped):
                self._scale = scale


def _same(one: Key | None, other: Key | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.tonic, one.mode) == (other.tonic, other.mode)
