"""Values of foreign JSON, each as it should be or empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.library import tags

_LONGEST_S = 7 * 86_400.0


def text(record: Any, *names: str) -> str:
    """Return the first of the named fields that holds words, as one clean line; '' if none does.

    Examples
    --------
    >>> text({"a": None, "b": "  Morning  Mood "}, "a", "b")
    'Morning Mood'
    """
    if isinstance(record, Mapping):
        for name in names:
            value = record.get(name)
            if isinstance(value, str) and (cleaned := tags.clean(value)):
                return cleaned
    return ""


def seconds(record: Any, name: str, unit: float = 1.0) -> float | None:
    """Return a length in seconds from a field counted in `unit` seconds; None if it is no length.

    Examples
    --------
    >>> seconds({"ms": 2500}, "ms", 0.001), seconds({"ms": "soon"}, "ms"), seconds({"ms": -1}, "ms")
    (2.5, None, None)
    """
    value = record.get(name) if isinstance(record, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    length = value * unit if abs(value) < 1e15 else -1.0
    return float(length) if 0 < length <= _LONGEST_S else None


def dictionaries(value: Any, what: str) -> list[dict[str, Any]]:
    """Return a list of records.

    Raises
    ------
    ValueError
        If it is none; `what` says of what.
    """
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise ValueError(f"{what} has no list of tracks")
    return value
