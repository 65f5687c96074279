"""Send a MIDI clock to a port: a small program of its own, for the reason midi_child.py gives.

    python -I -S clock_child.py FOLDER_OF_RTMIDI [PORT]

Reads lines `TIME_US BEAT BEATS_PER_US` from standard input: the beat at a moment of the monotonic
clock, and its slope; the newest line counts. Sends 24 clocks a beat; before the first, and wherever
the beat has leapt, a song position and a start or continue. Ends, with a stop, when standard input
does. On standard output it says `open PORT` or `why REASON`.
"""

from __future__ import annotations

import math
import os
import select
import sys
import time

TYPE_CHECKING = False  # importing `typing` for it would double the start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
TICKS_PER_BEAT = 24
TICKS_PER_POSITION = 6  # a sixteenth note
POSITIONS = 1 << 14
LEAP_TICKS = 1.5  # a clock this far from its line is at another place
WAIT_S = 0.1  # without anything to send


class Ticker:
    """Which messages are due when, for a beat that moves in straight lines."""

    def __init__(self) -> None:
        self._line: tuple[float, float, float] | None = None
        self._next = 0  # number of the next tick
        self._runs = False

    def _at(self, time_us: float) -> float:
        """Return the line's beat at a moment, in ticks."""
        assert self._line is not None
        start_us, beat, slope = self._line
        return TICKS_PER_BEAT * (beat + (time_us - start_us) * slope)

    def follow(self, time_us: float, beat: float, beats_per_us: float, now_us: float) -> bool:
        """Take a line; return whether the clock has to stop, since the beat has leapt."""
        fresh = self._line is None
        self._line = time_us, beat, beats_per_us
        behind = self._at(now_us) - self._next
        if not fresh and -1.0 - LEAP_TICKS < behind < LEAP_TICKS:
            return False
        # before a place that song positions can name, so that it can be said in time
        sixteenths = math.floor(self._at(now_us) / TICKS_PER_POSITION) + 1
        self._next = sixteenths * TICKS_PER_POSITION
        runs, self._runs = self._runs, False
        return runs

    def wait_us(self, now_us: float) -> float:
        """Return how long it is until the next tick; infinity without a line."""
        if self._line is None:
            return math.inf
        slope = TICKS_PER_BEAT * self._line[2]
        return (self._next - self._at(now_us)) / slope

    def tick(self) -> list[bytes]:
        """Return the messages of the tick that is due; the clock itself comes last."""
        number, self._next = self._next, self._next + 1
        messages = []
        if not self._runs and number >= 0 and number % TICKS_PER_POSITION == 0:
            self._runs = True
            position = number // TICKS_PER_POSITION % POSITIONS
            if position:
                messages.append(bytes([POSITION, position & 127, position >> 7]))
            messages.append(bytes([CONTINUE if position else START]))
        return [*messages, bytes([CLOCK])]

    def stop(self) -> list[bytes]:
        """Return what ends the clock."""
        return [bytes([STOP])] if self._runs else []


def now_us() -> float:
    """Return the monotonic clock in microseconds, as the audio callback reads it."""
    return time.monotonic_ns() / 1000


def parse(text: bytes) -> tuple[float, float, float] | None:
    """Return the numbers of a line, or None if it has no such."""
    try:
        time_us, beat, slope = (float(word) for word in text.split())
    except ValueError:
        return None
    return (time_us, beat, slope) if slope > 0 and math.isfinite(time_us + beat + slope) else None


def run(port: Any) -> None:
    """Send until standard input ends."""
    ticker = Ticker()
    held = b""
    while True:
        wait_s = min(WAIT_S, max(0.0, ticker.wait_us(now_us()) / 1e6))
        if select.select([0], [], [], wait_s)[0]:
            news = os.read(0, 4096)
            if not news:
                break
            *lines, held = (held + news).split(b"\n")
            line = next((one for text in lines[::-1] if (one := parse(text))), None)
            if line is not None and ticker.follow(*line, now_us()):
                port.send_message([STOP])
        if ticker.wait_us(now_us()) <= 0.0:
            for message in ticker.tick():
                port.send_message(list(message))
    for message in ticker.stop():
        port.send_message(list(message))


def main(arguments: Sequence[str]) -> None:
    """Open the port and run; see the text at the top of this file."""
    if arguments[0]:
        sys.path.append(arguments[0])
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    import midi_child  # type: ignore[import-not-found]

    try:
        midi_child.ask_for_priority()
        port = midi_child.open_client("MidiOut")
        names = port.get_ports()
        wanted = arguments[1] if len(arguments) > 1 else None
        index = None if wanted is None else midi_child.pick(names, wanted)
        if wanted is not None and index is None:
            raise OSError(f"no MIDI output {wanted!r}; there are: {'; '.join(names) or 'none'}")
        if index is None:
            port.open_virtual_port("clock")
        else:
            port.open_port(index, "clock")
        midi_child.say(f"open {names[index] if index is not None else 'antiphon:clock'}")
        run(port)
        port.delete()
    except (ImportError, OSError) as error:
        midi_child.say(f"why {error}")
        os._exit(midi_child.NO_MIDI)


if __name__ == "__main__":
    main(sys.argv[1:])
