"""What the live commands share: opening streams and keyboards, and saying what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from engine.io.clock_out import ClockOut
    from engine.io.device import Stream
    from engine.io.midi import MidiInput
    from engine.io.midiring import MidiRing
    from engine.synth import Synth

DEFAULT_BLOCK = 128
COMPILING = "getting ready (the first time, the synthesizer is compiled: half a minute)"


OWN_PORT = "own"
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--clock-out",
        metavar="PORT",
        help="Send the beat as MIDI clock: to this output, or `own` for a port of our own.",
    ),
]


class Keyboard:
    """A MIDI input joined to a stream; close it before the stream.

    Parameters
    ----------
    stream : Stream
        Whose callback reads the notes.
    port : str or None
        Name or part of the name; None for the first port, now or when one appears.
    """

    def __init__(self, stream: Stream, port: str | None) -> None:
        import numpy as np

        from engine.io.midi import MidiInput
        from engine.io.midiring import MidiRing

        self._ring: MidiRing = MidiRing.create()
        stream.attach_midi(self._ring.words.view(np.int64))
        self.midi: MidiInput = MidiInput(port, self._ring)

    @property
    def dropped(self) -> int:
        """Messages that found the ring full."""
        return self._ring.dropped

    def close(self) -> None:
        """Close the port and its ring."""
        self.midi.close()
        self._ring.close()


def send_clock(stream: Stream, port: str) -> ClockOut:
    """Start a MIDI clock to a port, or to one of our own; say which."""
    from engine.io.clock_out import ClockOut

    clock = ClockOut(stream, None if port == OWN_PORT else port)
    typer.echo(f"clock   goes out by {clock.port}", err=True)
    return clock


def require_midi_port(port: str | None) -> None:
    """Raise DeviceError unless a MIDI input, of that name if one is given, is there."""
    from engine.errors import DeviceError
    from engine.io.midi import input_ports, why_no_midi
    from engine.io.midi_child import pick

    ports = input_ports()
    if pick(ports, port) is not None:
        return
    if port and ports:
        raise DeviceError(f"no MIDI input {port!r}; there are: {'; '.join(ports)}")
    raise DeviceError(f"{why_no_midi() or 'no MIDI keyboard is connected'} (--wait waits for one)")


def device_sample_rate(output: str | None, fallback: float = 48_000.0) -> float:
    """Return the rate the output device prefers."""
    from engine.io.device import find_device

    rate = find_device(output, "output").sample_rate
    return rate if 8_000 <= rate <= 192_000 else fallback


def tune(synth: Synth, scale: Path | None, mapping: Path | None) -> None:
    """Give a synth the tuning of Scala files, if there are any.

    Raises
    ------
    TuningError
        If one cannot be read, or a mapping has no scale.
    """
    from engine.errors import TuningError
    from engine.io.scala import read_tuning

    if scale is not None:
        synth.set_tuning(read_tuning(scale, mapping)[1])
    elif mapping is not None:
        raise TuningError(f"{mapping}: a keyboard mapping needs a scale (--tuning FILE.scl)")


def meter_line(synth: Synth, stream: Stream, keyboard: Keyboard | None) -> str:
    """Return how things stand, in one line."""
    report = stream.report()
    share = 100.0 * report.mean_us / report.period_us
    parts = [
        f"voices {report.active_voices:3d}",
        f"callback {report.mean_us:5.0f} of {report.period_us:.0f} us ({share:4.1f} %)",
        f"worst {report.worst_us:.0f} us",
        f"xruns {report.xruns}",
        f"dropped {report.dropped_events + (keyboard.dropped if keyboard else 0)}",
    ]
    if keyboard is not None:
        parts.insert(0, keyboard.midi.port or f"MIDI {keyboard.midi.state}")
    return "  ".join(parts)
