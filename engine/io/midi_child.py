"""Carry MIDI from a port into a ring in shared memory: a small program of its own.

A MIDI callback inside a busy process waits for the interpreter lock (up to 64 ms measured, 0.11 ms
in a process of its own) and makes JACK's real-time thread wait with it. So this file is run as

    python -I -S midi_child.py FOLDER_OF_RTMIDI list
    python -I -S midi_child.py FOLDER_OF_RTMIDI read RING [PORT]

and imports neither NumPy nor this project, to start in a few hundredths of a second. It ends when
its standard input does, so it never outlives the program that started it. On standard output it
says, a line each: `priority fifo` or `priority normal`, then `open PORT` or `waiting`, and `alive`
every half a second. When its port is unplugged it ends with `UNPLUGGED`: only a new process is sure
to hear a port that comes back.
"""

from __future__ import annotations

import mmap
import os
import select
import sys
import time

TYPE_CHECKING = False  # importing `typing` for it would double the start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

# The ring: 64-bit words, native order. A header, then `CAPACITY` words of events.
MAGIC = 0x414E_5450_484F_4E31
VERSION = 1
CAPACITY = 4096
HEAD = 16  # events written so far; only the writer stores it. Own cache lines: see engine.rt.ring
TAIL = 32  # events taken so far; only the reader stores it
DROPPED = 48  # events that found no room; only the writer stores it
FIRST = 64
SIZE_BYTES = 8 * (FIRST + CAPACITY)

# Exit codes.
UNPLUGGED = 10
NO_MIDI = 11

POLL_S = 0.1
POLLS_PER_ALIVE = 5
CLIENT_NAME = "antiphon"
NOT_TO_PLAY_FROM = ("Midi Through", CLIENT_NAME)
CLOSE_LIMIT_S = 1.0
CALLBACK_S = 0.02  # four times what the interpreter takes to hand its lock on
REALTIME_PRIORITY = 4  # under JACK's clients (5) and server (10)
SUSTAIN_PEDAL = 64
SOSTENUTO_PEDAL = 66
ALL_NOTES_OFF = 123
SONG_MESSAGES = (0xF2, 0xF8, 0xFA, 0xFB, 0xFC)  # position, clock, start, continue, stop


def now_us() -> int:
    """Return the clock of the stamps: CLOCK_MONOTONIC (macOS: CLOCK_UPTIME_RAW) in microseconds."""
    return time.monotonic_ns() // 1000


