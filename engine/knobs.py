"""What a setting may be: declared once, at its field, for what checks it and what draws it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from engine.errors import PatchError

_BEATS = re.compile(r"(\d{1,2})/(1|2|4|8|16|32)([t.]?)")


@dataclass(frozen=True)
class Knob:
    """One setting of a part of a patch.

    Attributes
    ----------
    kind : str
        "number", "choice", "bool" or "text" (a note value such as 1/8t).
    low, high : float
        Of a number, both included.
    unit : str
        Behind a number, such as " Hz".
    scale : str
        How a knob turns: "linear", "log", or "power" (fine near 0).
    choices : tuple
        Of a choice.
    optional : bool
        Whether it may be absent: None, or the empty text.
    help : str
        What it does, in a few words.
    """

    kind: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    scale: str = "linear"
    choices: tuple[Any, ...] = ()
    optional: bool = False
    help: str = ""

    def check(self, name: str, value: object) -> None:
        """Raise PatchError, naming the setting, its rule and the value, unless the value fits."""
        if self.optional and value in (None, "") and not isinstance(value, (bool, int, float)):
            return
        if self.kind == "number":
            owner, _, last = name.rpartition(".")
            within(owner, {last: value}, self.low, self.high, self.unit)
        elif self.kind == "choice":
            one_of(name, value, self.choices)
        elif self.kind == "text":
            beats(value)
        elif not isinstance(value, bool):
            raise PatchError(f"{name} must be true or false, got {value!r}")


def number(
    default: float | None,
    low: float,
    high: float,
    unit: str = "",
    scale: str = "linear",
    help: str = "",
) -> Any:
    """Declare a number between `low` and `high`, or None where that is its default."""
    return _declare(
        default, Knob("number", low, high, unit, scale, optional=default is None, help=help)
    )


def choice(default: object, choices: tuple[Any, ...], help: str = "") -> Any:
    """Declare a field that is one of `choices`."""
    return _declare(default, Knob("choice", choices=choices, help=help))


def note_value(default: str, help: str = "") -> Any:
    """Declare a field that is a note value; it may be empty where that is its default."""
    return _declare(default, Knob("text", optional=default == "", help=help))


def switch(default: bool, help: str = "") -> Any:
    """Declare a field that is on or off."""
    return _declare(default, Knob("bool", help=help))


def _declare(default: object, knob: Knob) -> Any:
    return field(default=default, metadata={"knob": knob})


def knobs(part: type) -> dict[str, Knob]:
    """Return the declared settings of a dataclass, by name, in order."""
    return {one.name: one.metadata["knob"] for one in fields(part) if "knob" in one.metadata}


def check(owner: str, part: Any) -> None:
    """Raise PatchError unless every declared setting of a part fits."""
    for name, knob in knobs(type(part)).items():
        knob.check(f"{owner}.{name}", getattr(part, name))


def within(owner: str, values: dict[str, Any], low: float, high: float, unit: str = "") -> None:
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


def beats(note_value: object) -> float:
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
