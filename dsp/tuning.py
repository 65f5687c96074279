"""Scala tunings: a scale (.scl) laid on the keys by a keyboard mapping (.kbm).

After the two descriptions of the formats by Manuel Op de Coul,
https://www.huygens-fokker.org/scala/scl_format.html and .../scala/help.htm#mappings. Only text
comes in here; who reads the files is in `engine/io/scala.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.units import hz_to_midi

KEYS = 128
_MOST_NOTES = 4096  # of a scale, and keys of a mapping: more is no tuning
_LARGEST = 2**63
_LOWEST_HZ, _HIGHEST_HZ = 1.0, 20_000.0
_MIDDLE_C = 60
_MIDDLE_C_HZ = 440.0 * 2.0 ** (-9.0 / 12.0)

_CENTS = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+)")
_RATIO = re.compile(r"(-?\d+)(?:\s*/\s*(-?\d+))?")
_WHOLE = re.compile(r"[+-]?\d+")
_FREQUENCY = re.compile(r"\d+(?:\.\d*)?|\.\d+")


@dataclass(frozen=True)
class Scale:
    """A scale: what it is called, and its degrees in cents, the last one the period.

    The first degree, 0 cents, is not written down, in the file nor here.
    """

    description: str
    cents: tuple[float, ...]

    def degree(self, number: int) -> float:
        """Return the cents of a degree, of any period above or below."""
        if not self.cents:
            return 0.0
        period, step = divmod(number, len(self.cents))
        return period * self.cents[-1] + (self.cents[step - 1] if step else 0.0)


@dataclass(frozen=True)
class Keyboard:
    """A keyboard mapping: which key plays which degree, and what the pitch hangs on.

    Attributes
    ----------
    first, last : int
        Keys that are retuned; the others stay as they are.
    middle : int
        Key of the first entry of `degrees`, and of degree 0 of a linear mapping.
    reference, frequency : int, float
        This key sounds at this frequency, in Hz.
    octave : int
        Degree by which the pattern moves each time it repeats; 0: the scale's period.
    degrees : tuple of int or None
        Degree of each key of the pattern, None for a key without one; empty: key by key.
    """

    first: int = 0
    last: int = KEYS - 1
    middle: int = _MIDDLE_C
    reference: int = _MIDDLE_C
    frequency: float = _MIDDLE_C_HZ
    octave: int = 0
    degrees: tuple[int | None, ...] = ()

    def cents(self, scale: Scale, key: int) -> float | None:
        """Return the cents of a key above the middle one's degree 0; None for an unmapped key."""
        if not self.degrees:
            return scale.degree(key - self.middle)
        pattern, place = divmod(key - self.middle, len(self.degrees))
        degree = self.degrees[place]
        if degree is None:
            return None
        return pattern * scale.degree(self.octave or len(scale.cents)) + scale.degree(degree)


