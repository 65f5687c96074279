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
        Keys outside the scale sound as their neighbours inside.
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
        if drone is not None:
            synth.program(drone, channel=DRONE_CHANNEL)

    @property
    def snaps(self) -> bool:
        """Whether keys outside the scale sound as their neighbours inside."""
        return self._snaps

    def snap(self, on: bool) -> None:
        """Let all keys sound in the scale of the key that was heard last, or as they are."""
        if on == self._snaps:
            return
        self._snaps = on
        if self._key is not None or not on:
            scale = None if self._key is None or not on else self._key.scale()
            self._synth.set_tuning(self._pitches if scale is None else snap(self._pitches, scale))

    def take(self, key: Key | None) -> None:
        """Follow another key; None lets go of the drone and keeps the scale as it was last."""
        before, self._key = self._key, key
        if _same(before, key):
            return
        for note in self._sounding:
            self._synth.note_off(note, DRONE_CHANNEL)
        self._sounding = []
        if key is None:
            return
        if self._snaps:
            self._synth.set_tuning(snap(self._pitches, key.scale()))
        if self._drones:
            tonic = _DRONE_LOWEST + key.tonic
            self._sounding = [tonic, tonic + _FIFTH]
            for note in self._sounding:
                self._synth.note_on(note, _DRONE_VELOCITY, DRONE_CHANNEL)


def _same(one: Key | None, other: Key | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.tonic, one.mode) == (other.tonic, other.mode)
