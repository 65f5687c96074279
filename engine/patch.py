"""Patches: everything that makes a sound what it is, validated, as JSON in and out."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from dsp.filter import MODES
from dsp.lfo import SHAPES
from engine.errors import PatchError

OSCILLATOR_WAVES = ("saw", "pulse", "triangle", "sine")

_KEY = re.compile(r"[0-9]{1,3}")

T = TypeVar("T")


def _within(owner: str, values: dict[str, float], low: float, high: float, unit: str = "") -> None:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PatchError(f"{owner}.{name} must be a number, got {value!r}")
        if not low <= value <= high:  # NaN is neither
            raise PatchError(
                f"{owner}.{name} must be between {low:g} and {high:g}{unit}, got {value!r}"
            )


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise PatchError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


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
        _within("envelope", times, 0.0, 60.0, " s")
        _within("envelope", {"sustain": self.sustain, "curve": self.curve}, 0.0, 1.0)


@dataclass(frozen=True)
class Oscillator:
    """One oscillator: wave, level 0..1, octave, detune in cents, width of the pulse 0..1."""

    wave: str = "saw"
    level: float = 0.5
    octave: int = 0
    detune: float = 0.0
    width: float = 0.5

    def __post_init__(self) -> None:
        _one_of("oscillator.wave", self.wave, OSCILLATOR_WAVES)
        _within("oscillator", {"level": self.level}, 0.0, 1.0)
        _within("oscillator", {"octave": self.octave}, -4, 4)
        _within("oscillator", {"detune": self.detune}, -2400.0, 2400.0, " cents")
        _within("oscillator", {"width": self.width}, 0.02, 0.98)


@dataclass(frozen=True)
class Filter:
    """State-variable filter.

    `cutoff` in Hz at note 60, `resonance` as Q, `envelope` in semitones at full level,
    `key_track` 0..1 (1: the cutoff follows the note), `velocity` in semitones from softest to
    loudest.
    """

    mode: str = "low"
    cutoff: float = 8000.0
    resonance: float = 0.7071
    envelope: float = 0.0
    key_track: float = 0.0
    velocity: float = 0.0

    def __post_init__(self) -> None:
        _one_of("filter.mode", self.mode, MODES)
        _within("filter", {"cutoff": self.cutoff}, 10.0, 24_000.0, " Hz")
        _within("filter", {"resonance": self.resonance}, 0.5, 50.0)
        shifts = {"envelope": self.envelope, "velocity": self.velocity}
        _within("filter", shifts, -120.0, 120.0, " semitones")
        _within("filter", {"key_track": self.key_track}, 0.0, 1.0)


@dataclass(frozen=True)
class LFO:
    """A slow oscillator: rate in Hz; depths in cents (pitch), semitones (cutoff), 0..1."""

    shape: str = "sine"
    rate: float = 5.0
    pitch: float = 0.0
    cutoff: float = 0.0
    amplitude: float = 0.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        _one_of("lfo.shape", self.shape, SHAPES)
        _within("lfo", {"rate": self.rate}, 0.0, 200.0, " Hz")
        _within("lfo", {"pitch": self.pitch}, 0.0, 2400.0, " cents")
        _within("lfo", {"cutoff": self.cutoff}, 0.0, 120.0, " semitones")
        _within("lfo", {"amplitude": self.amplitude, "phase": self.phase}, 0.0, 1.0)


@dataclass(frozen=True)
class Patch:
    """A whole sound.

    Attributes
    ----------
    name : str
    tags : tuple of str
    oscillators : two Oscillator
    noise : float                 level of white noise, 0..1
    filter : Filter
    amplitude, modulation : ADSR  envelopes of the level and of the filter
    lfo : LFO
    gain : float                  dB
    pan : float                   -1 (left) .. 1 (right)
    velocity : float              0 (every note alike) .. 1 (softest notes silent)
    bend_range : float            semitones
    fixed_note : float | None     play this pitch whatever the key (drums)
    drums : dict of int to Patch  other patches for single keys (a drum kit)
    """

    name: str = "init"
    tags: tuple[str, ...] = ()
    oscillators: tuple[Oscillator, Oscillator] = (Oscillator(), Oscillator(level=0.0))
    noise: float = 0.0
    filter: Filter = Filter()
    amplitude: ADSR = ADSR()
    modulation: ADSR = ADSR(sustain=0.3)
    lfo: LFO = LFO()
    gain: float = -6.0
    pan: float = 0.0
    velocity: float = 0.6
    bend_range: float = 2.0
    fixed_note: float | None = None
    drums: dict[int, Patch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 60:
            raise PatchError(f"name must have 1 to 60 characters, got {self.name!r}")
        if len(self.oscillators) != 2:
            raise PatchError(f"oscillators must be two, got {len(self.oscillators)}")
        _within("patch", {"noise": self.noise, "velocity": self.velocity}, 0.0, 1.0)
        _within("patch", {"gain": self.gain}, -60.0, 12.0, " dB")
        _within("patch", {"pan": self.pan}, -1.0, 1.0)
        _within("patch", {"bend_range": self.bend_range}, 0.0, 48.0, " semitones")
        if self.fixed_note is not None:
            _within("patch", {"fixed_note": self.fixed_note}, 0.0, 127.0)
        for key in self.drums:
            _within("patch.drums", {"key": key}, 0, 127)

    @classmethod
    def load(cls, path: Path | str) -> Patch:
        """Read a patch file; PatchError names the file and what is wrong with it."""
        try:
            text = Path(path).read_text(encoding="utf-8")
            return cls.from_dict(json.loads(text))
        except OSError as error:
            raise PatchError(f"cannot read patch {path}: {error.strerror}") from None
        except (ValueError, PatchError) as error:  # JSONDecodeError, UnicodeDecodeError
            raise PatchError(f"{path}: {error}") from None

    @classmethod
    def from_dict(cls, data: object) -> Patch:
        """Build a patch from plain data; a key that no patch has is an error."""
        return _build(cls, data, "patch")

    def to_dict(self) -> dict[str, Any]:
        """Return the patch as plain data, ready for JSON."""
        return asdict(self)

    def save(self, path: Path | str) -> None:
        """Write the patch as JSON."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")


