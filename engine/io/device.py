"""Sound devices: the list, the stream that runs the native callback, and stand-ins without one.

The only importer of `sounddevice`, and only when a device is asked for: without PortAudio the
import fails, and the rest of the program must not.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.rt.callback import FIRST_RING, MIDI_RINGS, SIGNATURE, callback_address, new_table

if TYPE_CHECKING:
    from engine.synth import Synth

_PORTAUDIO_HINT = (
    "PortAudio is missing: install libportaudio2 (Debian, Ubuntu) or `brew install portaudio`"
)
_LONGEST_LATENCY_S = 10.0
_DEAD_S = 3.0  # without a callback: the device was unplugged or the sound server has ended
_CLOSE_S = 2.0
_PERIODS_OF_LATENCY = 2  # MIDI arrives with up to a period of jitter of its own


@dataclass(frozen=True)
class Device:
    """One sound device: its full name and number, channels each way, whether it is the default."""

    number: int
    name: str
    inputs: int
    outputs: int
    sample_rate: float
    default_input: bool
    default_output: bool


@dataclass(frozen=True)
class StreamReport:
    """What the callback met so far; times in microseconds."""

    calls: int
    xruns: int
    late: int
    mean_us: float
    worst_us: float
    period_us: float
    active_voices: int
    dropped_events: int
    mic_dropped: int
    peak: float


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError:
        raise DeviceError(_PORTAUDIO_HINT) from None
    return sounddevice


def list_devices() -> list[Device]:
    """Return every sound device PortAudio knows; raises DeviceError without PortAudio."""
    sd = _sounddevice()
    default_in, default_out = sd.default.device
    hosts = sd.query_hostapis()
    if hosts and default_in < 0:
        default_in = next((h["default_input_device"] for h in hosts), -1)
    if hosts and default_out < 0:
        default_out = next((h["default_output_device"] for h in hosts), -1)
    return [
        Device(
            number=number,
            name=f"{entry['name']}, {hosts[entry['hostapi']]['name']}",
            inputs=entry["max_input_channels"],
            outputs=entry["max_output_channels"],
            sample_rate=float(entry["default_samplerate"]),
            default_input=number == default_in,
            default_output=number == default_out,
        )
        for number, entry in enumerate(sd.query_devices())
    ]


def find_device(name: str | int | None, kind: str) -> Device:
    """Return the device of a number, a full name or a part of one; None: the default one.

    Raises
    ------
    DeviceError
        If there is none, or more than one fits; says which there are.
    """
    devices = [d for d in list_devices() if (d.inputs if kind == "input" else d.outputs) > 0]
    if not devices:
        raise DeviceError(f"no sound {kind} device found")
    if name is None:
        for device in devices:
            if device.default_input if kind == "input" else device.default_output:
                return device
        return devices[0]
    text = str(name)
    if text.isdigit():
        fitting = [d for d in devices if d.number == int(text)]
    else:
        fitting = [d for d in devices if d.name == text]
        fitting = fitting or [d for d in devices if text.casefold() in d.name.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    names = "; ".join(d.name for d in fitting or devices)
    if fitting:
        raise DeviceError(f"{kind} device {text!r} could be any of: {names}")
    raise DeviceError(f"no {kind} device {text!r}; there are: {names}")


class Stream:
    """What streams and their stand-ins share: the callback's table and its report."""

    def __init__(self, synth: Synth, block: int) -> None:
        self.synth = synth
        self.block = block
        self.table = new_table(synth.state)
        self._rings: list[Any] = []
        synth.state[0]["midi_latency_frames"] = float(_PERIODS_OF_LATENCY * block)

    def attach_midi(self, words: NDArray[np.int64] | NDArray[np.uint64]) -> None:
        """Let the callback read a MIDI ring (`MidiRing.words`); it is kept alive by the stream."""
        free = [i for i in range(FIRST_RING, FIRST_RING + MIDI_RINGS) if self.table[i] == 0]
        if not free:
            raise DeviceError(f"at most {MIDI_RINGS} MIDI inputs at once")
        self._rings.append(words)
        self.table[free[0]] = words.ctypes.data

    def report(self) -> StreamReport:
        """Return what the callback met so far."""
        one = self.synth.state[0]
        calls = int(one["calls"])
        return StreamReport(
            calls=calls,
            xruns=int(one["xruns"]),
            late=int(one["late"]),
            mean_us=float(one["total_ns"]) / max(1, calls) / 1e3,
            worst_us=float(one["worst_ns"]) / 1e3,
            period_us=self.block / self.synth.sample_rate * 1e6,
            active_voices=int(one["active"]),
            dropped_events=int(one["event_dropped"]) + int(one["command_dropped"]),
            mic_dropped=int(one["mic_dropped"]),
            peak=float(one["peak"]),
        )

    def check(self) -> None:
        """Raise DeviceError when the device no longer calls; to be asked a few times a second."""

    def close(self) -> None:
        """Stop the sound."""

    @property
    def latency_s(self) -> float:
        """Seconds from a block's making to its sound, as the device reports it."""
        return self.block / self.synth.sample_rate

    @property
    def input_latency_s(self) -> float:
        """Seconds from a sound to the block that brings it, as the device reports it."""
        return self.block / self.synth.sample_rate

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AudioStream(Stream):
    """A PortAudio stream whose callback is the compiled one; made by `open_stream`."""

    def __init__(
        self,
        synth: Synth,
        output: Device | None,
        input_: Device | None,
        block: int,
        latency: str | float,
    ) -> None:
        super().__init__(synth, block)
        sd = _sounddevice()
        ffi = sd._ffi
        callback = ffi.cast("PaStreamCallback *", callback_address())
        channels = min(2, input_.inputs) if input_ else 0
        synth.state[0]["input_channels"] = channels
        synth.state[0]["output_channels"] = 2 if output else 0
        kind: str = "output"
        devices: Any = output.number if output else None
        counts: Any = 2
        if input_:
            kind, devices, counts = "input", input_.number, channels
        if input_ and output:
            kind, devices, counts = "duplex", (input_.number, output.number), (channels, 2)
        try:
            self._stream = sd._StreamBase(
                kind,
                device=devices,
                channels=counts,
                samplerate=synth.sample_rate,
                blocksize=block,
                dtype="float32",
                latency=latency,
                callback=callback,
                userdata=ffi.cast("void *", self.table.ctypes.data),
                wrap_callback=None,
            )
            self._stream.start()
        except sd.PortAudioError as error:
            names = " and ".join(device.name for device in (output, input_) if device)
            raise DeviceError(f"cannot open {names}: {error.args[0]}") from None

        self._called = 0, time.monotonic()  # calls, and when they last grew
        self._checked = time.monotonic()

    def check(self) -> None:
        """Raise DeviceError when the device has not called for three seconds."""
        now, calls = time.monotonic(), int(self.synth.state[0]["calls"])
        asleep = now - self._checked > 1.0  # this process, so the device may have been too
        self._checked = now
        if calls != self._called[0] or asleep:
            self._called = calls, now
        elif now - self._called[1] > _DEAD_S:
            raise DeviceError("the sound device has stopped: unplugged, or its server has ended")

    def close(self) -> None:
        """Stop and close the stream; the callback is not called again after this."""
        # PortAudio waits for ever for a JACK server that has died: then it is left as it is.
        closing = threading.Thread(target=self._stream.close, name="close stream", daemon=True)
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            atexit.unregister(_sounddevice()._exit_handler)
            _ABANDONED.append(self)

    @property
    def latency_s(self) -> float:
        """Seconds from a block's making to its sound, as the device reports it."""
        latency = self._stream.latency
        return float(latency[1] if isinstance(latency, tuple) else latency)

    @property
    def input_latency_s(self) -> float:
        """Seconds from a sound to the block that brings it, as the device reports it."""
        latency = self._stream.latency
        reported = float(latency[0] if isinstance(latency, tuple) else latency)
        # a JACK client that only passes sound through makes PortAudio report a day
        return reported if reported < _LONGEST_LATENCY_S else super().input_latency_s


_ABANDONED: list[AudioStream] = []  # their callbacks may come yet, so their memory stays

Room = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class HandStream(Stream):
    """No device: each `step` calls the same native callback, and the caller makes the pace.

    Parameters
    ----------
    room : callable, optional
        Takes each block that was played, (block, 2), and returns what the microphone hears of it,
        (block,) float32, one block later.
    """

    def __init__(self, synth: Synth, block: int = 256, room: Room | None = None) -> None:
        super().__init__(synth, block)
        self._room = room
        self._call = SIGNATURE(callback_address())
        self._heard = np.zeros(block, dtype=np.float32)
        self._out = np.zeros((block, 2), dtype=np.float32)
        synth.state[0]["input_channels"] = 1 if room else 0

    def step(self) -> NDArray[np.float32]:
        """Make one block by the native callback and return it, shape (block, 2)."""
        self._call(
            self._heard.ctypes.data,
            self._out.ctypes.data,
            self.block,
            None,
            0,
            self.table.ctypes.data,
        )
        if self._room is not None:
            np.copyto(self._heard, self._room(self._out))
        return self._out


class NullStream(HandStream):
    """No device: a thread calls the native callback at the pace of a sound card.

    Parameters
    ----------
    room : callable, optional
        As of `HandStream`.
    pace : float
        Speed against real time; 0 runs as fast as possible.
    """

    def __init__(
        self, synth: Synth, block: int = 256, room: Room | None = None, pace: float = 1.0
    ) -> None:
        super().__init__(synth, block, room)
        self._pace = pace
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="null-device", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        period = self.block / self.synth.sample_rate
        due = time.monotonic()
        while not self._stopping.is_set():
            self.step()
            if self._pace > 0:
                due += period / self._pace
                wait = due - time.monotonic()
                if wait > 0:
                    self._stopping.wait(wait)
                elif wait < -1.0:
                    due = time.monotonic()  # the machine slept: do not race to catch up

    def close(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        self._thread.join()


def open_stream(
    synth: Synth,
    output: str | int | None = None,
    input: str | int | None = None,
    listen: bool = False,
    block: int = 128,
    latency: str | float = "low",
    play: bool = True,
) -> AudioStream:
    """Open a sound device and let the compiled callback play `synth` on it.

    Parameters
    ----------
    synth : Synth
    output, input : str, int or None
        Name, part of a name, or number of the device; None for the default.
    listen : bool
        Open an input too; its samples arrive in the mic ring.
    play : bool
        Open an output; without one the synth stands still and only the microphone is read.
    block : int
        Frames per callback, 16..8192.
    latency : "low", "high" or float
        What to ask of the device, in seconds.

    Raises
    ------
    DeviceError
        If a device is missing or refuses; one line that says which and why.
    """
    if not 16 <= block <= 8192:
        raise ValueError(f"block must be between 16 and 8192 frames, got {block}")
    speaker = find_device(output, "output") if play else None
    microphone = find_device(input, "input") if listen or input is not None else None
    return AudioStream(synth, speaker, microphone, block, latency)
