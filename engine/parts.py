"""The parts of a patch: oscillators, unison, filter, envelopes, LFOs, routes, effects, arpeggiator.

Each checks its own values, and says which parameter breaks which rule by which value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsp.filter import MODES
from dsp.lfo import SHAPES
from dsp.oscillator import WAVES as WAVES
from engine.errors import PatchError

SLOPES = (12, 24)
PLAYING = ("poly", "mono", "legato")
SOURCES = (
    "lfo-1", "lfo-2", "envelope", "velocity", "key", "wheel", "pressure", "timbre", "random",
)  # fmt: skip
TARGETS = ("pitch", "cutoff", "amplitude", "pan", "width", "lfo-1", "lfo-2")
ARP_MODES = ("off", "up", "down", "up-down", "random", "order", "chord")

# What a controller can move; the standard ones have their numbers from MIDI 1.0 and its GM 2.
CONTROLS = (
    "wheel", "volume", "pan", "expression", "cutoff", "resonance", "attack", "decay", "release",
    "reverb", "chorus", "delay", "glide", "lfo-rate", "drive", "detune",
)  # fmt: skip
STANDARD_CONTROLS = {
    1: "wheel", 7: "volume", 10: "pan", 11: "expression", 71: "resonance", 72: "release",
    73: "attack", 74: "cutoff", 75: "decay", 91: "reverb", 93: "chorus", 94: "delay", 5: "glide",
}  # fmt: skip

_BEATS = re.compile(r"(\d{1,2})/(1|2|4|8|16|32)([t.]?)")


def within(owner: str, values: dict[str, float], low: float, high: float, unit: str = "") -> None:
    """Raise PatchError unless every value is a number between low and high."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PatchError(f"{owner}.{name} must be a number, got {value!r}")
        if not low <= value <= high:  # NaN is neither
            raise PatchError(
                f"{owner}.{name} must be between {low:g} and {high:g}{unit}, got {value!r}"
            )


