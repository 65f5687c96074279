"""The parts of a patch: oscillators, unison, filter, envelopes, LFOs, routes, effects, arpeggiator.

Each checks its own values, and says which parameter breaks which rule by which value.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsp.filter import MODES
from dsp.lfo import SHAPES
from dsp.oscillator import WAVES as WAVES
from engine.errors import PatchError
from engine.knobs import check, choice, note_value, number, one_of, switch, within

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


@dataclass(frozen=True)
class ADSR:
    """An envelope: stage times in seconds, sustain level 0..1, curve 0 (straight) to 1."""

    attack: float = number(0.005, 0.0, 60.0, " s", "power", "from nothing to full level")
    decay: float = number(0.2, 0.0, 60.0, " s", "power", "from full level to the sustained one")
    sustain: float = number(0.7, 0.0, 1.0, help="level while the key is held")
    release: float = number(0.2, 0.0, 60.0, " s", "power", "to nothing, from when the key is up")
    curve: float = number(0.8, 0.0, 1.0, help="0 straight, 1 fast first and then slow")

    def __post_init__(self) -> None:
        check("envelope", self)


@dataclass(frozen=True)
class Oscillator:
    """One oscillator: wave, level 0..1, octave, detune in cents, width of the pulse 0..1."""

    wave: str = choice("saw", WAVES)
    level: float = number(0.5, 0.0, 1.0)
    octave: int = number(0, -4, 4, help="whole octaves up or down")
    detune: float = number(0.0, -2400.0, 2400.0, " cents")
    width: float = number(0.5, 0.02, 0.98, help="part of its period that a pulse is high")

    def __post_init__(self) -> None:
        check("oscillator", self)


@dataclass(frozen=True)
class Unison:
    """Copies of every note: how many, how far the outer two are apart in cents and in pan 0..1."""

    voices: int = choice(1, tuple(range(1, 9)), "copies of every note")
    detune: float = number(20.0, 0.0, 200.0, " cents", help="from the lowest copy to the highest")
    spread: float = number(0.7, 0.0, 1.0, help="from the left copy to the right one")

    def __post_init__(self) -> None:
        check("unison", self)


@dataclass(frozen=True)
class Filter:
    """State-variable filter.

    `cutoff` in Hz at note 60, `resonance` as Q, `envelope` in semitones at full level, `key_track`
    0..1 (1: the cutoff follows the note), `velocity` in semitones from softest to loudest, `slope`
    in dB per octave (12 or 24), `drive` in dB into the saturation before it (0: none).
    """

    mode: str = choice("low", MODES)
    cutoff: float = number(8000.0, 10.0, 24_000.0, " Hz", "log", "at note 60")
    resonance: float = number(0.7071, 0.5, 50.0, "", "log", "as Q")
    envelope: float = number(
        0.0, -120.0, 120.0, " semitones", help="how far the filter envelope moves the cutoff"
    )
    key_track: float = number(0.0, 0.0, 1.0, help="1: the cutoff follows the note")
    velocity: float = number(
        0.0, -120.0, 120.0, " semitones", help="from the softest note to the loudest"
    )
    slope: int = choice(12, SLOPES, "dB per octave")
    drive: float = number(0.0, 0.0, 36.0, " dB", help="into the saturation before the filter")

    def __post_init__(self) -> None:
        check("filter", self)


@dataclass(frozen=True)
class LFO:
    """A slow oscillator of a voice.

    `rate` in Hz, or `sync`, the note value of one swing ("1/4", "1/8t", "1/8."; empty: free);
    `phase` 0..1 at the note's start (free) or at the beat (synced); `delay` and `fade` in seconds
    before and while it sets in; depths in cents (`pitch`), semitones (`cutoff`), 0..1 (`amplitude`,
    `pan`, `width`).
    """

    shape: str = choice("sine", SHAPES)
    rate: float = number(5.0, 0.0, 200.0, " Hz", "power")
    sync: str = note_value("", "note value of one swing; empty: free")
    phase: float = number(0.0, 0.0, 1.0, help="at the note's start, or at the beat if synced")
    delay: float = number(0.0, 0.0, 60.0, " s", "power", "before it sets in")
    fade: float = number(0.0, 0.0, 60.0, " s", "power", "while it sets in")
    pitch: float = number(0.0, 0.0, 2400.0, " cents", "power")
    cutoff: float = number(0.0, 0.0, 120.0, " semitones", "power")
    amplitude: float = number(0.0, 0.0, 1.0)
    pan: float = number(0.0, 0.0, 1.0)
    width: float = number(0.0, 0.0, 0.48)

    def __post_init__(self) -> None:
        check("lfo", self)


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

    send: float = number(0.0, 0.0, 1.0)
    rate: float = number(0.6, 0.01, 10.0, " Hz", "log")
    depth: float = number(2.0, 0.0, 8.0, " ms")

    def __post_init__(self) -> None:
        check("chorus", self)


@dataclass(frozen=True)
class Delay:
    """Stereo delay: send 0..1; time in seconds or `sync` as a note value; feedback; tone in Hz."""

    send: float = number(0.0, 0.0, 1.0)
    time: float = number(0.375, 0.001, 4.0, " s", "log")
    sync: str = note_value("", "note value of one echo; empty: free")
    feedback: float = number(0.35, 0.0, 0.95)
    tone: float = number(5000.0, 200.0, 20_000.0, " Hz", "log")

    def __post_init__(self) -> None:
        check("delay", self)


@dataclass(frozen=True)
class Reverb:
    """Reverb: send 0..1, seconds to -60 dB, damping of the treble 0..1."""

    send: float = number(0.0, 0.0, 1.0)
    seconds: float = number(2.0, 0.1, 20.0, " s", "log", "to -60 dB")
    damping: float = number(0.5, 0.0, 1.0, help="of the treble")

    def __post_init__(self) -> None:
        check("reverb", self)


@dataclass(frozen=True)
class Arpeggio:
    """Arpeggiator: mode, note value of a step, octaves, gate 0..1, swing 0..0.5 of a step, hold."""

    mode: str = choice("off", ARP_MODES)
    rate: str = note_value("1/8", "note value of a step")
    octaves: int = choice(1, (1, 2, 3, 4))
    gate: float = number(0.5, 0.05, 1.0, help="part of a step that sounds")
    swing: float = number(0.0, 0.0, 0.5, help="of a step")
    hold: bool = switch(False, "go on when the keys are up")

    def __post_init__(self) -> None:
        check("arpeggio", self)


@dataclass(frozen=True)
class Follow:
    """What goes with the music in the room, where the session follows it at all.

    `beat`: the arpeggiator, and what has a note value of the LFOs and echoes, which are free
    without one; `tuning`: the pitch of everything; `scale`: keys that snap into it.
    """

    beat: bool = switch(True, "arpeggios, and LFOs and echoes with a note value")
    tuning: bool = switch(True, "the pitch of all keys")
    scale: bool = switch(True, "keys snap into it, where the session lets them")

    def __post_init__(self) -> None:
        check("follow", self)
