"""A SoundFont of one looped saw, written here: "SoundFont Technical Specification 2.01"."""

from __future__ import annotations

import math
import struct

import numpy as np

_RATE = 48_000
_PERIOD = 367  # frames: 130.79 Hz, 0.3 cents below key 48
_PERIODS = 16
_ROOT_KEY = 48
_HARMONICS = 60  # up to 7.8 kHz, so that an octave up does not alias
_GUARD = 46  # silent frames that a sample must have behind it
_GENERATORS = {
    "modulation LFO to cutoff": 10,
    "cutoff": 8,
    "resonance": 9,
    "modulation LFO rate": 22,
    "attack": 34,
    "decay": 36,
    "sustain": 37,
    "release": 38,
    "instrument": 41,
    "sample": 53,
    "sample modes": 54,
}


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def _list(name: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", name + b"".join(chunks))


def _name(text: str) -> bytes:
    return text.encode("ascii").ljust(20, b"\0")


def _hz_cents(hz: float) -> int:
    return round(1200 * math.log2(hz / 8.176))


def _time_cents(seconds: float) -> int:
    return round(1200 * math.log2(seconds))


def _saw() -> bytes:
    """Return the sample: periods of a band-limited saw, 16 bits."""
    turns = np.arange(_PERIOD * _PERIODS) / _PERIOD
    harmonics = np.arange(1, _HARMONICS + 1)
    one = (np.sin(2 * np.pi * np.outer(turns[:_PERIOD], harmonics)) / harmonics).sum(axis=1)
    wave = np.tile(one / np.abs(one).max() * 0.9, _PERIODS)
    return bytes((wave * 32767).astype("<i2").tobytes() + b"\0\0" * _GUARD)


def saw_soundfont() -> bytes:
    """Return an SF2 file: program 0 is the patch of the comparison."""
    g = _GENERATORS
    sound = [
        (g["attack"], _time_cents(0.01)),
        (g["decay"], _time_cents(0.2)),
        (g["sustain"], round(-200 * math.log10(0.8))),
        (g["release"], _time_cents(0.2)),
        (g["cutoff"], _hz_cents(1500.0)),
        (g["resonance"], round(200 * math.log10(3.0))),
        (g["modulation LFO rate"], _hz_cents(5.0)),
        (g["modulation LFO to cutoff"], 1200),
        (g["sample modes"], 1),  # looped
        (g["sample"], 0),
    ]
    igen = b"".join(struct.pack("<Hh", *one) for one in [*sound, (0, 0)])
    pgen = struct.pack("<HhHh", g["instrument"], 0, 0, 0)
    frames = _PERIOD * _PERIODS
    sample = struct.pack(
        "<IIIIIBbHH", 0, frames, _PERIOD, frames - _PERIOD, _RATE, _ROOT_KEY, 0, 0, 1
    )
    end = struct.pack("<IIIIIBbHH", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    pdta = _list(
        b"pdta",
        _chunk(
            b"phdr",
            _name("saw") + struct.pack("<HHHIII", 0, 0, 0, 0, 0, 0)
            + _name("EOP") + struct.pack("<HHHIII", 0, 0, 1, 0, 0, 0),
        ),
        _chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
        _chunk(b"pmod", b"\0" * 10),
        _chunk(b"pgen", pgen),
        _chunk(b"inst", _name("saw") + struct.pack("<H", 0) + _name("EOI") + struct.pack("<H", 1)),
        _chunk(b"ibag", struct.pack("<HHHH", 0, 0, len(sound), 0)),
        _chunk(b"imod", b"\0" * 10),
        _chunk(b"igen", igen),
        _chunk(b"shdr", _name("saw") + sample + _name("EOS") + end),
    )  # fmt: skip
    info = _list(
        b"INFO",
        _chunk(b"ifil", struct.pack("<HH", 2, 1)),
        _chunk(b"isng", b"EMU8000\0"),
        _chunk(b"INAM", b"saw\0"),
    )
    body = b"sfbk" + info + _list(b"sdta", _chunk(b"smpl", _saw())) + pdta
    return _chunk(b"RIFF", body)
