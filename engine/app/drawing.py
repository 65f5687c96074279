"""What all pictures share: their colours, and matplotlib without a screen."""

from __future__ import annotations

from typing import Any

GROUND = "#141310"
INK = "#e9e4d8"
AMBER = "#f0b056"
CORAL = "#ec8272"


def pyplot() -> Any:
    """Return `matplotlib.pyplot`, which draws into files alone."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt
