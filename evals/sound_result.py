"""What a part of `evals.sound` found: a line of its table."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One measured figure against its bar.

    `bar` is the largest value that passes, in `unit`; None: told for information only.
    """

    part: str
    what: str
    value: float
    bar: float | None
    unit: str

    @property
    def passes(self) -> bool:
        """Whether the bar is met; what has no bar only has to be a number."""
        if math.isnan(self.value):
            return False
        return self.bar is None or self.value <= self.bar

    def line(self) -> str:
        """Return the result as a line of the table."""
        asked = "" if self.bar is None else f"<= {self.bar:g} {self.unit}"
        verdict = "" if self.bar is None else "ok" if self.passes else "MISSED"
        value = f"{self.value:.4g} {self.unit}"
        return f"{self.part:11} {self.what:52} {value:>16} {asked:>14}  {verdict}".rstrip()