def tuned_keys(scale: Scale, keyboard: Keyboard | None = None) -> NDArray[np.float64]:
    """Return the pitch of each key.

    Parameters
    ----------
    scale : Scale
    keyboard : Keyboard, optional
        By default every key is a degree, and degree 0 is middle C (key 60) at 261.63 Hz.

    Returns
    -------
    ndarray, shape (128,)
        Fractional MIDI notes (69.0 is 440 Hz); NaN for a key that the mapping leaves out, or puts
        outside 1 Hz .. 20 kHz. Keys outside the mapping's range have their own number.

    Raises
    ------
    ValueError
        If the reference key is not mapped to a degree.

    Examples
    --------
    >>> quarter_tones = Scale("24", tuple(50.0 * i for i in range(1, 25)))
    >>> tuned_keys(quarter_tones)[58:63]
    array([59. , 59.5, 60. , 60.5, 61. ])
    """
    board = keyboard or Keyboard()
    at_reference = board.cents(scale, board.reference)
    if at_reference is None:
        raise ValueError(f"the reference key {board.reference} is not mapped to a degree")
    pitches = np.arange(KEYS, dtype=np.float64)
    reference = float(hz_to_midi(board.frequency))
    for key in range(board.first, board.last + 1):
        cents = board.cents(scale, key)
        pitches[key] = np.nan if cents is None else reference + (cents - at_reference) / 100.0
    pitches[(pitches < hz_to_midi(_LOWEST_HZ)) | (pitches > hz_to_midi(_HIGHEST_HZ))] = np.nan
    return pitches


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not comments, with their numbers."""
    # not splitlines, for which Latin-1 has five other ends of a line
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line.startswith("!"):
            yield number, line.strip()


def _interval(line: str, number: int) -> float:
    """Return the cents of one line of a scale; what follows the value is a remark."""
    # The first word decides: with a period it is cents. Spaces may stand around a stroke.
    word = line.split(maxsplit=1)[0] if line else ""
    if "." in word:
        if not _CENTS.fullmatch(word):
            raise ValueError(f"line {number}: cents must look like 701.955, got {word!r}")
        return float(word)
    found = _RATIO.match(line)
    if found is None or not re.match(r"\s|$", line[found.end() :]):
        raise ValueError(f"line {number}: must begin with cents or a ratio, got {line[:40]!r}")
    above, below = int(found[1]), int(found[2] or 1)
    if above <= 0 or below <= 0:
        raise ValueError(f"line {number}: a ratio must be positive, got {found[0]}")
    if max(above, below) >= _LARGEST:
        raise ValueError(f"line {number}: the numbers of a ratio must be below 2^63")
    return 1200.0 * math.log2(above / below)


def _whole(line: str, number: int, what: str, low: int, high: int) -> int:
    word = line.split(maxsplit=1)[0] if line else ""
    if not _WHOLE.fullmatch(word) or not low <= int(word) <= high:
        raise ValueError(f"line {number}: {what} must be a number {low} to {high}, got {word!r}")
    return int(word)


def parse_scale(text: str) -> Scale:
    r"""Return the scale that is written in the text of a .scl file.

    Raises
    ------
    ValueError
        If it breaks the format; names the line, the rule and what stands there.

    Examples
    --------
    >>> parse_scale("just fifths\n 2\n 3/2\n 1200.0").cents
    (701.9550008653874, 1200.0)
    """
    lines = _lines(text)
    _, description = next(lines, (0, ""))
    number, line = next(lines, (0, ""))
    if number == 0:
        raise ValueError("a scale needs a line of description and one with the number of notes")
    notes = _whole(line, number, "the number of notes", 0, _MOST_NOTES)
    cents: list[float] = []
    for number, line in lines:
        if len(cents) == notes:
            break
        cents.append(_interval(line, number))
    if len(cents) < notes:
        raise ValueError(f"it says {notes} notes, but only {len(cents)} follow")
    return Scale(description, tuple(cents))


def parse_keyboard(text: str) -> Keyboard:
    """Return the mapping that is written in the text of a .kbm file.

    Raises
    ------
    ValueError
        If it breaks the format; names the line, the rule and what stands there.
    """
    # Blank lines are no entries: unlike a scale, a mapping has no line that may be empty.
    lines = ((number, line) for number, line in _lines(text) if line)

    def entry(what: str, low: int, high: int) -> int:
        number, line = next(lines, (0, ""))
        if number == 0:
            raise ValueError(f"it ends before {what}")
        return _whole(line, number, what, low, high)

    size = entry("the size of the map", 0, _MOST_NOTES)
    first = entry("the first key", 0, KEYS - 1)
    last = entry("the last key", 0, KEYS - 1)
    if last < first:
        raise ValueError(f"the last key must not be below the first, got {first} and {last}")
    middle = entry("the middle key", 0, KEYS - 1)
    reference = entry("the reference key", 0, KEYS - 1)
    number, line = next(lines, (0, ""))
    word = line.split(maxsplit=1)[0] if line else ""
    if not _FREQUENCY.fullmatch(word) or not _LOWEST_HZ <= float(word) <= _HIGHEST_HZ:
        where = f"line {number}" if number else "at the end"
        raise ValueError(f"{where}: the frequency must be 1 to 20000 Hz, got {word!r}")
    octave = entry("the degree of the octave", 0, _MOST_NOTES)
    degrees: list[int | None] = []
    for number, line in lines:
        if len(degrees) == size:
            break
        unmapped = line.split(maxsplit=1)[0] in ("x", "X")
        most = _MOST_NOTES
        degrees.append(None if unmapped else _whole(line, number, "a degree", -most, most))
    # at the end, keys that are not mapped may be left out
    degrees += [None] * (size - len(degrees))
    return Keyboard(first, last, middle, reference, float(word), octave, tuple(degrees))