def lap_bit(position: int) -> int:
    """Return the bit that marks an event as written; 1 at first, so that zeros mean empty."""
    return ((position // CAPACITY) + 1) & 1


def pack(position: int, time_us: int, status: int, data1: int, data2: int) -> int:
    """Return the word of an event: lap bit, 42 bits of time, 21 bits of message."""
    message = (status & 0x7F) << 14 | data1 << 7 | data2
    return lap_bit(position) << 63 | (time_us & (1 << 42) - 1) << 21 | message


class RingWriter:
    """The writing end of a ring.

    Parameters
    ----------
    words : memoryview of 64-bit words
        The whole file. One aligned store publishes an event, lap bit included, so neither a lock
        nor a barrier is needed.
    """

    def __init__(self, words: memoryview) -> None:
        self.words = words
        # A writer that was killed between its two stores left an event the head does not count.
        head = words[HEAD]
        if head - words[TAIL] < CAPACITY and words[FIRST + head % CAPACITY] >> 63 == lap_bit(head):
            words[HEAD] = head + 1

    def push(self, time_us: int, status: int, data1: int, data2: int) -> bool:
        """Write one message; return False, and count, when the ring is full."""
        words = self.words
        head = words[HEAD]
        if head - words[TAIL] >= CAPACITY:
            words[DROPPED] += 1
            return False
        words[FIRST + head % CAPACITY] = pack(head, time_us, status, data1, data2)
        words[HEAD] = head + 1
        return True

    def push_message(self, time_us: int, message: Sequence[int]) -> None:
        """Write what a port delivered, if it is a channel message or one that steers a song."""
        if (0x80 <= message[0] < 0xF0 and len(message) in (2, 3)) or message[0] in SONG_MESSAGES:
            data = [*message[1:3], 0, 0]
            self.push(time_us, message[0], data[0] & 0x7F, data[1] & 0x7F)

    def release_all(self) -> None:
        """Let go of every note and pedal on all channels."""
        time_us = now_us()
        for channel in range(16):
            self.push(time_us, 0xB0 | channel, SUSTAIN_PEDAL, 0)
            self.push(time_us, 0xB0 | channel, SOSTENUTO_PEDAL, 0)
            self.push(time_us, 0xB0 | channel, ALL_NOTES_OFF, 0)


def without_numbers(name: str) -> str:
    """Return a port's name without ALSA's `client:port` numbers: a replugged one gets new ones."""
    stem, _, last = name.rpartition(" ")
    return stem if stem and last.replace(":", "").isdigit() else name


def pick(names: Sequence[str], wanted: str | None) -> int | None:
    """Return the index of the wanted port: its name, its name without numbers, or a part of it.

    Without a wish it is the first port that is neither the system's own loop nor one of ours: who
    follows the clock that he sends runs away.
    """
    if not wanted:
        real = (i for i, name in enumerate(names) if not name.startswith(NOT_TO_PLAY_FROM))
        return next(real, None)
    stem = without_numbers(wanted)
    for matches in (
        lambda name: name == wanted,
        lambda name: without_numbers(name) == stem,
        lambda name: wanted.lower() in name.lower(),
    ):
        for i, name in enumerate(names):
            if matches(name):
                return i
    return None


def open_client(kind: str) -> Any:
    """Return a new `rtmidi.MidiIn` or `MidiOut` on the first MIDI system that answers.

    `ANTIPHON_MIDI` in the environment (alsa, jack, coremidi) names the only one to try.

    Raises
    ------
    OSError
        If none does, with the reason as one line.
    """
    import rtmidi

    systems = {
        "coremidi": rtmidi.API_MACOSX_CORE,
        "alsa": rtmidi.API_LINUX_ALSA,
        "jack": rtmidi.API_UNIX_JACK,
    }
    only = os.environ.get("ANTIPHON_MIDI", "")
    if only not in {"", *systems}:
        raise OSError(f"ANTIPHON_MIDI must be one of {', '.join(systems)}, got {only}")
    reasons = []
    for system, api in systems.items():
        if api not in rtmidi.get_compiled_api() or only not in ("", system):
            continue
        sequencer = "/dev/snd/seq"
        if system == "alsa" and not os.access(sequencer, os.R_OK | os.W_OK):
            reasons.append(
                f"{sequencer} may not be opened (join the group 'audio')"
                if os.path.exists(sequencer)  # noqa: PTH110  pathlib is slow to import
                else "no ALSA sequencer (try: sudo modprobe snd-seq)"
            )
            continue
        try:
            return getattr(rtmidi, kind)(rtapi=api, name=CLIENT_NAME)
        except OSError:
            reasons.append({"jack": "no JACK server"}.get(system, f"{system} does not answer"))
    raise OSError(" and ".join(reasons) or "no MIDI system here that is known")


def open_input() -> Any:
    """Return a new `rtmidi.MidiIn` that delivers the clock too, which it drops by default."""
    midi_in = open_client("MidiIn")
    midi_in.ignore_types(sysex=True, timing=False, active_sense=True)
    return midi_in


def list_ports() -> tuple[list[str], list[str]]:
    """Return the names of the input and of the output ports; raises as `open_client` does."""
    names = []
    for kind in ("MidiIn", "MidiOut"):
        client = open_client(kind)
        names.append(client.get_ports())
        # Python's own clean-up leaves JACK's client behind, and a process that ends with two of
        # them stops the server for five seconds.
        client.delete()
    return names[0], names[1]


def say(line: str) -> None:
    """Tell the program that started this one; if it has gone, end."""
    try:
        os.write(1, line.encode("utf-8", "replace") + b"\n")
    except OSError:
        os._exit(0)


def ask_for_priority() -> str:
    """Ask to run ahead of ordinary threads; ALSA's and CoreMIDI's callback threads inherit it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
    except (AttributeError, OSError):  # macOS has no such call; Linux may refuse it
        return "normal"
    return "fifo"


def count_threads() -> int:
    """Return how many threads this process has (Linux; elsewhere 0)."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208  pathlib is slow to import
    except OSError:
        return 0


def leave(midi_in: Any, code: int) -> NoReturn:
    """Close the port and end.

    Closing holds the interpreter lock and waits for the callback, which would wait for the lock:
    so the callback is taken off first, and one that has begun is given time. Should closing hang
    all the same, an alarm without a handler ends the process; JACK's server may be deaf for as
    long as its limit for clients after that.
    """
    import signal

    signal.setitimer(signal.ITIMER_REAL, CLOSE_LIMIT_S)
    midi_in.cancel_callback()
    time.sleep(CALLBACK_S)
    midi_in.delete()
    os._exit(code)


def read(path: str, wanted: str | None) -> NoReturn:
    """Carry events from the wanted port into the ring until unplugged or left alone."""
    with open(path, "r+b") as file:  # noqa: PTH123  pathlib is slow to import
        writer = RingWriter(memoryview(mmap.mmap(file.fileno(), SIZE_BYTES)).cast("Q"))
    say("priority " + ask_for_priority())

    def take(event: tuple[list[int], float], _: object) -> None:
        time_us = now_us()
        writer.push_message(time_us, event[0])

    midi_in = open_input()
    midi_in.set_callback(take)
    port = None
    before: list[str] | None = None
    polls = threads = 0
    while True:
        # A JACK client goes on listing the ports of a server that has died; only its thread ends.
        now = count_threads()
        if now < threads:
            leave(midi_in, UNPLUGGED)
        threads = now
        names = midi_in.get_ports()
        if port is None:
            index = pick(names, wanted)
            # JACK lists a port before its owner is active, refuses to connect it, and RtMidi does
            # not tell: so one that has just come is left alone until the next look.
            if index is not None and (before is None or names[index] in before):
                midi_in.open_port(index, "in")
                port = names[index]
                say(f"open {port}")
            elif polls == 0:
                say("waiting")
        elif port not in names:
            leave(midi_in, UNPLUGGED)
        before = names
        if polls % POLLS_PER_ALIVE == 0:
            say("alive")
        polls += 1
        if select.select([0], [], [], POLL_S)[0] and not os.read(0, 64):
            # Whoever was killed could not tidy up after itself.
            os.unlink(path) if os.path.exists(path) else None  # noqa: PTH108, PTH110
            leave(midi_in, 0)


def main(arguments: Sequence[str]) -> None:
    """Run one of the two commands; see the text at the top of this file."""
    if arguments[0]:
        sys.path.append(arguments[0])
    try:
        if arguments[1] == "list":
            inputs, outputs = list_ports()
            for name in inputs:
                say(f"input {name}")
            for name in outputs:
                say(f"output {name}")
        else:
            read(arguments[2], arguments[3] if len(arguments) > 3 else None)
    except (ImportError, OSError) as error:
        say(f"why {error}")
        os._exit(NO_MIDI)


if __name__ == "__main__":
    main(sys.argv[1:])
