"""Melodies as text: a small part of the ABC notation (abcnotation.com, standard 2.1).

`C D E` are notes from middle C, `c` is the octave above, `c'` and `C,` one further; `^ _ =` before
a note raise, lower and restore it until the end of the bar; `c2`, `c/`, `c3/2` are multiples of
the unit; `z` is a rest, `Z` a bar of rest; `[CEG]2` is a chord; `c-c` is a tie; `(3cde` a triplet;
`c>d` and `c<d` dot one and halve the other; `|` ends a bar, and every bar is checked to be full.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTAL = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_SHARPS = "FCGDAEB"
# Sharps (or, negative, flats) of a major key; the modes count from it.
_MAJOR = {
    **{"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F#": 6},
    **{"F": -1, "Bb": -2, "Eb": -3, "Ab": -4, "Db": -5},
    **{"C#": 7, "G#": 8, "D#": 9, "A#": 10},  # only as the tonic of a minor key
}
_MODE = {"": 0, "m": -3, "dor": -2, "mix": -1}

_PITCH = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*"
_TOKEN = re.compile(
    rf"\s*(?:(?P<bar>\|)|(?P<triplet>\(3)|(?P<broken>[<>])"
    rf"|(?P<what>\[(?:{_PITCH})+\]|{_PITCH}|[zZ])(?P<length>[\d/]*)(?P<tie>-?))"
)
_ONE_PITCH = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)")
_LENGTH = re.compile(r"(\d*)(?:(/+)(\d*))?")


@dataclass(frozen=True)
class Note:
    """A note in a score: start and length in quarter notes, pitch as a MIDI number, level 0..1."""

    start: Fraction
    length: Fraction
    pitch: int
    level: float = 1.0


@dataclass
class _Strike:
    """Pitches struck together (none: a rest), not yet placed in time."""

    pitches: tuple[int, ...]
    length: Fraction
    tied: bool = False


def key_signature(key: str) -> dict[str, int]:
    """Return what a key does to the seven letters, in half tones.

    Parameters
    ----------
    key : str
        Tonic and mode, such as "D", "F#m", "Ddor", "Gmix".

    Examples
    --------
    >>> {letter: step for letter, step in key_signature("Em").items() if step}
    {'F': 1}
    """
    match = re.fullmatch(r"([A-G][#b]?)(m|dor|mix)?", key)
    if not match or match[1] not in _MAJOR:
        raise ValueError(f"key must be a tonic and a mode, such as Em or Ddor, got {key!r}")
    sharps = _MAJOR[match[1]] + _MODE[match[2] or ""]
    if sharps >= 0:
        return {letter: int(letter in _SHARPS[:sharps]) for letter in _NATURAL}
    return {letter: -int(letter in _SHARPS[sharps:]) for letter in _NATURAL}


def pitch_of(name: str) -> int:
    """Return the MIDI number of a note name with its octave, such as C4 (60), F#3 or Bb1."""
    match = re.fullmatch(r"([A-G])([#b]?)(-?\d)", name)
    if not match:
        raise ValueError(
            f"a note must be a letter, # or b, and an octave, such as F#3, got {name!r}"
        )
    return _NATURAL[match[1]] + {"#": 1, "b": -1, "": 0}[match[2]] + 12 * (int(match[3]) + 1)


def _length(text: str) -> Fraction:
    """Return the multiple of the unit that a length stands for: 2, /, /4, 3/2."""
    match = _LENGTH.fullmatch(text)
    if not match or match[3] == "0":
        raise ValueError(f"a length must look like 2, / or 3/2, got {text!r}")
    over = int(match[3]) if match[3] else 2 ** len(match[2] or "")
    return Fraction(int(match[1] or 1), over)


def _bar(text: str, signature: dict[str, int], unit: Fraction, full: Fraction) -> list[_Strike]:
    """Return the strikes of one bar."""
    strikes: list[_Strike] = []
    raised: dict[str, int] = {}  # accidentals so far, by letter and octave
    triplet = 0
    broken = ""
    at = 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if not token:
            raise ValueError(f"cannot read {text[at:].strip()!r}")
        at = token.end()
        if token["triplet"]:
            triplet = 3
        elif token["broken"]:
            broken = token["broken"]
            longer, shorter = Fraction(3, 2), Fraction(1, 2)
            strikes[-1].length *= longer if broken == ">" else shorter
        else:
            pitches = []
            for accidental, letter, octave in _ONE_PITCH.findall(token["what"]):
                place = letter + octave
                if accidental:
                    raised[place] = _ACCIDENTAL[accidental]
                height = 60 + _NATURAL[letter.upper()] + 12 * letter.islower()
                height += 12 * (octave.count("'") - octave.count(","))
                pitches.append(height + raised.get(place, signature[letter.upper()]))
            length = full if token["what"] == "Z" else unit * _length(token["length"])
            if triplet:
                triplet -= 1
                length *= Fraction(2, 3)
            if broken:
                length *= Fraction(1, 2) if broken == ">" else Fraction(3, 2)
                broken = ""
            strikes.append(_Strike(tuple(pitches), length, bool(token["tie"])))
    return strikes


def read_notes(text: str, key: str, unit: Fraction, bar: Fraction) -> tuple[list[Note], int]:
    """Return the notes of a melody, and how many bars it has.

    Parameters
    ----------
    text : str
        The melody, as above.
    key : str
        As for `key_signature`.
    unit : Fraction
        Length of a plain note, in quarter notes.
    bar : Fraction
        Length of a bar, in quarter notes.

    Raises
    ------
    ValueError
        If a bar cannot be read, or is not full; with its number and text.

    Examples
    --------
    >>> [n.pitch for n in read_notes("F^FFG | F4", "C", Fraction(1), Fraction(4))[0]]
    [65, 66, 66, 67, 65]
    """
    signature = key_signature(key)
    notes: list[Note] = []
    tied: tuple[int, ...] = ()
    bars = text.strip().strip("|").split("|")
    for number, words in enumerate(bars):
        try:
            strikes = _bar(words, signature, unit, bar)
        except ValueError as error:
            raise ValueError(f"bar {number + 1}: {error}") from None
        start = number * bar
        held = sum((strike.length for strike in strikes), Fraction(0))
        if held != bar:
            raise ValueError(
                f"bar {number + 1} must hold {bar} quarter notes, got {held}: {words.strip()!r}"
            )
        for strike in strikes:
            if tied and tied != strike.pitches:
                raise ValueError(f"bar {number + 1}: a tie must join equal notes")
            for i, pitch in enumerate(strike.pitches):
                if tied:
                    j = len(notes) - len(tied) + i
                    notes[j] = replace(notes[j], length=notes[j].length + strike.length)
                else:
                    notes.append(Note(start, strike.length, pitch))
            tied = strike.pitches if strike.tied else ()
            start += strike.length
    return notes, len(bars)