_PARTS: dict[str, type] = {
    "filter": Filter,
    "amplitude": ADSR,
    "modulation": ADSR,
    "lfo": LFO,
}


def _build(kind: type[T], data: object, where: str) -> T:
    if not isinstance(data, dict):
        raise PatchError(f"{where} must be an object, got {type(data).__name__}")
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no dataclass")
    known = {f.name for f in fields(kind)}
    for key in data:
        if key not in known:
            raise PatchError(f"{where} has no setting {key!r}")
    values: dict[str, Any] = dict(data)
    if kind is Patch:
        for name, part in _PARTS.items():
            if name in values:
                values[name] = _build(part, values[name], f"{where}.{name}")
        if "oscillators" in values:
            items = values["oscillators"]
            if not isinstance(items, (list, tuple)) or not 1 <= len(items) <= 2:
                raise PatchError(f"{where}.oscillators must be a list of one or two")
            made = [_build(Oscillator, item, f"{where}.oscillators") for item in items]
            silent = [Oscillator(level=0.0)] * (2 - len(made))
            values["oscillators"] = (*made, *silent)
        if "tags" in values:
            tags = values["tags"]
            if not isinstance(tags, (list, tuple)) or not all(isinstance(tag, str) for tag in tags):
                raise PatchError(f"{where}.tags must be a list of words, got {tags!r}")
            values["tags"] = tuple(tags)
        drums = values.get("drums", {})
        if not isinstance(drums, dict) or not all(_KEY.fullmatch(str(key)) for key in drums):
            raise PatchError(f"{where}.drums must map keys 0..127 to patches")
        values["drums"] = {
            int(key): _build(Patch, item, f"{where}.drums[{key}]") for key, item in drums.items()
        }
    try:
        return kind(**values)
    except TypeError as error:
        raise PatchError(f"{where}: {error}") from None


@cache
def builtin_patches() -> dict[str, Patch]:
    """Return the patches that come with the program, by name."""
    folder = resources.files("engine") / "patches"
    files = [f for f in folder.iterdir() if f.name.endswith(".json")]
    patches = (Patch.from_dict(json.loads(f.read_text(encoding="utf-8"))) for f in files)
    return {patch.name: patch for patch in sorted(patches, key=lambda patch: patch.name)}


def find_patch(name: str) -> Patch:
    """Return a built-in patch by name, or the one in the file of that name."""
    patches = builtin_patches()
    if name in patches:
        return patches[name]
    if name.endswith(".json"):
        return Patch.load(name)
    raise PatchError(f"no patch named {name!r}; there are {', '.join(sorted(patches))}")
