"""The player's panel: one line of how things stand, and the keys that do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.app.live import meter_line

if TYPE_CHECKING:
    from rich.console import Console

    from engine.app.learn import Learner
    from engine.app.live import Keyboard
    from engine.io.device import Stream
    from engine.io.record import Recorder
    from engine.synth import Synth

KEYS = "l learns a controller (again: of the next control), p silences everything"


class Panel:
    """What `antiphon play` shows and obeys while it plays.

    Parameters
    ----------
    stream : Stream
    keyboard : Keyboard
    learner : Learner
    recorder : Recorder or None
    """

    def __init__(
        self, stream: Stream, keyboard: Keyboard, learner: Learner, recorder: Recorder | None
    ) -> None:
        self._synth: Synth = stream.synth
        self._stream = stream
        self._keyboard = keyboard
        self._recorder = recorder
        self._learner = learner

    def news(self) -> str | None:
        """Return what has happened and deserves a line of its own, or None."""
        return self._learner.poll()

    def line(self) -> str:
        """Return how things stand now."""
        parts = [meter_line(self._synth, self._stream, self._keyboard)]
        if self._recorder is not None:
            parts.append("NOT RECORDING" if self._recorder.error else _length(self._recorder))
        if self._learner.control is not None:
            parts.append(f"move a controller for {self._learner.control}")
        return "  ".join(parts)

    def press(self, key: str) -> None:
        """Do what a key of the terminal stands for; see `KEYS`."""
        if key == "l":
            self._learner.next()
        elif key == "p":
            self._synth.panic()

    def tell_end(self, console: Console) -> None:
        """Say how it went; the recorder is closed by now."""
        console.print(meter_line(self._synth, self._stream, None), markup=False)
        recorder = self._recorder
        if recorder is None:
            return
        if recorder.error is not None:
            console.print(str(recorder.error), markup=False)
        else:
            console.print(f"{recorder.path}: {_length(recorder)}", markup=False)


def _length(recorder: Recorder) -> str:
    gaps = f", {recorder.dropped} frames LOST" if recorder.dropped else ""
    return f"recorded {recorder.seconds:.1f} s{gaps}"
