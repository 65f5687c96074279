"""Every knob of a patch by its path, as the dataclasses of engine/parts.py declare it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from engine.errors import PatchError
from engine.knobs import Knob, knobs
from engine.patch import Patch

_LABELS = {"amplitude": "envelope", "modulation": "filter envelope", "patch": "voice"}
_GROUPS = {"oscillators": "oscillator", "lfos": "lfo"}


@cache
def parameters() -> dict[str, dict[str, Any]]:
    """Return what may be set of a patch, by path such as "filter.cutoff" or "lfos.0.rate"."""
    found = {}
    init = Patch()
    for path, group, name, knob, default in _walk(init):
        found[path] = {
            "path": path,
            "label": name.replace("_", " "),
            "group": group,
            "kind": knob.kind,
            "unit": knob.unit.strip(),
            "low": knob.low if knob.kind == "number" else None,
            "high": knob.high if knob.kind == "number" else None,
            "default": default,
            "scale": knob.scale,
            "choices": list(knob.choices) or None,
            "optional": knob.optional,
            "help": knob.help,
        }
    return found


def _walk(patch: Patch) -> Iterator[tuple[str, str, str, Knob, Any]]:
    for name, knob in knobs(Patch).items():
        yield name, "voice", name, knob, getattr(patch, name)
    for one in fields(Patch):
        value = getattr(patch, one.name)
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for number, part in enumerate(value):
                group = f"{_GROUPS[one.name]} {number + 1}"
                yield from _part(f"{one.name}.{number}", group, part)
        elif is_dataclass(value):
            yield from _part(one.name, _LABELS.get(one.name, one.name), value)


def _part(path: str, group: str, part: Any) -> Iterator[tuple[str, str, str, Knob, Any]]:
    for name, knob in knobs(type(part)).items():
        yield f"{path}.{name}", group, name, knob, getattr(part, name)


def with_value(patch: Patch, path: str, value: object) -> Patch:
    """Return a patch with one parameter changed, validated.

    Raises
    ------
    PatchError
        If there is no such parameter, or it may not have the value.
    """
    known = parameters().get(path)
    if known is None:
        raise PatchError(f"path must be one of those in /api/parameters, got {path[:60]!r}")
    data = patch.to_dict()
    *owners, name = path.split(".")
    at: Any = data
    for owner in owners:
        if owner.isdigit():
            at = list(at)[int(owner)]
        else:
            at = at[owner]
    at[name] = value
    return Patch.from_dict(data)
