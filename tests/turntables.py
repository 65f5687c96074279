"""Decks that play as fast as they are rendered, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.decks import Cue, Decks
from engine.synth import Synth

RATE = 48_000
Sound = NDArray[np.float32]


class Turntables:
    """A synthesizer without a device, its decks, and all that they gave so far."""

    def __init__(
        self, following: Iterable[Cue] | None = None, block: int = 480, crossfade_s: float = 0.0
    ) -> None:
        self.synth = Synth()
        self.errors: list[tuple[str, str]] = []
        self.asked = 0
        self._following: Iterator[Cue] = iter(following or ())
        on_next = None if following is None else self._next
        self.decks = Decks(
            self.synth.state, RATE, on_next, lambda path, why: self.errors.append((path.name, why))
        )
        self.decks.crossfade_s = crossfade_s
        self.heard = np.zeros((0, 2), np.float32)
        self._block = block

    def _next(self) -> Cue | None:
        self.asked += 1
        return next(self._following, None)

    def run(
        self, seconds: float = 0.0, until: Callable[[], bool] | None = None, most_s: float = 60.0
    ) -> Sound:
        """Render for some seconds, or until something is so; returns what was heard meanwhile."""
        parts = []
        frames = round((seconds if until is None else most_s) * RATE)
        while frames > 0:
            assert self.decks.catch_up(), self.decks.status
            if until is not None and until():
                break
            out = np.empty((min(self._block, frames), 2), np.float32)
            self.synth.render_block(out)
            parts.append(out)
            frames -= len(out)
        assert until is None or until(), self.decks.status
        heard = np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
        self.heard = np.concatenate([self.heard, heard])
        return heard

    def start(self, cue: Cue) -> None:
        """Play a cue from the next frame on."""
        self.decks.play(cue)
        assert self.decks.wait_until_ready()

    def play_out(self) -> Sound:
        """Render until nothing plays, and the last of it is through."""
        heard = self.run(until=lambda: self.decks.playing is None)
        return np.concatenate([heard, self.run(0.02)])

    def close(self) -> None:
        """End the decks."""
        self.decks.close()


def write(path: Path, left: NDArray[np.float64], rate: int = RATE) -> Path:
    """Write a sound with its negative on the other side, without rounding it."""
    soundfile.write(path, np.stack([left, -left], axis=1), rate, subtype="FLOAT")
    return path


def sine(hz: float, seconds: float, level: float = 0.5) -> NDArray[np.float64]:
    """Return a sine that begins at its crest's height of zero slope: any cut of it is a step."""
    return level * np.cos(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def sounding(heard: Sound) -> Sound:
    """Return the frames from the first that is not silent to the last."""
    frames = np.flatnonzero(heard.any(axis=1))
    return heard[frames[0] : frames[-1] + 1] if frames.size else heard[:0]


def roughness(heard: Sound) -> float:
    """Return the steepest bend of a sound: of a click, and of nothing slow, it is large."""
    return float(np.abs(np.diff(heard[:, 0].astype(np.float64), 2)).max())
