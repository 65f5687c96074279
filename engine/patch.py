"""Patches: everything that makes a sound what it is, validated, as JSON in and out."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import PatchError
from engine.knobs import check, choice, number, one_of, within
from engine.parts import (
    ADSR,
    CONTROLS,
    LFO,
    PLAYING,
    Arpeggio,
    Chorus,
    Delay,
    Filter,
    Follow,
    Oscillator,
    Reverb,
    Route,
    Unison,
)

LONGEST_MATRIX = 16
_LONGEST_NAME = 60

_NUMBER = re.compile(r"[0-9]{1,3}")
_UNSAFE = re.compile(r"[^\w .+-]|^\.")  # in the name of a file

T = TypeVar("T")


@dataclass(frozen=True)
class Patch:
    """A whole sound.

    Attributes
    ----------
    name : str
    tags : tuple of str
    oscillators : two Oscillator
    noise : float                 level of white noise, 0..1
    unison : Unison
    filter : Filter
    amplitude, modulation : ADSR  envelopes of the level and of the filter
    lfos : two LFO
    matrix : tuple of Route       what else moves what
    gain : float                  dB
    pan : float                   -1 (left) .. 1 (right)
    velocity : float              0 (every note alike) .. 1 (softest notes silent)
    bend_range : float            semitones
    playing : str                 "poly", "mono", or "legato" (mono, tied notes keep the envelopes)
    glide : float                 seconds from one pitch to the next
    fixed_note : float | None     play this pitch whatever the key (drums)
    chorus, delay, reverb         what is sent to the effects; their settings hold for all channels
                                  and are those of the patch on the first
    arpeggio : Arpeggio
    follow : Follow               what goes with the music in the room; the first channel's holds
    controls : dict of int to str what controller numbers move here (learned), over the standard
    drums : dict of int to Patch  other patches for single keys (a drum kit)
    """

    name: str = "init"
    tags: tuple[str, ...] = ()
    oscillators: tuple[Oscillator, Oscillator] = (Oscillator(), Oscillator(level=0.0))
    noise: float = number(0.0, 0.0, 1.0)
    unison: Unison = Unison()
    filter: Filter = Filter()
    amplitude: ADSR = ADSR()
    modulation: ADSR = ADSR(sustain=0.3)
    lfos: tuple[LFO, LFO] = (LFO(), LFO())
    matrix: tuple[Route, ...] = ()
    gain: float = number(-6.0, -60.0, 12.0, " dB")
    pan: float = number(0.0, -1.0, 1.0, help="-1 left, 1 right")
    velocity: float = number(0.6, 0.0, 1.0, help="how much softer soft notes are")
    bend_range: float = number(2.0, 0.0, 48.0, " semitones")
    playing: str = choice("poly", PLAYING, "legato: one voice, tied notes keep the envelopes")
    glide: float = number(0.0, 0.0, 10.0, " s", "power", "from one pitch to the next")
    fixed_note: float | None = number(None, 0.0, 127.0, help="one pitch whatever the key")
    chorus: Chorus = Chorus()
    delay: Delay = Delay()
    reverb: Reverb = Reverb()
    arpeggio: Arpeggio = Arpeggio()
    follow: Follow = field(default_factory=Follow)
    controls: dict[int, str] = field(default_factory=dict)
    drums: dict[int, Patch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= _LONGEST_NAME:
            raise PatchError(f"name must have 1 to {_LONGEST_NAME} characters, got {self.name!r}")
        for name, pair in (("oscillators", self.oscillators), ("lfos", self.lfos)):
            if len(pair) != 2:
                raise PatchError(f"{name} must be two, got {len(pair)}")
        if len(self.matrix) > LONGEST_MATRIX:
            raise PatchError(f"matrix must have at most {LONGEST_MATRIX}, got {len(self.matrix)}")
        check("patch", self)
        for index, control in self.controls.items():
            within("patch.controls", {"number": index}, 0, 119)
            one_of("patch.controls", control, CONTROLS)
        for key in self.drums:
            within("patch.drums", {"key": key}, 0, 127)

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
    "unison": Unison,
    "filter": Filter,
    "amplitude": ADSR,
    "modulation": ADSR,
    "chorus": Chorus,
    "delay": Delay,
    "reverb": Reverb,
    "arpeggio": Arpeggio,
    "follow": Follow,
}
_SILENT = Oscillator(level=0.0)


def _list(kind: type[T], data: object, where: str, most: int) -> list[T]:
    if not isinstance(data, (list, tuple)) or len(data) > most:
        raise PatchError(f"{where} must be a list of at most {most}")
    return [_build(kind, item, where) for item in data]


def _numbered(data: object, where: str) -> dict[int, Any]:
    if not isinstance(data, dict) or not all(_NUMBER.fullmatch(str(key)) for key in data):
        raise PatchError(f"{where} must map numbers 0..127")
    return {int(key): item for key, item in data.items()}


def _build_patch_values(values: dict[str, Any], where: str) -> None:
    for name, part in _PARTS.items():
        if name in values:
            values[name] = _build(part, values[name], f"{where}.{name}")
    if "oscillators" in values:
        made = _list(Oscillator, values["oscillators"], f"{where}.oscillators", 2)
        values["oscillators"] = (*made, *[_SILENT] * (2 - len(made)))
    if "lfos" in values:
        lfos = _list(LFO, values["lfos"], f"{where}.lfos", 2)
        values["lfos"] = (*lfos, *[LFO()] * (2 - len(lfos)))
    if "matrix" in values:
        values["matrix"] = tuple(_list(Route, values["matrix"], f"{where}.matrix", LONGEST_MATRIX))
    if "tags" in values:
        tags = values["tags"]
        if not isinstance(tags, (list, tuple)) or not all(isinstance(tag, str) for tag in tags):
            raise PatchError(f"{where}.tags must be a list of words, got {tags!r}")
        values["tags"] = tuple(tags)
    values["controls"] = _numbered(values.get("controls", {}), f"{where}.controls")
    drums = _numbered(values.get("drums", {}), f"{where}.drums")
    values["drums"] = {
        key: _build(Patch, item, f"{where}.drums[{key}]") for key, item in drums.items()
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
        _build_patch_values(values, where)
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


def user_folder() -> Path:
    """Return the folder of the user's own patches; it need not exist.

    `ANTIPHON_PATCHES` in the environment names another one.
    """
    import platformdirs

    chosen = os.environ.get("ANTIPHON_PATCHES")
    return Path(chosen) if chosen else platformdirs.user_data_path("antiphon", False) / "patches"


def _own_file(name: str) -> Path:
    return user_folder() / (_UNSAFE.sub("_", name) + ".json")


def user_patches() -> dict[str, Patch]:
    """Return the user's own patches, by name; PatchError names a file that is none."""
    patches = (Patch.load(path) for path in sorted(user_folder().glob("*.json")))
    return {patch.name: patch for patch in patches}


def keep_patch(patch: Patch) -> Path:
    """Save a patch among the user's own, in place of an older one of its name; returns the file."""
    path = _own_file(patch.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        patch.save(partial)
        partial.replace(path)
    except OSError as error:
        raise PatchError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def find_patch(name: str) -> Patch:
    """Return the user's own patch of a name, else the built-in one, else that of a .json file."""
    own = _own_file(name[:_LONGEST_NAME])
    if len(name) <= _LONGEST_NAME and own.is_file():
        return Patch.load(own)
    patches = builtin_patches()
    if name in patches:
        return patches[name]
    if name.endswith(".json"):
        return Patch.load(name)
    raise PatchError(f"no patch named {name!r}; there are {', '.join(sorted(patches))}")
