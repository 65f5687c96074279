"""Numbers as JSON has them: no NaN, no infinity, no more digits than mean something."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def tidy(value: float | None, digits: int = 3) -> float | None:
    """Return a number rounded, or None where there is none that is finite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)


def plain(data: Any) -> Any:
    """Return data of dataclasses and arrays as what JSON knows."""
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple, set, frozenset)):
        return [plain(value) for value in data]
    if isinstance(data, np.generic):
        return plain(data.item())
    if isinstance(data, np.ndarray):
        return plain(data.tolist())
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    return data
