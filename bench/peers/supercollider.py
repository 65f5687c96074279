"""SuperCollider offline: the patch as a SynthDef and a score, both written here byte by byte.

Formats: "Synth Definition File Format" (SCgf, version 2) and "Non-Realtime Synthesis" of the
SuperCollider help. The voice: Saw -> RLPF, its cutoff swung by a SinOsc -> EnvGen ADSR -> Pan2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import pitches
from bench.peers.child import cpu_seconds

PROGRAM = "scsynth"
EVERY_BLOCK, EVERY_SAMPLE = 1, 2  # calculation rates of a SynthDef, here of the cutoff
_TIMES = 2  # special index of BinaryOpUGen
_CURVE = 5  # an envelope segment bent by the number after it
_BUNDLE_BYTES = 4000  # the score is read through a buffer of 8192 bytes

Input = float | tuple[int, int]  # a constant, or an output of a unit


def _short_string(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")


@dataclass
class _Definition:
    """A SynthDef under construction: constants and unit generators in order."""

    constants: list[float] = field(default_factory=list)
    units: list[bytes] = field(default_factory=list)

    def add(
        self, name: str, rate: int, inputs: list[Input], outputs: int = 1, special: int = 0
    ) -> int:
        """Append a unit generator and return its index."""
        spec = struct.pack(">biih", rate, len(inputs), outputs, special)
        for one in inputs:
            if isinstance(one, tuple):
                spec += struct.pack(">ii", *one)
                continue
            if one not in self.constants:
                self.constants.append(one)
            spec += struct.pack(">ii", -1, self.constants.index(one))
        self.units.append(_short_string(name) + spec + bytes([rate]) * outputs)
        return len(self.units) - 1

    def file(self, name: str, controls: tuple[str, ...]) -> bytes:
        """Return the file of this one definition, whose controls start at 0."""
        constants = struct.pack(f">i{len(self.constants)}f", len(self.constants), *self.constants)
        values = struct.pack(f">i{len(controls)}f", len(controls), *[0.0] * len(controls))
        names = struct.pack(">i", len(controls))
        for index, control in enumerate(controls):
            names += _short_string(control) + struct.pack(">i", index)
        units = struct.pack(">i", len(self.units)) + b"".join(self.units)
        body = _short_string(name) + constants + values + names + units + struct.pack(">h", 0)
        return b"SCgf" + struct.pack(">ih", 2, 1) + body


def synth_def(cutoff_rate: int) -> bytes:
    """Return the voice as a SynthDef with the controls freq, gate, amp and pan."""
    d = _Definition()
    controls = ("freq", "gate", "amp", "pan")
    control = d.add("Control", EVERY_BLOCK, [], len(controls))
    saw = d.add("Saw", EVERY_SAMPLE, [(control, 0)])
    lfo = d.add("SinOsc", cutoff_rate, [5.0, 0.0])
    cutoff = d.add("MulAdd", cutoff_rate, [(lfo, 0), 750.0, 1500.0])
    low_pass = d.add("RLPF", EVERY_SAMPLE, [(saw, 0), (cutoff, 0), 1.0 / 3.0])
    segments = [1.0, 0.01, _CURVE, -4.0, 0.8, 0.2, _CURVE, -4.0, 0.0, 0.2, _CURVE, -4.0]
    shape: list[Input] = [0.0, 3.0, 2.0, -99.0, *segments]
    gate: list[Input] = [(control, 1), 1.0, 0.0, 1.0, 2.0]
    envelope = d.add("EnvGen", EVERY_SAMPLE, [*gate, *shape])
    inputs: list[Input] = [(low_pass, 0), (envelope, 0)]
    voiced = d.add("BinaryOpUGen", EVERY_SAMPLE, inputs, special=_TIMES)
    panned = d.add("Pan2", EVERY_SAMPLE, [(voiced, 0), (control, 3), (control, 2)], 2)
    d.add("Out", EVERY_SAMPLE, [0.0, (panned, 0), (panned, 1)], 0)
    return d.file("voice", controls)


def _osc(address: str, *arguments: str | int | float | bytes) -> bytes:
    """Return an Open Sound Control message."""

    def padded(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 4)

    types, data = ",", b""
    for one in arguments:
        if isinstance(one, str):
            types, data = types + "s", data + padded(one.encode("ascii") + b"\0")
        elif isinstance(one, bytes):
            types, data = types + "b", data + struct.pack(">i", len(one)) + padded(one)
        elif isinstance(one, int):
            types, data = types + "i", data + struct.pack(">i", one)
        else:
            types, data = types + "f", data + struct.pack(">f", one)
    return padded(address.encode("ascii") + b"\0") + padded(types.encode("ascii") + b"\0") + data


def _bundle(at_s: float, messages: list[bytes]) -> bytes:
    """Return a bundle as a score holds it, its length before it."""
    body = b"#bundle\0" + struct.pack(">Q", round(at_s * 2**32))
    for message in messages:
        body += struct.pack(">i", len(message)) + message
    return struct.pack(">i", len(body)) + body


def score(voices: int, seconds: float, cutoff_rate: int) -> bytes:
    """Return a score that starts all voices at 0 and ends after `seconds`."""
    written = _bundle(0.0, [_osc("/d_recv", synth_def(cutoff_rate))])
    waiting: list[bytes] = []
    for voice in range(voices):
        settings = ("freq", pitches.hz(voice), "gate", 1.0, "amp", 0.3 / max(voices, 1), "pan", 0.0)
        waiting.append(_osc("/s_new", "voice", 1000 + voice, 0, 0, *settings))
        if sum(map(len, waiting)) > _BUNDLE_BYTES:
            written += _bundle(0.0, waiting)
            waiting = []
    if waiting:
        written += _bundle(0.0, waiting)
    return written + _bundle(seconds, [_osc("/c_set", 0, 0.0)])


def render(
    folder: Path, voices: int, seconds: float, block: int, rate: int, cutoff_rate: int
) -> float:
    """Render to `folder`/out.wav (32-bit float); return the CPU seconds of the whole process."""
    (folder / "score.osc").write_bytes(score(voices, seconds, cutoff_rate))
    command = [PROGRAM, "-N", "score.osc", "_", "out.wav", str(rate), "WAV", "float"]
    command += ["-o", "2", "-i", "0", "-z", str(block), "-Z", str(block)]
    command += ["-n", str(voices + 64), "-m", "65536", "-D", "0"]
    return cpu_seconds(command, folder)
