"""The synthesizer's beat as a MIDI clock for other instruments."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from engine.errors import DeviceError
from engine.io import clock_child
from engine.io.midi import child_command

if TYPE_CHECKING:
    from engine.io.device import Stream

_EVERY_S = 0.05
_PATIENCE_S = 10.0
_TRIES = 8


class ClockOut:
    """Sends clock, song position, start and stop while it is open; close it before the stream.

    Parameters
    ----------
    stream : Stream
        Whose synthesizer's beat it is, at the moment at which it is heard.
    port : str, optional
        Name, or part of it, of a MIDI output; a port of our own, `antiphon:clock`, without one.

    Attributes
    ----------
    port : str
        Full name of the port.

    Raises
    ------
    DeviceError
        If there is no such port, or no MIDI at all.
    """

    def __init__(self, stream: Stream, port: str | None = None) -> None:
        self._stream = stream
        self._child = subprocess.Popen(
            child_command(clock_child.__file__, *([] if port is None else [port])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is ours to handle; it ends when we do
        )
        assert self._child.stdout is not None
        kind, _, rest = self._child.stdout.readline().decode("utf-8", "replace").partition(" ")
        if kind != "open":
            self._end()
            raise DeviceError(rest.strip() or "the MIDI clock could not be started")
        self.port = rest.strip()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock out", daemon=True)
        self._thread.start()

    def line(self) -> tuple[float, float, float]:
        """Return a moment in microseconds, the beat that is heard then, and beats a microsecond."""
        synth = self._stream.synth
        one = synth.state[0]
        for _ in range(_TRIES):  # the callback moves them
            frame, beat = synth.beat_frame, synth.beat
            start_us, began = float(one["clock_start_us"]), int(one["clock_at"])
            if synth.beat_frame == frame:
                break
        frame_us = float(one["clock_frame_us"])
        heard_us = start_us + (frame - began) * frame_us + 1e6 * self._stream.latency_s
        return heard_us, beat, float(one["beats_per_frame"]) / frame_us

    def _run(self) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):  # the child has gone; closing says so
            while not self._closing.wait(_EVERY_S):
                if self._stream.synth.state[0]["calls"] > 0:
                    text = " ".join(repr(number) for number in self.line())
                    self._child.stdin.write(text.encode() + b"\n")

    def _end(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def close(self) -> None:
        """Send a stop and close the port."""
        self._closing.set()
        self._thread.join()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