def one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Raise PatchError unless value is one of those allowed."""
    if value not in allowed or isinstance(value, bool):
        raise PatchError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")


def beats(note_value: str) -> float:
    """Return the length of a note value in quarter notes; "t" is a triplet, "." dotted.

    Raises
    ------
    PatchError
        If it is not a note value, or is outside 1/32 .. 32/4 (eight bars).

    Examples
    --------
    >>> beats("1/4"), beats("1/8."), beats("1/4t"), beats("4/1")
    (1.0, 0.75, 0.6666666666666666, 16.0)
    """
    found = _BEATS.fullmatch(note_value) if isinstance(note_value, str) else None
    if found is None:
        raise PatchError(f"note value must look like 1/4, 1/8t or 1/8., got {note_value!r}")
    length = 4.0 * int(found[1]) / int(found[2])
    length *= {"": 1.0, "t": 2.0 / 3.0, ".": 1.5}[found[3]]
    if not 1 / 12 - 1e-9 <= length <= 32.0:
        raise PatchError(f"note value must be between 1/32t and eight bars, got {note_value!r}")
    return length


@dataclass(frozen=True)
class ADSR:
    """An envelope: stage times in seconds, sustain level 0..1, curve 0 (straight) to 1."""

    attack: float = 0.005
    decay: float = 0.2
    sustain: float = 0.7
    release: float = 0.2
    curve: float = 0.8

    def __post_init__(self) -> None:
        times = {"attack": self.attack, "decay": self.decay, "release": self.release}
        within("envelope", times, 0.0, 60.0, " s")
        within("envelope", {"sustain": self.sustain, "curve": self.curve}, 0.0, 1.0)


@dataclass(frozen=True)
class Oscillator:
    """One oscillator: wave, level 0..1, octave, detune in cents, width of the pulse 0..1."""

    wave: str = "saw"
    level: float = 0.5
    octave: int = 0
    detune: float = 0.0
    width: float = 0.5

    def __post_init__(self) -> None:
        one_of("oscillator.wave", self.wave, WAVES)
        within("oscillator", {"level": self.level}, 0.0, 1.0)
        within("oscillator", {"octave": self.octave}, -4, 4)
        within("oscillator", {"detune": self.detune}, -2400.0, 2400.0, " cents")
        within("oscillator", {"width": self.width}, 0.02, 0.98)


@dataclass(frozen=True)
class Unison:
    """Copies of every note: how many, how far the outer two are apart in cents and in pan 0..1."""

    voices: int = 1
    detune: float = 20.0
    spread: float = 0.7

    def __post_init__(self) -> None:
        one_of("unison.voices", self.voices, tuple(range(1, 9)))
        within("unison", {"detune": self.detune}, 0.0, 200.0, " cents")
        within("unison", {"spread": self.spread}, 0.0, 1.0)


@dataclass(frozen=True)
class Filter:
    """State-variable filter.

    `cutoff` in Hz at note 60, `resonance` as Q, `envelope` in semitones at full level, `key_track`
    0..1 (1: the cutoff follows the note), `velocity` in semitones from softest to loudest, `slope`
    in dB per octave (12 or 24), `drive` in dB into the saturation before it (0: none).
    """

    mode: str = "low"
    cutoff: float = 8000.0
    resonance: float = 0.7071
    envelope: float = 0.0
    key_track: float = 0.0
    velocity: float = 0.0
    slope: int = 12
    drive: float = 0.0

    def __post_init__(self) -> None:
        one_of("filter.mode", self.mode, MODES)
        one_of("filter.slope", self.slope, SLOPES)
        within("filter", {"cutoff": self.cutoff}, 10.0, 24_000.0, " Hz")
        within("filter", {"resonance": self.resonance}, 0.5, 50.0)
        within("filter", {"drive": self.drive}, 0.0, 36.0, " dB")
        shifts = {"envelope": self.envelope, "velocity": self.velocity}
        within("filter", shifts, -120.0, 120.0, " semitones")
        within("filter", {"key_track": self.key_track}, 0.0, 1.0)


@dataclass(frozen=True)
class LFO:
    """A slow oscillator of a voice.

    `rate` in Hz, or `sync`, the note value of one swing ("1/4", "1/8t", "1/8."; empty: free);
    `phase` 0..1 at the note's start (free) or at the beat (synced); `delay` and `fade` in seconds
    before and while it sets in; depths in cents (`pitch`), semitones (`cutoff`), 0..1 (`amplitude`,
    `pan`, `width`).
    """

    shape: str = "sine"
    rate: float = 5.0
    sync: str = ""
    phase: float = 0.0
    delay: float = 0.0
    fade: float = 0.0
    pitch: float = 0.0
    cutoff: float = 0.0
    amplitude: float = 0.0
    pan: float = 0.0
    width: float = 0.0

    def __post_init__(self) -> None:
        one_of("lfo.shape", self.shape, SHAPES)
        within("lfo", {"rate": self.rate}, 0.0, 200.0, " Hz")
        if self.sync != "":
            beats(self.sync)
        within("lfo", {"delay": self.delay, "fade": self.fade}, 0.0, 60.0, " s")
        within("lfo", {"pitch": self.pitch}, 0.0, 2400.0, " cents")
        within("lfo", {"cutoff": self.cutoff}, 0.0, 120.0, " semitones")
        parts = {"amplitude": self.amplitude, "pan": self.pan, "phase": self.phase}
        within("lfo", parts, 0.0, 1.0)
        within("lfo", {"width": self.width}, 0.0, 0.48)


@dataclass(frozen=True)
class Route:
    """A line of the modulation matrix: at full `source`, `target` moves by `amount`.

    Amounts are semitones (pitch, cutoff), parts of full scale (amplitude, pan, width), and parts
    of the depth (lfo-1, lfo-2). A source is 0..1; LFOs and timbre are -1..1, key is octaves from
    note 60, random -1..1 for every note.
    """

    source: str
    target: str
    amount: float

    def __post_init__(self) -> None:
        one_of("route.source", self.source, SOURCES)
        one_of("route.target", self.target, TARGETS)
        limit = 120.0 if self.target in ("pitch", "cutoff") else 4.0
        within("route", {"amount": self.amount}, -limit, limit)
        if self.target in SOURCES and self.source in ("lfo-1", "lfo-2", "envelope"):
            raise PatchError(f"route.source of {self.target} must not move, got {self.source!r}")


@dataclass(frozen=True)
class Chorus:
    """Chorus: how much goes in (0..1), swings per second, their depth in milliseconds."""

    send: float = 0.0
    rate: float = 0.6
    depth: float = 2.0

    def __post_init__(self) -> None:
        within("chorus", {"send": self.send}, 0.0, 1.0)
        within("chorus", {"rate": self.rate}, 0.01, 10.0, " Hz")
        within("chorus", {"depth": self.depth}, 0.0, 8.0, " ms")


@dataclass(frozen=True)
class Delay:
    """Stereo delay: send 0..1; time in seconds or `sync` as a note value; feedback; tone in Hz."""

    send: float = 0.0
    time: float = 0.375
    sync: str = ""
    feedback: float = 0.35
    tone: float = 5000.0

    def __post_init__(self) -> None:
        within("delay", {"send": self.send}, 0.0, 1.0)
        within("delay", {"time": self.time}, 0.001, 4.0, " s")
        within("delay", {"feedback": self.feedback}, 0.0, 0.95)
        within("delay", {"tone": self.tone}, 200.0, 20_000.0, " Hz")
        if self.sync != "":
            beats(self.sync)


@dataclass(frozen=True)
class Reverb:
    """Reverb: send 0..1, seconds to -60 dB, damping of the treble 0..1."""

    send: float = 0.0
    seconds: float = 2.0
    damping: float = 0.5

    def __post_init__(self) -> None:
        within("reverb", {"send": self.send, "damping": self.damping}, 0.0, 1.0)
        within("reverb", {"seconds": self.seconds}, 0.1, 20.0, " s")


@dataclass(frozen=True)
class Arpeggio:
    """Arpeggiator: mode, note value of a step, octaves, gate 0..1, swing 0..0.5 of a step, hold."""

    mode: str = "off"
    rate: str = "1/8"
    octaves: int = 1
    gate: float = 0.5
    swing: float = 0.0
    hold: bool = False

    def __post_init__(self) -> None:
        one_of("arpeggio.mode", self.mode, ARP_MODES)
        beats(self.rate)
        one_of("arpeggio.octaves", self.octaves, (1, 2, 3, 4))
        within("arpeggio", {"gate": self.gate}, 0.05, 1.0)
        within("arpeggio", {"swing": self.swing}, 0.0, 0.5)
        if not isinstance(self.hold, bool):
            raise PatchError(f"arpeggio.hold must be true or false, got {self.hold!r}")
