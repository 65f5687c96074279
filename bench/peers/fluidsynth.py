"""FluidSynth offline: a SoundFont of one saw and a MIDI file of held notes, both written here.

The voice: looped sample (interpolated by its default, 4 points) -> resonant low-pass swung by the
modulation LFO -> volume envelope -> pan; reverb and chorus off, one core.
"""

from __future__ import annotations

import struct
from pathlib import Path

from bench.peers import pitches
from bench.peers.child import cpu_seconds
from bench.peers.soundfont import saw_soundfont

PROGRAM = "fluidsynth"
_TICKS = 480  # a quarter note, half a second
_ALL_SOUND_OFF = 120
_BEND_SENSITIVITY = [(101, 0), (100, 0), (6, int(pitches.BEND_RANGE)), (38, 0)]


def _variable_length(number: int) -> bytes:
    data = [number & 0x7F]
    while number := number >> 7:
        data.append(number & 0x7F | 0x80)
    return bytes(reversed(data))


def midi_file(voices: int, seconds: float) -> bytes:
    """Return a MIDI file that holds all voices from 0 to `seconds`."""
    track = b""
    for channel in pitches.CHANNELS:
        for number, value in _BEND_SENSITIVITY:
            track += bytes([0, 0xB0 | channel, number, value])
        word = pitches.bend_word(channel)
        track += bytes([0, 0xC0 | channel, 0, 0, 0xE0 | channel, word & 127, word >> 7])
    for voice in range(voices):
        channel, key = pitches.place(voice)
        track += bytes([0, 0x90 | channel, key, 100])
    wait = _variable_length(round(seconds * 2 * _TICKS))
    for channel in pitches.CHANNELS:  # it renders until the last voice is silent
        track += wait + bytes([0xB0 | channel, _ALL_SOUND_OFF, 0])
        wait = b"\0"
    track += b"\0\xff\x2f\0"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, _TICKS)
    return head + b"MTrk" + struct.pack(">I", len(track)) + track


def render(folder: Path, voices: int, seconds: float, block: int, rate: int) -> float:
    """Render to `folder`/out.wav (16 bits); return the CPU seconds of the whole process."""
    (folder / "saw.sf2").write_bytes(saw_soundfont())
    (folder / "notes.mid").write_bytes(midi_file(voices, seconds))
    settings = {
        "synth.polyphony": max(voices, 1),
        "synth.reverb.active": 0,
        "synth.chorus.active": 0,
        "synth.cpu-cores": 1,
        "synth.gain": 1.0 / max(voices, 4),
        "audio.period-size": block,
    }
    command = [PROGRAM, "-q", "-n", "-i", "-F", "out.wav", "-T", "wav", "-r", str(rate)]
    for name, value in settings.items():
        command += ["-o", f"{name}={value}"]
    return cpu_seconds([*command, "saw.sf2", "notes.mid"], folder)
