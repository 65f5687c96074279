"""MIDI in: a port's events, stamped, into a ring that the audio callback reads.

The reading is done by a child process (`engine.io.midi_child` says why). Here it is started,
watched and replaced:
when it dies, when it says nothing for two seconds, when its port is unplugged. Where
no child can be started a thread of this process polls instead, which works but is late when the
process is busy.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Literal

from engine.io import midi_child
from engine.io.midiring import MidiRing

State = Literal["starting", "open", "waiting", "no midi", "closed"]

_SILENCE_S = 2.0  # a child says `alive` twice a second
# Until its client is open. A server that has lost a client may be deaf for some seconds, and
# whoever kills a child that waits for it makes the next one wait too.
_OPENING_S = 15.0
_RETRY_S = 0.1  # after a child that ended at once; doubled up to the limit each time
_RETRY_LIMIT_S = 2.0
_FAILED_STARTS = 3  # in a row, of a child that never said a word: a thread takes over
_THREAD_POLL_S = 0.001


def child_command(program: str, *arguments: str) -> list[str]:
    """Return the command line of a child; given the folder of rtmidi, it can skip `site`."""
    found = importlib.util.find_spec("rtmidi")
    folder = str(Path(found.origin).parent.parent) if found and found.origin else ""
    return [sys.executable or "", "-I", "-S", program, folder, *arguments]


def _survey() -> tuple[list[str], list[str], str | None]:
    """Return input ports, output ports, and why there is no MIDI at all (or None)."""
    try:
        # A process of its own: a list taken in this one can be stale on macOS.
        done = subprocess.run(
            child_command(midi_child.__file__, "list"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], [], "the MIDI system does not answer"
    except OSError:
        try:
            return *midi_child.list_ports(), None
        except (ImportError, OSError) as error:
            return [], [], _advise(str(error))
    said = [line.partition(" ") for line in done.stdout.decode("utf-8", "replace").splitlines()]
    why = next((rest for kind, _, rest in said if kind == "why"), None)
    if why is None and done.returncode:
        why = f"the program that lists MIDI ports failed (exit code {done.returncode})"
    inputs = [rest for kind, _, rest in said if kind == "input"]
    return inputs, [rest for kind, _, rest in said if kind == "output"], why and _advise(why)


def _advise(why: str) -> str:
    """Return the reason in words that say what to do."""
    if "libasound" in why:
        return "the ALSA library is missing (try: sudo apt-get install libasound2)"
    if "No module named 'rtmidi'" in why:
        return "python-rtmidi is not installed (try: pip install python-rtmidi)"
    return why


def input_ports() -> list[str]:
    """Return the names of the MIDI ports that can be played from; empty if there are none.

    Takes a few hundredths of a second: a child process asks the system.
    """
    return _survey()[0]


def output_ports() -> list[str]:
    """Return the names of the MIDI ports that can be played to; empty if there are none."""
    return _survey()[1]


def why_no_midi() -> str | None:
    """Return in one line why there is no port to play from, or None when there is one."""
    inputs, _, why = _survey()
    if why is None and midi_child.pick(inputs, None) is None:
        return "no MIDI keyboard is connected"
    return why


class MidiInput:
    """Carry events from a MIDI port into a ring until closed, whatever happens to the port.

    Parameters
    ----------
    port : str or None
        Name of the port, with or without ALSA's numbers, or a part of it (case does not matter);
        None takes the first port there is. It need not be there yet: it is opened when it appears,
        and again when it comes back.
    ring : MidiRing
        Where the events go. Nothing else may write to it meanwhile.

    Attributes
    ----------
    state : str
        "starting", "open", "waiting" (for the port), "no midi" (no MIDI system), or "closed".
    port : str or None
        Full name of the open port.
    mode : str
        "process", or "thread" where no process could be started.
    priority : str or None
        "fifo" when the child runs ahead of ordinary threads, "normal" when the system refused.
    restarts : int
        How often the child was replaced, for whatever reason.

    Notes
    -----
    When the port or the child is lost, pedals up and all-notes-off on the 16 channels go into the
    ring, so that no note hangs.

    Examples
    --------
    >>> with MidiRing.create() as ring, MidiInput(None, ring) as keys:
    ...     keys.state
    'starting'
    """

    def __init__(self, port: str | None, ring: MidiRing) -> None:
        if not isinstance(port, str | None):
            raise TypeError(f"port must be a name or None, got {port!r}")
        if port is not None and not port.strip():
            raise ValueError(f"port must not be blank, got {port!r}")
        self.state: State = "starting"
        self.port: str | None = None
        self.mode: Literal["process", "thread"] = "process"
        self.priority: str | None = None
        self.restarts = 0
        self._wanted = port
        self._ring = ring
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        # Only this thread touches the child, so nothing can happen to it in between.
        self._thread = threading.Thread(target=self._keep, name="midi input", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self.port, self.state = None, "closed"

    def __enter__(self) -> MidiInput:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _keep(self) -> None:
        """Keep a child running until closed."""
        failed_starts = 0
        pause_s = 0.0
        while not self._closing.wait(pause_s):
            started_s = time.monotonic()
            try:
                spoke = self._run_child()
            except OSError:
                failed_starts, spoke = _FAILED_STARTS, False
            if self._closing.is_set():
                break
            self._lost()
            failed_starts = 0 if spoke else failed_starts + 1
            if failed_starts >= _FAILED_STARTS:
                self._poll_in_thread()
                break
            # The first death is mended at once; one that repeats itself must not eat the machine.
            lived = time.monotonic() - started_s > 1.0
            pause_s = 0.0 if lived else min(_RETRY_LIMIT_S, max(_RETRY_S, 2 * pause_s))
            self.restarts += 1

    def _run_child(self) -> bool:
        """Run one child to its end; return whether it ever said something."""
        wanted = [] if self._wanted is None else [self._wanted]
        child = subprocess.Popen(
            child_command(midi_child.__file__, "read", str(self._ring.path), *wanted),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is ours to handle; it ends when we do
        )
        assert child.stdin is not None
        assert child.stdout is not None
        said = b""
        spoke = opened = False
        try:
            while True:
                sources: list[Any] = [child.stdout, self._wake_read]
                silence_s = _SILENCE_S if opened else _OPENING_S
                ready, _, _ = select.select(sources, [], [], silence_s)
                if child.stdout not in ready:  # silent for too long, or told to close
                    break
                news = child.stdout.read(4096)
                if not news:
                    break
                spoke = True
                opened = opened or b"alive" in news
                *lines, said = (said + news).split(b"\n")
                for line in lines:
                    self._hear(line.decode("utf-8", "replace"))
        finally:
            child.stdin.close()
            if not self._closing.is_set():
                child.kill()  # it is dead, or hangs; one writer only before we write ourselves
            try:
                child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()
        return spoke

    def _hear(self, line: str) -> None:
        """Take in one line of the child."""
        kind, _, rest = line.partition(" ")
        if kind == "open":
            self.port, self.state = rest, "open"
        elif kind == "waiting":
            self.state = "waiting"
        elif kind == "priority":
            self.priority = rest
        elif kind == "why":
            self.state = "no midi"

    def _lost(self) -> None:
        """Say that the port is gone, to those who ask and to the notes it left sounding."""
        if self.port is not None:
            self.port, self.state = None, "starting"
            self._ring.release_all()

    def _poll_in_thread(self) -> None:
        """Read the port from this process.

        By polling: a callback would make the MIDI system's own thread, real-time under JACK, wait
        for our interpreter lock (1400 xruns a minute measured), and can hang when it is closed.
        """
        self.mode = "thread"
        while not self._closing.is_set():
            with contextlib.suppress(OSError, ImportError):
                self._poll_port()
            self._lost()
            self.state = "no midi"
            self._closing.wait(_RETRY_LIMIT_S)

    def _poll_port(self) -> None:
        """Read one port until it is unplugged or this input is closed."""
        midi_in = midi_child.open_input()
        try:
            self._poll_client(midi_in)
        finally:
            midi_in.delete()

    def _poll_client(self, midi_in: Any) -> None:
        """Do the reading of `_poll_port`."""
        looked_s = -1.0
        before: list[str] | None = None
        while not self._closing.wait(_THREAD_POLL_S):
            if time.monotonic() - looked_s > midi_child.POLL_S:
                looked_s = time.monotonic()
                names = midi_in.get_ports()
                if self.port is None:
                    self.state = "waiting"
                    index = midi_child.pick(names, self._wanted)
                    if index is not None and (before is None or names[index] in before):
                        midi_in.open_port(index, "in")
                        self.port, self.state = names[index], "open"
                elif self.port not in names:
                    return
                before = names
            while event := midi_in.get_message():
                self._ring.push_message(midi_child.now_us(), event[0])
