"""Scala files: a tuning from a scale (.scl) and, if there is one, a keyboard mapping (.kbm)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dsp.tuning import parse_keyboard, parse_scale, tuned_keys
from engine.errors import TuningError

_LARGEST_BYTES = 1 << 20

T = TypeVar("T")


def read_tuning(
    scale: Path | str, keyboard: Path | str | None = None
) -> tuple[str, NDArray[np.float64]]:
    """Read a tuning.

    Parameters
    ----------
    scale : Path or str
        A .scl file.
    keyboard : Path or str, optional
        A .kbm file; without one, degree 0 is middle C at 261.63 Hz and every key a degree.

    Returns
    -------
    description : str
        As the scale's file gives it; its name where it gives none.
    pitches : ndarray, shape (128,)
        Fractional MIDI note of each key, for `Synth.set_tuning`; NaN for keys left out.

    Raises
    ------
    TuningError
        If a file cannot be read or breaks its format; names the file and the line.
    """
    steps = _parse(Path(scale), parse_scale)
    board = None if keyboard is None else _parse(Path(keyboard), parse_keyboard)
    try:
        pitches = tuned_keys(steps, board)
    except ValueError as error:
        raise TuningError(f"{keyboard or scale}: {error}") from None
    return steps.description or Path(scale).stem, pitches


def _parse(path: Path, parse: Callable[[str], T]) -> T:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
        if len(data) > _LARGEST_BYTES:
            raise TuningError(f"{path}: too large for a Scala file (more than 1 MB)")
        # the format's own encoding; an UTF-8 mark of some editors is no description
        return parse(data.removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    except OSError as error:
        raise TuningError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise TuningError(f"{path}: {error}") from None
