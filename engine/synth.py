"""Synth: the friendly face of the engine, live or offline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.parts import Chorus, Delay, Reverb
from engine.patch import Patch, find_patch
from engine.programs import Programs
from engine.rack import Rack
from engine.rt import playing_state as ps
from engine.rt import state as st
from engine.rt.callback import render_offline
from engine.rt.ring import push_command
from engine.rt.state import CHANNELS, new_state
from engine.rt.transport import HIGHEST_BPM, LOWEST_BPM

if TYPE_CHECKING:
    from pathlib import Path

    from engine.io.device import AudioStream
    from engine.io.record import Recorder
    from engine.io.smf import MidiSong

QUALITIES = ("bandlimited", "cheap")
_RENDER_FRAMES = 1024
_BLOCKS_PER_REPORT = 256
_GAIN_UNIT = 65536
_LARGEST_GAIN = 16.0


def _byte(name: str, value: int, high: int = 127) -> int:
    if not 0 <= value <= high:
        raise ValueError(f"{name} must be between 0 and {high}, got {value}")
    return int(value)


def _patch(patch: Patch | str) -> Patch:
    return find_patch(patch) if isinstance(patch, str) else patch


class Synth:
    """A polyphonic synthesizer with sixteen channels.

    Parameters
    ----------
    patch : Patch or str
        The sound of every channel to begin with: a patch, the name of a built-in one, or a file.
    sample_rate : float
        Frames per second, 8000..192000.
    voices : int
        Voices that may sound at once, 1..240; one more lets the quietest fade.
    quality : str
        "bandlimited", or "cheap" for less work: waves that alias, a filter that cramps.

    Examples
    --------
    >>> synth = Synth()
    >>> audio = synth.render([(0.0, 60, 100, 0.5)], seconds=0.6)
    >>> audio.shape
    (28800, 2)
    """

    def __init__(
        self,
        patch: Patch | str = "soft-lead",
        sample_rate: float = 48_000,
        voices: int = 64,
        quality: str = "bandlimited",
    ) -> None:
        self.sample_rate = float(sample_rate)
        if quality not in QUALITIES:
            raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {quality!r}")
        self.state = new_state(sample_rate, voices, quality == "cheap")
        self._rack = Rack(self.sample_rate)
        self._stream: AudioStream | None = None
        self._programs = Programs(self.state, self.sample_rate, _patch(patch), self._send)

    # --- sounds

    def program(self, patch: Patch | str, channel: int = 0, frame: int = -1) -> bool:
        """Give a channel a patch; notes that sound keep theirs. False when the ring was full."""
        _byte("channel", channel, CHANNELS - 1)
        return self._programs.program(_patch(patch), channel, frame)

    def turn(self, patch: Patch, channel: int = 0) -> bool:
        """Give a channel a patch that the notes that sound follow, as when a knob is turned.

        May be called with any number of different patches. False when the ring was full.

        Raises
        ------
        PatchError
            If so many patches are in use that no sound is left for this.
        """
        return self._programs.turn(patch, _byte("channel", channel, CHANNELS - 1))

    def patch(self, channel: int = 0) -> Patch:
        """Return the patch of a channel: what was asked for last, here or by a program change."""
        return self._programs.patch(_byte("channel", channel, CHANNELS - 1))

    def assign(self, program: int, patch: Patch | str, channel: int = 0, frame: int = -1) -> bool:
        """Let a program change (0..127) on a channel mean a patch; False when the ring was full."""
        _byte("program", program)
        _byte("channel", channel, CHANNELS - 1)
        return self._programs.assign(program, _patch(patch), channel, frame)

    # --- events

    def _send(
        self,
        kind: int,
        a: int = 0,
        b: int = 0,
        c: int = 0,
        frame: int = -1,
        values: NDArray[np.float64] | None = None,
    ) -> bool:
        numbers = np.zeros(0) if values is None else values
        return push_command(self.state, kind, a, b, c, frame, numbers)

    def send(self, message: bytes, frame: int = -1) -> bool:
        """Send a MIDI message of one to three bytes; False when the ring was full.

        System exclusive messages are ignored. `frame` is the absolute frame of its effect,
        negative for as soon as possible.
        """
        if message[:1] == b"\xf0":
            return True
        if not 1 <= len(message) <= 3 or not message[0] & 0x80:
            raise ValueError(f"message must be a MIDI status and its data, got {message.hex(' ')}")
        data = [*message[1:], 0, 0]
        if max(data[:2]) > 127:
            raise ValueError(f"data bytes must be at most 127, got {message.hex(' ')}")
        word = (message[0] & 0x7F) << 14 | data[0] << 7 | data[1]
        return self._send(st.MIDI, word, frame=frame)

    def note_on(self, note: int, velocity: int = 100, channel: int = 0, frame: int = -1) -> bool:
        """Start a note (0..127); velocity 0 ends it."""
        status = 0x90 | _byte("channel", channel, CHANNELS - 1)
        return self.send(bytes([status, _byte("note", note), _byte("velocity", velocity)]), frame)

    def note_off(self, note: int, channel: int = 0, frame: int = -1) -> bool:
        """Let a note go."""
        status = 0x80 | _byte("channel", channel, CHANNELS - 1)
        return self.send(bytes([status, _byte("note", note), 0]), frame)

    def control(self, number: int, value: int, channel: int = 0, frame: int = -1) -> bool:
        """Move a controller (1 wheel, 7 volume, 10 pan, 11 expression, 64 pedal, 74 cutoff)."""
        status = 0xB0 | _byte("channel", channel, CHANNELS - 1)
        return self.send(bytes([status, _byte("number", number), _byte("value", value)]), frame)

    def bend(self, amount: float, channel: int = 0, frame: int = -1) -> bool:
        """Bend the pitch by -1..1 of the patch's range."""
        if not -1.0 <= amount <= 1.0:
            raise ValueError(f"amount must be between -1 and 1, got {amount}")
        value = min(16383, round(8192 + amount * 8192))
        status = 0xE0 | _byte("channel", channel, CHANNELS - 1)
        return self.send(bytes([status, value & 127, value >> 7]), frame)

    def pressure(
        self, amount: int, channel: int = 0, note: int | None = None, frame: int = -1
    ) -> bool:
        """Press the keys of a channel by 0..127 (aftertouch), or one of them."""
        data = [] if note is None else [_byte("note", note)]
        status = (0xD0 if note is None else 0xA0) | _byte("channel", channel, CHANNELS - 1)
        return self.send(bytes([status, *data, _byte("amount", amount)]), frame)

    def set_tempo(self, bpm: float, frame: int = -1) -> bool:
        """Set the tempo in beats per minute; a MIDI clock that runs is followed all the same."""
        if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
            raise ValueError(f"bpm must be between {LOWEST_BPM:g} and {HIGHEST_BPM:g}, got {bpm}")
        return self._send(ps.TEMPO, round(bpm * ps.TEMPO_UNIT), frame=frame)

    def follow_beat(self, beat: float, frame: int, bpm: float, at_once: bool = False) -> bool:
        """Let the transport follow a line; False when the ring was full.

        The line is at `beat` at an absolute frame, past or to come, and its tempo is 10..1000 beats
        per minute. The transport draws near by two milliseconds a beat at most, or with `at_once`
        is on it with the next block. A MIDI clock that runs goes first.
        """
        if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
            raise ValueError(f"bpm must be between {LOWEST_BPM:g} and {HIGHEST_BPM:g}, got {bpm}")
        if not np.isfinite(beat):
            raise ValueError(f"beat must be finite, got {beat}")
        values = np.zeros(ps.AIM_VALUES)
        values[ps.AIM_BEAT], values[ps.AIM_FRAME] = beat, frame
        values[ps.AIM_TEMPO], values[ps.AIM_JUMP] = bpm / 60.0 / self.sample_rate, at_once
        return self._send(ps.AIM, values=values)

    def set_master_tuning(self, cents: float, frame: int = -1) -> bool:
        """Raise everything, notes that sound as well, by -100..100 cents; 0 to begin with."""
        if not -100.0 <= cents <= 100.0:
            raise ValueError(f"cents must be between -100 and 100, got {cents}")
        return self._send(ps.MASTER_TUNE, round(cents / 100.0 * ps.PITCH_UNIT), frame=frame)

    def set_tuning(self, pitches: ArrayLike, frame: int = -1) -> bool:
        """Set the pitch of each key for the notes that begin from now on.

        Parameters
        ----------
        pitches : array_like, shape (128,)
            In MIDI notes, fractions and all (69.0 is 440 Hz), -100..200; NaN for a key that is to
            be silent; `range(128)` to begin with.
        """
        given = np.asarray(pitches, np.float64)
        wanted = np.where(np.isnan(given), ps.SILENT_KEY, given)
        if wanted.shape != (128,) or not (np.abs(wanted - 50.0) <= 150.0).all():
            raise ValueError("pitches must be 128 numbers between -100 and 200")
        numbers = np.rint(wanted * ps.PITCH_UNIT).astype(np.int64).tolist()
        return all(self._send(ps.TUNING, k, pitch, frame=frame) for k, pitch in enumerate(numbers))

    def set_rack(
        self,
        chorus: Chorus | None = None,
        delay: Delay | None = None,
        reverb: Reverb | None = None,
        frame: int = -1,
    ) -> bool:
        """Set the effects that all channels share; what is not given stays as it is.

        How much of a voice goes into them is its patch's `send` and controllers 91, 93 and 94.
        They hold until channel 0 is given a patch, whose effects then take their place.
        """
        with self._programs.lock:
            row, numbers = self._rack.change(self._programs.begun(0), chorus, delay, reverb)
            sent = self._send(st.RACK_ROW, row, values=numbers)
            return sent and self._send(st.RACK, row, frame=frame)

    def panic(self) -> bool:
        """Silence every voice within milliseconds; False when the ring was full."""
        return self._send(st.PANIC)

    def set_master(self, gain: float) -> bool:
        """Set the gain of everything, 1 to begin with; False when the ring was full."""
        if not 0.0 <= gain <= _LARGEST_GAIN:
            raise ValueError(f"gain must be between 0 and {_LARGEST_GAIN:g}, got {gain}")
        return self._send(st.MASTER_GAIN, round(gain * _GAIN_UNIT))

    # --- what it is doing

    @property
    def frame(self) -> int:
        """Frames rendered so far."""
        return int(self.state[0]["frame"])

    @property
    def beat(self) -> float:
        """Beats since the transport began, at `beat_frame`."""
        return float(self.state[0]["beat"])

    @property
    def beat_frame(self) -> int:
        """The frame that `beat` speaks of: the last control point."""
        return max(self.frame - 1, 0) // st.CELL * st.CELL

    @property
    def tempo(self) -> float:
        """Beats per minute, ours or those of the MIDI clock."""
        return float(self.state[0]["aim_beats_per_frame"]) * 60.0 * self.sample_rate

    @property
    def active_voices(self) -> int:
        """Voices that sound now, those that fade included."""
        return int(self.state[0]["active"])

    # --- offline

    def render_block(self, out: NDArray[np.float32]) -> None:
        """Render the next frames into `out`, shape (n, 2), C-contiguous float32."""
        render_offline(self.state, out)

    def render(
        self, notes: Iterable[tuple[float, int, int, float]], seconds: float, channel: int = 0
    ) -> NDArray[np.float32]:
        """Render notes offline.

        Parameters
        ----------
        notes : iterable of (start_s, note, velocity, duration_s)
        seconds : float
            Length of what is returned.

        Returns
        -------
        ndarray, shape (frames, 2), float32
        """
        _byte("channel", channel, CHANNELS - 1)
        on, off = 0x90 | channel, 0x80 | channel
        events: list[tuple[float, bytes]] = []
        for start, note, velocity, duration in notes:
            keys = _byte("note", note), _byte("velocity", velocity)
            events.append((start, bytes([on, *keys])))
            events.append((start + duration, bytes([off, keys[0], 0])))
        return self.render_events(events, seconds)

    def render_song(
        self,
        song: MidiSong,
        tail_s: float = 2.0,
        on_progress: Callable[[float], None] | None = None,
    ) -> NDArray[np.float32]:
        """Render a whole song offline with the patches it names, and `tail_s` for the last notes.

        `on_progress` is told now and then which part of the song, 0..1, is done.

        Returns
        -------
        ndarray, shape (frames, 2), float32
        """
        for channel, name in song.patches.items():
            self.program(name, channel=channel)
        return self.render_events(song.events, song.duration_s + tail_s, on_progress)

    def render_events(
        self,
        events: Iterable[tuple[float, bytes]],
        seconds: float,
        on_progress: Callable[[float], None] | None = None,
    ) -> NDArray[np.float32]:
        """Render timed MIDI messages (time_s, message) offline; shape (frames, 2), float32."""
        if not (np.isfinite(seconds) and 0 <= seconds <= 36_000):
            raise ValueError(f"seconds must be between 0 and 36000, got {seconds}")
        if self._stream is not None:
            raise RuntimeError("render works offline; this synth is playing to a device")
        queue = sorted(events, key=lambda event: event[0])
        out = np.empty((round(seconds * self.sample_rate), 2), dtype=np.float32)
        start = self.frame
        sent = 0
        for at in range(0, len(out), _RENDER_FRAMES):
            block = out[at : at + _RENDER_FRAMES]
            while sent < len(queue):
                frame = start + round(queue[sent][0] * self.sample_rate)
                if frame >= start + at + len(block) or not self.send(queue[sent][1], frame):
                    break
                sent += 1
            render_offline(self.state, block)
            if on_progress is not None and at % (_RENDER_FRAMES * _BLOCKS_PER_REPORT) == 0:
                on_progress(at / len(out))
        return out

    # --- live

    def start(self, **options: object) -> AudioStream:
        """Compile, open a device and play; options as for `engine.io.device.open_stream`."""
        from engine.io.device import open_stream

        if self._stream is None:
            self._stream = open_stream(self, **options)  # type: ignore[arg-type]
        return self._stream

    def stop(self) -> None:
        """Close the device."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def record(self, path: Path | str, floating: bool = False) -> Recorder:
        """Write what plays live to a new .wav or .flac file, until the recorder is closed."""
        from engine.io.record import Recorder

        return Recorder(self.state, path, round(self.sample_rate), floating)

    def __enter__(self) -> Synth:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
